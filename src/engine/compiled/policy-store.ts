import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../model/types.ts';
import type { RuleHit } from '../outcome.ts';
import { type Flow, namespaceOf, policyKey } from '../state.ts';
import type { Direction } from '../verdict.ts';
import { type BlockEntry, BlockTable } from './blocks.ts';
import type { Group, GroupStore, PodPeer } from './groups.ts';
import {
  type CompiledPolicy,
  type CompiledRule,
  compilePort,
  DirectionProgram,
  EVERY_PORT,
  mergeSpecs,
  type NamedPorts,
  specContains,
} from './program.ts';
import { addTo, removeFrom, type SelectorEntry } from './selectors.ts';

/** A policy in force with everything that it holds a use of. */
interface Installed {
  readonly compiled: CompiledPolicy;
  readonly subject: SelectorEntry;
  readonly podPeers: readonly PodPeer[];
  readonly blockPeers: readonly BlockEntry[];
}

/** The id of a peer that matches nothing: `{}`, which the API server refuses. */
const NOTHING = -1;

/** The compiled NetworkPolicies, and the programs that those which select the same pods make up. */
export class PolicyStore {
  readonly #store: GroupStore;
  readonly #newId: () => number;
  readonly blocks: BlockTable = new BlockTable();
  readonly #installed = new Map<string, Installed>();
  readonly #programs = new Map<string, DirectionProgram>();
  /** The keys of the programs that a policy is part of. */
  readonly #programKeys = new Map<CompiledPolicy, Set<string>>();

  constructor(store: GroupStore, newId: () => number) {
    this.#store = store;
    this.#newId = newId;
  }

  get size(): number {
    return this.#installed.size;
  }

  /** Adds a policy or replaces the one of the same namespace and name, which is answered. */
  set(policy: NetworkPolicy): NetworkPolicy | undefined {
    const key = policyKey(policy);
    const old = this.#installed.get(key);
    this.#installed.set(key, this.#install(policy, namespaceOf(policy)));
    if (old !== undefined) this.#uninstall(old);
    return old?.compiled.policy;
  }

  /** Removes a policy by {@link policyKey} and answers it. */
  remove(key: string): NetworkPolicy | undefined {
    const old = this.#installed.get(key);
    if (old === undefined) return undefined;
    this.#installed.delete(key);
    this.#uninstall(old);
    return old.compiled.policy;
  }

  /** What isolates a group in a direction; `null` when nothing does. Groups isolated alike share one program. */
  program(group: Group, direction: Direction): DirectionProgram | null {
    const slot = direction === 'egress' ? 'egressProgram' : 'ingressProgram';
    const known = group[slot];
    if (known !== undefined) return known;
    const policies = group[direction];
    let program: DirectionProgram | null = null;
    if (policies.length > 0) {
      const key = `${direction} ${policies.map(({ id }) => id).join(' ')}`;
      program = this.#programs.get(key) ?? new DirectionProgram(this.#newId(), policies, direction);
      this.#programs.set(key, program);
      for (const policy of policies) addTo(this.#programKeys, policy, key);
    }
    group[slot] = program;
    return program;
  }

  #install(policy: NetworkPolicy, namespace: string): Installed {
    const podPeers: PodPeer[] = [];
    const blockPeers: BlockEntry[] = [];
    const compilePeer = (peer: NetworkPolicyPeer): number => {
      if (peer.ipBlock !== undefined) {
        const { entry } = this.blocks.acquire(peer.ipBlock, this.#newId);
        blockPeers.push(entry);
        return entry.peer;
      }
      if (peer.podSelector === undefined && peer.namespaceSelector === undefined) return NOTHING;
      const scope = peer.namespaceSelector ?? namespace;
      const podPeer = this.#store.acquirePeer(peer.podSelector ?? {}, scope, this.#newId);
      podPeers.push(podPeer);
      return podPeer.id;
    };
    const compileRule = (peers: readonly NetworkPolicyPeer[], ports: readonly NetworkPolicyPort[]): CompiledRule => {
      const compiledPorts = ports.length === 0 ? null : ports.map(compilePort);
      return {
        peers: peers.length === 0 ? null : peers.map(compilePeer),
        ports: compiledPorts,
        spec: compiledPorts === null ? EVERY_PORT : mergeSpecs(compiledPorts),
      };
    };
    const { spec } = policy;
    const compiled: CompiledPolicy = {
      id: this.#newId(),
      key: policyKey(policy),
      policy,
      egress: spec.policyTypes.includes('Egress')
        ? spec.egress.map((rule) => compileRule(rule.to, rule.ports))
        : undefined,
      ingress: spec.policyTypes.includes('Ingress')
        ? spec.ingress.map((rule) => compileRule(rule.from, rule.ports))
        : undefined,
    };
    const subject = this.#store.addSubject(namespace, spec.podSelector, compiled);
    return { compiled, subject, podPeers, blockPeers };
  }

  #uninstall({ compiled, subject, podPeers, blockPeers }: Installed): void {
    this.#store.removeSubject(namespaceOf(compiled.policy), subject, compiled);
    for (const peer of podPeers) this.#store.releasePeer(peer);
    for (const block of blockPeers) this.blocks.release(block);
    for (const key of this.#programKeys.get(compiled) ?? []) {
      for (const policy of this.#programs.get(key)?.policies ?? []) {
        if (policy !== compiled) removeFrom(this.#programKeys, policy, key);
      }
      this.#programs.delete(key);
    }
    this.#programKeys.delete(compiled);
  }
}

/**
 * The first rule of a policy that admits a flow, by manifest order.
 * @param peers ids of the pod peers that match the other end @param blocks ids of the blocks that hold it
 * @param destination whose container ports resolve names
 */
export function firstHit(
  policy: CompiledPolicy,
  direction: Direction,
  { peers: matching, blocks }: { readonly peers: ReadonlySet<number>; readonly blocks: readonly number[] },
  destination: NamedPorts | undefined,
  flow: Flow,
): RuleHit | undefined {
  for (const [rule, { peers, ports }] of (policy[direction] ?? []).entries()) {
    const peer = peers === null ? null : peers.findIndex((id) => matching.has(id) || blocks.includes(id));
    if (peer === -1) continue;
    const port =
      ports === null ? null : ports.findIndex((spec) => specContains(spec, destination, flow.protocol, flow.port));
    if (port !== -1) return { policy: policy.policy, direction, rule, peer, port, action: 'Allow' };
  }
  return undefined;
}
