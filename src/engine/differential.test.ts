import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectAgreement } from '../../test/support/agreement.ts';
import { effort, patient } from '../../test/support/property.ts';
import { type ClusterOptions, decodeCluster, randomCluster } from '../../test/support/random-cluster.ts';
import { flowFrom, flowParts, flowPicks, flowText } from '../../test/support/random-flow.ts';
import { PolicyIndex } from './compiled/policy-index.ts';
import type { Flow, PodInfo } from './state.ts';
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

const TIERS: readonly Tier[] = ['self', 'node', 'default', 'networkpolicy', 'admin', 'baseline'];
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
  ...['egress admin denied', 'ingress admin denied', 'egress baseline denied', 'ingress baseline denied'],
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
  test('for policies that the server accepts', patient, () => {
    const tally = new Tally();
    run({}, tally);
    expect([...tally.counts.keys()].sort()).toEqual(EVERYTHING.toSorted());
  });

  test('for policies with parts that the server refuses', patient, () => {
    run({ keepInvalid: true }, new Tally());
  });
});

test('pods of one class are alike to policies: as source, as destination, and as peer', patient, () => {
  let compared = 0;
  const property = fc.property(randomCluster, flowPicks(FLOWS), (cluster, picks) => {
    const index = new PolicyIndex(decodeCluster(cluster));
    for (const pod of [...index.state.pods.values()]) index.setPod(replicaOf(pod));
    const parts = flowParts(index.state);
    const twins = twinsByPod(index);
    for (const pick of picks) {
      const flow = flowFrom(parts, pick);
      if (flow === undefined) continue;
      for (const changed of withTwins(flow, twins)) {
        // Itself and the own node are matters of one pod, not of its class.
        const tiers = [flow, changed].flatMap((one) => [
          index.verdict(one).egress.tier,
          index.verdict(one).ingress.tier,
        ]);
        if (tiers.includes('self') || tiers.includes('node')) continue;
        const [a, b] = [flow, changed].map(({ from, to, family }) => index.ports(from, to, family));
        expect([b?.egress.key, b?.ingress.key], flowText(changed)).toEqual([a?.egress.key, a?.ingress.key]);
        compared++;
      }
    }
  });
  fc.assert(property, effort(200));
  expect(compared).toBeGreaterThan(1000);
});

/** The same pod again at addresses of its own, which may be in other blocks. */
function replicaOf(pod: PodInfo): PodInfo {
  const addresses = pod.addresses.map(({ family, value }) => ({ family, value: value + 8n }));
  return { ...pod, id: `${pod.namespace}/${pod.name}-replica[${pod.kind}]`, name: `${pod.name}-replica`, addresses };
}

/** For each pod, by id, the others of its class. */
function twinsByPod(index: PolicyIndex): ReadonlyMap<string, readonly PodInfo[]> {
  const pods = [...index.state.pods.values()].filter((pod) => !pod.hostNetwork);
  return new Map(
    pods.map((pod) => [pod.id, pods.filter((other) => other !== pod && index.classKey(other) === index.classKey(pod))]),
  );
}

function* withTwins(flow: Flow, twins: ReadonlyMap<string, readonly PodInfo[]>): Iterable<Flow> {
  for (const side of ['from', 'to'] as const) {
    const end = flow[side];
    if (end.type !== 'pod') continue;
    for (const pod of twins.get(end.pod.id) ?? []) yield { ...flow, [side]: { type: 'pod', pod } };
  }
}
