/**
 * Cluster-wide policies as text. kubectl has no description of its own for them, so this is ours, in the manner of that
 * of a NetworkPolicy; rules are counted from 1, because their order counts.
 */

import { formatLabelSelector, selectorIsEmpty } from '../model/selector.ts';
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyPeer,
  ClusterNetworkPolicyPort,
  ClusterNetworkPolicyRule,
  ClusterPodSelector,
} from '../model/types.ts';
import { annotationLines, type DescribeOptions, labelLines, layOut } from './describe-lines.ts';
import { join, namespacesText, podsText, selectorText } from './describe-plain.ts';
import { goTime } from './go-time.ts';
import { visible } from './text.ts';

/**
 * Policies with all that their specs say, in the words of their own API version. Separated by two empty lines; nothing is
 * printed for no policies.
 */
export function describeClusterPolicies(
  policies: readonly ClusterNetworkPolicy[],
  options: DescribeOptions = {},
): string {
  const { timeZone = 'UTC' } = options;
  return policies.map((policy) => describe(policy, timeZone)).join('\n\n');
}

function describe(policy: ClusterNetworkPolicy, timeZone: string): string {
  const { metadata, spec, kind, apiVersion } = policy;
  const hasPriority = kind !== 'BaselineAdminNetworkPolicy';
  return layOut([
    `Name:\t${visible(metadata.name)}`,
    `Kind:\t${kind}`,
    `API Version:\t${apiVersion}`,
    `Created on:\t${goTime(metadata.creationTimestamp, timeZone)}`,
    ...labelLines(metadata.labels ?? {}),
    ...annotationLines(metadata.annotations ?? {}),
    'Spec:',
    `  Tier:      ${spec.tier}`,
    `  Priority:  ${hasPriority ? spec.priority : '<none> (after every other)'}`,
    '  Subject:',
    ...podLines(spec.subject).map((line) => `    ${line}`),
    ...directionLines(policy, 'ingress'),
    ...directionLines(policy, 'egress'),
  ]);
}

type Direction = 'ingress' | 'egress';

function directionLines(policy: ClusterNetworkPolicy, direction: Direction): string[] {
  const rules = policy.spec[direction];
  if (rules.length === 0) return [`  Not affecting ${direction} traffic`];
  return [
    `  ${direction === 'ingress' ? 'Ingress' : 'Egress'} rules (the first that matches decides):`,
    ...rules.flatMap((rule, index) => [
      `    ${index + 1}. ${actionName(policy, rule)}${rule.name === undefined ? '' : ` (${visible(rule.name)})`}`,
      ...ruleLines(rule, direction === 'ingress' ? 'From' : 'To').map((line) => `      ${line}`),
    ]),
  ];
}

/** The action in the words of the policy's own version. */
function actionName({ kind }: ClusterNetworkPolicy, { action }: ClusterNetworkPolicyRule): string {
  return action === 'Accept' && kind !== 'ClusterNetworkPolicy' ? 'Allow' : action;
}

function ruleLines({ ports, peers }: ClusterNetworkPolicyRule, title: 'From' | 'To'): string[] {
  return [
    ...portLines(ports),
    ...peers.flatMap((peer) => [`${title}:`, ...peerLines(peer).map((line) => `  ${line}`)]),
  ];
}

function portLines(ports: readonly ClusterNetworkPolicyPort[] | undefined): string[] {
  if (ports === undefined) return ['To Port: <any> (every port and protocol)'];
  if (ports.length === 0) return ['To Port: <none> (the rule matches nothing)'];
  return ports.map((port) => {
    if ('name' in port) return `To Port: ${visible(port.name)} (by name)`;
    const { protocol, first, last } = port;
    return first === last ? `To Port: ${first}/${protocol}` : `To Port Range: ${first}-${last}/${protocol}`;
  });
}

function peerLines(peer: ClusterNetworkPolicyPeer): string[] {
  switch (peer.type) {
    case 'pods':
      return podLines(peer.pods);
    case 'networks':
      return [`Networks: ${peer.networks.join(', ')}`];
    case 'nodes':
      return [`Nodes: ${formatLabelSelector(peer.nodes)}`];
    case 'domainNames':
      return [`DomainNames: ${peer.domainNames.join(', ')}`];
    case 'unknown':
      return [`Unknown: ${visible(peer.field)} (the rule fails closed)`];
  }
}

function podLines({ namespaceSelector, podSelector }: ClusterPodSelector): string[] {
  return [
    `NamespaceSelector: ${formatLabelSelector(namespaceSelector)}`,
    ...(selectorIsEmpty(podSelector) ? [] : [`PodSelector: ${formatLabelSelector(podSelector)}`]),
  ];
}

