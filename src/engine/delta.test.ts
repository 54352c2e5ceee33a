import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectAgreement } from '../../test/support/agreement.ts';
import { flowOf } from '../../test/support/flows.ts';
import { cidr, decodePolicy, type Manifest, policy, stateOf } from '../../test/support/manifests.ts';
import { effort, patient } from '../../test/support/property.ts';
import {
  clusterPolicyOf,
  decodeRandom,
  namespaceArbitrary,
  nodeArbitrary,
  podArbitrary,
  podCidrsArbitrary,
  policyArbitrary,
} from '../../test/support/random-cluster.ts';
import { type FlowParts, flowFrom, flowParts, flowPicks } from '../../test/support/random-flow.ts';
import { cluster, ingress } from '../../test/support/statements/cluster.ts';
import type { KubeObject } from '../model/types.ts';
import { buildState, hasEnded, namespaceInfo, nodeInfo, podInfo } from './build.ts';
import { PolicyIndex } from './compiled/policy-index.ts';
import { type ClusterState, policyKey } from './state.ts';

/** An object to add or replace, or the number of one to remove, or of a removed one to add again. */
type Change = { readonly set: Manifest } | { readonly remove: number } | { readonly restore: number };

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .nat(4)
      .chain(policyArbitrary)
      .map((set) => ({ set })),
  },
  {
    weight: 8,
    arbitrary: fc
      .nat(4)
      .chain(podArbitrary)
      .map((set) => ({ set })),
  },
  {
    weight: 4,
    arbitrary: fc
      .nat(2)
      .chain(clusterPolicyOf)
      .map((set) => ({ set })),
  },
  { weight: 3, arbitrary: namespaceArbitrary.map((set) => ({ set })) },
  { weight: 1, arbitrary: nodeArbitrary.map((set) => ({ set })) },
  { weight: 8, arbitrary: fc.nat(99).map((remove) => ({ remove })) },
  { weight: 6, arbitrary: fc.nat(99).map((restore) => ({ restore })) },
);

/** The objects of a cluster beside an index that is told of each change. */
class Model {
  readonly #objects = new Map<string, KubeObject>();
  readonly #removed: KubeObject[] = [];
  readonly #podCidrs: readonly string[];
  readonly index: PolicyIndex;

  constructor(podCidrs: readonly string[]) {
    this.#podCidrs = podCidrs;
    this.index = new PolicyIndex(this.state());
  }

