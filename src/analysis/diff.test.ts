import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../test/support/manifests.ts';
import { effort, patient } from '../../test/support/property.ts';
import { objectKey, type RandomChange, randomChange } from '../../test/support/random-change.ts';
import { decodeCluster, type RandomCluster } from '../../test/support/random-cluster.ts';
import type { Family } from '../net/address.ts';
import { PortSet } from '../net/port-set.ts';
import { ClassTable, commonFamilies, type UnitClass } from './classes.ts';
import { bothSides, type Sides } from './diff/sides.ts';
import { type JointUnit, jointUnits } from './diff/units.ts';
import { type Cause, type Change, diffReachability, type ReachabilityDiff } from './diff.ts';
import { type PortEntry, portEntries } from './ports.ts';
import { Reachability } from './reachability.ts';
import { blockSet } from './resolve.ts';
import type { Granularity, Unit } from './units.ts';
import { World } from './world.ts';

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

function worldOf(cluster: RandomCluster): World {
  return new World(decodeCluster(cluster), 'default');
}

function worldsOf(change: RandomChange): Sides<World> {
  return bothSides((side) => worldOf(change[side]));
}

function diffOf(worlds: Sides<World>, by: Granularity): ReachabilityDiff {
  const result = diffReachability(worlds.old, worlds.new, { by });
  if ('error' in result) throw new Error(result.error.error);
  return result.diff;
}

function unitsOf(worlds: Sides<World>, by: Granularity): JointUnit[] {
  return jointUnits(worlds, { by, external: true, cuts: [], domains: [], extra: { old: [], new: [] } });
}

/** The ports of entries in one family, of a pair that has it. */
function portsIn(entries: readonly PortEntry[], family: Family): PortSet {
  return PortSet.ofPorts(entries.filter(({ families }) => families === undefined || families.includes(family)));
}

/** Every pair that differs, from two reachabilities of the same units, as `family ports -> ports`. */
function pairwise(worlds: Sides<World>, units: readonly JointUnit[]): Map<string, string> {
  const reach = bothSides((side) => {
    const own = [...new Set(units.flatMap((unit) => unit[side] ?? []))];
    const table = new ClassTable(worlds[side].index, own);
    const pairs = [...new Reachability(table, own).connections()];
    const found = new Map(pairs.map((one) => [`${one.from} ${one.to}`, one.ports]));
    // Pods of one old workload may be two variants of the new one.
    for (const [at, { endpoint }] of own.entries()) {
      const of = table.classOf[at] as UnitClass;
      if (!of.outside) found.set(`${endpoint.id} ${endpoint.id}`, portEntries(table.pair(of, of)));
    }
    return found;
  });
  const open = (side: keyof Sides<unknown>, from: JointUnit, to: JointUnit, family: Family): PortSet => {
    const [source, target] = [from[side], to[side]];
    if (source === undefined || target === undefined || !commonFamilies(source, target).includes(family)) {
      return PortSet.EMPTY;
    }
    return portsIn(reach[side].get(`${source.endpoint.id} ${target.endpoint.id}`) ?? [], family);
  };
  const found = new Map<string, string>();
  for (const from of units) {
    for (const to of units) {
      if (from === to) continue;
      const ports = FAMILIES.map((family) => bothSides((side) => open(side, from, to, family)));
      if (ports.every(({ old, new: fresh }) => old.equals(fresh))) continue;
      found.set(`${from.id} -> ${to.id}`, ports.map((one) => `${one.old} => ${one.new}`).join(' | '));
    }
  }
  return found;
}

/** The same of a diff. */
function listed(diff: ReachabilityDiff, units: readonly JointUnit[]): Map<string, string> {
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  const has = (from: Unit | undefined, to: Unit | undefined, family: Family): boolean =>
    from !== undefined && to !== undefined && commonFamilies(from, to).includes(family);
  return new Map(
    [...diff.changes()].map((change) => {
      const [from, to] = [byId.get(change.from), byId.get(change.to)];
      const ports = FAMILIES.map((family) => {
        const any = has(from?.old, to?.old, family) || has(from?.new, to?.new, family);
        const of = (entries: readonly PortEntry[]): PortSet => (any ? portsIn(entries, family) : PortSet.EMPTY);
        expect(of(change.opened).equals(of(change.new).subtract(of(change.old)))).toBe(true);
        expect(of(change.closed).equals(of(change.old).subtract(of(change.new)))).toBe(true);
        return `${of(change.old)} => ${of(change.new)}`;
      });
      const kind = change.old.length === 0 ? 'added' : change.new.length === 0 ? 'removed' : 'changed';
      expect(change.change).toBe(kind);
      return [`${change.from} -> ${change.to}`, ports.join(' | ')];
    }),
  );
}

/**
 * The new cluster with some objects as they were. Whether a workload is an endpoint depends on its owner and its pods,
 * whether a pod is one on its node: where an endpoint comes or goes, all of these are as they were.
 */
function reverted(change: RandomChange, because: readonly Cause[]): RandomCluster {
  const keys = new Set(because.map(({ kind, namespace, name }) => `${kind}/${namespace ?? ''}/${name}`));
  const ends = because.some((cause) => isEnd(cause));
  const isMeant = (manifest: Manifest): boolean =>
    keys.has(objectKey(manifest)) ||
    (ends && !String(manifest['kind']).endsWith('Policy') && manifest['kind'] !== 'Namespace');
  const manifests: Manifest[] = [
    ...change.new.manifests.filter((manifest) => !isMeant(manifest)),
    ...change.old.manifests.filter(isMeant),
  ];
  return { ...change.new, manifests };
}

