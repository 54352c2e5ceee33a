import type { ClusterProgram } from '../../engine/compiled/cluster-program.ts';
import type { PeerView } from '../../engine/compiled/policy-index.ts';
import {
  type CompiledPolicy,
  type CompiledRule,
  type DirectionProgram,
  type NamedPorts,
  resolveSpec,
} from '../../engine/compiled/program.ts';
import type { Direction } from '../../engine/verdict.ts';
import type { Family } from '../../net/address.ts';
import type { PortSet } from '../../net/port-set.ts';
import { type ClassTable, rowKey, type UnitClass } from '../classes.ts';
import type { Unit } from '../units.ts';

/** One rule of one policy in force. */
export interface RuleEntry {
  readonly policy: CompiledPolicy;
  readonly direction: Direction;
  /** As in the manifest. */
  readonly index: number;
  readonly rule: CompiledRule;
  /** Found redundant: what is left is judged without it. */
  removed: boolean;
}

/** Pods that the same policies isolate in a direction, and that the same rules admit the same to. */
export interface SubjectRow {
  readonly direction: Direction;
  readonly program: DirectionProgram;
  readonly tiers: ClusterProgram | null;
  readonly named: NamedPorts | undefined;
  readonly subjects: UnitClass[];
  readonly rules: readonly RuleEntry[];
}

/** A peer as one row sees it. */
export interface Meeting {
  readonly target: UnitClass;
  readonly family: Family;
  readonly view: PeerView;
  readonly destination: NamedPorts | undefined;
  /** Some pod of the row and some end of the peer are two, and the end is not the pod's own node. */
  readonly free: boolean;
  /** Some end of the peer is the node that a pod of the row runs on (S16). */
  readonly ownNode: boolean;
}

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

/** The rules in force by the pods that they are for. */
export class RuleRows {
  readonly byPolicy: ReadonlyMap<CompiledPolicy, readonly SubjectRow[]>;
  readonly #table: ClassTable;
  readonly #units: (readonly Unit[] | undefined)[] = [];
  readonly #matches = new Map<SubjectRow, RowMatches>();
  #kept = 0;

  constructor(table: ClassTable) {
    this.#table = table;
    const rows = new Map<string, SubjectRow>();
    const byPolicy = new Map<CompiledPolicy, SubjectRow[]>();
    const entriesOf = new Map<CompiledPolicy, Record<Direction, readonly RuleEntry[]>>();
    const entriesFor = (policy: CompiledPolicy): Record<Direction, readonly RuleEntry[]> => {
      let known = entriesOf.get(policy);
      if (known === undefined) {
        const made = (direction: Direction): RuleEntry[] =>
          (policy[direction] ?? []).map((rule, index) => ({ policy, direction, index, rule, removed: false }));
        known = { ingress: made('ingress'), egress: made('egress') };
        entriesOf.set(policy, known);
      }
      return known;
    };
    for (const subject of table.classes) {
      for (const direction of ['ingress', 'egress'] as const) {
        const { program, tiers } = subject[direction];
        if (program === null) continue;
        const key = rowKey(subject, direction);
        let row = rows.get(key);
        if (row === undefined) {
          const rules = program.policies.flatMap((policy) => entriesFor(policy)[direction]);
          row = { direction, program, tiers, named: subject.named, subjects: [], rules };
          rows.set(key, row);
          for (const policy of program.policies) {
            const list = byPolicy.get(policy);
            if (list === undefined) byPolicy.set(policy, [row]);
            else list.push(row);
          }
        }
        row.subjects.push(subject);
      }
    }
    this.byPolicy = byPolicy;
  }

  /** Every peer that a rule may speak of, once for each way of addressing it; all peers when there is no rule. */
  *meetings(row: SubjectRow, rule?: CompiledRule): Generator<Meeting> {
    for (const family of FAMILIES) {
      const subjects = row.subjects.filter((subject) => subject.families.includes(family));
      if (subjects.length === 0) continue;
      for (const target of this.#targets(family, rule)) {
        if (row.direction === 'ingress' && !target.source) continue;
        const views = target.views[family];
        if (views.length === 0) continue;
        const { free, ownNode } = this.#kinds(subjects, target);
        if (!free && !ownNode) continue;
        for (const view of views) {
          // Of an end with several addresses, a rule may match one only.
          if (rule !== undefined && views.length > 1 && !ruleMatches(rule, view)) continue;
          yield {
            target,
            family,
            view,
            destination: row.direction === 'egress' ? view.named : row.named,
            free,
            ownNode,
          };
        }
      }
    }
  }