  state(): ClusterState {
    return buildState([...this.#objects.values()], { podCidrs: this.#podCidrs.map(cidr) });
  }

  apply(next: Change): void {
    if ('set' in next) {
      const object = decodeRandom(next.set);
      if (object !== undefined) this.#set(object);
    } else if ('remove' in next) {
      this.#remove([...this.#objects.values()][next.remove % this.#objects.size]);
    } else {
      const object = this.#removed[next.restore % this.#removed.length];
      if (object !== undefined) this.#set(object);
    }
  }

  /** Removes everything, the objects in an order that `seed` decides. */
  clear(seed: number): void {
    while (this.#objects.size > 0) {
      const all = [...this.#objects.values()];
      this.#remove(all[seed % all.length]);
    }
  }

  #set(object: KubeObject): void {
    if (object.kind === 'Pod' && hasEnded(object)) {
      this.#remove(object);
      return;
    }
    this.#objects.set(objectKey(object), object);
    switch (object.kind) {
      case 'NetworkPolicy':
      case 'ClusterNetworkPolicy':
      case 'AdminNetworkPolicy':
      case 'BaselineAdminNetworkPolicy':
        // What is asked in between must not stay known.
        for (const _ of this.index.setPolicySteps(object)) podTable(this.index, flowParts(this.index.state));
        break;
      case 'Pod':
        this.index.setPod(podInfo(object));
        break;
      case 'Namespace':
        this.index.setNamespace(namespaceInfo(object));
        break;
      case 'Node':
        this.index.setNode(nodeInfo(object));
        break;
      default:
        throw new Error(`no change of ${object.kind} is known`);
    }
  }

  #remove(object: KubeObject | undefined): void {
    if (object === undefined) return;
    this.#removed.push(object);
    const known = this.#objects.delete(objectKey(object));
    expect(this.#removeFromIndex(object)).toBe(known);
  }

  #removeFromIndex(object: KubeObject): boolean {
    switch (object.kind) {
      case 'NetworkPolicy':
      case 'ClusterNetworkPolicy':
      case 'AdminNetworkPolicy':
      case 'BaselineAdminNetworkPolicy':
        return this.index.removePolicy(policyKey(object));
      case 'Pod':
        return this.index.removePod(podInfo(object).id);
      case 'Namespace':
        return this.index.removeNamespace(object.metadata.name);
      case 'Node':
        return this.index.removeNode(object.metadata.name);
      default:
        throw new Error(`no change of ${object.kind} is known`);
    }
  }
}

function objectKey({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
}

/** What an index holds. Groups are left out: they may stay split by a label that no selector looks at any more. */
function sizes(index: PolicyIndex): Readonly<Record<string, number>> {
  const { compiledVerdicts: _, groups: __, ...held } = index.statistics();
  return held;
}

/** What every pod may open to every other, and accept from it. */
function podTable(index: PolicyIndex, { pods }: FlowParts): string[] {
  return pods.flatMap((from) =>
    pods.flatMap((to) =>
      (['IPv4', 'IPv6'] as const).map((family) => {
        const { egress, ingress } = index.ports(from, to, family);
        return `${egress.key} ${ingress.key}`;
      }),
    ),
  );
}

const step = fc.record({ changes: fc.array(change, { minLength: 1, maxLength: 4 }), picks: flowPicks(12) });

describe('an index that follows changes', () => {
  test('answers as the reference and as an index built anew, and leaves no residue', patient, () => {
    const property = fc.property(
      podCidrsArbitrary,
      fc.noBias(fc.array(step, { minLength: 1, maxLength: 12, size: 'max' })),
      fc.nat(999),
      (podCidrs, steps, order) => {
        const model = new Model(podCidrs);
        const { index } = model;
        for (const { changes, picks } of steps) {
          for (const next of changes) model.apply(next);
          const state = model.state();
          expect(index.state).toEqual(state);
          const fresh = new PolicyIndex(state);
          expect(sizes(index)).toEqual(sizes(fresh));
          const parts = flowParts(index.state);
          expect(podTable(index, parts)).toEqual(podTable(fresh, parts));
          for (const pick of picks) {
            const flow = flowFrom(parts, pick);
            if (flow === undefined) continue;
            expect(fresh.verdict(flow)).toEqual(expectAgreement(index, flow));
          }
        }
        model.clear(order);
        const residue = Object.entries(sizes(index)).filter(([, size]) => size !== 0);
        expect(residue).toEqual([]);
        expect(index.statistics().groups).toBe(0);
        expect(index.state).toEqual(new Model(podCidrs).state());
      },
    );
    fc.assert(property, effort(300));
  });

  test('a peer that nobody names any more matches again when it is named again', () => {
    const app = (value: string) => ({ podSelector: { matchLabels: { app: value } } });
    const index = new PolicyIndex(stateOf([...cluster, policy('x/subject', { ...app('a'), policyTypes: ['Egress'] })]));
    const fromA = decodePolicy(ingress({ from: [app('a')] }));
    const fromB = decodePolicy(ingress({ from: [app('b')] }));
    const flow = flowOf(index.state, 'x/a', 'x/b', '80/TCP');
    const admitted = [fromA, fromB, fromA].map((next) => {
      index.setPolicy(next);
      return index.verdict(flow).ingress.allowed;
    });
    expect(admitted).toEqual([true, false, true]);
  });
});
