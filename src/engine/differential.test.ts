import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectAgreement } from '../../test/support/agreement.ts';
import { effort } from '../../test/support/property.ts';
import { type ClusterOptions, decodeCluster, randomCluster } from '../../test/support/random-cluster.ts';
import { flowFrom, flowParts, flowPicks } from '../../test/support/random-flow.ts';
import { PolicyIndex } from './compiled/policy-index.ts';
import type { Direction, NearMiss, Tier, Verdict } from './verdict.ts';

/** Counts what the flows of a run came to, so that a run which only met easy cases fails. */
class Tally {
  readonly counts: Map<string, number> = new Map();

  add(verdict: Verdict): void {
    for (const direction of ['egress', 'ingress'] as const satisfies readonly Direction[]) {
      const { allowed, tier, decidedBy, nearMisses } = verdict[direction];
      this.#count(`${direction} ${tier} ${allowed ? 'allowed' : 'denied'}`);
      if (decidedBy !== null) {
        this.#count(decidedBy.peer === null ? 'rule for every peer' : 'rule by peer');
        this.#count(decidedBy.port === null ? 'rule for every port' : 'rule by port');
      }
      for (const { missed } of nearMisses) this.#count(`missed ${missed}`);
    }
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

const TIERS: readonly Tier[] = ['self', 'node', 'default', 'networkpolicy'];
const MISSES: readonly NearMiss['missed'][] = [
  'port',
  'protocol',
  'labels',
  'namespace',
  'except',
  'address',
  'named-port',
];
const EVERYTHING = [
  ...TIERS.flatMap((tier) => [`egress ${tier} allowed`, `ingress ${tier} allowed`]),
  'egress networkpolicy denied',
  'ingress networkpolicy denied',
  ...['rule for every peer', 'rule by peer', 'rule for every port', 'rule by port'],
  ...MISSES.map((missed) => `missed ${missed}`),
];

const FLOWS = 60;

function run(options: ClusterOptions, tally: Tally): void {
  const property = fc.property(randomCluster, flowPicks(FLOWS), (cluster, picks) => {
    const state = decodeCluster(cluster, options);
    const index = new PolicyIndex(state);
    const { groups, pods, policies } = index.statistics();
    expect(groups).toBeLessThanOrEqual(pods);
    expect(pods).toBe([...state.pods.values()].filter((pod) => !pod.hostNetwork).length);
    expect(policies).toBe(state.policies.size);
    const parts = flowParts(state);
    for (const pick of picks) {
      const flow = flowFrom(parts, pick);
      if (flow !== undefined) tally.add(expectAgreement(index, flow));
    }
  });
  fc.assert(property, effort(300));
}

describe('the index answers as the reference does', () => {
  test('for policies that the server accepts', () => {
    const tally = new Tally();
    run({}, tally);
    expect([...tally.counts.keys()].sort()).toEqual(EVERYTHING.toSorted());
  });

  test('for policies with parts that the server refuses', () => {
    run({ keepInvalid: true }, new Tally());
  });
});
