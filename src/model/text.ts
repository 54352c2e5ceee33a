/** Text helpers that every layer shares. */

/**
 * Orders strings by Unicode code points, which is also the order of their UTF-8 bytes, as Go sorts them: the order of
 * every listing.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return sortKey(left) - sortKey(right);
  }
  return a.length - b.length;
}

/** Moves surrogates, the units of code points from U+10000 on, behind all other units. */
function sortKey(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
