/** Random cluster-wide policies of all three kinds, for {@link ./random-cluster.ts}. */

import fc from 'fast-check';
import type { Manifest } from './manifests.ts';

/** What the policies speak about, shared with the clusters they are for. */
export interface ClusterPolicyWords {
  readonly podSelector: fc.Arbitrary<Manifest>;
  readonly namespaceSelector: fc.Arbitrary<Manifest>;
  readonly nodeSelector: fc.Arbitrary<Manifest>;
  readonly networks: fc.Arbitrary<string>;
  readonly portNumbers: readonly number[];
  readonly portNames: readonly string[];
}

export const DOMAIN_NAMES = ['example.io', '*.example.io', 'api.example.io', '*.api.example.io', 'other.example.net.'];

const direction = fc.constantFrom('ingress', 'egress');
/** Few priorities, so that policies often share one. */
const priority = fc.constantFrom(0, 5, 5, 1000);

/** v1alpha1 is told apart by its words: `Allow`, `ports`, a required namespaceSelector. */
type Version = 'v1alpha1' | 'v1alpha2';

function podsOf(words: ClusterPolicyWords, version: Version): fc.Arbitrary<Manifest> {
  const { podSelector, namespaceSelector } = words;
  return fc.oneof(
    namespaceSelector.map((namespaces): Manifest => ({ namespaces })),
    fc
      .tuple(podSelector, version === 'v1alpha1' ? namespaceSelector : fc.option(namespaceSelector, { nil: undefined }))
      .map(
        ([pods, namespaces]): Manifest => ({
          pods: { podSelector: pods, ...(namespaces === undefined ? {} : { namespaceSelector: namespaces }) },
        }),
      ),
  );
}

function peersOf(
  words: ClusterPolicyWords,
  version: Version,
  egress: boolean,
  named: boolean,
): fc.Arbitrary<Manifest[]> {
  const pods = podsOf(words, version);
  const outside = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .uniqueArray(words.networks, { minLength: 1, maxLength: 3 })
        .map((networks): Manifest => ({ networks })),
    },
    { weight: 2, arbitrary: words.nodeSelector.map((nodes): Manifest => ({ nodes })) },
    {
      weight: 2,
      arbitrary: fc
        .uniqueArray(fc.constantFrom(...DOMAIN_NAMES), { minLength: 1, maxLength: 2 })
        .map((domainNames): Manifest => ({ domainNames })),
    },
  );
  // A name of a port beside an outside peer is refused, or means nothing.
  const peer = egress && !named ? fc.oneof(pods, outside) : pods;
  return fc.array(peer, { minLength: 1, maxLength: 3 });
}

function portsOf({ portNumbers, portNames }: ClusterPolicyWords, version: Version): fc.Arbitrary<Manifest[]> {
  const number = fc.constantFrom(...portNumbers);
  const range = fc
    .uniqueArray(number, { minLength: 2, maxLength: 2 })
    .map(([one = 1, two = 2]) => ({ start: Math.min(one, two), end: Math.max(one, two) }));
  const entry: fc.Arbitrary<Manifest> =
    version === 'v1alpha2'
      ? fc
          .tuple(
            fc.constantFrom('tcp', 'udp', 'sctp'),
            fc.oneof(
              number.map((one) => ({ number: one })),
              range.map((both) => ({ range: both })),
            ),
          )
          .map(([protocol, destinationPort]) => ({ [protocol]: { destinationPort } }))
      : fc.oneof(
          fc.tuple(number, fc.constantFrom('TCP', 'UDP', 'SCTP', undefined)).map(([port, protocol]) => ({
            portNumber: { port, protocol: protocol ?? 'TCP' },
          })),
          fc.tuple(range, fc.constantFrom('TCP', 'UDP', 'SCTP')).map(([both, protocol]) => ({
            portRange: { ...both, protocol },
          })),
        );
  const name = fc
    .constantFrom(...portNames)
    .map((one): Manifest => (version === 'v1alpha2' ? { destinationNamedPort: one } : { namedPort: one }));
  return fc.array(fc.oneof({ weight: 4, arbitrary: entry }, { weight: 1, arbitrary: name }), {
    minLength: 1,
    maxLength: 3,
  });
}

function ruleOf(
  words: ClusterPolicyWords,
  version: Version,
  egress: boolean,
  baseline: boolean,
): fc.Arbitrary<Manifest> {
  const accept = version === 'v1alpha1' ? 'Allow' : 'Accept';
  const actions = version === 'v1alpha1' && baseline ? [accept, 'Deny'] : [accept, 'Deny', 'Pass'];
  return fc
    .record({
      action: fc.constantFrom(...actions),
      name: fc.constantFrom(undefined, 'a rule'),
      ports: fc.option(portsOf(words, version), { nil: undefined }),
    })
    .chain(({ action, name, ports }) => {
      const named = (ports ?? []).some((port) => 'destinationNamedPort' in port || 'namedPort' in port);
      return peersOf(words, version, egress, named).map(
        (peers): Manifest => ({
          action,
          ...(name === undefined ? {} : { name }),
          [egress ? 'to' : 'from']: peers,
          ...(ports === undefined ? {} : { [version === 'v1alpha1' ? 'ports' : 'protocols']: ports }),
        }),
      );
    });
}

/** A cluster-wide policy named `cp<index>`; a BaselineAdminNetworkPolicy is named `default`, as it must be. */
export function clusterPolicyArbitrary(words: ClusterPolicyWords, index: number): fc.Arbitrary<Manifest> {
  const kind = fc.constantFrom(
    'ClusterNetworkPolicy',
    'ClusterNetworkPolicy',
    'AdminNetworkPolicy',
    'BaselineAdminNetworkPolicy',
  );
  return fc
    .tuple(kind, fc.constantFrom('Admin', 'Baseline'), priority, direction)
    .chain(([ofKind, tier, at, first]) => {
      const version: Version = ofKind === 'ClusterNetworkPolicy' ? 'v1alpha2' : 'v1alpha1';
      const baseline =
        ofKind === 'BaselineAdminNetworkPolicy' || (ofKind === 'ClusterNetworkPolicy' && tier === 'Baseline');
      const rules = (egress: boolean): fc.Arbitrary<Manifest[]> =>
        fc.array(ruleOf(words, version, egress, baseline), {
          minLength: (first === 'egress') === egress ? 1 : 0,
          maxLength: 3,
        });
      return fc.tuple(podsOf(words, version), rules(false), rules(true)).map(
        ([subject, ingress, egress]): Manifest => ({
          apiVersion: `policy.networking.k8s.io/${version}`,
          kind: ofKind,
          metadata: { name: ofKind === 'BaselineAdminNetworkPolicy' ? 'default' : `cp${index}` },
          spec: {
            ...(version === 'v1alpha2' ? { tier } : {}),
            ...(ofKind === 'BaselineAdminNetworkPolicy' ? {} : { priority: at }),
            subject,
            ...(ingress.length === 0 ? {} : { ingress }),
            ...(egress.length === 0 ? {} : { egress }),
          },
        }),
      );
    });
}
