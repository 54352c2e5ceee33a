export { fieldErrorText } from './field-errors.ts';
export * from './names.ts';
export { type ValidationOptions, validateNetworkPolicy } from './network-policy.ts';
