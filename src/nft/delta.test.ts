import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effort, patient } from '../../test/support/property.ts';
import { decodeCluster, randomCluster } from '../../test/support/random-cluster.ts';
import { settled } from '../../test/support/simulated-nodes.ts';
import { type ClusterState, PolicyIndex } from '../engine/index.ts';
import { compileNode } from './compile.ts';
import { applyDelta, diffRulesets, elementsOf, isEmptyDelta } from './delta.ts';
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

  test('a pod that a peer matches costs its elements only', () => {
    const pod = (name: string, address: bigint, labels: Record<string, string>, node: string) => ({
      id: `x/${name}[Pod]`,
      kind: 'Pod' as const,
      namespace: 'x',
      name,
      labels,
      node,
      hostNetwork: false,
      addresses: [{ family: 'IPv4' as const, value: address }],
      ports: [],
    });
    const cluster = decodeCluster({
      manifests: [
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { namespace: 'x', name: 'web' },
          spec: {
            podSelector: { matchLabels: { app: 'web' } },
            ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }], ports: [{ port: 80 }] }],
          },
        },
      ],
      podCidrs: [],
      domains: {},
    });
    const index = new PolicyIndex(cluster);
    index.setPod(pod('web', 0x0a000001n, { app: 'web' }, 'n0'));
    index.setPod(pod('one', 0x0a000002n, { app: 'client' }, 'n1'));
    const before = compileNode(index, 'n0');
    index.setPod(pod('two', 0x0a000003n, { app: 'client' }, 'n1'));
    const delta = diffRulesets(before, compileNode(index, 'n0'));
    expect(elementsOf(delta)).toBe(1);
    expect([...delta.addedMapElements.values()].flatMap((elements) => [...elements.keys()])).toEqual(['10.0.0.3']);
    expect(delta.chains.size).toBe(0);
  });
});
