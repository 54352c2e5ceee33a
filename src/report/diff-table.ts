import { type DiffRow, type DiffSource, type DiffTextOptions, diffRows, diffSummary, namedEnds } from './diff-words.ts';
import { formatPorts } from './ports.ts';
import { PLAIN, type Style } from './style.ts';
import { tableLine } from './table.ts';
import { count, displayWidth } from './text.ts';

/** How the table is written. */
export interface DiffTableOptions extends DiffTextOptions {
  /** Leave out the header lines. */
  readonly noHeaders?: boolean;
  readonly style?: Style;
}

/** Wider cells stand out of their column instead of widening it. */
const MAX_COLUMN = 56;
const TITLES = ['FROM', 'TO', 'PORTS', 'BECAUSE'];

/** What was opened and what was closed, apart; pairs that differ alike in one row; last a line that counts. */
export function* diffTable(diff: DiffSource, options: DiffTableOptions = {}): Generator<string> {
  const { style = PLAIN, noHeaders = false } = options;
  const { opened, closed } = diffRows(diff);
  for (const [title, rows, paint] of [
    ['Opened', opened, style.warning],
    ['Closed', closed, style.good],
  ] as const) {
    if (rows.length === 0) continue;
    const lines = rows.flatMap((row) => cellsOf(row, title === 'Opened'));
    const widths = TITLES.map((head, column) =>
      lines.reduce(
        (width, cells) => {
          const own = displayWidth(cells[column] ?? '');
          return own <= MAX_COLUMN ? Math.max(width, own) : width;
        },
        noHeaders ? 0 : head.length,
      ),
    );
    yield `${paint(style.bold(title))}\n`;
    if (!noHeaders) yield `  ${style.bold(tableLine(TITLES, widths))}\n`;
    for (const cells of lines) yield `  ${tableLine(cells, widths)}\n`;
    yield '\n';
  }
  yield `${diffSummary(diff, options)}\n`;
}

/** The lines of a row: several ends and several causes stand below each other. */
function cellsOf({ from, to, pairs, group, because }: DiffRow, opened: boolean): string[][] {
  const [sources, targets] = [namedEnds(from), namedEnds(to)];
  const ports = [formatPorts(opened ? group.opened : group.closed)];
  if (sources.length > 1 && targets.length > 1) ports.push(`(${count(pairs, 'pair')})`);
  const height = Math.max(sources.length, targets.length, ports.length, because.length);
  return Array.from({ length: height }, (_, line) => [
    sources[line] ?? '',
    targets[line] ?? '',
    ports[line] ?? '',
    because[line] ?? '',
  ]);
}
