import { padCells } from './text.ts';

/** One line of a table: cells padded to `widths` and two spaces apart, without trailing spaces. */
export function tableLine(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, index) => (index === cells.length - 1 ? cell : padCells(cell, widths[index] ?? 0)))
    .join('  ')
    .trimEnd();
}
