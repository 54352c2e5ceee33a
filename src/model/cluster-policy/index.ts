/** The cluster-wide policies of `policy.networking.k8s.io` as custom resources: schemas, errors, conversion. */
export { decodeClusterPolicy } from './decode.ts';
export { CLUSTER_POLICY_TABLES } from './tables.ts';
