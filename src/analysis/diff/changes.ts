import type { Family } from '../../net/address.ts';
import type { PortSet } from '../../net/port-set.ts';
import type { FamilyPorts } from '../ports.ts';
import { isOwnNodePair } from '../reachability.ts';
import type { Unit } from '../units.ts';
import { Attribution, type ChangedPair } from './attribution.ts';
import type { JointClass, JointSide, JointTable } from './classes.ts';
import type { Delta, DeltaTable } from './deltas.ts';
import type { Edit, Edits, SelectingEdits } from './edits.ts';
import { bothSides, SIDES, type Sides } from './sides.ts';

/** Pairs of units, all of which differ alike and for the same reasons. */
export interface Block {
  readonly delta: Delta;
  /** Edits that caused it; ends that exist on one side only are not among them. */
  readonly because: readonly Edit[];
  /** Indexes of units, ascending. */
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Which pairs of units are asked for, by index; absent: all. */
export interface JointFilter {
  readonly from?: ReadonlySet<number>;
  readonly to?: ReadonlySet<number>;
  readonly either?: ReadonlySet<number>;
  readonly wanted: (to: Unit) => PortSet;
}

/** Classes of a side that the rows of the other side do not tell apart. */
interface Part {
  readonly classes: JointClass[];
  /** What the rows of the other side say of them. */
  readonly ports: Sides<FamilyPorts>;
}

interface Rectangle {
  readonly delta: Delta;
  readonly because: readonly Edit[];
  readonly from: readonly JointClass[];
  readonly to: JointClass[];
}

/** Everything that finding changes needs. */
export interface ChangeInput {
  readonly table: JointTable;
  readonly edits: Edits;
  readonly deltas: DeltaTable;
  readonly attribution: Attribution;
  readonly filter: JointFilter;
}

/**
 * The pairs that differ, as blocks without overlap. Classes with equal rows meet as a whole, and only where a row of
 * either says different things of the other, so the work follows what changed, not the number of pairs.
 */
export function findChanges(input: ChangeInput): Block[] {
  return new ChangeFinder(input).find();
}

const NO_EDITS: SelectingEdits = { edits: [], whole: false };

class ChangeFinder {
  readonly #table: JointTable;
  readonly #edits: Edits;
  readonly #deltas: DeltaTable;
  readonly #attribution: Attribution;
  readonly #filter: JointFilter;
  /** Equal lists of edits are one list. */
  readonly #lists = new Map<string, { readonly index: number; readonly list: readonly Edit[] }>();
  readonly #numbers = new Map<Edit, number>();

  constructor({ table, edits, deltas, attribution, filter }: ChangeInput) {
    this.#table = table;
    this.#edits = edits;
    this.#deltas = deltas;
    this.#attribution = attribution;
    this.#filter = filter;
  }

  find(): Block[] {
    const { classes } = this.#table;
    const has = (role: ReadonlySet<number> | undefined) => (one: JointClass) =>
      role === undefined || one.members.some((at) => role.has(at));
    const sources = this.#table.sides(
      classes.filter((one) => one.source && has(this.#filter.from)(one)),
      'egress',
    );
    const targets = this.#table.sides(classes.filter(has(this.#filter.to)), 'ingress');
    const merged = new Map<string, Rectangle & { from: JointClass[] }>();
    for (const [source, meeting] of this.#meetings(sources, targets)) {
      const own = new Map<string, Rectangle>();
      for (const target of meeting) this.#compare(source, target, own);
      for (const { delta, because, from, to } of own.values()) {
        const key = `${delta.index} ${this.#listIndex(because)} ${indexes(to)}`;
        const known = merged.get(key);
        if (known === undefined) merged.set(key, { delta, because, from: [...from], to });
        else known.from.push(...from);
      }
    }
    return this.#blocks([...merged.values()]);
  }

  /** Which sides may differ with which. */
  #meetings(sources: readonly JointSide[], targets: readonly JointSide[]): Map<JointSide, Set<JointSide>> {
    const homes = (sides: readonly JointSide[]): Map<JointClass, JointSide> =>
      new Map(sides.flatMap((side) => side.classes.map((member) => [member, side] as const)));
    const [sourceOf, targetOf] = [homes(sources), homes(targets)];
    const meetings = new Map<JointSide, Set<JointSide>>(sources.map((side) => [side, new Set()]));
    for (const source of sources) {
      for (const other of this.#table.touched(source)) {
        const target = targetOf.get(other);
        if (target !== undefined) meetings.get(source)?.add(target);
      }
    }
    for (const target of targets) {
      for (const other of this.#table.touched(target)) {
        const source = sourceOf.get(other);
        if (source !== undefined) meetings.get(source)?.add(target);
      }
    }
    return meetings;
  }

