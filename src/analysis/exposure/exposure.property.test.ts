import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cidr } from '../../../test/support/manifests.ts';
import { effort, patient } from '../../../test/support/property.ts';
import { decodeCluster, type RandomCluster, randomCluster } from '../../../test/support/random-cluster.ts';
import { flowParts } from '../../../test/support/random-flow.ts';
import { namespaceInfo } from '../../engine/build.ts';
import { evaluate } from '../../engine/reference.ts';
import type { ClusterState, FlowEnd, PodInfo } from '../../engine/state.ts';
import type { Direction } from '../../engine/verdict.ts';
import { matchesSelector } from '../../model/selector.ts';
import type { ContainerPort, Protocol } from '../../model/types.ts';
import { type Address, type Family, formatAddress, parseAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import type { PortEntry } from '../ports.ts';
import { World } from '../world.ts';
import {
  computeExposure,
  computeProtection,
  type DirectionExposure,
  type PeerCondition,
  type WorkloadExposure,
} from './exposure.ts';

const labels = (keys: readonly string[]): fc.Arbitrary<Record<string, string>> =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...keys), fc.constantFrom('a', 'b', 'c', '')), {
      maxLength: 3,
      selector: ([key]) => key,
    })
    .map((entries) => Object.fromEntries(entries));

/** A pod that is not in the cluster, of a namespace that may not be either. */
interface NewPod {
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly pod: PodInfo;
}

