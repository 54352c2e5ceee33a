import type { Style } from './style.ts';
import { visible } from './text.ts';

/** Replaces `[start, end)` of a text; offsets are UTF-16 code units. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const CONTEXT = 3;

/** Lines of the old text that become others; `start` counts from 0. */
interface Change {
  readonly start: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/**
 * What edits make of a file, as `patch` reads it. Nothing when there are no edits.
 * @param edits ascending, apart from each other
 */
export function unifiedDiff(file: string, text: string, edits: readonly Replacement[], style: Style): string {
  if (edits.length === 0) return '';
  const lines = linesOf(text);
  const hunks = intoHunks(changes(text, lines, edits));
  let shift = 0;
  let diff = style.bold(`--- a/${visible(file)}`);
  diff += `\n${style.bold(`+++ b/${visible(file)}`)}\n`;
  for (const hunk of hunks) {
    diff += renderHunk(lines, hunk, shift, style);
    for (const { removed, added } of hunk) shift += added.length - removed.length;
  }
  return diff;
}

/** Lines with their line breaks. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Edits as changes of whole lines; edits of the same lines are one change. */
function changes(text: string, lines: readonly string[], edits: readonly Replacement[]): Change[] {
  const starts: number[] = [];
  let offset = 0;
  for (const line of lines) {
    starts.push(offset);
    offset += line.length;
  }
  const lineOf = (at: number): number => {
    let line = starts.findLastIndex((start) => start <= at);
    if (line === -1) line = 0;
    return line;
  };
  const blocks: { first: number; last: number; edits: Replacement[] }[] = [];
  for (const edit of edits) {
    const first = lineOf(edit.start);
    // The line in which it ends too, also from its first character on: the lines may have become one.
    const last = lineOf(edit.end);
    const block = blocks.at(-1);
    if (block !== undefined && first <= block.last) {
      block.edits.push(edit);
      block.last = Math.max(block.last, last);
    } else blocks.push({ first, last, edits: [edit] });
  }
  return blocks.flatMap(({ first, last, edits: own }) => {
    const from = starts[first] ?? text.length;
    const to = starts[last + 1] ?? text.length;
    let after = '';
    let at = from;
    for (const { start, end, text: replacement } of own) {
      after += text.slice(at, start) + replacement;
      at = end;
    }
    return compared(first, lines.slice(first, last + 1), linesOf(after + text.slice(at, to)));
  });
}

/** Lines in a block beyond which it is one change, however much of it stays the same. */
const MOST_LINES = 500;

/** What differs between two runs of lines, by their longest common subsequence. */
function compared(start: number, old: readonly string[], now: readonly string[]): Change[] {
  if (old.length > MOST_LINES || now.length > MOST_LINES) return [{ start, removed: old, added: now }];
  /** The length of the longest common subsequence of what begins at these lines. */
  const common = Array.from({ length: old.length + 1 }, () => new Array<number>(now.length + 1).fill(0));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const length = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
      (common[i] as number[])[j] = length;
    }
  }
  const found: { start: number; removed: string[]; added: string[] }[] = [];
  let open = false;
  const change = (i: number): { removed: string[]; added: string[] } => {
    if (!open) found.push({ start: start + i, removed: [], added: [] });
    open = true;
    return found.at(-1) as { removed: string[]; added: string[] };
  };
  for (let i = 0, j = 0; i < old.length || j < now.length; ) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      open = false;
      i++;
      j++;
    } else if (j === now.length || (i < old.length && at(i + 1, j) >= at(i, j + 1))) {
      change(i).removed.push(old[i++] as string);
    } else change(i).added.push(now[j++] as string);
  }
  return found;
}

function intoHunks(all: readonly Change[]): Change[][] {
  const hunks: Change[][] = [];
  for (const change of all) {
    const last = hunks.at(-1)?.at(-1);
    if (last !== undefined && change.start - (last.start + last.removed.length) <= 2 * CONTEXT)
      hunks.at(-1)?.push(change);
    else hunks.push([change]);
  }
  return hunks;
}

function renderHunk(lines: readonly string[], hunk: readonly Change[], shift: number, style: Style): string {
  const first = hunk[0] as Change;
  const last = hunk.at(-1) as Change;
  const from = Math.max(0, first.start - CONTEXT);
  const to = Math.min(lines.length, last.start + last.removed.length + CONTEXT);
  const grown = hunk.reduce((sum, { removed, added }) => sum + added.length - removed.length, 0);
  const range = (start: number, length: number): string => `${length === 0 ? start : start + 1},${length}`;
  let text = `${style.info(`@@ -${range(from, to - from)} +${range(from + shift, to - from + grown)} @@`)}\n`;
  let at = from;
  for (const { start, removed, added } of hunk) {
    text += lines
      .slice(at, start)
      .map((line) => shown(' ', line))
      .join('');
    text += removed.map((line) => shown('-', line, style.error)).join('');
    text += added.map((line) => shown('+', line, style.good)).join('');
    at = start + removed.length;
  }
  return (
    text +
    lines
      .slice(at, to)
      .map((line) => shown(' ', line))
      .join('')
  );
}

function shown(sign: string, line: string, colour: (text: string) => string = (same) => same): string {
  const body = line.endsWith('\n') ? line.slice(0, -1) : line;
  return `${colour(sign + body)}\n${line.endsWith('\n') ? '' : '\\ No newline at end of file\n'}`;
}
