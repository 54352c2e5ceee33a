import type { FlowEnd, PodInfo } from '../../engine/state.ts';
import { type Address, addressBits, formatAddress, parseAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { resolveEndpoint } from '../resolve.ts';
import type { Unit } from '../units.ts';
import type { World } from '../world.ts';
import type { FlowPeer } from './flow.ts';
import type { LabelGroups } from './groups.ts';
import type { NeedEnd } from './needs.ts';

/** How addresses outside the cluster are put into blocks. */
export interface BlockOptions {
  /** Prefix lengths of blocks around observed addresses: 32 and 128 admit exactly those. */
  readonly prefixes: { readonly IPv4: number; readonly IPv6: number };
}

/** What an observed end is: all ways to be it, for judging, and what policies can say of it. */
export interface ResolvedPeer {
  readonly ends: readonly FlowEnd[];
  readonly needs: readonly NeedEnd[];
}

/** Finds what the ends of flows are in a cluster. */
export class PeerResolver {
  readonly #world: World;
  readonly #groups: LabelGroups;
  readonly #options: BlockOptions;
  readonly #podAddresses: AddressSet;
  readonly #known = new Map<string, ResolvedPeer | string>();

  constructor(world: World, groups: LabelGroups, options: BlockOptions) {
    this.#world = world;
    this.#groups = groups;
    this.#options = options;
    const addresses = [...world.state.pods.values()].flatMap((pod) => (pod.hostNetwork ? [] : pod.addresses));
    this.#podAddresses = AddressSet.unionOf(addresses.map((one) => AddressSet.ofAddress(one))).union(
      world.state.podCidrs,
    );
  }

  /** One sentence where the end is nothing that is known, or nothing that a policy can name. */
  resolve(peer: FlowPeer): ResolvedPeer | string {
    const key = JSON.stringify(peer);
    const known = this.#known.get(key) ?? this.#resolve(peer);
    this.#known.set(key, known);
    return known;
  }

  /** These pods as an end. */
  ofPods(pods: readonly PodInfo[]): ResolvedPeer | string {
    return this.#ofPods(pods, undefined);
  }

  #resolve(peer: FlowPeer): ResolvedPeer | string {
    if (peer.name !== undefined) {
      const found = resolveEndpoint(this.#world, peer.name);
      return 'error' in found ? found.error : this.#ofUnits(found.units);
    }
    const { namespace } = peer;
    if (namespace !== undefined && (peer.pod ?? peer.workload ?? peer.labels) !== undefined) {
      const pods = this.#podsNamed(peer, namespace);
      if (pods.length > 0) return this.#ofPods(pods, peer.address);
      return `no pod or workload ${namespace}/${peer.pod ?? peer.workload ?? 'with such labels'} in the input`;
    }
    const address = peer.address === undefined ? undefined : parseAddress(peer.address);
    if (address === undefined) return `"${peer.address ?? ''}" is not an IP address`;
    const found = resolveEndpoint(this.#world, formatAddress(address));
    if ('error' in found) return found.error;
    return this.#ofUnits(found.units);
  }

  /** The pod of that name; else of the workload that the log names; else of those labels; else of the pod name's form. */
  #podsNamed({ pod: name, workload, labels }: FlowPeer, namespace: string): PodInfo[] {
    const { pods } = this.#world.state;
    const pod = name === undefined ? undefined : pods.get(`${namespace}/${name}[Pod]`);
    if (pod !== undefined) return [pod];
    const local = [...pods.values()].filter((one) => one.namespace === namespace);
    if (workload !== undefined) {
      const named = local.filter((one) => isWorkload(one, workload));
      if (named.length > 0) return named;
    }
    if (labels !== undefined) {
      const entries = Object.entries(labels);
      const labelled = local.filter((one) => entries.every(([key, value]) => one.labels[key] === value));
      if (labelled.length > 0) return labelled;
    }
    if (name === undefined) return [];
    // Pods of manifests have no names yet: the name of a running one begins with that of its workload.
    const owners = local.filter((one) => isNamedAfter(name, one));
    const longest = Math.max(...owners.map((one) => workloadName(one).length));
    return owners.filter((one) => workloadName(one).length === longest);
  }

  #ofPods(pods: readonly PodInfo[], address: string | undefined): ResolvedPeer | string {
    const ends: FlowEnd[] = [];
    const needs = new Map<string, NeedEnd>();
    for (const pod of pods) {
      const group = this.#groups.get(pod.id);
      if (group !== undefined) {
        ends.push({ type: 'pod', pod });
        needs.set(group.id, { type: 'group', group });
        continue;
      }
      const seen = address === undefined ? undefined : parseAddress(address);
      const own = pod.addresses.length > 0 ? pod.addresses : seen === undefined ? [] : [seen];
      if (own.length === 0) {
        return `${pod.id} uses the network of its node, whose address is not known: no policy can name it`;
      }
      for (const one of own) {
        ends.push({ type: 'host', node: pod.node, address: one });
        needs.set(formatAddress(one), { type: 'block', block: blockOf(one, addressBits(one.family)) });
      }
    }
    return { ends, needs: [...needs.values()] };
  }

  #ofUnits(units: readonly Unit[]): ResolvedPeer | string {
    const ends: FlowEnd[] = [];
    const needs = new Map<string, NeedEnd>();
    for (const unit of units) {
      if (unit.pods.length > 0) {
        const resolved = this.#ofPods(unit.pods, undefined);
        if (typeof resolved === 'string') return resolved;
        ends.push(...resolved.ends);
        for (const need of resolved.needs) if (need.type === 'group') needs.set(need.group.id, need);
        continue;
      }
      for (const end of unit.ends) {
        if (end.type === 'domain') return `${end.name} is a domain name, which no NetworkPolicy can name`;
        if (end.type === 'host') {
          if (end.address === undefined) return `${unit.endpoint.id} has no known address: no policy can name it`;
          ends.push(end);
          const block = blockOf(end.address, addressBits(end.address.family));
          needs.set(formatAddress(end.address), { type: 'block', block });
          continue;
        }
        if (end.type === 'pod') continue;
        if (end.type === 'unseen') return `${unit.endpoint.id} is no pod of the input: its labels are not known`;
        const blocks = this.#outside(unit, end.address);
        if (blocks.length === 0) {
          return `${unit.endpoint.id} is in the range of the pods, but is no known pod's`;
        }
        ends.push(end);
        for (const block of blocks) needs.set(`${block.base}/${block.prefix}`, { type: 'block', block });
      }
    }
    return ends.length === 0 ? 'it stands for no endpoint' : { ends, needs: [...needs.values()] };
  }

  /** Blocks around an outside end that hold no address of a pod. */
  #outside({ endpoint }: Unit, address: Address): ReturnType<AddressSet['cidrs']> {
    const prefix = this.#options.prefixes[address.family];
    const named = AddressSet.ofRanges(
      (endpoint.ranges ?? []).flatMap(([first, last]) => {
        const [low, high] = [parseAddress(first), parseAddress(last)];
        return low === undefined || high === undefined
          ? []
          : [{ family: low.family, first: low.value, last: high.value }];
      }),
    );
    const whole = named.equals(AddressSet.ofAddress(address)) ? AddressSet.ofCidr(blockOf(address, prefix)) : named;
    const free = whole.subtract(this.#podAddresses);
    return free.contains(address) ? free.cidrs() : [];
  }
}

