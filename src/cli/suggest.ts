/** `did you mean shop/cart?` as a list of hints: empty when nothing is near. */
export function didYouMean(names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`did you mean ${names.join(' or ')}?`];
}
