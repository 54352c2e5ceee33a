import { goQuote } from '../go-text.ts';
import { say } from '../say.ts';
import { type Diagnostic, type FieldPath, formatPath } from '../source.ts';
import {
  type ClusterNetworkPolicy,
  type ClusterNetworkPolicyPeer,
  type ClusterNetworkPolicyRule,
  objectRef,
} from '../types.ts';
import { FieldErrors } from './field-errors.ts';
import { warnOfCidr } from './ip-block.ts';
import { findShadow } from './shadowing.ts';

/**
 * Warnings about a cluster-wide policy that the API server accepts, although it means trouble (spec
 * cluster-network-policy sections 2 and 3). There are no errors here: the server finds them in the schema, so
 * `decodeObject` has reported them already.
 *
 * Codes: `no-rules`, `cidr-format`, `domain-names-not-accepted`, `named-port-on-network-peer`,
 * `unreachable-rule`.
 */
export function validateClusterNetworkPolicy(policy: ClusterNetworkPolicy): Diagnostic[] {
  const errors = new FieldErrors(objectRef(policy), policy.source);
  const { ingress, egress } = policy.spec;
  if (ingress.length === 0 && egress.length === 0) {
    errors.warn('no-rules', ['spec'], say`the policy has no rules: it changes nothing`);
  }
  warnOfRules(ingress, ['spec', 'ingress'], 'from', errors);
  warnOfRules(egress, ['spec', 'egress'], 'to', errors);
  return errors.warnings;
}

function warnOfRules(
  rules: readonly ClusterNetworkPolicyRule[],
  path: FieldPath,
  peersField: 'from' | 'to',
  errors: FieldErrors,
): void {
  for (const [index, rule] of rules.entries()) {
    const rulePath = [...path, index];
    for (const [peerIndex, peer] of rule.peers.entries()) {
      warnOfPeer(peer, rule, [...rulePath, peersField, peerIndex], errors);
    }
    const shadow = findShadow(rules, index);
    if (shadow !== undefined) {
      const earlier = rules[shadow];
      const name = earlier?.name === undefined ? '' : ` ${goQuote(earlier.name)}`;
      const place = `${formatPath([...path, shadow])}${name}`;
      errors.warn(
        'unreachable-rule',
        rulePath,
        earlier?.action === rule.action
          ? say`the rule is never reached: ${place} decides all that it matches, with the same action`
          : say`the rule is never reached: ${place} decides all that it matches, with ${earlier?.action}`,
      );
    }
  }
}

function warnOfPeer(
  peer: ClusterNetworkPolicyPeer,
  rule: ClusterNetworkPolicyRule,
  path: FieldPath,
  errors: FieldErrors,
): void {
  switch (peer.type) {
    case 'pods':
    case 'unknown': // Reported when it was decoded.
      return;
    case 'networks':
      for (const [index, network] of peer.networks.entries()) {
        warnOfCidr(network, [...path, 'networks', index], true, errors);
      }
      break;
    case 'nodes':
      break;
    case 'domainNames':
      if (rule.action !== 'Accept') {
        errors.warn(
          'domain-names-not-accepted',
          [...path, 'domainNames'],
          say`domain names belong in rules that accept: what ${rule.action} does to them is not defined`,
        );
      }
      break;
  }
  if (rule.ports?.some((port) => 'name' in port) === true) {
    errors.warn(
      'named-port-on-network-peer',
      path,
      say`${peer.type} have no named ports: the rule's named ports match nothing here, and servers with the experimental channel refuse the policy`,
    );
  }
}
