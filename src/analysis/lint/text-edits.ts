import type { FieldPath, ObjectSource } from '../../model/source.ts';
import type { Fix } from './finding.ts';

/** Replaces `[start, end)` of a text; offsets are UTF-16 code units. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A text whose lines can be found by number. */
export class LinedText {
  readonly text: string;
  readonly #starts: readonly number[];

  constructor(text: string) {
    this.text = text;
    const starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
  }

  get lines(): number {
    return this.#starts.length;
  }

  /** Where a line begins; the end of the text for one past the last. */
  start(line: number): number {
    return this.#starts[line] ?? this.text.length;
  }

  /** A line without its line break. */
  line(line: number): string {
    return this.text.slice(this.start(line), this.start(line + 1)).replace(/\r?\n$/, '');
  }

  /** The offset of a field, or undefined where the text is not the one that the object was read from. */
  offsetOf(source: ObjectSource, path: FieldPath): number | undefined {
    const { line, column, lineText } = source.locate(path);
    return this.line(line - 1) === lineText ? this.start(line - 1) + column - 1 : undefined;
  }
}

/**
 * The change of a text that a fix stands for. It covers what must change and nothing else, so that comments and layout
 * stay as they are. Undefined where the text is written in a way in which that is not certain.
 */
export function editFor(text: LinedText, source: ObjectSource, fix: Fix): TextEdit | undefined {
  const start = text.offsetOf(source, fix.path);
  if (start === undefined) return undefined;
  switch (fix.type) {
    case 'set':
      return setScalar(text, source, start, fix.path, fix.value);
    case 'insert':
      return insertField(text, start, fix.field, fix.value);
    case 'remove':
      return removeItem(text, start);
  }
}

function setScalar(
  { text }: LinedText,
  source: ObjectSource,
  start: number,
  path: FieldPath,
  value: string,
): TextEdit | undefined {
  const end = start + source.locate(path).length;
  const written = text.slice(start, end);
  const quote = /^(["']).*\1$/.exec(written)?.[1] ?? (/^:|:$/.test(value) ? '"' : '');
  // A tag, an anchor or an alias: not the text of the value.
  if (/^[&*!|>]/.test(written)) return undefined;
  return { start, end, text: `${quote}${value}${quote}` };
}

/** A field before the first of its mapping, which is written like this one. */
function insertField(text: LinedText, start: number, field: string, value: readonly string[]): TextEdit | undefined {
  const first = text.text.charAt(start);
  if (first === '{') {
    const after = text.text.slice(start + 1);
    const json = /^\s*"/.test(after);
    const list = json ? JSON.stringify(value) : `[${value.join(', ')}]`;
    const separator = /^\s*\}/.test(after) ? '' : ',';
    // Where the next field begins on a line of its own, so does this one.
    const gap = /^\s*/.exec(after)?.[0] ?? '';
    const filler = separator === '' ? '' : gap === '' ? (json ? '' : ' ') : '';
    const name = json ? `${JSON.stringify(field)}:${gap === '' ? '' : ' '}` : `${field}: `;
    return { start: start + 1, end: start + 1, text: `${gap}${name}${list}${separator}${filler}` };
  }
  const lineStart = text.text.lastIndexOf('\n', start - 1) + 1;
  const indent = text.text.slice(lineStart, start);
  if (!/^ *$/.test(indent) || !/[\w"']/.test(first)) return undefined;
  const lineBreak = text.text.includes('\r\n') ? '\r\n' : '\n';
  // Above the comments that belong to the field that was first.
  let line = lineOf(text, start);
  while (line > 0 && /^\s*#/.test(text.line(line - 1))) line--;
  const at = text.start(line);
  return { start: at, end: at, text: `${indent}${field}: [${value.join(', ')}]${lineBreak}` };
}

/** An item of a list: the lines of a block sequence's item, or what stands between two commas. */
function removeItem(text: LinedText, start: number): TextEdit | undefined {
  const lineStart = text.text.lastIndexOf('\n', start - 1) + 1;
  const before = text.text.slice(lineStart, start);
  if (/^ *- +$/.test(before)) return removeBlockItem(text, lineStart, before.indexOf('-'));
  return removeFlowItem(text.text, start);
}

function removeBlockItem(text: LinedText, start: number, dash: number): TextEdit {
  let line = lineOf(text, start);
  let last = line;
  for (line++; line < text.lines; line++) {
    const content = text.line(line);
    const indent = content.search(/\S/);
    if (indent === -1) continue;
    if (indent <= dash) break;
    // Comments behind the item are left for what follows.
    if (!content.slice(indent).startsWith('#')) last = line;
  }
  return { start, end: text.start(last + 1), text: '' };
}

function lineOf(text: LinedText, offset: number): number {
  let low = 0;
  for (let high = text.lines - 1; low < high; ) {
    const middle = (low + high + 1) >> 1;
    if (text.start(middle) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function removeFlowItem(text: string, start: number): TextEdit | undefined {
  const end = flowEnd(text, start);
  if (end === undefined) return undefined;
  const following = /^\s*,\s*/.exec(text.slice(end));
  if (following !== null) return { start, end: end + following[0].length, text: '' };
  const preceding = /\s*,\s*$/.exec(text.slice(0, start));
  return preceding === null ? undefined : { start: start - preceding[0].length, end, text: '' };
}

/** The end of a value in flow style: brackets count, unless in quotes. */
function flowEnd(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"' || character === "'") {
      const closing = closingQuote(text, at, character);
      if (closing === undefined) return undefined;
      at = closing;
    } else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (character === '#' && /\s/.test(text.charAt(at - 1))) return undefined;
    else if (depth === 0 && (character === ',' || character === '\n')) return at;
  }
  return undefined;
}

function closingQuote(text: string, start: number, quote: string): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) === '\\' && quote === '"') at++;
    else if (text.charAt(at) === quote) return at;
  }
  return undefined;
}
