import { buildState } from '../../engine/build.ts';
import type { KubeObject } from '../../model/types.ts';
import { isPolicy, validatePolicy } from '../../model/validate/policy.ts';
import type { CheckedInput } from '../input.ts';
import { World, type WorldOptions } from '../world.ts';
import type { LintInput } from './context.ts';

/**
 * What is linted of an input that was read. Policies that only newer servers refuse, for the spelling of a CIDR, are
 * judged as older ones do; other invalid ones have no meaning to judge.
 */
export function lintInputOf(checked: CheckedInput, options: WorldOptions = {}): LintInput {
  const { defaultNamespace = 'default', ingressController, ...stateOptions } = options;
  const invalid = new Set<KubeObject>();
  for (const object of checked.invalid) {
    if (!isPolicy(object)) continue;
    const errors = validatePolicy(object, { legacyCidrs: true }).filter(({ severity }) => severity === 'error');
    if (errors.length > 0) invalid.add(object);
  }
  const objects = checked.objects.filter((object) => !invalid.has(object));
  const world = new World(buildState(objects, stateOptions), defaultNamespace, objects, ingressController);
  return { world, objects: checked.objects, invalid, diagnostics: checked.diagnostics };
}
