import { policyRef } from '../../engine/outcome.ts';
import { endNodes } from '../../engine/peer-match.ts';
import type { PolicyRef } from '../../engine/verdict.ts';
import { compareCodePoints } from '../../model/text.ts';
import { type ClusterNetworkPolicy, type NetworkPolicy, type ObjectMeta, objectRef } from '../../model/types.ts';
import type { Address } from '../../net/address.ts';
import { routesTo } from '../controller.ts';
import { routeRefs } from '../inbound.ts';
import { namedBlocks, type Unit } from '../units.ts';
import type { World } from '../world.ts';
import { bothSides, SIDES, type Sides } from './sides.ts';
import type { JointUnit } from './units.ts';

/**
 * What happened to an object: `added`, `removed`, `edited` (a policy's spec), `relabelled`, or `changed` (addresses,
 * container ports, the node of a pod).
 */
export type EditKind = 'added' | 'removed' | 'edited' | 'relabelled' | 'changed';

/** One object that is not the same on both sides, in a way that verdicts may depend on. */
export interface Edit {
  /** Of the new side, of the old one where the object is gone. */
  readonly ref: PolicyRef;
  readonly change: EditKind;
}

export type AnyPolicy = NetworkPolicy | ClusterNetworkPolicy;

/** A policy whose spec is not the same on both sides. */
export interface PolicyEdit extends Edit {
  /** As in the states' maps of policies. */
  readonly key: string;
  readonly clusterWide: boolean;
  readonly versions: Sides<AnyPolicy | undefined>;
}

/** Edited policies that select an end in one direction, on either side. */
export interface SelectingEdits {
  readonly edits: readonly PolicyEdit[];
  /** They isolate on one side only: all of them together account for that, whatever each admits. */
  readonly whole: boolean;
}

/** Policies that were written, whether or not that changed what they mean; ordered by kind, namespace and name. */
export interface PolicyChanges {
  readonly added: readonly PolicyRef[];
  readonly removed: readonly PolicyRef[];
  /** With another spec, labels or annotations. */
  readonly edited: readonly PolicyRef[];
}

/** What is different between the objects of two worlds. */
export class Edits {
  /** By policy key. */
  readonly policies: ReadonlyMap<string, PolicyEdit>;
  readonly written: PolicyChanges;
  /** Namespaces whose labels differ, by name. */
  readonly namespaces: ReadonlyMap<string, Edit>;
  readonly #worlds: Sides<World>;
  readonly #labelKeys: readonly string[];
  /** Where blocks of either side begin and end, ascending: addresses between two of them lie in the same blocks. */
  readonly #cuts: Readonly<Record<Address['family'], readonly bigint[]>>;
  readonly #units = new Map<JointUnit, Edit | undefined>();
  readonly #moves = new Map<JointUnit, Edit>();

  constructor(worlds: Sides<World>) {
    this.#worlds = worlds;
    const { policies, written } = policyEdits(worlds);
    this.policies = policies;
    this.written = written;
    this.namespaces = namespaceEdits(worlds);
    const keys = new Set<string>();
    for (const policy of SIDES.flatMap((side) => [...allPolicies(worlds[side]).values()]))
      addLabelKeys(keys, policy.spec);
    this.#labelKeys = [...keys];
    const blocks = SIDES.flatMap((side) => namedBlocks(worlds[side].state));
    const cuts = (family: Address['family']): bigint[] =>
      [...new Set(blocks.flatMap((block) => block.cuts(family)))].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    this.#cuts = { IPv4: cuts('IPv4'), IPv6: cuts('IPv6') };
  }

