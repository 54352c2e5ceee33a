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

/** Edits as changes of whole lines; edits of the same or neighbouring lines are one change. */
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
    const last = edit.end > edit.start ? lineOf(edit.end - 1) : first;
    const block = blocks.at(-1);
    if (block !== undefined && first <= block.last + 1) {
      block.edits.push(edit);
      block.last = Math.max(block.last, last);
    } else blocks.push({ first, last, edits: [edit] });
  }
  return blocks.map(({ first, last, edits: own }) => {
    const from = starts[first] ?? text.length;
    const to = starts[last + 1] ?? text.length;
    let after = '';
    let at = from;
    for (const { start, end, text: replacement } of own) {
      after += text.slice(at, start) + replacement;
      at = end;
    }
    return trimmed(first, lines.slice(first, last + 1), linesOf(after + text.slice(at, to)));
  });
}

/** A change without the lines that are the same at its ends. */
function trimmed(start: number, removed: readonly string[], added: readonly string[]): Change {
  const most = Math.min(removed.length, added.length);
  let head = 0;
  while (head < most && removed[head] === added[head]) head++;
  let tail = 0;
  while (tail < most - head && removed.at(-1 - tail) === added.at(-1 - tail)) tail++;
  return {
    start: start + head,
    removed: removed.slice(head, removed.length - tail),
    added: added.slice(head, added.length - tail),
  };
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