const newPod: fc.Arbitrary<NewPod> = fc
  .record({
    namespace: fc.constantFrom('x', 'y', 'z', 'undeclared', 'brand-new'),
    namespaceLabels: labels(['team', 'app', 'constructor']),
    podLabels: labels(['app', 'tier', 'constructor', '__proto__', 'toString']),
    ports: fc.array(
      fc.record({
        name: fc.constantFrom('web', 'dns', 'nowhere'),
        protocol: fc.constantFrom<Protocol>('TCP', 'UDP', 'SCTP'),
        containerPort: fc.constantFrom(1, 53, 80, 81, 8080, 65535),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ namespace, namespaceLabels, podLabels, ports }) => ({
    namespace,
    namespaceLabels,
    pod: {
      id: `${namespace}/new[Pod]`,
      kind: 'Pod',
      namespace,
      name: 'new',
      labels: podLabels,
      hostNetwork: false,
      addresses: [],
      ports,
    },
  }));

/** The cluster with the pod, and its namespace where that is new: known namespaces keep their labels. */
function withPod(state: ClusterState, { namespace, namespaceLabels, pod }: NewPod): ClusterState {
  const namespaces = new Map(state.namespaces);
  if (!namespaces.has(namespace)) {
    const metadata = { name: namespace, labels: namespaceLabels };
    namespaces.set(namespace, namespaceInfo({ apiVersion: 'v1', kind: 'Namespace', metadata }));
  }
  return { ...state, namespaces, pods: new Map([...state.pods, [pod.id, pod]]) };
}

function has(entries: readonly PortEntry[], family: Family, { protocol, port }: Probe): boolean {
  return entries.some(
    (entry) =>
      entry.protocol === protocol &&
      (entry.families === undefined || entry.families.includes(family)) &&
      entry.ranges.some(([first, last]) => first <= port && port <= last),
  );
}

interface Probe {
  readonly protocol: Protocol;
  readonly port: number;
}

/** What the exposure says of a pod: read from what it shows, with selectors matched as everywhere. */
function predicted(
  { pods }: DirectionExposure,
  peer: PodInfo,
  namespaceLabels: Readonly<Record<string, string>>,
  destination: readonly ContainerPort[],
  family: Family,
  probe: Probe,
): boolean {
  const meant = ({ namespaceSelector, podSelector, named = [] }: PeerCondition): boolean =>
    matchesSelector(namespaceSelector, namespaceLabels) &&
    matchesSelector(podSelector, peer.labels) &&
    named.every((name) =>
      destination.some(
        (port) =>
          `${port.protocol}/${port.name}` === name &&
          port.protocol === probe.protocol &&
          port.containerPort === probe.port,
      ),
    );
  return pods.some((entry) => has(entry.ports, family, probe) && meant(entry) && !entry.except.some(meant));
}

function subjectOf(state: ClusterState, { endpoint }: WorkloadExposure): PodInfo {
  const pod = state.pods.get(endpoint.id);
  if (pod === undefined) throw new Error(`no pod ${endpoint.id}`);
  return pod;
}

function check(cluster: RandomCluster, peers: readonly NewPod[], seen: { allowed: number; denied: number }): void {
  const state = decodeCluster(cluster);
  const world = new World(state, 'default');
  const exposures = computeExposure(world, { by: 'pod' });
  const ports = flowParts(state).ports.slice(0, 12);
  const probes = ports.flatMap((port) => (['TCP', 'UDP', 'SCTP'] as const).map((protocol) => ({ protocol, port })));
  for (const peer of peers) {
    const future = withPod(state, peer);
    const namespaceLabels = future.namespaces.get(peer.namespace)?.labels ?? {};
    for (const exposure of exposures) {
      const subject = subjectOf(state, exposure);
      const families = world.units('pod').find(({ endpoint }) => endpoint.id === exposure.endpoint.id)?.families;
      const ends: Record<Direction, { from: FlowEnd; to: FlowEnd }> = {
        ingress: { from: { type: 'pod', pod: peer.pod }, to: end(subject) },
        egress: { from: end(subject), to: { type: 'pod', pod: peer.pod } },
      };
      for (const direction of ['ingress', 'egress'] as const) {
        const destination = direction === 'ingress' ? subject.ports : peer.pod.ports;
        for (const family of families ?? (['IPv4'] as const)) {
          for (const probe of probes) {
            const want = evaluate(future, { ...ends[direction], family, ...probe })[direction].allowed;
            const got = predicted(exposure[direction], peer.pod, namespaceLabels, destination, family, probe);
            seen[want ? 'allowed' : 'denied']++;
            if (want !== got) {
              expect.fail(
                `${direction} of ${exposure.endpoint.id} and ${JSON.stringify(peer)} ${probe.port}/${probe.protocol} ` +
                  `${family}: reference ${want}, exposure ${got}: ${JSON.stringify(exposure[direction].pods)}`,
              );
            }
          }
        }
      }
    }
  }
}

function end(pod: PodInfo): FlowEnd {
  return pod.hostNetwork ? { type: 'host', node: pod.node, address: pod.addresses[0] } : { type: 'pod', pod };
}

function checkOutside(cluster: RandomCluster): void {
  const state = decodeCluster(cluster);
  const world = new World(state, 'default');
  const { others, ports } = flowParts(state);
  const probes = ports.slice(0, 8).map((port): Probe => ({ protocol: 'TCP', port }));
  for (const exposure of computeExposure(world, { by: 'pod' })) {
    const subject = subjectOf(state, exposure);
    if (subject.hostNetwork) continue;
    const families = world.units('pod').find(({ endpoint }) => endpoint.id === exposure.endpoint.id)?.families ?? [];
    for (const other of others) {
      if (other.type !== 'address' || !families.includes(other.address.family)) continue;
      const { address } = other;
      for (const direction of ['ingress', 'egress'] as const) {
        for (const probe of probes) {
          const ends: { from: FlowEnd; to: FlowEnd } =
            direction === 'ingress' ? { from: other, to: end(subject) } : { from: end(subject), to: other };
          const want = evaluate(state, { ...ends, family: address.family, ...probe })[direction].allowed;
          const got = exposure[direction].outside.some(
            (entry) => has(entry.ports, address.family, probe) && holds(entry.ranges, address),
          );
          if (want !== got) {
            const shown = JSON.stringify(exposure[direction].outside);
            expect.fail(
              `${direction} of ${exposure.endpoint.id}, ${formatAddress(address)} ${probe.port}: ${want} ${shown}`,
            );
          }
        }
      }
    }
  }
}

function holds(ranges: readonly (readonly [string, string])[] | undefined, address: Address): boolean {
  if (ranges === undefined) return true;
  const set = AddressSet.ofRanges(
    ranges.flatMap(([first, last]) => {
      const [from, to] = [parseAddress(first), parseAddress(last)];
      return from && to ? [{ family: from.family, first: from.value, last: to.value }] : [];
    }),
  );
  return set.contains(address);
}

describe('exposure', () => {
  it('predicts the verdict of the reference evaluator for pods that do not exist', patient, () => {
    const seen = { allowed: 0, denied: 0 };
    fc.assert(
      fc.property(randomCluster, fc.array(newPod, { minLength: 2, maxLength: 4 }), (cluster, peers) =>
        check(cluster, peers, seen),
      ),
      effort(120),
    );
    expect(Math.min(seen.allowed, seen.denied)).toBeGreaterThan(1000);
  });

  it('predicts it when ranges of pod addresses are inside the blocks of policies', patient, () => {
    const seen = { allowed: 0, denied: 0 };
    const ranges = fc.constantFrom(['10.0.0.0/31'], ['10.0.0.0/24', 'fd00::/127'], ['10.0.1.0/30']);
    fc.assert(
      fc.property(randomCluster, ranges, newPod, (cluster, podCidrs, peer) =>
        check({ ...cluster, podCidrs: podCidrs.filter((text) => cidr(text) !== undefined) }, [peer], seen),
      ),
      effort(100),
    );
  });

  it('predicts the verdict for addresses outside the cluster', patient, () => {
    fc.assert(fc.property(randomCluster, checkOutside), effort(100));
  });

  it('tells what is protected as it does with all the rest', patient, () => {
    const seen = { isolated: 0, limited: 0, open: 0 };
    fc.assert(
      fc.property(randomCluster, (cluster) => {
        const world = new World(decodeCluster(cluster), 'default');
        const protection = computeProtection(world);
        const workloads = computeExposure(world).filter(({ ingress: { reason } }) => reason === undefined);
        expect([...protection.keys()].sort()).toEqual(workloads.map(({ endpoint }) => endpoint.id).sort());
        for (const { endpoint, ingress, egress } of workloads) {
          expect({ id: endpoint.id, ...protection.get(endpoint.id) }).toEqual({
            id: endpoint.id,
            ingress: ingress.protected,
            egress: egress.protected,
          });
          for (const side of [ingress, egress])
            seen[side.isolatedBy.length > 0 ? 'isolated' : side.protected ? 'limited' : 'open']++;
        }
      }),
      effort(60),
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(20);
  });
});
