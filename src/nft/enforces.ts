import { guardedAddresses } from './fixed-parts.ts';
import { NAMES } from './names.ts';
import type { Ruleset } from './ruleset.ts';

/** Whether a node's ruleset denies anything to anybody: it has pods under policy, or a strict range. */
export function enforcesAnything(ruleset: Ruleset): boolean {
  const strict = ([4, 6] as const).some((version) => (ruleset.sets.get(NAMES.strict(version))?.elements.size ?? 0) > 0);
  return strict || guardedAddresses(ruleset).length > 0;
}
