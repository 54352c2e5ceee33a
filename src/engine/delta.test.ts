import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectAgreement } from '../../test/support/agreement.ts';
import { cidr, type Manifest } from '../../test/support/manifests.ts';
import { effort, patient } from '../../test/support/property.ts';
import {
  decodeRandom,
  namespaceArbitrary,
  nodeArbitrary,
  podArbitrary,
  podCidrsArbitrary,
  policyArbitrary,
} from '../../test/support/random-cluster.ts';
import { flowFrom, flowParts, flowPicks } from '../../test/support/random-flow.ts';
import type { KubeObject } from '../model/types.ts';
import { buildState, hasEnded, namespaceInfo, nodeInfo, podInfo } from './build.ts';
import { PolicyIndex } from './compiled/policy-index.ts';
import { type ClusterState, policyKey } from './state.ts';

/** Either an object to add or replace, or the number of one to remove. */
type Change = { readonly set: Manifest } | { readonly remove: number };

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
  { weight: 3, arbitrary: namespaceArbitrary.map((set) => ({ set })) },
  { weight: 1, arbitrary: nodeArbitrary.map((set) => ({ set })) },
  { weight: 6, arbitrary: fc.nat(99).map((remove) => ({ remove })) },
);

/** The objects of a cluster beside an index that is told of each change. */
class Model {
  readonly #objects = new Map<string, KubeObject>();
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
    if ('set' in next) this.#set(next.set);
    else this.#remove([...this.#objects.values()][next.remove % this.#objects.size]);
  }

  /** Removes everything, the objects in an order that `seed` decides. */
  clear(seed: number): void {
    while (this.#objects.size > 0) {
      const all = [...this.#objects.values()];
      this.#remove(all[seed % all.length]);
    }
  }

  #set(manifest: Manifest): void {
    const object = decodeRandom(manifest);
    if (object === undefined) return;
    if (object.kind === 'Pod' && hasEnded(object)) {
      this.#remove(object);
      return;
    }
    this.#objects.set(objectKey(object), object);
    switch (object.kind) {
      case 'NetworkPolicy':
        this.index.setPolicy(object);
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
    const known = this.#objects.delete(objectKey(object));
    expect(this.#removeFromIndex(object)).toBe(known);
  }

  #removeFromIndex(object: KubeObject): boolean {
    switch (object.kind) {
      case 'NetworkPolicy':
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
          expect(index.statistics().pods).toBe(fresh.statistics().pods);
          expect(index.statistics().policies).toBe(fresh.statistics().policies);
          expect(index.statistics().podSelectors).toBe(fresh.statistics().podSelectors);
          expect(index.statistics().blocks).toBe(fresh.statistics().blocks);
          const parts = flowParts(index.state);
          for (const pick of picks) {
            const flow = flowFrom(parts, pick);
            if (flow === undefined) continue;
            const verdict = expectAgreement(index, flow);
            expect(fresh.verdict(flow)).toEqual(verdict);
            const ports = fresh.ports(flow.from, flow.to, flow.family);
            const followed = index.ports(flow.from, flow.to, flow.family);
            expect([followed.egress.key, followed.ingress.key]).toEqual([ports.egress.key, ports.ingress.key]);
          }
        }
        model.clear(order);
        const { compiledVerdicts: _, ...sizes } = index.statistics();
        expect(sizes).toEqual({ pods: 0, policies: 0, groups: 0, podSelectors: 0, blocks: 0 });
        expect(index.state).toEqual(new Model(podCidrs).state());
      },
    );
    fc.assert(property, effort(150));
  });
});
