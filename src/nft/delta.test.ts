import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effort, patient } from '../../test/support/property.ts';
import { decodeCluster, randomCluster } from '../../test/support/random-cluster.ts';
import { settled } from '../../test/support/simulated-nodes.ts';
import { type ClusterState, PolicyIndex } from '../engine/index.ts';
import { compileNode } from './compile.ts';
import { applyDelta, diffRulesets, isEmptyDelta } from './delta.ts';
import { DEFAULT_OPTIONS } from './options.ts';
import type { Ruleset } from './ruleset.ts';

function rulesetOf(state: ClusterState, sharedPeerSize: number): Ruleset {
  return compileNode(new PolicyIndex(state), 'n0', { ...DEFAULT_OPTIONS, sharedPeerSize });
}

describe('deltas', () => {
  test('lead from any ruleset to any other', patient, () => {
    let changed = 0;
    fc.assert(
      fc.property(randomCluster, randomCluster, fc.constantFrom(1, 128), (one, other, size) => {
        const from = rulesetOf(settled(decodeCluster(one)), size);
        const to = rulesetOf(settled(decodeCluster(other)), size);
        const delta = diffRulesets(from, to);
        expect(applyDelta(from, delta)).toEqual(to);
        expect(isEmptyDelta(diffRulesets(to, to))).toBe(true);
        if (!isEmptyDelta(delta)) changed++;
      }),
      effort(100),
    );
    expect(changed).toBeGreaterThan(20);
  });
});
