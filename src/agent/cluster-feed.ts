import { hasEnded } from '../engine/build.ts';
import {
  buildState,
  type ClusterState,
  namespaceInfo,
  nodeInfo,
  PolicyIndex,
  podInfo,
  policyKey,
} from '../engine/index.ts';
import type { ObjectChange } from '../kube/source.ts';
import type { Steps } from '../model/steps.ts';
import type { KubeObject, Pod } from '../model/types.ts';
import { isPolicy } from '../model/validate/index.ts';
import { AddressSet } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { type CompileOptions, NodeCompiler } from '../nft/index.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends ReadonlyMap<infer A, infer B> ? Map<A, B> : T[K] };

/**
 * Passes the objects of a source on to the compiler of a node. Until {@link ClusterFeed.begin} they are only collected:
 * an index is made faster of everything at once. What comes in steps must have ended before anything else is called.
 */
export class ClusterFeed {
  readonly #node: string;
  #initial: Mutable<ClusterState> | undefined = { ...buildState([]) } as Mutable<ClusterState>;
  #compiler: NodeCompiler | undefined;
  #index: PolicyIndex | undefined;
  #podRanges: AddressSet = AddressSet.EMPTY;

  constructor(node: string) {
    this.#node = node;
  }

  /** The addresses that this node gives its pods, as its Node object has them. */
  get podRanges(): AddressSet {
    return this.#podRanges;
  }

  /** Whether the Node object of this node has been told. */
  get knowsNode(): boolean {
    return (this.#index?.state ?? this.#initial)?.nodes.has(this.#node) === true;
  }

  /** The state as it is; empty before anything was told. */
  get state(): ClusterState {
    return this.#index?.state ?? (this.#initial as ClusterState);
  }

  /** Makes the compiler of what was told. May be called again with other options: the last compiler made is fed. */
  *begin(options: CompileOptions): Steps<NodeCompiler> {
    this.#index ??= yield* PolicyIndex.inSteps(this.#initial as ClusterState);
    this.#initial = undefined;
    this.#compiler = yield* NodeCompiler.inSteps(this.#index, this.#node, options);
    return this.#compiler;
  }

  *apply(changes: readonly ObjectChange[]): Steps<void> {
    for (const change of changes) {
      if (change.type === 'set') yield* this.#set(change.object);
      else this.#remove(change.kind, change.namespace, change.name);
      yield;
    }
  }

  /**
   * An invalid policy of which nothing is in force. It isolates what it selects, and its invalid parts admit nothing:
   * less than was meant may pass, never more.
   */
  *refuse(object: KubeObject): Steps<void> {
    if (isPolicy(object) && !this.#hasPolicy(policyKey(object))) yield* this.#set(object);
  }

  #hasPolicy(key: string): boolean {
    return this.state.policies.has(key) || this.state.clusterPolicies.has(key);
  }

  *#set(object: KubeObject): Steps<void> {
    switch (object.kind) {
      case 'Namespace': {
        const info = namespaceInfo(object);
        if (this.#initial !== undefined) this.#initial.namespaces.set(info.name, info);
        this.#compiler?.setNamespace(info);
        break;
      }
      case 'Node': {
        const info = nodeInfo(object);
        if (info.name === this.#node) this.#podRanges = rangesOf(object.podCIDRs);
        if (this.#initial !== undefined) this.#initial.nodes.set(info.name, info);
        this.#compiler?.setNode(info);
        break;
      }
      case 'NetworkPolicy':
        if (this.#initial !== undefined) this.#initial.policies.set(policyKey(object), object);
        if (this.#compiler !== undefined) yield* this.#compiler.setPolicySteps(object);
        break;
      case 'ClusterNetworkPolicy':
      case 'AdminNetworkPolicy':
      case 'BaselineAdminNetworkPolicy':
        if (this.#initial !== undefined) this.#initial.clusterPolicies.set(policyKey(object), object);
        if (this.#compiler !== undefined) yield* this.#compiler.setPolicySteps(object);
        break;
      case 'Pod':
        this.#setPod(object);
        break;
      default:
        // Services are translated before packets come to us; workloads have no addresses, their pods do.
        break;
    }
  }

  #setPod(pod: Pod): void {
    const info = podInfo(pod);
    // A pod that has ended has no address any more, though its status still names one.
    if (hasEnded(pod)) this.#remove('Pod', info.namespace, info.name);
    else {
      if (this.#initial !== undefined) this.#initial.pods.set(info.id, info);
      this.#compiler?.setPod(info);
    }
  }

  #remove(kind: string, namespace: string | undefined, name: string): void {
    const key = `${kind}/${kind === 'NetworkPolicy' ? (namespace ?? 'default') : ''}/${name}`;
    const initial = this.#initial;
    switch (kind) {
      case 'Namespace':
        initial?.namespaces.delete(name);
        this.#compiler?.removeNamespace(name);
        break;
      case 'Node':
        if (name === this.#node) this.#podRanges = AddressSet.EMPTY;
        initial?.nodes.delete(name);
        this.#compiler?.removeNode(name);
        break;
      case 'NetworkPolicy':
        initial?.policies.delete(key);
        this.#compiler?.removePolicy(key);
        break;
      case 'ClusterNetworkPolicy':
      case 'AdminNetworkPolicy':
      case 'BaselineAdminNetworkPolicy':
        initial?.clusterPolicies.delete(key);
        this.#compiler?.removePolicy(key);
        break;
      case 'Pod': {
        const id = `${namespace ?? 'default'}/${name}[Pod]`;
        initial?.pods.delete(id);
        this.#compiler?.removePod(id);
        break;
      }
      default:
        break;
    }
  }
}

function rangesOf(cidrs: readonly string[]): AddressSet {
  return AddressSet.unionOf(
    cidrs.flatMap((text) => {
      const parsed = parseCidr(text);
      return parsed === undefined ? [] : [AddressSet.ofCidr(parsed.cidr)];
    }),
  );
}
