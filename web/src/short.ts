const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 0 });

/** A count in at most four characters, for a badge: `9999`, `12k`, `64M`. */
export function short(n: number): string {
  return n > 9999 ? compact.format(n).replace('K', 'k') : String(n);
}
