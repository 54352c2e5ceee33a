import type { Diagnostic } from '../source.ts';
import type { ClusterNetworkPolicy, KubeObject, NetworkPolicy } from '../types.ts';
import { validateClusterNetworkPolicy } from './cluster-policy.ts';
import { type ValidationOptions, validateNetworkPolicy } from './network-policy.ts';

/** Whether an object is a policy of any kind, namespaced or cluster-wide. */
export function isPolicy(object: KubeObject): object is NetworkPolicy | ClusterNetworkPolicy {
  return object.kind === 'NetworkPolicy' || isClusterPolicy(object);
}

/** Whether an object is a cluster-wide policy, of any of its kinds. */
export function isClusterPolicy(object: KubeObject): object is ClusterNetworkPolicy {
  switch (object.kind) {
    case 'ClusterNetworkPolicy':
    case 'AdminNetworkPolicy':
    case 'BaselineAdminNetworkPolicy':
      return true;
    default:
      return false;
  }
}

/**
 * What is to be said of a decoded policy: for a NetworkPolicy the errors and warnings of the API server, for the
 * cluster-wide kinds the warnings of {@link validateClusterNetworkPolicy}, whose errors were found on decoding.
 */
export function validatePolicy(
  policy: NetworkPolicy | ClusterNetworkPolicy,
  options: ValidationOptions = {},
): Diagnostic[] {
  return policy.kind === 'NetworkPolicy'
    ? validateNetworkPolicy(policy, options)
    : validateClusterNetworkPolicy(policy);
}
