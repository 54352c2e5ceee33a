import { PolicyIndex } from '../../engine/compiled/policy-index.ts';
import { type ClusterState, type NamespaceInfo, namespaceOf } from '../../engine/state.ts';
import type { ClusterNetworkPolicy, NetworkPolicy } from '../../model/types.ts';
import type { PortSet } from '../../net/port-set.ts';
import { ClassTable, type UnitClass } from '../classes.ts';
import type { PortAlgebra } from '../port-algebra.ts';
import type { FamilyPorts } from '../ports.ts';
import type { Unit } from '../units.ts';
import type { World } from '../world.ts';
import { FAMILIES } from './classes.ts';
import type { DeltaTable } from './deltas.ts';
import type { AnyPolicy, Edit, Edits, PolicyEdit, SelectingEdits } from './edits.ts';
import { SIDES, type Sides } from './sides.ts';
import type { JointUnit } from './units.ts';

/** A pair that differs and exists on both sides, with what is known of why. */
export interface ChangedPair {
  readonly from: JointUnit;
  readonly to: JointUnit;
  /** All that the pair may exchange, each side. */
  readonly ports: Sides<FamilyPorts>;
  /** What the source's and the target's own policies admit; absent for a pod and its own node. */
  readonly egress?: Sides<FamilyPorts>;
  readonly ingress?: Sides<FamilyPorts>;
  /** Of the source, and of the target. */
  readonly egressEdits: SelectingEdits;
  readonly ingressEdits: SelectingEdits;
  /** What happened to the ends themselves and to their namespaces. */
  readonly own: readonly Edit[];
  /** The pod moved onto, or away from, the node at the other end; `edit` names the pod. */
  readonly move?: Sides<boolean> & { readonly edit: Edit };
  /** The ports that were asked for. */
  readonly wanted: (to: Unit) => PortSet;
}

/** Policies that may be compiled to try what single edits do; after that edits are told by direction, not one by one. */
const TRIAL_POLICIES = 100_000;

/**
 * Finds the edits that account for a change by undoing them: the fewest whose undoing takes the change back, together
 * with the fewest that bring it about alone. What undoing would mean is asked of the engine, never reasoned.
 */
export class Attribution {
  readonly #worlds: Sides<World>;
  readonly #edits: Edits;
  readonly #deltas: DeltaTable;
  readonly #algebra: PortAlgebra;
  /** Policies of either side by namespace; cluster-wide ones apart. */
  readonly #byNamespace = new Map<string, Known<NetworkPolicy>[]>();
  readonly #clusterWide: readonly Known<ClusterNetworkPolicy>[];
  #left = TRIAL_POLICIES;

  constructor(worlds: Sides<World>, edits: Edits, deltas: DeltaTable, algebra: PortAlgebra) {
    this.#worlds = worlds;
    this.#edits = edits;
    this.#deltas = deltas;
    this.#algebra = algebra;
    for (const known of knownPolicies(worlds, edits, 'policies')) {
      const list = this.#byNamespace.get(namespaceOf(known.policy));
      if (list === undefined) this.#byNamespace.set(namespaceOf(known.policy), [known]);
      else list.push(known);
    }
    this.#clusterWide = knownPolicies(worlds, edits, 'clusterPolicies');
  }

  /** Whether all pairs with equal ports have equal causes, which are found without asking the engine. */
  static isUniform(pair: Pick<ChangedPair, 'egressEdits' | 'ingressEdits' | 'own'>): boolean {
    return pair.own.length === 0 && itemsOf(pair) !== undefined;
  }