/** Whether two ids name the same endpoint, or outside blocks that share an address. */
function meets(a: string, b: string, blocks: ReadonlyMap<string, ReturnType<typeof blockSet>>): boolean {
  const [one, other] = [blocks.get(a), blocks.get(b)];
  return one === undefined || other === undefined ? a === b : one.intersects(other);
}

describe('diffReachability', () => {
  it.each(['pod', 'workload'] as const)('is the pairwise difference of two reachabilities, by %s', patient, (by) => {
    let changes = 0;
    fc.assert(
      fc.property(randomChange, (change) => {
        const worlds = worldsOf(change);
        const units = unitsOf(worlds, by);
        expect(new Set(units.map(({ id }) => id)).size).toBe(units.length);
        const diff = diffOf(worlds, by);
        const expected = pairwise(worlds, units);
        expect(listed(diff, units)).toEqual(expected);
        expect(diff.counts.changes).toBe(expected.size);
        changes += expected.size;
      }),
      effort(80),
    );
    expect(changes).toBeGreaterThan(50);
  });

  it('of groups is that of pairs', patient, () => {
    fc.assert(
      fc.property(randomChange, (change) => {
        const diff = diffOf(worldsOf(change), 'workload');
        const ends = new Set([...diff.added, ...diff.removed].map(({ id }) => id));
        const pairs = new Map<string, unknown>();
        for (const { from, to, pairs: count, ...facts } of diff.groups()) {
          let own = 0;
          for (const one of from) {
            for (const other of to) {
              if (one === other) continue;
              own++;
              expect(pairs.has(`${one} ${other}`)).toBe(false);
              pairs.set(`${one} ${other}`, facts);
            }
          }
          expect(count).toBe(own);
        }
        const listed = [...diff.changes()].map(({ from, to, because, ...facts }) => {
          const causes = because.filter((cause) => !isEnd(cause) || ends.size === 0);
          return [`${from} ${to}`, { ...facts, because: causes }] as const;
        });
        expect(pairs).toEqual(new Map(listed));
        expect(diff.counts.changes).toBe(listed.length);
      }),
      effort(100),
    );
  });

  it('of a world with itself is empty', patient, () => {
    fc.assert(
      fc.property(randomChange, ({ old }) => {
        const shuffled = { ...old, manifests: [...old.manifests].reverse() };
        const diff = diffOf({ old: worldOf(old), new: worldOf(shuffled) }, 'workload');
        expect([...diff.changes()]).toEqual([]);
        expect([diff.added, diff.removed]).toEqual([[], []]);
        expect(diff.policies).toEqual({ added: [], removed: [], edited: [] });
      }),
      effort(60),
    );
  });

  it('cuts the outside as both sides do', patient, () => {
    fc.assert(
      fc.property(randomChange, (change) => {
        const worlds = worldsOf(change);
        const joint = unitsOf(worlds, 'workload').filter(
          ({ old, new: fresh }) => (old ?? fresh)?.endpoint.type === 'external',
        );
        for (const side of ['old', 'new'] as const) {
          const own = worlds[side].external().map(blockSet);
          for (const unit of joint) {
            const block = blockSet((unit[side] ?? unit.old ?? unit.new) as Unit);
            expect(own.filter((one) => one.intersects(block)).length).toBeLessThanOrEqual(1);
          }
        }
      }),
      effort(60),
    );
  });

  it('names causes, and undoing them takes the change back', patient, () => {
    let [checked, single] = [0, 0];
    fc.assert(
      fc.property(randomChange, (change) => {
        const worlds = worldsOf(change);
        const diff = diffOf(worlds, 'pod');
        const tried = new Map<string, ReachabilityDiff>();
        for (const one of diff.changes()) {
          expect(one.because.length, `${one.from} -> ${one.to}`).toBeGreaterThan(0);
          checked++;
          if (one.because.length === 1) single++;
          if (one.because.some(({ kind }) => kind === 'AddressBlock' || kind === 'DomainName')) continue;
          const key = one.because.map(({ kind, namespace, name }) => `${kind}/${namespace ?? ''}/${name}`).join();
          const again =
            tried.get(key) ?? diffOf({ old: worlds.old, new: worldOf(reverted(change, one.because)) }, 'pod');
          tried.set(key, again);
          const blocks = new Map(
            [...diff.external, ...again.external].map((endpoint) => [endpoint.id, blockSet({ endpoint } as Unit)]),
          );
          const left = [...again.changes()].filter(
            ({ from, to }) => meets(from, one.from, blocks) && meets(to, one.to, blocks),
          );
          const what = `${one.from} -> ${one.to}: undoing ${key} leaves ${describeChanges(left)}`;
          expect(left, what).toEqual([]);
        }
      }),
      effort(120),
    );
    expect(checked).toBeGreaterThan(500);
    expect(single / checked).toBeGreaterThan(0.5);
  });
});

/** An endpoint that exists on one side only. */
function isEnd({ kind, change }: Cause): boolean {
  return !kind.endsWith('Policy') && kind !== 'Namespace' && (change === 'added' || change === 'removed');
}

function describeChanges(changes: readonly Change[]): string {
  return changes.map(({ from, to, old, new: fresh }) => `${from} -> ${to} ${JSON.stringify([old, fresh])}`).join('\n');
}
