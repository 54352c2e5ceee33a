import type { PolicyIndex } from '../engine/index.ts';
import type { PodInfo } from '../engine/state.ts';
import { type Family, formatAddress } from '../net/address.ts';
import type { IpVersion } from './ruleset.ts';

/** Pods of the cluster that no policy tells apart, with their addresses. */
export interface PeerClass {
  /** Any one of them. */
  readonly pod: PodInfo;
  /** Ids of the peers of policies that match them, by IP version. */
  readonly peers: Readonly<Record<IpVersion, readonly number[]>>;
  readonly addresses: Readonly<Record<IpVersion, string[]>>;
}

export const FAMILY: Readonly<Record<IpVersion, Family>> = { 4: 'IPv4', 6: 'IPv6' };

/** The pods of a cluster as peers: by class, and classes by the peers that match them. */
export interface Peers {
  readonly classes: readonly PeerClass[];
  readonly byPeer: Readonly<Record<IpVersion, ReadonlyMap<number, readonly PeerClass[]>>>;
  /** The pod that an address belongs to. Of several that claim it the one added last. */
  readonly owners: ReadonlyMap<string, string>;
}

/** Looks at every pod with an address. hostNetwork pods have their node's address and are no peers of their own (S58b). */
export function collectPeers(index: PolicyIndex): Peers {
  const owners = new Map<string, string>();
  for (const pod of index.state.pods.values()) {
    if (!pod.hostNetwork) for (const address of pod.addresses) owners.set(formatAddress(address), pod.id);
  }
  const classes = new Map<string, PeerClass>();
  for (const pod of index.state.pods.values()) {
    if (pod.hostNetwork || pod.addresses.length === 0) continue;
    const key = index.classKey(pod);
    let peerClass = classes.get(key);
    if (peerClass === undefined) {
      const peers = { 4: index.peersOfPod(pod, 'IPv4'), 6: index.peersOfPod(pod, 'IPv6') };
      peerClass = { pod, peers, addresses: { 4: [], 6: [] } };
      classes.set(key, peerClass);
    }
    for (const address of pod.addresses) {
      const text = formatAddress(address);
      if (owners.get(text) === pod.id) peerClass.addresses[address.family === 'IPv4' ? 4 : 6].push(text);
    }
  }
  const byPeer: Record<IpVersion, Map<number, PeerClass[]>> = { 4: new Map(), 6: new Map() };
  for (const peerClass of classes.values()) {
    for (const version of [4, 6] as const) {
      for (const id of peerClass.peers[version]) {
        const known = byPeer[version].get(id);
        if (known === undefined) byPeer[version].set(id, [peerClass]);
        else known.push(peerClass);
      }
    }
  }
  return { classes: [...classes.values()], byPeer, owners };
}
