/** The model: typed objects, decoding and defaulting, selectors, validation. */

export { type Decoded, type DecodeOptions, decodeObject } from './decode.ts';
export {
  formatLabelSelector,
  matchesSelector,
  parseLabelSelector,
  selectorIsEmpty,
  selectorKey,
} from './selector.ts';
export * from './source.ts';
export { nearestNames } from './suggest.ts';
export * from './types.ts';
export {
  fieldErrorText,
  isClusterPolicy,
  isPolicy,
  type ValidationOptions,
  validateClusterNetworkPolicy,
  validateNetworkPolicy,
  validatePolicy,
} from './validate/index.ts';
