import { tierRules } from '../../engine/cluster-rules.ts';
import { compileClusterPort } from '../../engine/compiled/cluster-tiers.ts';
import { EVERY_PORT, mergeSpecs, type NamedPorts, type PortSpec, resolveSpec } from '../../engine/compiled/program.ts';
import { blockAddresses, blockMatches, clusterPeerMatches, endAddresses } from '../../engine/peer-match.ts';
import { type FlowEnd, namespaceOf, type PodInfo } from '../../engine/state.ts';
import type { Direction } from '../../engine/verdict.ts';
import type {
  ClusterNetworkPolicyPeer,
  ClusterNetworkPolicyRule,
  NetworkPolicy,
  NetworkPolicyPeer,
} from '../../model/types.ts';
import type { Family } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import type { World } from '../world.ts';
import { LabelBox } from './label-box.ts';
import { type Entry, type PodBox, type Region, simplify, within, without } from './region.ts';

const EVERY_POD: PodBox = { namespaces: LabelBox.ALL, pods: LabelBox.ALL };
const EVERYTHING: Entry = { box: EVERY_POD, ports: PortSet.ALL, names: [], except: [] };

/** A pod that does not exist: policies know its labels only, its address is one of `--pod-cidr` (S40). */
const FUTURE_POD: FlowEnd = {
  type: 'pod',
  pod: {
    id: '',
    kind: 'Pod',
    namespace: '',
    name: '',
    labels: {},
    hostNetwork: false,
    addresses: [],
    ports: [],
  },
};

/** A rule of a tier as regions. */
interface Clause {
  readonly action: ClusterNetworkPolicyRule['action'];
  readonly regions: readonly Region[];
}

/**
 * What a pod's policies admit from (`ingress`) or toward (`egress`) pods, existing or not, in one family: every pod of
 * unknown address is admitted on exactly the ports of the entries that it matches.
 *
 * The tiers as sets, with A the ports of Accept rules and so on, each rule without the rules before it that say
 * otherwise: `A ∪ ((all − Deny) ∪ Pass) ∩ N`, where N is what NetworkPolicies admit or, where none isolates the pod,
 * what the Baseline tier leaves (C1 to C4).
 */
export function podEntries(world: World, pod: PodInfo, direction: Direction, family: Family): Entry[] {
  const rules = new SubjectRules(world, pod, direction, family);
  const admin = rules.tier('Admin');
  const below = rules.isolated
    ? rules.networkPolicies()
    : undecidedOrPassed([EVERYTHING], rules.tier('Baseline'), true);
  return simplify([...accepted(admin), ...undecidedOrPassed(below, admin, false)]);
}

/** The regions of Accept rules, without those of earlier rules that deny or pass on. */
function accepted(clauses: readonly Clause[]): Entry[] {
  return clauses.flatMap(({ action, regions }, at) =>
    action === 'Accept'
      ? regions.flatMap((region) =>
          without({ ...region, except: [] }, regionsOf(clauses.slice(0, at), ['Deny', 'Pass'])),
        )
      : [],
  );
}

/**
 * The part of entries that a tier lets through: what no Deny rule speaks of, and what a rule before it passes on.
 * @param orAccepted what a rule accepts is let through as well
 */
function undecidedOrPassed(entries: readonly Entry[], clauses: readonly Clause[], orAccepted: boolean): Entry[] {
  const denied = regionsOf(clauses, ['Deny']);
  if (denied.length === 0) return [...entries];
  const undenied = entries.flatMap((entry) => without(entry, denied));
  const passed = clauses.flatMap(({ action, regions }, at) => {
    if (action !== 'Pass' && !(orAccepted && action === 'Accept')) return [];
    const earlier = regionsOf(clauses.slice(0, at), ['Deny']);
    return regions.flatMap((region) =>
      entries.flatMap((entry) => {
        const part = within(entry, region);
        return part === undefined ? [] : without(part, earlier);
      }),
    );
  });
  return [...undenied, ...passed];
}

function regionsOf(clauses: readonly Clause[], actions: readonly Clause['action'][]): Region[] {
  return clauses.flatMap(({ action, regions }) => (actions.includes(action) ? regions : []));
}

