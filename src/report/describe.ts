import { formatLabelSelector, selectorIsEmpty } from '../model/selector.ts';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../model/types.ts';
import { annotationLines, type DescribeOptions, labelLines, layOut } from './describe-lines.ts';
import { goTime } from './go-time.ts';

export type { DescribeOptions } from './describe-lines.ts';
export { describePlain } from './describe-plain.ts';

/**
 * Policies as `kubectl describe networkpolicy` prints them, to the byte: the stored object, with the defaults that the
 * server fills in. Objects are separated by two empty lines. Nothing is printed for no policies.
 */
export function describeNetworkPolicies(policies: readonly NetworkPolicy[], options: DescribeOptions = {}): string {
  const { timeZone = 'UTC' } = options;
  return policies.map((policy) => describeNetworkPolicy(policy, timeZone)).join('\n\n');
}

function describeNetworkPolicy({ metadata, spec }: NetworkPolicy, timeZone: string): string {
  const selector = selectorIsEmpty(spec.podSelector)
    ? '<none> (Allowing the specific traffic to all pods in this namespace)'
    : formatLabelSelector(spec.podSelector);
  const lines = [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace ?? ''}`,
    `Created on:\t${goTime(metadata.creationTimestamp, timeZone)}`,
    ...labelLines(metadata.labels ?? {}),
    ...annotationLines(metadata.annotations ?? {}),
    'Spec:',
    `  PodSelector:     ${selector}`,
    ...directionLines(
      INGRESS,
      spec.policyTypes,
      spec.ingress.map(({ ports, from }) => ({ ports, peers: from })),
    ),
    ...directionLines(
      EGRESS,
      spec.policyTypes,
      spec.egress.map(({ ports, to }) => ({ ports, peers: to })),
    ),
    `  Policy Types: ${spec.policyTypes.join(', ') || '<none>'}`,
  ];
  return layOut(lines);
}

interface Direction {
  readonly type: 'Ingress' | 'Egress';
  readonly word: string;
  readonly peers: 'From' | 'To';
  readonly side: string;
}

const INGRESS: Direction = { type: 'Ingress', word: 'ingress', peers: 'From', side: 'source' };
const EGRESS: Direction = { type: 'Egress', word: 'egress', peers: 'To', side: 'destination' };

interface Rule {
  readonly ports: readonly NetworkPolicyPort[];
  readonly peers: readonly NetworkPolicyPeer[];
}

function directionLines(direction: Direction, policyTypes: readonly string[], rules: readonly Rule[]): string[] {
  const { type, word } = direction;
  if (!policyTypes.includes(type)) return [`  Not affecting ${word} traffic`];
  const heading = `  Allowing ${word} traffic:`;
  if (rules.length === 0) return [heading, `    <none> (Selected pods are isolated for ${word} connectivity)`];
  const body = rules.flatMap((rule, index) => [...(index === 0 ? [] : ['----------']), ...ruleLines(direction, rule)]);
  return [heading, ...body.map((line) => `    ${line}`)];
}

function ruleLines({ peers: title, side }: Direction, { ports, peers }: Rule): string[] {
  return [
    ...(ports.length === 0 ? ['To Port: <any> (traffic allowed to all ports)'] : ports.map(portLine)),
    ...(peers.length === 0
      ? [`${title}: <any> (traffic not restricted by ${side})`]
      : peers.flatMap((peer) => [`${title}:`, ...peerLines(peer).map((line) => `  ${line}`)])),
  ];
}

function portLine({ protocol, port = '<nil>', endPort }: NetworkPolicyPort): string {
  return endPort === undefined ? `To Port: ${port}/${protocol}` : `To Port Range: ${port}-${endPort}/${protocol}`;
}

function peerLines({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer): string[] {
  if (podSelector !== undefined || namespaceSelector !== undefined) {
    return [
      ...(namespaceSelector === undefined ? [] : [`NamespaceSelector: ${formatLabelSelector(namespaceSelector)}`]),
      ...(podSelector === undefined ? [] : [`PodSelector: ${formatLabelSelector(podSelector)}`]),
    ];
  }
  if (ipBlock === undefined) return [];
  return ['IPBlock:', `  CIDR: ${ipBlock.cidr}`, `  Except: ${ipBlock.except.join(', ')}`];
}
