const collator = new Intl.Collator('en', { numeric: true });

/** Orders names as people count: `ns-2` before `ns-10`. Names that differ are never equal. */
export function compareNatural(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
