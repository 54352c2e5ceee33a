import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effort, patient } from '../../test/support/property.ts';
import { decodeCluster, randomCluster } from '../../test/support/random-cluster.ts';
import { flowParts } from '../../test/support/random-flow.ts';
import type { LabelSelector } from '../model/types.ts';
import { PolicyIndex } from './compiled/policy-index.ts';
import { unseenShare } from './peer-match.ts';
import type { ClusterState, FlowEnd, PodInfo } from './state.ts';

type Unseen = Extract<FlowEnd, { type: 'unseen' }>;

const NAMED: LabelSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'edge' } };
const EVERY: LabelSelector = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'Exists' }] };
const NOT_A: LabelSelector = { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] };
const edge = { name: 'edge', labels: { 'kubernetes.io/metadata.name': 'edge', team: 'infra' } };

describe('how much of an unseen pod a peer selects', () => {
  test.each<[string, Partial<Unseen>, string | LabelSelector, LabelSelector, string]>([
    ['nothing known, everything selected', {}, {}, {}, 'all'],
    ['every namespace by its name', {}, EVERY, {}, 'all'],
    ['a namespace by name', {}, NAMED, {}, 'some'],
    ['the own namespace of a policy', {}, 'shop', {}, 'some'],
    ['labels', {}, {}, { matchLabels: { app: 'a' } }, 'some'],
    ['all labels but some', {}, {}, NOT_A, 'some'],
    ['its namespace', { namespace: edge }, NAMED, {}, 'all'],
    ['another namespace', { namespace: edge }, 'shop', {}, 'none'],
    ['its namespace, some labels', { namespace: edge }, 'edge', NOT_A, 'some'],
    ['another namespace, some labels', { namespace: edge }, 'shop', NOT_A, 'none'],
    ['its labels in some namespace', { labels: { app: 'b' } }, NAMED, NOT_A, 'some'],
    ['its labels in its namespace', { namespace: edge, labels: { app: 'b' } }, NAMED, NOT_A, 'all'],
    ['other labels in every namespace', { labels: { app: 'a' } }, {}, NOT_A, 'none'],
  ])('%s', (_, known, scope, podSelector, expected) => {
    expect(unseenShare({ type: 'unseen', ...known }, scope, podSelector)).toBe(expected);
  });
});

/** The state with pods of which nothing but the labels is known, and without Pass rules. */
function withoutAddresses(state: ClusterState): ClusterState {
  const pods = [...state.pods.values()].map(({ node: _, ...pod }): [string, PodInfo] => [
    pod.id,
    { ...pod, addresses: [] },
  ]);
  const passing = [...state.clusterPolicies.values()].some(({ spec }) =>
    [...spec.ingress, ...spec.egress].some(({ action }) => action === 'Pass'),
  );
  return { ...state, pods: new Map(pods), ...(passing ? { clusterPolicies: new Map() } : {}) };
}

test('what is known of a pod changes nothing; what is open to an unknown one is open to each', patient, () => {
  const tally = { open: 0, closed: 0 };
  const property = fc.property(randomCluster, (cluster) => {
    const state = withoutAddresses(decodeCluster(cluster));
    const index = new PolicyIndex(state);
    const { unknown } = flowParts(state);
    const pods = [...state.pods.values()].filter((pod) => !pod.hostNetwork);
    for (const from of pods) {
      const namespace = state.namespaces.get(from.namespace);
      if (namespace === undefined) throw new Error(`no namespace ${from.namespace}`);
      const { labels } = from;
      const guesses: readonly Unseen[] = [
        { type: 'unseen' },
        { type: 'unseen', namespace },
        { type: 'unseen', labels },
      ];
      for (const to of pods) {
        if (from === to) continue;
        for (const family of unknown) {
          const ingress = (end: FlowEnd) => index.ports(end, { type: 'pod', pod: to }, family).ingress;
          const known = ingress({ type: 'pod', pod: from });
          expect(ingress({ type: 'unseen', namespace, labels }).key).toBe(known.key);
          for (const guess of guesses) {
            const ports = ingress(guess);
            expect(known.containsSet(ports), `${from.id} ${to.id} ${ports} of ${known}`).toBe(true);
            tally[ports.isEmpty() ? 'closed' : 'open']++;
          }
        }
      }
    }
  });
  fc.assert(property, effort(200));
  expect(tally.open).toBeGreaterThan(500);
  expect(tally.closed).toBeGreaterThan(500);
});
