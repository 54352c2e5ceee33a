import { namespaceOf, type PodInfo } from '../../engine/state.ts';
import { say } from '../../model/say.ts';
import { formatLabelSelector, selectorIsEmpty } from '../../model/selector.ts';
import type { ClusterNetworkPolicy, LabelSelector, NetworkPolicy } from '../../model/types.ts';
import { listText, wayName } from '../explain-words.ts';
import { workloadId } from '../units.ts';
import type { PolicyRule } from './policy-rule.ts';

/** Words that the messages of rules share. */

const SHOWN = 3;

/** `a`, `a and b`, `a, b, c and 4 more`. */
export function listing(names: Iterable<string>): string {
  const all = [...new Set(names)];
  const shown = all.slice(0, SHOWN);
  const more = all.length - shown.length;
  if (more > 0) return say`${shown.join(', ')} and ${more} more`;
  return listText(shown);
}

/** Pods by the workloads that they stand for. */
export function podNames(pods: Iterable<PodInfo>): string {
  return listing(podIds(pods));
}

function* podIds(pods: Iterable<PodInfo>): Iterable<string> {
  for (const pod of pods) yield workloadId(pod);
}

/** `shop/cart`; a cluster-wide policy with its kind. */
export function policyName(policy: NetworkPolicy | ClusterNetworkPolicy): string {
  const { kind, metadata } = policy;
  return kind === 'NetworkPolicy' ? `${namespaceOf(policy)}/${metadata.name}` : `${kind} ${metadata.name}`;
}

/** `ingress rule 2`, counted from 1; of which policy, where it is not `seenFrom`. */
export function ruleName({ policy, direction, index }: PolicyRule, seenFrom: NetworkPolicy): string {
  const name = say`${wayName(direction)} rule ${index + 1}`;
  return policy === seenFrom ? name : say`${name} of ${policyName(policy)}`;
}

/** `app=cart`, or what an empty selector means. */
export function selectorText(selector: LabelSelector, empty: string): string {
  return selectorIsEmpty(selector) ? empty : formatLabelSelector(selector);
}
