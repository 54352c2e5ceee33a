import type { Diagnostic, FieldPath } from '../source.ts';
import {
  type ClusterNetworkPolicy,
  type ClusterNetworkPolicyPeer,
  type ClusterNetworkPolicyRule,
  type ClusterPodSelector,
  type LabelSelector,
  objectRef,
} from '../types.ts';
import { FieldErrors } from './field-errors.ts';
import { warnOfCidr } from './ip-block.ts';
import { validateSelector } from './selector.ts';
import { findShadow } from './shadowing.ts';

/**
 * Warnings about a cluster-wide policy that the API server accepts, although it means trouble (spec
 * cluster-network-policy sections 2 and 3). There are no errors here: the server finds them in the schema, so
 * `decodeObject` has reported them already.
 *
 * Codes: `no-rules`, `bad-selector`, `cidr-format`, `domain-names-not-accepted`, `named-port-on-network-peer`,
 * `unreachable-rule`.
 */
export function validateClusterNetworkPolicy(policy: ClusterNetworkPolicy): Diagnostic[] {
  const errors = new FieldErrors(objectRef(policy), policy.source);
  const { subject, ingress, egress } = policy.spec;
  warnOfPods(subject, ['spec', 'subject'], errors, policy);
  if (ingress.length === 0 && egress.length === 0) {
    errors.warn('no-rules', ['spec'], 'the policy has no rules: it changes nothing');
  }
  warnOfRules(ingress, ['spec', 'ingress'], 'from', errors, policy);
  warnOfRules(egress, ['spec', 'egress'], 'to', errors, policy);
  return errors.warnings;
}

function warnOfRules(
  rules: readonly ClusterNetworkPolicyRule[],
  path: FieldPath,
  peersField: 'from' | 'to',
  errors: FieldErrors,
  policy: ClusterNetworkPolicy,
): void {
  for (const [index, rule] of rules.entries()) {
    const rulePath = [...path, index];
    for (const [peerIndex, peer] of rule.peers.entries()) {
      warnOfPeer(peer, rule, [...rulePath, peersField, peerIndex], errors, policy);
    }
    const shadow = findShadow(rules, index);
    if (shadow !== undefined) {
      const earlier = rules[shadow];
      const name = earlier?.name === undefined ? '' : ` ${JSON.stringify(earlier.name)}`;
      const effect = earlier?.action === rule.action ? 'with the same action' : `with ${earlier?.action}`;
      errors.warn(
        'unreachable-rule',
        rulePath,
        `the rule is never reached: ${[...path].join('.')}[${shadow}]${name} decides all that it matches, ${effect}`,
      );
    }
  }
}

function warnOfPeer(
  peer: ClusterNetworkPolicyPeer,
  rule: ClusterNetworkPolicyRule,
  path: FieldPath,
  errors: FieldErrors,
  policy: ClusterNetworkPolicy,
): void {
  switch (peer.type) {
    case 'pods':
      warnOfPods(peer.pods, path, errors, policy);
      return;
    case 'unknown': // Reported when it was decoded.
      return;
    case 'networks':
      for (const [index, network] of peer.networks.entries()) {
        warnOfCidr(network, [...path, 'networks', index], false, errors, true);
      }
      break;
    case 'nodes':
      warnOfSelector(peer.nodes, [...path, 'nodes'], errors);
      break;
    case 'domainNames':
      if (rule.action !== 'Accept') {
        errors.warn(
          'domain-names-not-accepted',
          [...path, 'domainNames'],
          `domain names belong in rules that accept: what ${rule.action} does to them is not defined`,
        );
      }
      break;
  }
  if (rule.ports?.some((port) => 'name' in port) === true) {
    errors.warn(
      'named-port-on-network-peer',
      path,
      `${peer.type} have no named ports: the rule's named ports match nothing here, and servers with the experimental ` +
        'channel refuse the policy',
    );
  }
}

/** Warns of the selectors of a subject or peer, under the field that they were written in. */
function warnOfPods(pods: ClusterPodSelector, path: FieldPath, errors: FieldErrors, policy: ClusterNetworkPolicy): void {
  const { namespaceSelector, podSelector } = pods;
  const inPods = policy.source === undefined || isWritten(policy, [...path, 'pods']);
  warnOfSelector(namespaceSelector, [...path, ...(inPods ? ['pods', 'namespaceSelector'] : ['namespaces'])], errors);
  warnOfSelector(podSelector, [...path, 'pods', 'podSelector'], errors);
}
