import { utf8Length } from '../model/go-text.ts';
import { formatLabelSelector, selectorIsEmpty } from '../model/selector.ts';
import { compareCodePoints } from '../model/text.ts';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../model/types.ts';
import { goTime } from './go-time.ts';
import { alignTabs } from './tab-writer.ts';

export { describePlain } from './describe-plain.ts';

export interface DescribeOptions {
  /** IANA name of the zone that times are shown in; `UTC` when absent, empty or unknown. */
  readonly timeZone?: string;
}

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
  return alignTabs(escapeTerminal(lines.map((line) => `${line}\n`).join('')));
}

/** Escape sequences and carriage returns are shown, not sent to the terminal. */
function escapeTerminal(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/\x1b/g, '^[').replace(/\r/g, '\\r');
}

function labelLines(labels: Readonly<Record<string, string>>): string[] {
  return titled(
    'Labels',
    sortedEntries(labels).map(([key, value]) => `${key}=${value}`),
  );
}

/** kubectl apply's copy of the object, which describe leaves out. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const LONGEST_ANNOTATION = 140;

function annotationLines(annotations: Readonly<Record<string, string>>): string[] {
  const entries = sortedEntries(annotations).filter(([key]) => key !== LAST_APPLIED);
  return titled(
    'Annotations',
    entries.flatMap(([key, written]) => {
      const value = written.endsWith('\n') ? written.slice(0, -1) : written;
      const fits = utf8Length(key) + utf8Length(value) + 2 <= LONGEST_ANNOTATION;
      if (fits && !value.includes('\n')) return [`${key}: ${value}`];
      return [`${key}:`, ...value.split('\n').map((line) => `  ${shorten(line, LONGEST_ANNOTATION - 2)}`)];
    }),
  );
}

function sortedEntries(map: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(map).sort(([a], [b]) => compareCodePoints(a, b));
}

function titled(title: string, values: readonly string[]): string[] {
  if (values.length === 0) return [`${title}:\t<none>`];
  return values.map((value, index) => `${index === 0 ? `${title}:` : ''}\t${value}`);
}

/** Cuts a text after a number of bytes. A character that is cut in two becomes U+FFFD, as a terminal would show it. */
function shorten(text: string, bytes: number): string {
  if (utf8Length(text) <= bytes) return text;
  let kept = '';
  let length = 0;
  for (const character of text) {
    length += utf8Length(character);
    if (length > bytes) {
      const partOfCharacter = length - utf8Length(character) < bytes;
      return `${kept}${partOfCharacter ? '\ufffd' : ''}...`;
    }
    kept += character;
  }
  return kept;
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