  /** How an endpoint of both sides differs for policies; undefined when it does not. */
  ofUnit(joint: JointUnit): Edit | undefined {
    if (this.#units.has(joint)) return this.#units.get(joint);
    const edit = this.#compareUnit(joint);
    this.#units.set(joint, edit);
    return edit;
  }

  /** Equal for units of one side that no policy of either side tells apart. */
  profile(side: keyof Sides<unknown>, unit: Unit): string {
    return `${unit.endpoint.namespace ?? ''} ${this.#labels(side, unit)} ${this.#traits(unit)}`;
  }

  /** A pod that runs on another node; the edit of the pod itself, where there is one. */
  moveOf(joint: JointUnit): Edit {
    const known = this.ofUnit(joint) ?? this.#moves.get(joint);
    if (known !== undefined) return known;
    const unit = joint.new ?? joint.old;
    const move: Edit = { ref: unit === undefined ? { kind: 'Pod', name: joint.id } : unitRef(unit), change: 'changed' };
    this.#moves.set(joint, move);
    return move;
  }

  #compareUnit(joint: JointUnit): Edit | undefined {
    const { old, new: fresh } = joint;
    const unit = fresh ?? old;
    if (unit === undefined) return undefined;
    const ref = unitRef(unit);
    if (old === undefined || fresh === undefined) return { ref, change: old === undefined ? 'added' : 'removed' };
    // A workload may come apart into variants without any of its pods having changed: like is compared with like.
    const before = new Map(old.pods.map((pod) => [pod.id, pod]));
    const same = fresh.pods.flatMap((pod) => {
      const was = before.get(pod.id);
      return was === undefined
        ? []
        : [
            [
              { ...old, pods: [was] },
              { ...fresh, pods: [pod] },
            ] as const,
          ];
    });
    const pairs = same.length > 0 ? same : [[old, fresh] as const];
    if (pairs.some(([was, is]) => this.#labels('old', was) !== this.#labels('new', is))) {
      return { ref, change: 'relabelled' };
    }
    if (pairs.some(([was, is]) => this.#traits(was) !== this.#traits(is))) return { ref, change: 'changed' };
    return this.#routeEdit(old, fresh, ref);
  }

  /** The Ingress or route that leads to other ports than before, or to others of a Service's pods. */
  #routeEdit(old: Unit, fresh: Unit, ref: PolicyRef): Edit | undefined {
    const [was, is] = [old.routed?.key, fresh.routed?.key];
    if (was === is) return undefined;
    const routes = bothSides((side) => {
      const unit = side === 'old' ? old : fresh;
      const world = this.#worlds[side];
      return new Map(routesTo(unit, world.inbound(), world.state).map((route) => [objectKey(route.object), route]));
    });
    const keys = [...new Set([...routes.new.keys(), ...routes.old.keys()])];
    const text = (side: keyof Sides<unknown>, key: string): string | undefined =>
      routes[side]
        .get(key)
        ?.backends.map(({ protocol, port }) => `${port}/${protocol}`)
        .join();
    const changed = keys.find((key) => text('old', key) !== text('new', key));
    const route = changed === undefined ? undefined : (routes.new.get(changed) ?? routes.old.get(changed));
    if (changed === undefined || route === undefined) return { ref, change: 'changed' };
    const [own] = routeRefs([route]);
    const existed = bothSides((side) =>
      this.#worlds[side].inbound().some(({ object }) => objectKey(object) === changed),
    );
    const change = !existed.old ? 'added' : !existed.new ? 'removed' : 'edited';
    return own === undefined ? undefined : { ref: own, change };
  }

  /** The labels that selectors of either side look at. */
  #labels(side: keyof Sides<unknown>, { pods: [pod], ends }: Unit): string {
    const { state } = this.#worlds[side];
    const labels =
      pod === undefined
        ? ends.flatMap((end) => (end.type === 'host' ? endNodes(state, end).map((node) => node.labels) : []))
        : [pod.labels];
    return JSON.stringify(labels.map((set) => this.#labelKeys.map((key) => own(set, key))));
  }

  #traits({ pods: [pod], endpoint, families, ends }: Unit): string {
    const addresses =
      pod?.addresses ?? ends.flatMap((end) => (end.type === 'host' && end.address !== undefined ? [end.address] : []));
    const named = (pod?.ports ?? []).filter(({ name }) => name !== undefined);
    return JSON.stringify([
      endpoint.type,
      families,
      addresses.map((address) => `${address.family} ${this.#interval(address)}`).sort(),
      named.map(({ name, protocol, containerPort }) => `${name} ${protocol} ${containerPort}`).sort(),
    ]);
  }

  #interval({ family, value }: Address): number {
    const cuts = this.#cuts[family];
    let low = 0;
    for (let high = cuts.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((cuts[middle] as bigint) <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function objectKey(object: { readonly kind: string; readonly metadata: ObjectMeta }): string {
  const { kind, namespace, name } = objectRef(object);
  return `${kind}/${namespace ?? ''}/${name}`;
}

/** Names the object that an endpoint is. An outside block or domain is named by its id. */
function unitRef({ endpoint, pods }: Unit): PolicyRef {
  const { type, id, namespace, name = id, workloadKind } = endpoint;
  if (type === 'node') return { kind: 'Node', name };
  if (type === 'ingress-controller') return { kind: 'IngressController', name };
  if (workloadKind === undefined) return { kind: type === 'domain' ? 'DomainName' : 'AddressBlock', name: id };
  const start = pods[0]?.source?.start;
  return {
    kind: workloadKind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    ...(start === undefined ? {} : { source: start }),
  };
}

function own(labels: Readonly<Record<string, string>>, key: string): string | null {
  return Object.hasOwn(labels, key) ? (labels[key] ?? null) : null;
}

/** All policies of a world, by key. */
function allPolicies({ state }: World): ReadonlyMap<string, AnyPolicy> {
  return new Map<string, AnyPolicy>([...state.policies, ...state.clusterPolicies]);
}

function policyEdits(worlds: Sides<World>): {
  readonly policies: ReadonlyMap<string, PolicyEdit>;
  readonly written: PolicyChanges;
} {
  const all = bothSides((side) => allPolicies(worlds[side]));
  const policies = new Map<string, PolicyEdit>();
  const written = { added: [] as PolicyRef[], removed: [] as PolicyRef[], edited: [] as PolicyRef[] };
  const keys = [...new Set([...all.old.keys(), ...all.new.keys()])].sort(compareCodePoints);
  for (const key of keys) {
    const versions = bothSides((side) => all[side].get(key));
    const policy = versions.new ?? versions.old;
    if (policy === undefined) continue;
    const change = versions.old === undefined ? 'added' : versions.new === undefined ? 'removed' : 'edited';
    const sameSpec = canonical(versions.old?.spec) === canonical(versions.new?.spec);
    const [was, is] = [versions.old?.metadata, versions.new?.metadata];
    const sameMeta = canonical([was?.labels, was?.annotations]) === canonical([is?.labels, is?.annotations]);
    if (sameSpec && sameMeta) continue;
    const ref = policyRef(policy);
    written[change].push(ref);
    if (sameSpec) continue;
    policies.set(key, { ref, change, key, versions, clusterWide: policy.kind !== 'NetworkPolicy' });
  }
  return { policies, written };
}

function namespaceEdits(worlds: Sides<World>): ReadonlyMap<string, Edit> {
  const edits = new Map<string, Edit>();
  for (const [name, old] of worlds.old.state.namespaces) {
    const fresh = worlds.new.state.namespaces.get(name);
    if (fresh === undefined || canonical(old.labels) === canonical(fresh.labels)) continue;
    const change = old.declared === fresh.declared ? 'relabelled' : fresh.declared ? 'added' : 'removed';
    edits.set(name, { ref: { kind: 'Namespace', name }, change });
  }
  return edits;
}

/** JSON with the keys of objects in order, so that equal values have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.entries(field).sort(([a], [b]) => compareCodePoints(a, b))
      : field,
  );
}

/** Adds the label keys of all selectors in a spec. */
function addLabelKeys(keys: Set<string>, value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if ('matchLabels' in value && typeof value.matchLabels === 'object' && value.matchLabels !== null) {
    for (const key of Object.keys(value.matchLabels)) keys.add(key);
  }
  if ('matchExpressions' in value && Array.isArray(value.matchExpressions)) {
    for (const { key } of value.matchExpressions as readonly { readonly key: string }[]) keys.add(key);
  }
  for (const field of Object.values(value)) addLabelKeys(keys, field);
}
