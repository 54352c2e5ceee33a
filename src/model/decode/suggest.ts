/** The tables that a suggestion is drawn from: the fields of a record, and those of the records below it. */
type FieldTable = ReadonlyMap<string, { readonly fields?: ReadonlyMap<string, unknown> }>;

/** What may have been meant by an unknown field: a field of another spelling, or one that belongs a level deeper. */
export function unknownFieldHelp(name: string, table: FieldTable): string | undefined {
  const near = nearestName(name, [...table.keys()]);
  if (near !== undefined) return `did you mean ${near}?`;
  const parents = [...table].filter(([, reader]) => reader.fields?.has(name) === true).map(([parent]) => `${parent}:`);
  return parents.length === 0 ? undefined : `put it under ${parents.join(' or ')}`;
}

/**
 * The candidate that a misspelt name most probably stands for: the same letters in another case or with other
 * separators, else the nearest within a third of its length in edits. `undefined` when none is near.
 */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const folded = fold(name);
  let best: string | undefined;
  let bestDistance = Math.floor(folded.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(folded, fold(candidate), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/g, '');
}

/** Edits (insert, delete, replace, swap of neighbours) from `a` to `b`, or `limit` when there are at least that many. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swapped =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
          ? (beforePrevious[column - 2] ?? 0) + 1
          : limit;
      current.push(Math.min(replaced, swapped, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    beforePrevious = previous;
    previous = current;
  }
  return Math.min(previous[b.length] ?? limit, limit);
}