/**
 * What a policy means, in sentences: whom it is about, when its tier is judged, and what each rule does (spec
 * cluster-network-policy section 3). It speaks of this policy alone.
 * @returns lines that end with a line break
 */
export function describeClusterPolicyPlain(policy: ClusterNetworkPolicy): string {
  const { kind, metadata, spec } = policy;
  const name = visible(metadata.name || metadata.generateName || '');
  const lines = [
    `${kind} ${name} applies to ${podsPhrase(spec.subject)}; pods on the host's network are never meant.`,
    orderSentence(policy),
    ...plainDirection(policy, 'ingress'),
    ...plainDirection(policy, 'egress'),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function orderSentence({ kind, spec: { tier, priority } }: ClusterNetworkPolicy): string {
  if (kind === 'BaselineAdminNetworkPolicy') {
    return 'Tier: Baseline, behind every other policy. It counts only where no NetworkPolicy isolates the pod in that direction.';
  }
  const place = `Tier: ${tier}, priority ${priority}; policies of this tier with a lower number come first.`;
  return tier === 'Admin'
    ? `${place} They are judged before all NetworkPolicies, which cannot overrule them.`
    : `${place} They count only where no NetworkPolicy isolates the pod in that direction.`;
}

function plainDirection(policy: ClusterNetworkPolicy, direction: Direction): string[] {
  const { tier } = policy.spec;
  const rules = policy.spec[direction];
  const title = direction === 'ingress' ? 'Incoming' : 'Outgoing';
  if (rules.length === 0) return [`${title}: not affected by this policy.`];
  const rest =
    tier === 'Admin'
      ? 'goes on to the next Admin policy, then to NetworkPolicies and the Baseline tier'
      : 'goes on to the next Baseline policy, and is allowed when none decides';
  return [
    `${title}: the first rule that matches a connection decides.`,
    ...rules.map((rule, index) => `${index + 1}. ${ruleSentence(policy, rule, direction)}.`),
    `What matches no rule ${rest}.`,
  ];
}

function ruleSentence(policy: ClusterNetworkPolicy, rule: ClusterNetworkPolicyRule, direction: Direction): string {
  const { name, action, peers, ports } = rule;
  const prefix = `${actionName(policy, rule)}${name === undefined ? '' : ` (${visible(name)})`}: `;
  const unknown = peers.find((peer) => peer.type === 'unknown');
  if (unknown !== undefined) {
    const effect = action === 'Accept' ? 'so the rule matches nothing' : 'so the rule denies everything';
    return `${prefix}the peer ${visible(unknown.field)} cannot be read, ${effect}`;
  }
  if (ports?.length === 0) return `${prefix}matches nothing, because none of its ports can exist`;
  const preposition = direction === 'ingress' ? 'from' : 'to';
  const traffic = `connections ${preposition} ${join(peers.map(peerPhrase), 'or')}, ${portsPhrase(ports)}`;
  return prefix + outcome(action, traffic, policy.spec.tier);
}

function outcome(action: ClusterNetworkPolicyRule['action'], traffic: string, tier: 'Admin' | 'Baseline'): string {
  switch (action) {
    case 'Accept':
      return `${traffic}, are allowed`;
    case 'Deny':
      return `${traffic}, are dropped`;
    case 'Pass':
      return tier === 'Admin'
        ? `${traffic}, skip the rest of the Admin tier: NetworkPolicies decide, then the Baseline tier`
        : `${traffic}, skip the rest of the Baseline tier, and so are allowed`;
  }
}

function peerPhrase(peer: ClusterNetworkPolicyPeer): string {
  switch (peer.type) {
    case 'pods':
      return podsPhrase(peer.pods);
    case 'networks':
      return `addresses in ${join(peer.networks, 'or')}`;
    case 'nodes':
      return selectorIsEmpty(peer.nodes) ? 'every node' : `nodes ${selectorText(peer.nodes)}`;
    case 'domainNames':
      return `the domains ${join(peer.domainNames, 'or')}`;
    case 'unknown':
      return visible(peer.field);
  }
}

function podsPhrase({ namespaceSelector, podSelector }: ClusterPodSelector): string {
  return `${podsText(podSelector)} of ${namespacesText(namespaceSelector)}`;
}

function portsPhrase(ports: readonly ClusterNetworkPolicyPort[] | undefined): string {
  return ports === undefined ? 'on every port and protocol' : `on ${join(ports.map(portPhrase), 'or')}`;
}

function portPhrase(port: ClusterNetworkPolicyPort): string {
  if ('name' in port) return `the port that the receiving pod names ${visible(port.name)}`;
  const { protocol, first, last } = port;
  return first === last ? `${protocol} port ${first}` : `${protocol} ports ${first} to ${last}`;
}
