import { formatPort } from '../engine/near-misses.ts';
import type { ClusterState, PodInfo } from '../engine/state.ts';
import type { Direction, PolicyRef } from '../engine/verdict.ts';
import { say } from '../model/say.ts';
import { formatLabelSelector, selectorIsEmpty } from '../model/selector.ts';
import type { FieldPath, ObjectRef, ObjectSource, SourceSpan } from '../model/source.ts';
import type {
  ClusterNetworkPolicy,
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
} from '../model/types.ts';

/** Words that explanations share. */

const SHOWN_PEERS = 3;
const SHOWN_POLICIES = 5;
/** Labels that name what a pod is, most telling first. */
const NAMING_LABELS = ['app.kubernetes.io/name', 'app', 'k8s-app', 'name'];

/** A line of a manifest that decided, with what it says. */
export interface Cite {
  readonly position: SourceSpan;
  readonly note: string;
}

/** Adds the place of a field, when the policy came from a text and the line is not cited yet. */
export function addCite(
  cites: Cite[],
  { source }: { readonly source?: ObjectSource },
  path: FieldPath,
  note: string,
): void {
  const position = source?.locate(path);
  if (position === undefined) return;
  if (cites.some((cite) => cite.position.file === position.file && cite.position.line === position.line)) return;
  cites.push({ position, note });
}

/** `shop/cart`. */
export function policyName(ref: Pick<ObjectRef, 'namespace' | 'name'>): string {
  return ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
}

/** The policy that a result names. */
export function policyOf(state: ClusterState, ref: PolicyRef): NetworkPolicy | undefined {
  return state.policies.get(`${ref.kind}/${ref.namespace ?? 'default'}/${ref.name}`);
}

/** ` (cart.yaml:14)`, where a field of a policy was written; empty when it came from no text. */
export function placeOf(policy: NetworkPolicy, path: FieldPath): string {
  const [position] = placeText(policy, path);
  return position === undefined ? '' : ` (${position})`;
}

/** `cart.yaml:14`, where a field of a policy was written; nothing when it came from no text. */
export function placeText(policy: NetworkPolicy | ClusterNetworkPolicy, path: FieldPath): string[] {
  const span = policy.source?.locate(path);
  return span === undefined ? [] : [`${span.file}:${span.line}`];
}

/** `ingress rule 1 of shop/cart (cart.yaml:14)`. */
export function ruleText(policy: NetworkPolicy, direction: Direction, rule: number): string {
  return say`${wayName(direction)} rule ${rule + 1} of ${policyName(policy.metadata)}${placeOf(policy, ['spec', direction, rule])}`;
}

/** The rules of a policy in a direction. */
export function rulesOf(
  policy: NetworkPolicy,
  direction: Direction,
): readonly (NetworkPolicyIngressRule | NetworkPolicyEgressRule)[] {
  return direction === 'ingress' ? policy.spec.ingress : policy.spec.egress;
}

/** The peers of a rule of either direction. */
export function peersOf(rule: NetworkPolicyIngressRule | NetworkPolicyEgressRule): readonly NetworkPolicyPeer[] {
  return 'from' in rule ? rule.from : rule.to;
}

/** Name of the field that holds the peers. */
export function peersField(direction: Direction): 'from' | 'to' {
  return direction === 'ingress' ? 'from' : 'to';
}

/** What a rule admits: `pods app=web of namespace shop on 7070/TCP`. */
export function admittedText(policy: NetworkPolicy, rule: NetworkPolicyIngressRule | NetworkPolicyEgressRule): string {
  const peers = peersOf(rule);
  const shown = peers.slice(0, SHOWN_PEERS).map((peer) => peerText(peer, policy.metadata.namespace ?? ''));
  if (peers.length > SHOWN_PEERS) shown.push(say`${peers.length - SHOWN_PEERS} more`);
  const who = peers.length === 0 ? say`every peer` : listText(shown);
  const ports = rule.ports.length === 0 ? say`every port` : rule.ports.map(formatPort).join(', ');
  return say`${who} on ${ports}`;
}

/** A peer in words: `pods app=web of namespace shop`, `10.0.0.0/8 except 10.1.0.0/16`. */
export function peerText(peer: NetworkPolicyPeer, namespace: string): string {
  const { ipBlock, podSelector, namespaceSelector } = peer;
  if (ipBlock !== undefined) {
    return ipBlock.except.length === 0 ? ipBlock.cidr : say`${ipBlock.cidr} except ${ipBlock.except.join(', ')}`;
  }
  if (podSelector === undefined && namespaceSelector === undefined) return say`nobody`;
  const pods =
    podSelector === undefined || selectorIsEmpty(podSelector)
      ? say`all pods`
      : say`pods ${formatLabelSelector(podSelector)}`;
  if (namespaceSelector === undefined) return say`${pods} of namespace ${namespace}`;
  if (selectorIsEmpty(namespaceSelector)) return say`${pods} of every namespace`;
  return say`${pods} of namespaces ${formatLabelSelector(namespaceSelector)}`;
}

/** The policies that isolate a pod, with where and by what each selects it. */
export function isolatorsText(policies: readonly NetworkPolicy[]): string {
  const shown = policies.slice(0, SHOWN_POLICIES).map((policy) => {
    const { podSelector } = policy.spec;
    const selects = selectorIsEmpty(podSelector)
      ? say`selects all pods`
      : say`selects ${formatLabelSelector(podSelector)}`;
    return `${policyName(policy.metadata)} (${[selects, ...placeText(policy, ['spec', 'podSelector'])].join(', ')})`;
  });
  if (policies.length > SHOWN_POLICIES) shown.push(say`${policies.length - SHOWN_POLICIES} more`);
  return listText(shown);
}

/** The direction in a sentence. */
export function wayName(direction: Direction): string {
  return direction === 'ingress' ? say`ingress` : say`egress`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listText(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : say`${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** The port of a question as people write it: `8080/TCP`, `http/TCP`; `undefined` when every port was asked for. */
export function askedPort({ port, protocol }: { port?: number | string; protocol?: string }): string | undefined {
  if (port === undefined) return undefined;
  const text = String(port);
  return protocol === undefined || text.includes('/') ? text : `${text}/${protocol}`;
}

/** Labels that single a pod out, as a selector is written: `app=cart`. Empty for a pod without labels. */
export function namingLabels(pod: PodInfo): string {
  const key = NAMING_LABELS.find((candidate) => Object.hasOwn(pod.labels, candidate));
  const keys = key === undefined ? Object.keys(pod.labels).sort() : [key];
  return keys.map((label) => `${label}=${pod.labels[label]}`).join(',');
}
