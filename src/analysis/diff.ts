import { matchesSelector } from '../model/selector.ts';
import type { AddressSet } from '../net/address-set.ts';
import { PortSet } from '../net/port-set.ts';
import { misplacedEnd } from './can.ts';
import { Attribution } from './diff/attribution.ts';
import { type Cause, Explainer } from './diff/causes.ts';
import { type Block, findChanges, type JointFilter } from './diff/changes.ts';
import { type JointClass, JointTable } from './diff/classes.ts';
import { type ChangeKind, type Delta, DeltaTable } from './diff/deltas.ts';
import { Edits, type PolicyChanges } from './diff/edits.ts';
import { bothSides, SIDES, type Sides } from './diff/sides.ts';
import { type JointUnit, jointUnits } from './diff/units.ts';
import { type PortEntry, queriedPorts } from './ports.ts';
import type { ReachOptions } from './reach.ts';
import { blockSet, type ResolveError, resolveEndpoint } from './resolve.ts';
import type { Endpoint, Granularity, Unit } from './units.ts';
import type { World } from './world.ts';

export type { Cause, ChangeKind, PolicyChanges };

/** One pair whose ports differ. */
export interface Change {
  readonly change: ChangeKind;
  readonly from: string;
  readonly to: string;
  /** Empty where one of the ends does not exist on that side. */
  readonly old: readonly PortEntry[];
  readonly new: readonly PortEntry[];
  /** In `new` but not in `old`, and the reverse. */
  readonly opened: readonly PortEntry[];
  readonly closed: readonly PortEntry[];
  /** What caused it, never empty. Equal causes of a result are one list. */
  readonly because: readonly Cause[];
}

/** Every pair of `from` and `to` differs alike and for the same reasons, an endpoint with itself apart. */
export interface ChangeGroup extends Omit<Change, 'from' | 'to'> {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Pairs of the group. */
  readonly pairs: number;
  /** Policies, relabelled objects and moved pods; that an end was added or removed is not told here. */
  readonly because: readonly Cause[];
}

/** How many pairs and endpoints differ. A pair may be both opened and closed, on different ports. */
export interface DiffCounts {
  readonly changes: number;
  readonly opened: number;
  readonly closed: number;
}

/** Pairs of classes of which what each cause did is worked out; beyond, causes are named only. */
const EXPLAINED_PAIRS = 20_000;

/** How reachability differs between two worlds. Computed by class; pairs are made only as they are read. */
export class ReachabilityDiff {
  /** Endpoints that exist on one side only, ordered by id; of those that were asked for. */
  readonly added: readonly Endpoint[];
  readonly removed: readonly Endpoint[];
  /** The blocks of outside addresses that are compared, cut by the CIDRs of both sides. */
  readonly external: readonly Endpoint[];
  readonly policies: PolicyChanges;
  readonly counts: DiffCounts;
  readonly #table: JointTable;
  readonly #edits: Edits;
  readonly #blocks: readonly Block[];
  readonly #explainer: Explainer;
  readonly #explains: boolean;
  readonly #known = new Map<Block, Map<number, readonly Cause[]>>();