  /** The edits that caused a change; ends and namespaces first, then policies. */
  causes(pair: ChangedPair): readonly Edit[] {
    const { egressEdits, ingressEdits, move } = pair;
    const policies = [...new Set([...egressEdits.edits, ...ingressEdits.edits])];
    const own = [...new Set([...pair.own, ...(move === undefined ? [] : [move.edit])])];
    const all = own.length === 0 ? policies : [...own, ...this.#policiesAround(pair, policies)];
    if (all.length < 2) return all;
    const items = own.length === 0 && pair.egress !== undefined ? itemsOf(pair) : undefined;
    if (items !== undefined) return this.#minimal(pair, items);
    if (this.#left > 0) return this.#minimal(pair, all.map(alone));
    return [...own, ...policies];
  }

  /** Relabelled ends may be selected, halfway, by policies that select them on neither side. */
  #policiesAround({ from, to }: ChangedPair, selecting: readonly PolicyEdit[]): PolicyEdit[] {
    const namespaces = new Set([from, to].map((end) => (end.new ?? end.old)?.endpoint.namespace));
    const around = [...this.#edits.policies.values()].filter(
      ({ clusterWide, ref }) => clusterWide || namespaces.has(ref.namespace),
    );
    return [...new Set([...around, ...selecting])];
  }

  #minimal(pair: ChangedPair, items: readonly (readonly Edit[])[]): readonly Edit[] {
    const all = items.flat();
    const results = new Map<string, string>();
    const without = (undone: readonly Edit[]): string => {
      const set = new Set(undone);
      const key = all.map((edit) => (set.has(edit) ? 1 : 0)).join('');
      let result = results.get(key);
      if (result === undefined) {
        result = this.#deltas.key(this.#result(pair, set, all));
        results.set(key, result);
      }
      return result;
    };
    const old = this.#deltas.key(pair.ports.old);
    const fresh = this.#deltas.key(pair.ports.new);
    const reverting = fewest(items, (kept) => without(kept.flat()) === old);
    const applying = fewest(items, (kept) => without(items.filter((item) => !kept.includes(item)).flat()) === fresh);
    const both = items.filter((item) => reverting.includes(item) || applying.includes(item)).flat();
    return without(both) === old ? both : reverting.flat();
  }

  /** What the pair may exchange on the new side with some edits undone. */
  #result(pair: ChangedPair, undone: ReadonlySet<Edit>, all: readonly Edit[]): FamilyPorts {
    if (undone.size === 0) return pair.ports.new;
    if (undone.size === all.length) return pair.ports.old;
    const { egress, ingress, egressEdits, ingressEdits, own, move } = pair;
    if (own.length === 0 && move === undefined && egress !== undefined && ingress !== undefined) {
      const source = stateOf(egressEdits.edits, undone);
      const target = stateOf(ingressEdits.edits, undone);
      if (source !== undefined && target !== undefined) return this.#meet(egress[source], ingress[target], pair);
    }
    return this.#trial(pair, undone);
  }

  #meet(egress: FamilyPorts, ingress: FamilyPorts, { to, wanted }: ChangedPair): FamilyPorts {
    const ports: FamilyPorts = {};
    for (const family of FAMILIES) {
      const [one, other] = [egress[family], ingress[family]];
      if (one !== undefined && other !== undefined) ports[family] = this.#algebra.intersect(one, other);
    }
    return to.new === undefined ? ports : this.#algebra.restrict(ports, wanted(to.new));
  }

  /** Asks the engine: a cluster of the two ends, their namespaces and the policies there. */
  #trial(pair: ChangedPair, undone: ReadonlySet<Edit>): FamilyPorts {
    const { state } = this.#worlds.new;
    const from = this.#chosen(pair.from, undone);
    const to = this.#chosen(pair.to, undone);
    if (from === undefined || to === undefined) return {};
    const namespaces = new Map<string, NamespaceInfo>();
    const policies = new Map<string, NetworkPolicy>();
    const clusterPolicies = new Map<string, ClusterNetworkPolicy>();
    const names = new Set([from, to].flatMap(({ pods: [pod] }) => (pod === undefined ? [] : [pod.namespace])));
    for (const name of names) {
      const edit = this.#edits.namespaces.get(name);
      const side = edit !== undefined && undone.has(edit) ? 'old' : 'new';
      const namespace = this.#worlds[side].state.namespaces.get(name);
      if (namespace !== undefined) namespaces.set(name, namespace);
      for (const known of this.#byNamespace.get(name) ?? []) {
        const version = versionOf(known, undone);
        if (version?.kind === 'NetworkPolicy') policies.set(known.key, version);
      }
    }
    for (const known of this.#clusterWide) {
      const version = versionOf(known, undone);
      if (version !== undefined && version.kind !== 'NetworkPolicy') clusterPolicies.set(known.key, version);
    }
    const pods = [from, to].flatMap((unit) => unit.pods.slice(0, 1)).map((pod) => [pod.id, pod] as const);
    this.#left -= 2 + policies.size + clusterPolicies.size;
    const trial: ClusterState = {
      namespaces,
      pods: new Map(pods),
      nodes: this.#nodes(pair, undone),
      policies,
      clusterPolicies,
      podCidrs: state.podCidrs,
      domains: state.domains,
    };
    const table = new ClassTable(new PolicyIndex(trial), [from, to]);
    const [source, target] = table.classOf as readonly [UnitClass, UnitClass];
    const { move } = pair;
    const own = move === undefined ? pair.egress === undefined : undone.has(move.edit) ? move.old : move.new;
    const ports = own ? table.ownNodePair(source, target) : table.pair(source, target);
    return this.#algebra.restrict(ports, pair.wanted(to));
  }

  #chosen(joint: JointUnit, undone: ReadonlySet<Edit>): Unit | undefined {
    const edit = this.#edits.ofUnit(joint);
    return edit !== undefined && undone.has(edit) ? joint.old : joint.new;
  }

  /** The old nodes where an end that is a node was another then. */
  #nodes({ from, to }: ChangedPair, undone: ReadonlySet<Edit>): ClusterState['nodes'] {
    const back = [from, to].some((end) => {
      const edit = this.#edits.ofUnit(end);
      return edit !== undefined && undone.has(edit) && end.old?.ends[0]?.type === 'host';
    });
    return this.#worlds[back ? 'old' : 'new'].state.nodes;
  }
}