  #compare(source: JointSide, target: JointSide, into: Map<string, Rectangle>): void {
    if (source.outside && target.outside) return;
    const families = bothSides((side) => source.families[side].filter((one) => target.families[side].includes(one)));
    const fromParts = this.#parts(source.classes, target, families, false);
    const toParts = this.#parts(target.classes, source, families, true);
    for (const from of fromParts) {
      for (const to of toParts) {
        const ports = bothSides((side) => this.#meet(to.ports[side], from.ports[side], to, side));
        const delta = this.#deltas.of(ports.old, ports.new);
        if (delta === undefined) continue;
        const common = {
          ports,
          egress: to.ports,
          ingress: from.ports,
          egressEdits: source.edits,
          ingressEdits: target.edits,
          wanted: this.#filter.wanted,
        };
        for (const [one, other, because] of this.#attributed(from, to, common)) {
          const key = `${delta.index} ${this.#listIndex(because)} ${indexes(one)}`;
          const known = into.get(key);
          if (known === undefined) into.set(key, { delta, because, from: one, to: [...other] });
          else known.to.push(...other);
        }
      }
    }
  }

  /** What two parts may exchange on a side, of the ports that are asked for. */
  #meet(egress: FamilyPorts, ingress: FamilyPorts, to: Part, side: keyof Sides<unknown>): FamilyPorts {
    const { algebra } = this.#table;
    const ports: FamilyPorts = {};
    for (const family of Object.keys(egress) as Family[]) {
      const [one, other] = [egress[family], ingress[family]];
      if (one !== undefined && other !== undefined) ports[family] = algebra.intersect(one, other);
    }
    const wanted = this.#wantedOf(to.classes[0], side);
    return wanted === undefined ? ports : algebra.restrict(ports, wanted);
  }