  constructor(worlds: Sides<World>, units: readonly JointUnit[], filter: JointFilter) {
    this.#edits = new Edits(worlds);
    this.#table = new JointTable(worlds, units, this.#edits);
    const { algebra } = this.#table;
    const deltas = new DeltaTable(algebra);
    const attribution = new Attribution(worlds, this.#edits, deltas, algebra);
    this.#blocks = findChanges({ table: this.#table, edits: this.#edits, deltas, attribution, filter });
    this.#explainer = new Explainer(worlds);
    this.policies = this.#edits.written;
    this.counts = countPairs(this.#blocks);
    const asked = (at: number): boolean => {
      const inFocus =
        (filter.from === undefined && filter.to === undefined) ||
        filter.from?.has(at) === true ||
        filter.to?.has(at) === true;
      return inFocus && (filter.either?.has(at) ?? true);
    };
    const shown = units.filter((_, at) => asked(at));
    this.added = shown.filter(({ old }) => old === undefined).flatMap(endpointOf);
    this.removed = shown.filter((unit) => unit.new === undefined).flatMap(endpointOf);
    this.external = units.flatMap(endpointOf).filter(({ type }) => type === 'external');
    let pairs = 0;
    for (const { from, to } of this.#blocks) pairs += this.#classesOf(from).size * this.#classesOf(to).size;
    this.#explains = pairs <= EXPLAINED_PAIRS;
  }

  /** Every pair that differs, by `from`, then `to`. */
  *changes(): Generator<Change, void, undefined> {
    const bySource = new Map<number, Block[]>();
    for (const block of this.#blocks) {
      for (const from of block.from) {
        const list = bySource.get(from);
        if (list === undefined) bySource.set(from, [block]);
        else list.push(block);
      }
    }
    const causes = new CauseLists();
    for (const from of [...bySource.keys()].sort((a, b) => a - b)) {
      const pairs = (bySource.get(from) ?? []).flatMap((block) => block.to.map((to) => ({ block, to })));
      pairs.sort((a, b) => a.to - b.to);
      for (const { block, to } of pairs) {
        if (to === from) continue;
        const ends = [this.#unit(from), this.#unit(to)].filter(
          (unit) => unit.old === undefined || unit.new === undefined,
        );
        const own = ends.flatMap((unit) => this.#edits.ofUnit(unit) ?? []).map((edit) => this.#explainer.plain(edit));
        const because = causes.of([...own, ...this.#explained(block, from, to)]);
        yield { from: this.#unit(from).id, to: this.#unit(to).id, ...facts(block.delta), because };
      }
    }
  }

  /** The same facts as sets of ends, fit for people and for large clusters; in a stable order. */
  groups(): ChangeGroup[] {
    return this.#blocks.flatMap((block) => this.#split(block));
  }

  /** A block by what its causes did to the pairs. */
  #split(block: Block): ChangeGroup[] {
    const causes = new CauseLists();
    const parts = new Map<string, { because: readonly Cause[]; from: number[]; to: number[] }>();
    const targets = [...this.#classesOf(block.to)];
    for (const sources of this.#explains ? this.#classesOf(block.from).values() : [block.from]) {
      const own = new Map<readonly Cause[], number[]>();
      for (const [, members] of this.#explains ? targets : targets.slice(0, 1)) {
        const pair = pairOf(sources, members);
        if (pair === undefined) continue;
        const because = causes.of(this.#explained(block, ...pair));
        own.set(because, [...(own.get(because) ?? []), ...members]);
      }
      for (const [because, to] of own) {
        // Alike toward all: the whole list, so that the sources of one list stay together.
        const all = own.size === 1 ? [...block.to] : to.sort((one, other) => one - other);
        const key = `${causes.index(because)} ${all.join(',')}`;
        const known = parts.get(key);
        if (known === undefined) parts.set(key, { because, from: [...sources], to: all });
        else known.from.push(...sources);
      }
    }
    return [...parts.values()].map(({ because, from, to }) => ({
      from: from.sort((one, other) => one - other).map((at) => this.#unit(at).id),
      to: to.map((at) => this.#unit(at).id),
      pairs: pairsOf(from, to),
      ...facts(block.delta),
      because,
    }));
  }

  /** What caused a pair of a block; the same for all pairs of its classes. */
  #explained(block: Block, from: number, to: number): readonly Cause[] {
    if (!this.#explains) return block.because.map((edit) => this.#explainer.plain(edit));
    const { classOf, classes } = this.#table;
    const key = (classOf[from]?.index ?? 0) * classes.length + (classOf[to]?.index ?? 0);
    const known = this.#known.get(block) ?? new Map<number, readonly Cause[]>();
    this.#known.set(block, known);
    let causes = known.get(key);
    if (causes === undefined) {
      causes = this.#explainer.explain(block.delta, block.because, this.#unit(from), this.#unit(to));
      known.set(key, causes);
    }
    return causes;
  }

  #classesOf(units: readonly number[]): Map<JointClass, number[]> {
    const classes = new Map<JointClass, number[]>();
    for (const at of units) {
      const own = this.#table.classOf[at];
      if (own === undefined) continue;
      const list = classes.get(own);
      if (list === undefined) classes.set(own, [at]);
      else list.push(at);
    }
    return classes;
  }

  #unit(at: number): JointUnit {
    return this.#table.units[at] as JointUnit;
  }
}

/** Equal lists of causes are one list. */
class CauseLists {
  readonly #numbers = new Map<Cause, number>();
  readonly #lists = new Map<string, readonly Cause[]>();
  readonly #indexes = new Map<readonly Cause[], number>();

  of(causes: readonly Cause[]): readonly Cause[] {
    const unique = [...new Set(causes)];
    const key = unique
      .map((cause) => {
        const number = this.#numbers.get(cause) ?? this.#numbers.size;
        this.#numbers.set(cause, number);
        return number;
      })
      .join(' ');
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    this.#lists.set(key, unique);
    this.#indexes.set(unique, this.#indexes.size);
    return unique;
  }

  index(list: readonly Cause[]): number {
    return this.#indexes.get(list) ?? -1;
  }
}

function facts({ change, old, new: fresh, opened, closed }: Delta): Omit<Change, 'from' | 'to' | 'because'> {
  return { change, old, new: fresh, opened, closed };
}

function endpointOf(joint: JointUnit): Endpoint[] {
  const unit = joint.new ?? joint.old;
  return unit === undefined ? [] : [{ ...unit.endpoint, id: joint.id }];
}

/** Two different units, one of each list. */
function pairOf(from: readonly number[], to: readonly number[]): readonly [number, number] | undefined {
  for (const one of from.slice(0, 2)) {
    const other = to.find((at) => at !== one);
    if (other !== undefined) return [one, other];
  }
  return undefined;
}

function pairsOf(from: readonly number[], to: readonly number[]): number {
  const targets = new Set(to);
  return from.length * to.length - from.filter((at) => targets.has(at)).length;
}

function countPairs(blocks: readonly Block[]): DiffCounts {
  let [changes, opened, closed] = [0, 0, 0];
  for (const { delta, from, to } of blocks) {
    const pairs = pairsOf(from, to);
    changes += pairs;
    if (delta.opened.length > 0) opened += pairs;
    if (delta.closed.length > 0) closed += pairs;
  }
  return { changes, opened, closed };
}

/** What `from` or `to` means in both worlds. */
interface Focus {
  readonly ids: ReadonlySet<string>;
  /** Outside addresses; undefined: none, `all` for the internet. */
  readonly outside: readonly AddressSet[] | 'all';
  readonly domains: readonly string[];
  readonly units: Sides<readonly Unit[]>;
}

/**
 * How reachability differs from an old to a new world, which must have been made with the same options. The options are
 * those of reachability. Fails only when `from` or `to` names nothing in either world.
 */
export function diffReachability(
  old: World,
  fresh: World,
  options: ReachOptions = {},
): { readonly diff: ReachabilityDiff } | { readonly error: ResolveError } {
  const worlds = { old, new: fresh };
  const by = options.by ?? 'workload';
  const focus: { from?: Focus; to?: Focus } = {};
  for (const end of ['from', 'to'] as const) {
    const name = options[end];
    if (name === undefined) continue;
    const found = resolveBoth(worlds, name, end, by);
    if ('error' in found) return { error: found };
    focus[end] = found;
  }
  const focused = [focus.from, focus.to].filter((one) => one !== undefined);
  const all = jointUnits(worlds, {
    by,
    external: options.external !== false || focused.some(({ outside, domains }) => outside.length + domains.length > 0),
    cuts: focused.flatMap(({ outside }) => (outside === 'all' ? [] : outside)),
    domains: focused.flatMap(({ domains }) => domains),
    extra: bothSides((side) => uniqueUnits(focused.flatMap(({ units }) => units[side]))),
  });
  const units =
    options.external === false
      ? all.filter((unit) => !isOutside(unit) || focused.some((one) => isMeant(one, unit)))
      : all;
  return { diff: new ReachabilityDiff(worlds, units, jointFilter(units, focus, options)) };
}

function jointFilter(
  units: readonly JointUnit[],
  { from, to }: { readonly from?: Focus; readonly to?: Focus },
  { port, namespaces, selector }: ReachOptions,
): JointFilter {
  const pick = (test: (unit: JointUnit) => boolean): ReadonlySet<number> =>
    new Set(units.flatMap((unit, at) => (test(unit) ? [at] : [])));
  const inScope = (joint: JointUnit): boolean =>
    !isOutside(joint) &&
    SIDES.some((side) => {
      const endpoint = joint[side]?.endpoint;
      return (
        endpoint !== undefined &&
        (namespaces === undefined || namespaces.includes(endpoint.namespace ?? '')) &&
        (selector === undefined || matchesSelector(selector, endpoint.labels ?? {}))
      );
    });
  return {
    ...(from === undefined ? {} : { from: pick((unit) => isMeant(from, unit)) }),
    ...(to === undefined ? {} : { to: pick((unit) => isMeant(to, unit)) }),
    ...(namespaces === undefined && selector === undefined ? {} : { either: pick(inScope) }),
    wanted: (unit) => (port === undefined ? PortSet.ALL : queriedPorts(port, unit.pods[0]?.ports ?? [])),
  };
}

function isOutside({ old, new: fresh }: JointUnit): boolean {
  const type = (fresh ?? old)?.endpoint.type;
  return type === 'external' || type === 'domain';
}

function isMeant({ ids, outside, domains }: Focus, joint: JointUnit): boolean {
  const unit = joint.new ?? joint.old;
  if (unit?.endpoint.type === 'external') {
    return outside === 'all' || outside.some((set) => set.containsSet(blockSet(unit)));
  }
  if (unit?.endpoint.type === 'domain') return domains.includes(joint.id);
  return SIDES.some((side) => ids.has(joint[side]?.endpoint.id ?? ''));
}

function resolveBoth(worlds: Sides<World>, name: string, end: 'from' | 'to', by: Granularity): Focus | ResolveError {
  const resolved = bothSides((side) => resolveEndpoint(worlds[side], name));
  const found = SIDES.flatMap((side) => ('error' in resolved[side] ? [] : [resolved[side]]));
  if (found.length === 0)
    return 'error' in resolved.new ? resolved.new : { error: `nothing is named "${name}"`, suggestions: [] };
  for (const one of found) {
    const misplaced = misplacedEnd(end, one);
    if (misplaced !== undefined) return misplaced;
  }
  const units = found.flatMap((one) => one.units);
  const inside = units.filter(({ endpoint }) => endpoint.type !== 'external' && endpoint.type !== 'domain');
  return {
    ids: new Set(
      inside.flatMap((unit) =>
        by === 'pod' ? [unit.endpoint.id, ...unit.pods.map(({ id }) => id)] : unit.endpoint.id,
      ),
    ),
    outside:
      name === 'internet'
        ? 'all'
        : units.filter(({ endpoint }) => endpoint.type === 'external').map((unit) => blockSet(unit)),
    domains: units.filter(({ endpoint }) => endpoint.type === 'domain').map(({ endpoint }) => endpoint.id),
    units: bothSides((side) => {
      const own = resolved[side];
      if ('error' in own || by === 'pod') return [];
      const listed = new Set(worlds[side].units(by).map(({ endpoint }) => endpoint.id));
      return own.units.filter(({ endpoint, pods }) => pods.length > 0 && !listed.has(endpoint.id));
    }),
  };
}

function uniqueUnits(units: readonly Unit[]): Unit[] {
  return [...new Map(units.map((unit) => [unit.endpoint.id, unit])).values()];
}