/** A policy of either side, the new version where both have one. */
interface Known<P extends AnyPolicy> {
  readonly key: string;
  readonly policy: P;
  readonly edit: PolicyEdit | undefined;
}

function knownPolicies<K extends 'policies' | 'clusterPolicies'>(
  worlds: Sides<World>,
  edits: Edits,
  of: K,
): Known<K extends 'policies' ? NetworkPolicy : ClusterNetworkPolicy>[] {
  type P = K extends 'policies' ? NetworkPolicy : ClusterNetworkPolicy;
  const all = new Map(SIDES.flatMap((side) => [...(worlds[side].state[of] as ReadonlyMap<string, P>)]));
  return [...all].map(([key, policy]) => ({ key, policy, edit: edits.policies.get(key) }));
}

function versionOf<P extends AnyPolicy>({ policy, edit }: Known<P>, undone: ReadonlySet<Edit>): AnyPolicy | undefined {
  return edit === undefined ? policy : edit.versions[undone.has(edit) ? 'old' : 'new'];
}

function alone<T>(item: T): T[] {
  return [item];
}

/**
 * Edits that are undone together, where what that means follows from what the two directions admit on either side;
 * undefined where it does not.
 */
function itemsOf({
  egressEdits,
  ingressEdits,
}: Pick<ChangedPair, 'egressEdits' | 'ingressEdits'>): readonly (readonly Edit[])[] | undefined {
  if ([egressEdits, ingressEdits].some(({ edits, whole }) => edits.length > 1 && !whole)) return undefined;
  const [egress, ingress] = [egressEdits.edits, ingressEdits.edits];
  const both = egress.some((edit) => ingress.includes(edit));
  return (both ? [[...new Set([...egress, ...ingress])]] : [egress, ingress]).filter(({ length }) => length > 0);
}

/** The side that a direction is on; undefined when some of its edits are undone and some not. */
function stateOf(edits: readonly Edit[], undone: ReadonlySet<Edit>): keyof Sides<unknown> | undefined {
  const gone = edits.filter((edit) => undone.has(edit)).length;
  return gone === 0 ? 'new' : gone === edits.length ? 'old' : undefined;
}

/** Leaves out items, first to last, as long as `enough` holds. */
function fewest<T>(items: readonly T[], enough: (kept: readonly T[]) => boolean): readonly T[] {
  let kept = items;
  for (const item of items) {
    const fewer = kept.filter((one) => one !== item);
    if (enough(fewer)) kept = fewer;
  }
  return kept;
}
