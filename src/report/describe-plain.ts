import { formatLabelSelector, selectorIsEmpty } from '../model/selector.ts';
import type {
  LabelSelector,
  LabelSelectorRequirement,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../model/types.ts';

/**
 * What a policy means, in sentences: whom it selects, what isolation it brings, what its rules let through, and what
 * in it has no effect. It speaks of this policy alone; others may allow more (S8).
 * @returns lines that end with a line break
 */
export function describePlain(policy: NetworkPolicy): string {
  const { metadata, spec } = policy;
  const namespace = metadata.namespace ?? 'default';
  const selected = `${podsText(spec.podSelector)} of namespace ${namespace}`;
  const ingress = spec.ingress.map(({ ports, from }) => ({ ports, peers: from }));
  const egress = spec.egress.map(({ ports, to }) => ({ ports, peers: to }));
  const lines = [
    `NetworkPolicy ${namespace}/${metadata.name || metadata.generateName || ''} applies to ${selected}.`,
    ...directionLines(INGRESS, spec.policyTypes, ingress, namespace),
    ...directionLines(EGRESS, spec.policyTypes, egress, namespace),
  ];
  if (spec.policyTypes.includes('Ingress') && ingress.length === 0 && egress.length > 0) {
    lines.push(
      'Note: there are egress rules only, yet incoming traffic is denied too. When policyTypes is left out it always ' +
        'has Ingress; for outgoing traffic alone write policyTypes: [Egress].',
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}

interface Direction {
  readonly type: 'Ingress' | 'Egress';
  readonly title: 'Incoming' | 'Outgoing';
  readonly word: 'ingress' | 'egress';
  readonly verb: 'receive' | 'open';
  readonly preposition: 'from' | 'to';
  /** What passes whatever the rules say. */
  readonly always: string;
}

const INGRESS: Direction = {
  type: 'Ingress',
  title: 'Incoming',
  word: 'ingress',
  verb: 'receive',
  preposition: 'from',
  always: 'connections from their own node and replies always pass',
};

const EGRESS: Direction = {
  type: 'Egress',
  title: 'Outgoing',
  word: 'egress',
  verb: 'open',
  preposition: 'to',
  always: 'connections to their own node and replies always pass',
};

interface Rule {
  readonly ports: readonly NetworkPolicyPort[];
  readonly peers: readonly NetworkPolicyPeer[];
}

function directionLines(
  direction: Direction,
  policyTypes: readonly string[],
  rules: readonly Rule[],
  namespace: string,
): string[] {
  const { type, title, word, verb, always } = direction;
  if (!policyTypes.includes(type)) {
    const lines = [`${title}: not restricted by this policy.`];
    if (rules.length > 0) {
      const subject = rules.length === 1 ? `The ${word} rule has` : `The ${rules.length} ${word} rules have`;
      lines.push(`Note: ${subject} no effect, because ${type} is not among policyTypes.`);
    }
    return lines;
  }
  const isolated = `${title}: these pods are isolated for ${word}`;
  if (rules.length === 0) return [`${isolated}, and this policy allows nothing (${always}).`];
  if (rules.some(({ ports, peers }) => ports.length === 0 && peers.length === 0)) {
    return [`${isolated}, but an empty rule allows everything: no other NetworkPolicy can deny them ${word} traffic.`];
  }
  return [
    `${isolated} and may ${verb} these connections (${always}):`,
    ...rules.flatMap((rule) => ruleLines(direction, rule, namespace)),
  ];
}

function ruleLines({ preposition }: Direction, { ports, peers }: Rule, namespace: string): string[] {
  const where = ports.length === 0 ? 'on every port and protocol' : `on ${join(ports.map(portText), 'and')}`;
  if (peers.length === 0) return [`- ${preposition} anywhere, inside and outside the cluster, ${where}`];
  return peers.map((peer) => `- ${preposition} ${peerText(peer, namespace)}, ${where}`);
}

function portText({ protocol, port, endPort }: NetworkPolicyPort): string {
  if (port === undefined) return `every ${protocol} port`;
  if (typeof port === 'string') return `the ${protocol} port that the receiving pod names ${port}`;
  return endPort === undefined || endPort === port
    ? `${protocol} port ${port}`
    : `${protocol} ports ${port} to ${endPort}`;
}

function peerText({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, namespace: string): string {
  if (ipBlock !== undefined) {
    const except = ipBlock.except.length === 0 ? '' : ` except ${join(ipBlock.except, 'and')}`;
    return `addresses in ${ipBlock.cidr}${except}`;
  }
  if (namespaceSelector !== undefined) {
    return `${podsText(podSelector ?? {})} of ${namespacesText(namespaceSelector)}`;
  }
  return podSelector === undefined
    ? 'nobody (the peer names nothing)'
    : `${podsText(podSelector)} of namespace ${namespace}`;
}

/** `every pod`, or which. */
export function podsText(selector: LabelSelector): string {
  return selectorIsEmpty(selector) ? 'every pod' : `pods ${selectorText(selector)}`;
}

/** `every namespace`, or which. */
export function namespacesText(selector: LabelSelector): string {
  return selectorIsEmpty(selector) ? 'every namespace' : `namespaces ${selectorText(selector)}`;
}

/** What a selector that is not empty asks for: `with app=web and no label canary`. */
export function selectorText(selector: LabelSelector): string {
  if (formatLabelSelector(selector) === '<error>') return 'that an invalid selector names (it matches none)';
  const equalities = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => equalityText(key, value));
  return `with ${join([...equalities, ...(selector.matchExpressions ?? []).map(requirementText)], 'and')}`;
}

function equalityText(key: string, value: string): string {
  return value === '' ? `an empty label ${key}` : `${key}=${value}`;
}

function requirementText({ key, operator, values = [] }: LabelSelectorRequirement): string {
  const [first = ''] = values;
  const listed = values.map((value) => value || '""');
  switch (operator) {
    case 'In':
      return values.length === 1 ? equalityText(key, first) : `${key} one of ${join(listed, 'or')}`;
    case 'NotIn':
      return values.length === 1
        ? `${key} other than ${listed[0]} (or absent)`
        : `${key} none of ${join(listed, 'or')} (or absent)`;
    case 'Exists':
      return `the label ${key}`;
    default:
      return `no label ${key}`;
  }
}

/** `a`, `a and b`, `a, b and c`. */
export function join(texts: readonly string[], word: 'and' | 'or'): string {
  if (texts.length < 2) return texts.join('');
  return `${texts.slice(0, -1).join(', ')} ${word} ${texts.at(-1)}`;
}
