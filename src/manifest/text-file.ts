import type { SourcePosition, SourceSpan } from '../model/source.ts';

/** A half-open range of UTF-16 offsets into the text of a file. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;

/** The text of one input; turns offsets into lines and columns, with an index built when first asked. */
export class TextFile {
  readonly name: string;
  readonly text: string;
  #lineStarts: number[] | undefined;

  /** @param text without byte order mark and with `\n` or `\r\n` as line ends. */
  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
  }

  /** Line and column of an offset, both from 1. */
  position(offset: number): SourcePosition {
    const line = this.#lineOf(offset);
    return { file: this.name, line: line + 1, column: offset - this.#lineStart(line) + 1 };
  }

  /**
   * The part of an extent on its first line, without trailing blanks. An empty extent, or one at a line's end,
   * becomes the last visible character before it, so that there is always something to underline.
   */
  span(extent: Extent): SourceSpan {
    const { text } = this;
    const line = this.#lineOf(Math.min(extent.start, text.length));
    const from = this.#lineStart(line);
    const next = this.#starts()[line + 1];
    let to = next === undefined ? text.length : next - 1;
    if (to > from && text.charCodeAt(to - 1) === CR) to--;
    let visible = to;
    while (visible > from && isBlank(text.charCodeAt(visible - 1))) visible--;
    const start = Math.max(from, Math.min(extent.start, visible - 1));
    const end = Math.max(start + 1, Math.min(extent.end, visible));
    return {
      file: this.name,
      line: line + 1,
      column: start - from + 1,
      length: end - start,
      lineText: text.slice(from, to),
    };
  }

  #lineStart(line: number): number {
    return this.#starts()[line] ?? 0;
  }

  #lineOf(offset: number): number {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #starts(): number[] {
    if (this.#lineStarts === undefined) {
      const starts = [0];
      for (let i = this.text.indexOf('\n'); i >= 0; i = this.text.indexOf('\n', i + 1)) starts.push(i + 1);
      this.#lineStarts = starts;
    }
    return this.#lineStarts;
  }
}

/** Whether a UTF-16 unit is a space or a tab. */
export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Whether a UTF-16 unit is a space, a tab or part of a line end. */
export function isSpace(code: number): boolean {
  return code === SPACE || code === LF || code === CR || code === TAB;
}
