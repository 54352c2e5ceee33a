import type { RulePlace } from '../engine/cluster-rules.ts';
import type { ClusterState } from '../engine/state.ts';
import type { Direction, PolicyRef, RuleRef } from '../engine/verdict.ts';
import { say } from '../model/say.ts';
import { formatLabelSelector, selectorIsEmpty } from '../model/selector.ts';
import type { FieldPath } from '../model/source.ts';
import type { ClusterNetworkPolicy, ClusterNetworkPolicyPeer } from '../model/types.ts';
import { listText, placeText, wayName } from './explain-words.ts';

/** Words that explanations of the cluster-wide tiers share. */

const SHOWN_POLICIES = 4;

/** The cluster-wide policy that a result names; undefined for a NetworkPolicy. */
export function clusterPolicyOf(state: ClusterState, { kind, name }: PolicyRef): ClusterNetworkPolicy | undefined {
  return state.clusterPolicies.get(`${kind}//${name}`);
}

/** `ClusterNetworkPolicy lockdown (priority 10, policy.yaml:1)`; a BaselineAdminNetworkPolicy has no priority. */
export function clusterPolicyText(policy: ClusterNetworkPolicy, path: FieldPath = []): string {
  const priority = policy.kind === 'BaselineAdminNetworkPolicy' ? [] : [say`priority ${policy.spec.priority}`];
  const details = [...priority, ...placeText(policy, path)];
  return `${policy.kind} ${policy.metadata.name}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
}

/** `ingress rule 2 "deny-all" of ClusterNetworkPolicy lockdown (priority 10, policy.yaml:14)`. */
export function clusterRuleText({ policy, direction, rule }: RulePlace): string {
  const name = policy.spec[direction][rule]?.name;
  const quoted = name === undefined ? '' : ` "${name}"`;
  return say`${wayName(direction)} rule ${rule + 1}${quoted} of ${clusterPolicyText(policy, ['spec', direction, rule])}`;
}

/** The policies of places, each once: `ClusterNetworkPolicy a (priority 1) and AdminNetworkPolicy b (priority 2)`. */
export function policiesText(places: readonly RulePlace[]): string {
  const policies = [...new Set(places.map(({ policy }) => policy))];
  const shown = policies.slice(0, SHOWN_POLICIES).map((policy) => clusterPolicyText(policy));
  if (policies.length > SHOWN_POLICIES) shown.push(say`${policies.length - SHOWN_POLICIES} more`);
  return listText(shown);
}

/** A peer in words: `pods app=web of every namespace`, `networks 10.0.0.0/8`, `domains api.example.io`. */
export function clusterPeerText(peer: ClusterNetworkPolicyPeer): string {
  switch (peer.type) {
    case 'pods': {
      const { podSelector, namespaceSelector } = peer.pods;
      const pods = selectorIsEmpty(podSelector) ? say`all pods` : say`pods ${formatLabelSelector(podSelector)}`;
      return selectorIsEmpty(namespaceSelector)
        ? say`${pods} of every namespace`
        : say`${pods} of namespaces ${formatLabelSelector(namespaceSelector)}`;
    }
    case 'networks':
      return say`networks ${peer.networks.join(', ')}`;
    case 'nodes':
      return selectorIsEmpty(peer.nodes) ? say`all nodes` : say`nodes ${formatLabelSelector(peer.nodes)}`;
    case 'domainNames':
      return say`domains ${peer.domainNames.join(', ')}`;
    case 'unknown':
      return say`a peer that this version cannot read`;
  }
}

/** What a rule does, as a verb. */
export const ACTION_VERBS: Readonly<Record<RuleRef['action'], () => string>> = {
  Allow: () => say`admits it`,
  Accept: () => say`accepts it`,
  Deny: () => say`denies it`,
  Pass: () => say`passes it on`,
};

/** Where the ports of a rule are written: v1alpha2 says `protocols`, v1alpha1 `ports`. */
export function portsField(policy: ClusterNetworkPolicy): 'protocols' | 'ports' {
  return policy.kind === 'ClusterNetworkPolicy' ? 'protocols' : 'ports';
}

/** Place of a rule in its policy. */
export function rulePath(direction: Direction, rule: number): FieldPath {
  return ['spec', direction, rule];
}