/** The block of a prefix length that an address is in. */
function blockOf(address: Address, prefix: number): { family: Address['family']; base: bigint; prefix: number } {
  const hostBits = BigInt(addressBits(address.family) - prefix);
  return { family: address.family, base: (address.value >> hostBits) << hostBits, prefix };
}

function workloadName(pod: PodInfo): string {
  return pod.owner?.name ?? pod.name;
}

/** Whether a log's `cart`, `Deployment/cart` or `cart[Deployment]` is the workload of a pod. */
function isWorkload(pod: PodInfo, text: string): boolean {
  const [, kindBefore, name = '', kindAfter] = /^(?:([^/[\]]+)\/)?([^[\]]+?)(?:\[([^\]]+)\])?$/.exec(text) ?? [];
  const kind = (kindBefore ?? kindAfter)?.toLowerCase();
  const ownKind = pod.owner?.kind ?? pod.kind;
  if (workloadName(pod) === name) return kind === undefined || kind === ownKind.toLowerCase();
  // A ReplicaSet of a Deployment, a Job of a CronJob: the log may not climb as far as the input does.
  return (kind === 'replicaset' || kind === 'job' || kind === 'pod') && isNamedAfter(name, pod);
}

/** Names that controllers give: `cart-7d9f8b6c5d-x2x4z`, `db-0`, `agent-x2x4z`, `report-29384756-x2x4z`. */
function isNamedAfter(name: string, pod: PodInfo): boolean {
  const prefix = `${workloadName(pod)}-`;
  if (!name.startsWith(prefix)) return false;
  return /^(\d+|[a-z0-9]{1,12}(-[a-z0-9]{5})?|[a-z0-9]{5}|\d+-[a-z0-9]{5})$/.test(name.slice(prefix.length));
}

/** Whether both ends are one Pod, which nothing keeps from reaching itself (S15). */
export function isSelf(from: ResolvedPeer, to: ResolvedPeer): boolean {
  const [one, other] = [from.ends[0], to.ends[0]];
  return (
    from.ends.length === 1 &&
    to.ends.length === 1 &&
    one?.type === 'pod' &&
    other?.type === 'pod' &&
    one.pod.kind === 'Pod' &&
    one.pod.id === other.pod.id
  );
}