  #wantedOf(of: JointClass | undefined, side: keyof Sides<unknown>): PortSet | undefined {
    const unit = this.#table.units[of?.members[0] ?? -1]?.[side];
    return unit === undefined ? undefined : this.#table.algebra.canonical(this.#filter.wanted(unit));
  }

  /**
   * Splits classes by what the rows of the other side say of them.
   * @param targets whether they are destinations, at which the ports that are asked for may differ
   */
  #parts(
    classes: readonly JointClass[],
    other: JointSide,
    families: Sides<readonly Family[]>,
    targets: boolean,
  ): Part[] {
    const { algebra } = this.#table;
    const parts = new Map<string, Part>();
    for (const member of classes) {
      const ports = bothSides((side): FamilyPorts => {
        const own: FamilyPorts = {};
        if (member[side] === undefined || other.rows[side] === undefined) return own;
        for (const family of families[side]) own[family] = this.#table.cell(other, side, family, member);
        return own;
      });
      let key = `${algebra.key(ports.old)} ${algebra.key(ports.new)}`;
      if (member.edits.length > 0) key += ` edited ${member.index}`;
      if (targets) {
        for (const side of SIDES) {
          const wanted = this.#wantedOf(member, side);
          key += wanted === undefined ? ' -' : ` ${algebra.id(wanted)}`;
        }
      }
      const part = parts.get(key);
      if (part === undefined) parts.set(key, { classes: [member], ports });
      else part.classes.push(member);
    }
    return [...parts.values()];
  }

  /** The classes of two parts by the causes of their change. */
  *#attributed(
    from: Part,
    to: Part,
    common: Pick<ChangedPair, 'ports' | 'egress' | 'ingress' | 'egressEdits' | 'ingressEdits' | 'wanted'>,
  ): Generator<readonly [readonly JointClass[], readonly JointClass[], readonly Edit[]]> {
    const [source, target] = [from.classes[0], to.classes[0]] as [JointClass, JointClass];
    const own = [...new Set([...source.edits, ...target.edits])];
    const ends = oneSided(source) || oneSided(target);
    if (ends ? this.#edits.policies.size === 0 : Attribution.isUniform({ ...common, own })) {
      yield [from.classes, to.classes, this.#causes(source, target, { ...common, own })];
      return;
    }
    for (const one of from.classes) {
      const byCause = new Map<readonly Edit[], JointClass[]>();
      for (const other of to.classes) {
        if (one === other && one.members.length === 1) continue;
        const because = this.#causes(one, other, { ...common, own });
        const list = byCause.get(because);
        if (list === undefined) byCause.set(because, [other]);
        else list.push(other);
      }
      for (const [because, others] of byCause) yield [[one], others, because];
    }
  }

  #causes(from: JointClass, to: JointClass, common: Omit<ChangedPair, 'from' | 'to'>): readonly Edit[] {
    const { units } = this.#table;
    const source = units[from.members[0] ?? -1];
    // A class toward itself: two of its units, where there are two.
    const target = units[(from === to ? to.members[1] : undefined) ?? to.members[0] ?? -1];
    if (source === undefined || target === undefined) return this.#list([]);
    return this.#causesOf({ ...common, from: source, to: target });
  }

  /** Without the ends that exist on one side only: they are a cause of each of their pairs. */
  #causesOf(pair: ChangedPair): readonly Edit[] {
    const ends = [pair.from, pair.to]
      .filter((end) => end.old === undefined || end.new === undefined)
      .flatMap((end) => this.#edits.ofUnit(end) ?? []);
    const causes = this.#attribution.causes({ ...pair, own: [...new Set([...ends, ...pair.own])] });
    return this.#list(causes.filter((edit) => !ends.includes(edit)));
  }

  #list(edits: readonly Edit[]): readonly Edit[] {
    return this.#known(edits).list;
  }

  #listIndex(edits: readonly Edit[]): number {
    return this.#known(edits).index;
  }

  #known(edits: readonly Edit[]): { readonly index: number; readonly list: readonly Edit[] } {
    const key = edits
      .map((edit) => {
        const number = this.#numbers.get(edit) ?? this.#numbers.size;
        this.#numbers.set(edit, number);
        return number;
      })
      .join(' ');
    let known = this.#lists.get(key);
    if (known === undefined) {
      known = { index: this.#lists.size, list: edits };
      this.#lists.set(key, known);
    }
    return known;
  }

  // From classes to units

  #blocks(rectangles: readonly Rectangle[]): Block[] {
    const apart = this.#ownNodePairs();
    const blocks = new Map<string, { delta: Delta; because: readonly Edit[]; from: number[]; to: readonly number[] }>();
    const add = (delta: Delta, because: readonly Edit[], from: readonly number[], to: readonly number[]): void => {
      if (from.length === 0 || to.length === 0 || (from.length === 1 && to.length === 1 && from[0] === to[0])) return;
      const key = `${delta.index} ${this.#listIndex(because)} ${to.join(',')}`;
      const known = blocks.get(key);
      if (known === undefined) blocks.set(key, { delta, because, from: [...from], to });
      else known.from.push(...from);
    };
    for (const { delta, because, from, to } of rectangles) {
      for (const part of this.#filtered(members(from), members(to))) {
        const whole: number[] = [];
        const targets = new Set(part.to);
        for (const one of part.from) {
          const own = apart.get(one);
          if (own === undefined || ![...own.keys()].some((other) => targets.has(other))) whole.push(one);
          else
            add(
              delta,
              because,
              [one],
              part.to.filter((other) => !own.has(other)),
            );
        }
        add(delta, because, whole, part.to);
      }
    }
    for (const [from, pairs] of apart) {
      const alike = new Map<string, { delta: Delta; because: readonly Edit[]; to: number[] }>();
      for (const [to, found] of pairs) {
        if (found === undefined) continue;
        const key = `${found.delta.index} ${this.#listIndex(found.because)}`;
        const known = alike.get(key);
        if (known === undefined) alike.set(key, { ...found, to: [to] });
        else known.to.push(to);
      }
      for (const { delta, because, to } of alike.values()) add(delta, because, [from], to);
    }
    for (const block of blocks.values()) block.from.sort((a, b) => a - b);
    return [...blocks.values()].sort(
      (a, b) =>
        (a.from[0] ?? 0) - (b.from[0] ?? 0) ||
        (a.to[0] ?? 0) - (b.to[0] ?? 0) ||
        a.from.length - b.from.length ||
        a.to.length - b.to.length,
    );
  }

  *#filtered(from: readonly number[], to: readonly number[]): Generator<{ from: number[]; to: number[] }> {
    const { from: sources, to: targets, either } = this.#filter;
    const one = from.filter((at) => sources?.has(at) ?? true);
    const other = to.filter((at) => targets?.has(at) ?? true);
    if (either === undefined) {
      yield { from: one, to: other };
      return;
    }
    yield { from: one.filter((at) => either.has(at)), to: other };
    yield { from: one.filter((at) => !either.has(at)), to: other.filter((at) => either.has(at)) };
  }

  /** Pairs of a pod and its node, on either side: what differs there, or nothing, whatever the classes say. */
  #ownNodePairs(): Map<number, Map<number, { delta: Delta; because: readonly Edit[] } | undefined>> {
    const { units } = this.#table;
    const podsOn = new Map<string, Set<number>>();
    for (const [at, joint] of units.entries()) {
      for (const side of SIDES) {
        const unit = joint[side];
        if (unit === undefined || unit.pods.length === 0) continue;
        for (const node of unit.nodes) podsOn.set(node, (podsOn.get(node) ?? new Set()).add(at));
      }
    }
    const found = new Map<number, Map<number, { delta: Delta; because: readonly Edit[] } | undefined>>();
    const { from: sources, to: targets, either } = this.#filter;
    const compare = (from: number, to: number): void => {
      const asked = (sources?.has(from) ?? true) && (targets?.has(to) ?? true);
      if (!asked || (either !== undefined && !either.has(from) && !either.has(to))) return;
      const row = found.get(from) ?? new Map();
      found.set(from, row);
      if (!row.has(to)) row.set(to, this.#ownNodePair(from, to));
    };
    for (const [at, joint] of units.entries()) {
      const nodes = SIDES.flatMap((side) => (joint[side]?.pods.length === 0 ? [...joint[side].nodes] : []));
      for (const pod of new Set(nodes.flatMap((node) => [...(podsOn.get(node) ?? [])]))) {
        compare(at, pod);
        compare(pod, at);
      }
    }
    return found;
  }

  #ownNodePair(fromAt: number, toAt: number): { delta: Delta; because: readonly Edit[] } | undefined {
    const { units, classOf, algebra } = this.#table;
    const [from, to] = [units[fromAt], units[toAt]];
    const [source, target] = [classOf[fromAt], classOf[toAt]];
    if (from === undefined || to === undefined || source === undefined || target === undefined) return undefined;
    const isOwn = bothSides((side) => {
      const [one, other] = [from[side], to[side]];
      return one !== undefined && other !== undefined && isOwnNodePair(one, other);
    });
    const ports = bothSides((side) => {
      const wanted = this.#wantedOf(target, side);
      const all = this.#table.pair(side, source, target, isOwn[side]);
      return wanted === undefined ? all : algebra.restrict(all, wanted);
    });
    const delta = this.#deltas.of(ports.old, ports.new);
    if (delta === undefined) return undefined;
    const pod = (from.new ?? from.old)?.pods.length === 0 ? to : from;
    const both = [from, to].every((end) => end.old !== undefined && end.new !== undefined);
    const because = this.#causesOf({
      from,
      to,
      ports,
      egressEdits: this.#table.sides([source], 'egress')[0]?.edits ?? NO_EDITS,
      ingressEdits: this.#table.sides([target], 'ingress')[0]?.edits ?? NO_EDITS,
      own: [...new Set([...source.edits, ...target.edits])],
      ...(!both || isOwn.old === isOwn.new ? {} : { move: { ...isOwn, edit: this.#edits.moveOf(pod) } }),
      wanted: this.#filter.wanted,
    });
    return { delta, because };
  }
}

function oneSided(of: JointClass): boolean {
  return of.old === undefined || of.new === undefined;
}

function indexes(classes: readonly JointClass[]): string {
  return classes.map(({ index }) => index).join(',');
}

function members(classes: readonly JointClass[]): number[] {
  return classes.flatMap((one) => one.members).sort((a, b) => a - b);
}
