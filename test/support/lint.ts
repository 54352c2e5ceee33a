import { type LintInput, type LintOptions, type LintResult, lint } from '../../src/analysis/lint/index.ts';
import { World } from '../../src/analysis/world.ts';
import { buildState } from '../../src/engine/build.ts';
import { readManifests } from '../../src/manifest/index.ts';
import { isPolicy, validatePolicy } from '../../src/model/validate/index.ts';
import { cidr } from './manifests.ts';

/** A text as the command would give it to the rules. */
export function lintInput(text: string, podCidrs: readonly string[] = [], controller?: string): LintInput {
  const { objects, diagnostics } = readManifests([{ name: 'input.yaml', content: text }]);
  const policies = objects.filter(isPolicy);
  const legacy = { legacyCidrs: true };
  const invalid = new Set(
    policies.filter((policy) => validatePolicy(policy, legacy).some(({ severity }) => severity === 'error')),
  );
  const state = buildState(
    objects.filter((object) => !isPolicy(object) || !invalid.has(object)),
    { podCidrs: podCidrs.map(cidr) },
  );
  return {
    world: new World(state, 'default', objects, controller),
    objects,
    invalid,
    diagnostics: [...diagnostics, ...policies.flatMap((policy) => validatePolicy(policy))],
  };
}

export function lintText(text: string, options: LintOptions = {}, podCidrs: readonly string[] = []): LintResult {
  return lint(lintInput(text, podCidrs), options);
}

/** Findings as `rule path`, in order. */
export function told(text: string, options?: LintOptions, podCidrs?: readonly string[]): string[] {
  return lintText(text, options, podCidrs).findings.map(({ code, path }) => `${code} ${path ?? ''}`.trimEnd());
}
