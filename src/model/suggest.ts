import { compareCodePoints } from './text.ts';

/** Suggestions for misspelt names: fields, objects, commands, formats. */

/**
 * The candidates that a misspelt name most probably stands for, nearest first: the same letters in another case or with
 * other separators, then those within a third of its length in edits. Empty when none is near.
 * @param most how many at most
 */
export function nearestNames(name: string, candidates: readonly string[], most: number = 3): string[] {
  const folded = fold(name);
  const limit = Math.floor(folded.length / 3) + 1;
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(folded, fold(candidate), limit) }))
    .filter(({ distance }) => distance < limit)
    .sort((a, b) => a.distance - b.distance || compareCodePoints(a.candidate, b.candidate))
    .slice(0, most)
    .map(({ candidate }) => candidate);
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
