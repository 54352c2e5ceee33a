/**
 * Rules of a cluster-wide policy that an earlier rule keeps from ever deciding. Only what can be told from one policy
 * without knowing the cluster: peers that are plainly the same or wider, and ports that hold the others.
 */

import { cidrContains, parseCidr } from '../../net/cidr.ts';
import { PortSet } from '../../net/port-set.ts';
import { selectorIsEmpty, selectorKey } from '../selector.ts';
import type {
  ClusterNetworkPolicyPeer,
  ClusterNetworkPolicyPort,
  ClusterNetworkPolicyRule,
  LabelSelector,
} from '../types.ts';

/** The index of the first rule before `index` that matches all that the rule at `index` does; undefined without one. */
export function findShadow(rules: readonly ClusterNetworkPolicyRule[], index: number): number | undefined {
  const rule = rules[index];
  if (rule === undefined || !isPlain(rule)) return undefined;
  const earlier = rules.slice(0, index).findIndex((other) => isPlain(other) && covers(other, rule));
  return earlier < 0 ? undefined : earlier;
}

/** Rules with unknown peers or without any port have been reported, and mean something else than they say. */
function isPlain({ peers, ports }: ClusterNetworkPolicyRule): boolean {
  return ports?.length !== 0 && peers.every((peer) => peer.type !== 'unknown');
}

function covers(wide: ClusterNetworkPolicyRule, narrow: ClusterNetworkPolicyRule): boolean {
  return narrow.peers.every((peer) => coversPeer(wide.peers, peer)) && coversPorts(wide.ports, narrow.ports);
}

function coversPeer(wide: readonly ClusterNetworkPolicyPeer[], peer: ClusterNetworkPolicyPeer): boolean {
  switch (peer.type) {
    case 'pods':
      return wide.some(
        (other) =>
          other.type === 'pods' &&
          coversSelector(other.pods.namespaceSelector, peer.pods.namespaceSelector) &&
          coversSelector(other.pods.podSelector, peer.pods.podSelector),
      );
    case 'nodes':
      return wide.some((other) => other.type === 'nodes' && coversSelector(other.nodes, peer.nodes));
    case 'networks': {
      const blocks = wide.flatMap((other) => (other.type === 'networks' ? other.networks : []));
      return peer.networks.every((network) => blocks.some((block) => coversNetwork(block, network)));
    }
    case 'domainNames': {
      const names = wide.flatMap((other) => (other.type === 'domainNames' ? other.domainNames : [])).map(foldName);
      return peer.domainNames.every((name) => names.includes(foldName(name)));
    }
    default:
      return false;
  }
}

/** Domain names are alike in either case, and with a dot at the end. */
function foldName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function coversSelector(wide: LabelSelector, narrow: LabelSelector): boolean {
  return selectorIsEmpty(wide) || selectorKey(wide) === selectorKey(narrow);
}

function coversNetwork(wide: string, narrow: string): boolean {
  const [outer, inner] = [parseCidr(wide), parseCidr(narrow)];
  return outer !== undefined && inner !== undefined && cidrContains(outer.cidr, inner.cidr);
}

type Ports = readonly ClusterNetworkPolicyPort[] | undefined;

function coversPorts(wide: Ports, narrow: Ports): boolean {
  if (wide === undefined) return true;
  if (narrow === undefined) return false;
  const numbers = portSet(wide);
  const names = wide.flatMap((port) => ('name' in port ? [port.name] : []));
  return narrow.every((port) => ('name' in port ? names.includes(port.name) : numbers.containsSet(portSet([port]))));
}

function portSet(ports: readonly ClusterNetworkPolicyPort[]): PortSet {
  return ports.reduce(
    (set, port) => ('name' in port ? set : set.union(PortSet.of(port.protocol, port.first, port.last))),
    PortSet.EMPTY,
  );
}
