import type { SourceSpan } from '../model/source.ts';
import type { Style } from './style.ts';
import { charWidth, visible } from './text.ts';

const TAB_CELLS = 4;
/** Cells of a source line that are shown; longer lines are cut around the caret. */
const WINDOW = 100;
const BEFORE_CARET = 40;
/** UTF-16 units around the caret that are looked at, so that a line of many megabytes costs no more than a short one. */
const REACH = 1000;

interface Cell {
  readonly text: string;
  readonly width: number;
  /** UTF-16 offset in the source line. */
  readonly offset: number;
}

/** The cells of a part of a line. */
function cells(line: string, from: number, to: number): Cell[] {
  const found: Cell[] = [];
  let offset = from;
  for (const char of line.slice(from, to)) {
    if (char === '\t') {
      found.push({ text: ' '.repeat(TAB_CELLS), width: TAB_CELLS, offset });
    } else {
      const text = visible(char);
      found.push({ text, width: text === char ? charWidth(char) : text.length, offset });
    }
    offset += char.length;
  }
  return found;
}

function totalWidth(list: readonly Cell[]): number {
  return list.reduce((sum, cell) => sum + cell.width, 0);
}

/**
 * The source line of a span with carets under it, as two lines with line breaks:
 *
 * ```
 *   12 |       port: 0
 *      |             ^ note
 * ```
 *
 * Tabs become spaces and wide characters count two cells, so that the caret stands where the reader sees the text.
 */
export function renderSnippet(span: SourceSpan, style: Style, note = ''): string {
  const { lineText } = span;
  const start = span.column - 1;
  const end = start + span.length;
  const from = Math.max(0, start - REACH);
  const to = Math.min(lineText.length, start + REACH);
  let shown = cells(lineText, from, to);
  const caretIndex = shown.findIndex((cell) => cell.offset + cell.text.length > start && cell.offset >= start);
  const caretAt = caretIndex === -1 ? shown.length : caretIndex;
  let head = '';
  let tail = '';
  if (totalWidth(shown) > WINDOW || from > 0 || to < lineText.length) {
    let first = caretAt;
    for (let used = 0; first > 0 && used < BEFORE_CARET; first--) used += shown[first - 1]?.width ?? 0;
    let last = first;
    for (let used = 0; last < shown.length && used < WINDOW; last++) used += shown[last]?.width ?? 0;
    head = first > 0 || from > 0 ? '…' : '';
    tail = last < shown.length || to < lineText.length ? '…' : '';
    shown = shown.slice(first, last);
  }
  const text = shown.map((cell) => cell.text).join('');
  const indent = head.length + totalWidth(shown.filter((cell) => cell.offset < start));
  const length = totalWidth(shown.filter((cell) => cell.offset >= start && cell.offset < end));
  const number = String(span.line);
  const gutter = ' '.repeat(number.length);
  const carets = style.error('^'.repeat(Math.max(1, length)));
  const label = note === '' ? '' : ` ${visible(note)}`;
  return (
    `${style.dim(`  ${number} |`)} ${`${head}${text}${tail}`.trimEnd()}\n` +
    `${style.dim(`  ${gutter} |`)} ${' '.repeat(indent)}${carets}${label}\n`
  );
}
