export { validateClusterNetworkPolicy } from './cluster-policy.ts';
export { fieldErrorText } from './field-errors.ts';
export { type ValidationOptions, validateNetworkPolicy } from './network-policy.ts';
export { isClusterPolicy, isPolicy, validatePolicy } from './policy.ts';
