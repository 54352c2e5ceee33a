/**
 * A set of integers as the sorted list of positions where membership flips: `[4, 8]` holds 4, 5, 6 and 7.
 * The list is strictly increasing and of even length, which makes it canonical: equal sets have equal lists.
 * Ports use numbers, addresses bigints.
 */
export type Cuts<T extends number | bigint> = readonly T[];

/** Index of the first cut above `value`; odd exactly when `value` is in the set. */
function cutsUpTo<T extends number | bigint>(cuts: Cuts<T>, value: T): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cuts[middle] as T) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether `value` is in the set; a binary search. */
export function hasValue<T extends number | bigint>(cuts: Cuts<T>, value: T): boolean {
  return (cutsUpTo(cuts, value) & 1) === 1;
}

/** Whether every member of `inner` is in `outer`; a binary search in `outer` for each interval of `inner`. */
export function covers<T extends number | bigint>(outer: Cuts<T>, inner: Cuts<T>): boolean {
  if (outer === inner) return true;
  for (let i = 0; i < inner.length; i += 2) {
    const next = cutsUpTo(outer, inner[i] as T);
    if ((next & 1) === 0 || (outer[next] as T) < (inner[i + 1] as T)) return false;
  }
  return true;
}

/** Whether the sets share a member; a binary search in the longer list for each interval of the shorter. */
export function overlaps<T extends number | bigint>(a: Cuts<T>, b: Cuts<T>): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  for (let i = 0; i < short.length; i += 2) {
    const next = cutsUpTo(long, short[i] as T);
    if ((next & 1) === 1) return true;
    if (next < long.length && (long[next] as T) < (short[i + 1] as T)) return true;
  }
  return false;
}

/** Whether the lists, hence the sets, are equal. */
export function sameCuts<T extends number | bigint>(a: Cuts<T>, b: Cuts<T>): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `a` and `b` joined; answers `a` or `b` itself when that is the result. Linear. */
export function unionCuts<T extends number | bigint>(a: Cuts<T>, b: Cuts<T>): Cuts<T> {
  if (a === b || b.length === 0) return a;
  if (a.length === 0) return b;
  return merge(a, b, (inA, inB) => inA || inB);
}

/** What `a` and `b` share; answers `a` or `b` itself when that is the result. Linear. */
export function intersectCuts<T extends number | bigint>(a: Cuts<T>, b: Cuts<T>): Cuts<T> {
  if (a === b || a.length === 0) return a;
  if (b.length === 0) return b;
  return merge(a, b, (inA, inB) => inA && inB);
}

/** `a` without `b`; answers `a` itself when nothing is taken away. Linear. */
export function subtractCuts<T extends number | bigint>(a: Cuts<T>, b: Cuts<T>): Cuts<T> {
  if (a.length === 0 || b.length === 0) return a;
  if (a === b) return [];
  return merge(a, b, (inA, inB) => inA && !inB);
}

function merge<T extends number | bigint>(
  a: Cuts<T>,
  b: Cuts<T>,
  keep: (inA: boolean, inB: boolean) => boolean,
): Cuts<T> {
  const out: T[] = [];
  let i = 0;
  let j = 0;
  let inside = false;
  while (i < a.length || j < b.length) {
    const at = (j >= b.length || (i < a.length && (a[i] as T) <= (b[j] as T)) ? a[i] : b[j]) as T;
    if (a[i] === at) i++;
    if (b[j] === at) j++;
    if (keep((i & 1) === 1, (j & 1) === 1) !== inside) {
      inside = !inside;
      out.push(at);
    }
  }
  if (sameCuts(out, a)) return a;
  return sameCuts(out, b) ? b : out;
}

/**
 * The union of half-open intervals `[start, end)` in any order; empty and reversed ones are dropped.
 * Linear when they come sorted, O(n log n) else.
 */
export function cutsOfIntervals<T extends number | bigint>(intervals: readonly (readonly [T, T])[]): Cuts<T> {
  let list = intervals;
  for (let i = 1; i < list.length; i++) {
    if ((list[i] as readonly [T, T])[0] < (list[i - 1] as readonly [T, T])[0]) {
      list = [...intervals].sort((x, y) => (x[0] < y[0] ? -1 : x[0] > y[0] ? 1 : 0));
      break;
    }
  }
  const out: T[] = [];
  for (const [start, end] of list) {
    if (!(start < end)) continue;
    const last = out.length - 1;
    if (last < 0 || (out[last] as T) < start) out.push(start, end);
    else if ((out[last] as T) < end) out[last] = end;
  }
  return out;
}
