import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOpen } from '../../test/support/connections.ts';
import { effort, patient } from '../../test/support/property.ts';
import { decodeCluster, type RandomCluster, randomCluster } from '../../test/support/random-cluster.ts';
import { flowParts } from '../../test/support/random-flow.ts';
import { evaluate } from '../engine/reference.ts';
import type { ClusterState, FlowEnd } from '../engine/state.ts';
import type { FlowProtocol } from '../engine/verdict.ts';
import type { Family } from '../net/address.ts';
import { parseAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { commonFamilies } from './classes.ts';
import type { Connection } from './connections.ts';
import { computeReachability } from './reach.ts';
import type { Reachability } from './reachability.ts';
import { type Granularity, knownAddresses, type Unit } from './units.ts';
import { World } from './world.ts';

interface Probe {
  readonly protocol: Exclude<FlowProtocol, 'other'>;
  readonly port: number;
}

function worldOf(cluster: RandomCluster): World {
  return new World(decodeCluster(cluster), 'default');
}

function reach(world: World, by: Granularity): Reachability {
  const result = computeReachability(world, { by });
  if ('error' in result) throw new Error(result.error.error);
  return result.reachability;
}

/** Ports at which a verdict may change: the edges of what policies name, and container ports. */
function probesOf(state: ClusterState): Probe[] {
  const ports = new Set([1, 65535, ...flowParts(state).ports]);
  return [...ports].flatMap((port) => (['TCP', 'UDP', 'SCTP'] as const).map((protocol) => ({ protocol, port })));
}

/** Every way to be an end of a unit: each of its pods, each address of a node. */
function endsOf(unit: Unit, family: Family): readonly FlowEnd[] {
  if (unit.pods.length > 0) return unit.pods.map((pod) => ({ type: 'pod', pod }));
  return unit.ends.filter((end) => end.type !== 'host' || end.address === undefined || end.address.family === family);
}

const isOutside = ({ endpoint }: Unit): boolean => endpoint.type === 'external' || endpoint.type === 'domain';
const isHost = (unit: Unit): boolean => unit.pods.length === 0 && !isOutside(unit);

/** What the reference evaluator says of two units, pod by pod. */
function expected(state: ClusterState, from: Unit, to: Unit, family: Family, probe: Probe): boolean[] {
  const answers: boolean[] = [];
  for (const one of endsOf(from, family)) {
    for (const other of endsOf(to, family)) {
      answers.push(evaluate(state, { from: one, to: other, family, ...probe }).allowed);
    }
  }
  // A node's addresses, and the pods on a node toward that node, are alternatives: one that passes is enough.
  return isHost(from) || isHost(to) ? [answers.some(Boolean)] : answers;
}

function expectReference(world: World, by: Granularity): void {
  const { state } = world;
  const reachability = reach(world, by);
  const listed = new Map([...reachability.connections()].map((one) => [`${one.from} ${one.to}`, one]));
  const units = [...world.units(by), ...world.external(), ...world.domains()];
  expect(new Set(reachability.endpoints.map(({ id }) => id))).toEqual(
    new Set(units.map(({ endpoint }) => endpoint.id)),
  );
  const probes = probesOf(state);
  for (const from of units) {
    for (const to of units) {
      const connection = listed.get(`${from.endpoint.id} ${to.endpoint.id}`);
      if (from === to || from.endpoint.type === 'domain' || (isOutside(from) && isOutside(to))) {
        expect(connection).toBeUndefined();
        continue;
      }
      for (const family of commonFamilies(from, to)) {
        for (const probe of probes) {
          const want = expected(state, from, to, family, probe);
          const got = isOpen(connection, family, probe);
          if (want.some((answer) => answer !== got)) {
            const what = `${from.endpoint.id} -> ${to.endpoint.id} ${probe.port}/${probe.protocol} ${family}`;
            expect.fail(`${what}: reachability says ${got}, the reference ${want.join(' ')}`);
          }
        }
      }
    }
  }
}

/** The pairs of groups, ports of one pair joined, as connections list them. */
function expandGroups(reachability: Reachability): Map<string, Set<string>> {
  const pairs = new Map<string, Set<string>>();
  for (const { from, to, ports } of reachability.groups()) {
    for (const one of from) {
      for (const other of to) {
        if (one === other) continue;
        const key = `${one} ${other}`;
        const known = pairs.get(key) ?? new Set();
        for (const text of unitPorts(ports)) {
          expect(known.has(text), `${key} ${text} is in two groups`).toBe(false);
          known.add(text);
        }
        pairs.set(key, known);
      }
    }
  }
  return pairs;
}

/** A comparable form that does not depend on how ranges are split: the ports at the edges of tiny clusters. */
function unitPorts(ports: Connection['ports']): string[] {
  return ports.flatMap((entry) =>
    (entry.families ?? ['IPv4', 'IPv6']).flatMap((family) =>
      EDGES.filter((port) => entry.ranges.some(([first, last]) => first <= port && port <= last)).map(
        (port) => `${family} ${port}/${entry.protocol}`,
      ),
    ),
  );
}

let EDGES: readonly number[] = [];

describe('reachability', () => {
  it.each(['pod', 'workload'] as const)(
    'by %s equals the reference evaluator, pair by pair and pod by pod',
    patient,
    (by) => {
      fc.assert(
        fc.property(randomCluster, (cluster) => expectReference(worldOf(cluster), by)),
        effort(120),
      );
    },
  );

  it.each(['pod', 'workload'] as const)('by %s says the same in groups as in pairs', patient, (by) => {
    fc.assert(
      fc.property(randomCluster, (cluster) => {
        const world = worldOf(cluster);
        EDGES = [...new Set(probesOf(world.state).map(({ port }) => port))];
        const reachability = reach(world, by);
        const pairs = new Map(
          [...reachability.connections()].map(({ from, to, ports }) => [`${from} ${to}`, new Set(unitPorts(ports))]),
        );
        expect(expandGroups(reachability)).toEqual(pairs);
      }),
      effort(100),
    );
  });

  it('cuts the outside into disjoint blocks that cover it, all addresses of one judged alike', patient, () => {
    fc.assert(
      fc.property(randomCluster, (cluster) => {
        const world = worldOf(cluster);
        const { state } = world;
        const sets = world.external().map(({ endpoint }) =>
          AddressSet.ofRanges(
            (endpoint.ranges ?? []).flatMap(([first, last]) => {
              const [from, to] = [parseAddress(first), parseAddress(last)];
              return from && to ? [{ family: from.family, first: from.value, last: to.value }] : [];
            }),
          ),
        );
        for (const [at, set] of sets.entries()) {
          for (const other of sets.slice(at + 1)) expect(set.intersects(other)).toBe(false);
          const [pod] = [...state.pods.values()].filter(({ hostNetwork }) => !hostNetwork);
          if (pod === undefined) continue;
          // A known pod or node inside a block is judged as itself.
          const known = knownAddresses(state);
          const edges = set.ranges
            .flatMap(({ family, first, last }) => [
              { family, value: first },
              { family, value: last },
            ])
            .filter(({ family, value }) => !known[family].includes(value));
          for (const probe of probesOf(state).slice(0, 6)) {
            const answers = edges.map(({ family, value }) => {
              const address: FlowEnd = { type: 'address', address: { family, value } };
              const self: FlowEnd = { type: 'pod', pod };
              return [
                evaluate(state, { from: address, to: self, family, ...probe }).allowed,
                evaluate(state, { from: self, to: address, family, ...probe }).allowed,
              ].join();
            });
            expect(new Set(answers).size).toBeLessThanOrEqual(1);
          }
        }
      }),
      effort(120),
    );
  });

  it('orders endpoints, pairs and groups, the same on every run', patient, () => {
    fc.assert(
      fc.property(randomCluster, (cluster) => {
        const first = reach(worldOf(cluster), 'workload');
        const shuffled = reach(worldOf({ ...cluster, manifests: [...cluster.manifests].reverse() }), 'workload');
        const ids = first.endpoints.map(({ id }) => id);
        expect(ids).toEqual([...ids].sort());
        const pairs = [...first.connections()].map(({ from, to }) => `${from}\0${to}`);
        expect(pairs).toEqual([...pairs].sort());
        expect(shuffled.endpoints).toEqual(first.endpoints);
        expect([...shuffled.connections()]).toEqual([...first.connections()]);
        expect(shuffled.groups()).toEqual(first.groups());
      }),
      effort(120),
    );
  });
});