/** The rules that apply to one pod, as regions of its peers. */
class SubjectRules {
  readonly #world: World;
  readonly #pod: PodInfo;
  readonly #direction: Direction;
  readonly #family: Family;
  /** Names of ports resolve at the pod itself; toward pods that do not exist they stay names. */
  readonly #destination: NamedPorts | undefined;

  constructor(world: World, pod: PodInfo, direction: Direction, family: Family) {
    this.#world = world;
    this.#pod = pod;
    this.#direction = direction;
    this.#family = family;
    this.#destination = direction === 'ingress' ? world.index.peerView({ type: 'pod', pod }, family).named : undefined;
  }

  get isolated(): boolean {
    return this.#world.index.policiesOf(this.#pod, this.#direction).program !== null;
  }

  networkPolicies(): Entry[] {
    const { program } = this.#world.index.policiesOf(this.#pod, this.#direction);
    return (program?.policies ?? []).flatMap((compiled) =>
      (compiled[this.#direction] ?? []).flatMap(({ spec }, index) => {
        const { policy } = compiled;
        const peers = peersOf(policy, this.#direction, index);
        const boxes = peers.length === 0 ? [EVERY_POD] : peers.flatMap((peer) => this.#box(policy, peer) ?? []);
        return boxes.flatMap((box) => this.#regions(box, spec).map((region) => ({ ...region, except: [] })));
      }),
    );
  }

  tier(tier: 'Admin' | 'Baseline'): Clause[] {
    const { state } = this.#world;
    return tierRules(state, this.#direction, tier, this.#pod).flatMap(
      ({ policy, direction, rule: index }): Clause[] => {
        const rule = policy.spec[direction][index];
        if (rule === undefined) return [];
        // C15: a rule with a peer that cannot be read fails closed.
        if (rule.peers.some(({ type }) => type === 'unknown')) {
          return rule.action === 'Accept' ? [] : [{ action: 'Deny', regions: this.#regions(EVERY_POD, EVERY_PORT) }];
        }
        const spec = rule.ports === undefined ? EVERY_PORT : mergeSpecs(rule.ports.map(compileClusterPort));
        const boxes = rule.peers.flatMap((peer) => this.#clusterBox(peer, rule.action) ?? []);
        return [{ action: rule.action, regions: boxes.flatMap((box) => this.#regions(box, spec)) }];
      },
    );
  }

  #regions(box: PodBox, spec: PortSpec): Region[] {
    const ports = this.#direction === 'ingress' ? resolveSpec(spec, this.#destination) : spec.fixed;
    const named = this.#direction === 'ingress' ? [] : spec.named;
    return [
      ...(ports.isEmpty() ? [] : [{ box, ports, names: [] }]),
      ...named.map(({ protocol, name }) => ({
        box,
        ports: PortSet.allOf(protocol),
        names: [`${protocol}/${name}`],
      })),
    ];
  }

  /** Undefined when no pod of unknown address can match. */
  #box(policy: NetworkPolicy, { ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer): PodBox | undefined {
    if (ipBlock !== undefined) {
      const addresses = endAddresses(this.#world.state, FUTURE_POD, this.#family);
      return blockMatches(blockAddresses(ipBlock), addresses) ? EVERY_POD : undefined;
    }
    if (namespaceSelector === undefined && podSelector === undefined) return undefined;
    return {
      namespaces:
        namespaceSelector === undefined
          ? LabelBox.namespace(namespaceOf(policy))
          : LabelBox.ofNamespaces(namespaceSelector),
      pods: LabelBox.ofSelector(podSelector ?? {}),
    };
  }

  #clusterBox(peer: ClusterNetworkPolicyPeer, action: Clause['action']): PodBox | undefined {
    if (peer.type === 'pods') {
      const { namespaceSelector, podSelector } = peer.pods;
      return { namespaces: LabelBox.ofNamespaces(namespaceSelector), pods: LabelBox.ofSelector(podSelector) };
    }
    return clusterPeerMatches(this.#world.state, peer, action, FUTURE_POD, this.#family) ? EVERY_POD : undefined;
  }
}

function peersOf({ spec }: NetworkPolicy, direction: Direction, rule: number): readonly NetworkPolicyPeer[] {
  return (direction === 'ingress' ? spec.ingress[rule]?.from : spec.egress[rule]?.to) ?? [];
}