  #targets(family: Family, rule: CompiledRule | undefined): Iterable<UnitClass> {
    if (rule === undefined || rule.peers === null) return this.#table.classes;
    const lists = rule.peers.map((peer) => this.#table.byPeer[family].get(peer) ?? []);
    return lists.length === 1 ? (lists[0] ?? []) : new Set(lists.flat());
  }

  /** The rules of a row that match a peer. */
  matching(row: SubjectRow, { target, family, view }: Meeting): readonly RuleEntry[] {
    const found = this.#matchingOf(row)[family][target.index] ?? [];
    return target.views[family].length === 1 ? found : found.filter(({ rule }) => ruleMatches(rule, view));
  }

  #matchingOf(row: SubjectRow): RowMatches {
    let matches = this.#matches.get(row);
    if (matches === undefined) {
      matches = { IPv4: [], IPv6: [], size: 0 };
      for (const family of FAMILIES) {
        for (const entry of row.rules) {
          for (const target of this.#targets(family, entry.rule)) {
            const known = matches[family][target.index];
            if (known === undefined) matches[family][target.index] = [entry];
            else known.push(entry);
            matches.size++;
          }
        }
      }
      this.#kept += matches.size;
      for (const [oldest, { size }] of this.#matches) {
        if (this.#kept <= MATCHES_KEPT) break;
        this.#matches.delete(oldest);
        this.#kept -= size;
      }
      this.#matches.set(row, matches);
    }
    return matches;
  }

  #kinds(subjects: readonly UnitClass[], target: UnitClass): Kinds {
    if (target.outside) return FREE;
    const ends = this.#unitsOf(target);
    if ((ends[0]?.pods.length ?? 0) > 0) {
      return subjects.length === 1 && subjects[0] === target && isSinglePod(ends) ? NONE : FREE;
    }
    let free = false;
    let ownNode = false;
    for (const subject of subjects) {
      for (const unit of this.#unitsOf(subject)) {
        for (const { node } of unit.pods) {
          const own = ends.filter(({ nodes }) => node !== undefined && nodes.has(node)).length;
          ownNode ||= own > 0;
          free ||= own < ends.length;
          if (free && ownNode) return { free, ownNode };
        }
      }
    }
    return { free, ownNode };
  }

  #unitsOf(one: UnitClass): readonly Unit[] {
    let units = this.#units[one.index];
    if (units === undefined) {
      units = this.#table.unitsOf(one);
      this.#units[one.index] = units;
    }
    return units;
  }
}

type Kinds = Pick<Meeting, 'free' | 'ownNode'>;
const FREE: Kinds = { free: true, ownNode: false };
const NONE: Kinds = { free: false, ownNode: false };

/** By index of the class, the rules that match it in some way. */
interface RowMatches extends Readonly<Record<Family, (RuleEntry[] | undefined)[]>> {
  size: number;
}
/** Policies of one namespace share rows, and are looked at one after the other. */
const MATCHES_KEPT = 1_000_000;

/** Whether some peer of a rule matches an end. */
export function ruleMatches({ peers }: CompiledRule, view: PeerView): boolean {
  return peers === null || peers.some((id) => view.peers.has(id) || view.blocks.includes(id));
}

/** What cluster-wide policies leave to NetworkPolicies of the ports toward an end. */
export function leftToPolicies({ tiers }: SubjectRow, { view, destination }: Meeting, ports: PortSet): PortSet {
  if (tiers === null || view.cluster === undefined) return ports;
  return ports.intersect(tiers.decide(view.cluster, destination).rest);
}

/** The ports of a rule toward an end that it matches. */
export function rulePorts(rule: CompiledRule, { destination }: Meeting): PortSet {
  return resolveSpec(rule.spec, destination);
}

/** One Pod object: all that it could meet of its class is itself (S15). */
function isSinglePod(units: readonly Unit[]): boolean {
  const [unit, ...others] = units;
  return others.length === 0 && unit?.pods.length === 1 && unit.pods[0]?.kind === 'Pod';
}
