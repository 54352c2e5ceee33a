import type { FieldPath } from '../../model/source.ts';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../model/types.ts';

/** A rule of a NetworkPolicy in one shape for both directions. */
export interface PolicyRule {
  readonly policy: NetworkPolicy;
  readonly direction: 'ingress' | 'egress';
  readonly index: number;
  readonly path: FieldPath;
  readonly peersField: 'from' | 'to';
  readonly peers: readonly NetworkPolicyPeer[];
  readonly ports: readonly NetworkPolicyPort[];
  /** Whether policyTypes has the direction: without it the rule does nothing. */
  readonly inForce: boolean;
}

/** The rules of a policy, ingress first. */
export function rulesOf(policy: NetworkPolicy): PolicyRule[] {
  const { ingress, egress, policyTypes } = policy.spec;
  return [
    ...ingress.map(
      ({ from, ports }, index): PolicyRule => ({
        policy,
        direction: 'ingress',
        index,
        path: ['spec', 'ingress', index],
        peersField: 'from',
        peers: from,
        ports,
        inForce: policyTypes.includes('Ingress'),
      }),
    ),
    ...egress.map(
      ({ to, ports }, index): PolicyRule => ({
        policy,
        direction: 'egress',
        index,
        path: ['spec', 'egress', index],
        peersField: 'to',
        peers: to,
        ports,
        inForce: policyTypes.includes('Egress'),
      }),
    ),
  ];
}
