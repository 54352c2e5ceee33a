export { fieldErrorText } from './field-errors.ts';
export { type ValidationOptions, validateNetworkPolicy } from './network-policy.ts';
