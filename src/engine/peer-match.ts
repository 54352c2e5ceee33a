import { matchesSelector, selectorIsEmpty } from '../model/selector.ts';
import type {
  ClusterNetworkPolicyPeer,
  ClusterNetworkPolicyRule,
  ClusterPodSelector,
  IPBlock,
  LabelSelector,
} from '../model/types.ts';
import type { Family } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { NAMESPACE_NAME_LABEL } from './namespace.ts';
import { type ClusterState, domainKey, type FlowEnd, type NodeInfo, type PodInfo } from './state.ts';

/**
 * The addresses an `ipBlock` admits: its CIDR less its own excepts (S40, S41). A CIDR that does not parse admits
 * nothing; an except that does not parse would be refused by the API server, so the block then admits nothing either.
 */
export function blockAddresses(block: IPBlock): AddressSet {
  const cidr = parseCidr(block.cidr);
  if (cidr === undefined) return AddressSet.EMPTY;
  const excepts: AddressSet[] = [];
  for (const text of block.except) {
    const except = parseCidr(text);
    if (except === undefined) return AddressSet.EMPTY;
    excepts.push(AddressSet.ofCidr(except.cidr));
  }
  return AddressSet.ofCidr(cidr.cidr).subtract(AddressSet.unionOf(excepts));
}

/**
 * The addresses of one family that an end may have: one, or for a pod of unknown address the whole `--pod-cidr`, for a
 * domain of unknown addresses every address there is. Empty when nothing is known: then no block matches.
 */
export function endAddresses(state: ClusterState, end: FlowEnd, family: Family): AddressSet {
  switch (end.type) {
    case 'address':
      return end.address.family === family ? AddressSet.ofAddress(end.address) : AddressSet.EMPTY;
    case 'host':
      return end.address?.family === family ? AddressSet.ofAddress(end.address) : AddressSet.EMPTY;
    case 'domain':
      return state.domains.get(domainKey(end.name))?.ofFamily(family) ?? AddressSet.all(family);
    case 'unseen':
      return state.podCidrs.ofFamily(family);
    case 'pod': {
      if (end.pod.addresses.length === 0) return state.podCidrs.ofFamily(family);
      const address = end.pod.addresses.find((candidate) => candidate.family === family);
      return address === undefined ? AddressSet.EMPTY : AddressSet.ofAddress(address);
    }
  }
}

/** Which of the pods that an unseen end may be a peer selects. `some` may be none: label values are not compared. */
export type UnseenShare = 'all' | 'some' | 'none';

/**
 * How much of what an unseen pod may be is selected by pods' labels in a scope.
 * @param scope a namespace's name, or a selector of namespaces
 */
export function unseenShare(
  end: Extract<FlowEnd, { type: 'unseen' }>,
  scope: string | LabelSelector,
  podSelector: LabelSelector,
): UnseenShare {
  const { namespace } = end;
  let inScope: UnseenShare;
  if (typeof scope !== 'string') inScope = share(scope, namespace?.labels, isEveryNamespace(scope));
  else if (namespace === undefined) inScope = 'some';
  else inScope = namespace.name === scope ? 'all' : 'none';
  const ofPods = share(podSelector, end.labels, selectorIsEmpty(podSelector));
  if (inScope === 'none' || ofPods === 'none') return 'none';
  return inScope === 'all' && ofPods === 'all' ? 'all' : 'some';
}

function share(
  selector: LabelSelector,
  labels: Readonly<Record<string, string>> | undefined,
  selectsAll: boolean,
): UnseenShare {
  if (labels === undefined) return selectsAll ? 'all' : 'some';
  return matchesSelector(selector, labels) ? 'all' : 'none';
}

/** Every namespace has the label of its name (S37). */
function isEveryNamespace({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return (
    Object.keys(matchLabels).length === 0 &&
    matchExpressions.every(({ key, operator }) => key === NAMESPACE_NAME_LABEL && operator === 'Exists')
  );
}

/** A domain that may be anywhere: blocks that leave out any address say nothing of it. */
export function isUnknownDomain(state: ClusterState, end: FlowEnd): boolean {
  return end.type === 'domain' && !state.domains.has(domainKey(end.name));
}

/** A block matches an end when every address that the end may have is inside it. */
export function blockMatches(block: AddressSet, addresses: AddressSet): boolean {
  return !addresses.isEmpty() && block.containsSet(addresses);
}

/** The nodes that an end is: the one it is known to be, or those that have its address. */
export function endNodes(state: ClusterState, end: FlowEnd): NodeInfo[] {
  if (end.type !== 'host' && end.type !== 'address') return [];
  if (end.type === 'host' && end.node !== undefined) {
    const node = state.nodes.get(end.node);
    if (node !== undefined) return [node];
  }
  const { address } = end;
  if (address === undefined) return [];
  return [...state.nodes.values()].filter((node) =>
    node.addresses.some((own) => own.family === address.family && own.value === address.value),
  );
}

/**
 * Whether a name of a policy stands for a domain: the same name, or a wildcard with one or more whole labels in place of
 * its `*`. A wildcard as the domain is matched by itself and by wider wildcards only.
 */
export function domainMatches(pattern: string, domain: string): boolean {
  const own = domainKey(pattern);
  const name = domainKey(domain);
  if (own === name) return true;
  return own.startsWith('*.') && name.endsWith(own.slice(1)) && name.length > own.length - 1;
}

/** Whether a subject or a peer of a cluster-wide policy selects a pod (C11). */
export function selectsPod(state: ClusterState, selector: ClusterPodSelector, pod: PodInfo): boolean {
  return (
    matchesSelector(selector.namespaceSelector, state.namespaces.get(pod.namespace)?.labels ?? {}) &&
    matchesSelector(selector.podSelector, pod.labels)
  );
}

/**
 * Whether a peer of a cluster-wide rule matches an end. `unknown` peers match nothing here: what they make of their rule
 * is decided for the rule as a whole (C15).
 */
export function clusterPeerMatches(
  state: ClusterState,
  peer: ClusterNetworkPolicyPeer,
  action: ClusterNetworkPolicyRule['action'],
  end: FlowEnd,
  family: Family,
): boolean {
  switch (peer.type) {
    case 'pods': {
      // C11. Of a pod that is not known, a Deny holds where it may be the one.
      if (end.type !== 'unseen') return end.type === 'pod' && selectsPod(state, peer.pods, end.pod);
      const selected = unseenShare(end, peer.pods.namespaceSelector, peer.pods.podSelector);
      return selected === 'all' || (action === 'Deny' && selected === 'some');
    }
    case 'nodes': // C12
      return endNodes(state, end).some((node) => matchesSelector(peer.nodes, node.labels));
    case 'networks': {
      // C13: by address, ends in the cluster included. A Deny holds where one of a few addresses may be inside.
      const addresses = endAddresses(state, end, family);
      const partly = action === 'Deny' && !isUnknownDomain(state, end);
      return peer.networks.some((text) => {
        const cidr = parseCidr(text)?.cidr;
        if (cidr === undefined) return false;
        const network = AddressSet.ofCidr(cidr);
        return blockMatches(network, addresses) || (partly && network.intersects(addresses));
      });
    }
    case 'domainNames': // C18
      return end.type === 'domain' && peer.domainNames.some((name) => domainMatches(name, end.name));
    case 'unknown':
      return false;
  }
}
