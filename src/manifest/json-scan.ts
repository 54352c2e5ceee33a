import { isSpace } from './text-file.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** The first offset from `at` on that is not white space. */
export function skipSpace(text: string, at: number): number {
  let i = at;
  while (isSpace(text.charCodeAt(i))) i++;
  return i;
}

/** The offset behind the string whose opening quote is at `at`; -1 when it does not end. */
export function skipString(text: string, at: number): number {
  let quote = text.indexOf('"', at + 1);
  while (quote >= 0) {
    let before = quote - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((quote - before) % 2 === 1) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return -1;
}

/** The offset behind the value at `at`, judged by brackets and quotes alone; -1 when it does not end before `end`. */
export function skipValue(text: string, at: number, end: number): number {
  let depth = 0;
  let i = at;
  while (i < end) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = skipString(text, i);
      if (i < 0 || i > end) return -1;
      if (depth === 0) return i;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      depth++;
      i++;
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      if (depth === 0) return i;
      depth--;
      i++;
      if (depth === 0) return i;
    } else if (depth === 0 && (isSpace(code) || code === COMMA || code === COLON)) {
      return i;
    } else i++;
  }
  return depth === 0 ? i : -1;
}

/** What one pass over JSON text tells without parsing it. */
export interface JsonShape {
  /** Colons outside strings: the number of keys as written, duplicates included. */
  readonly keys: number;
  /** Lists and objects inside each other. */
  readonly depth: number;
}

/** Counts keys and depth in one pass; right for JSON, meaningless for other text. */
export function jsonShape(text: string, start: number, end: number): JsonShape {
  let keys = 0;
  let depth = 0;
  let deepest = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = skipString(text, i) - 1;
      if (i < 0) break;
    } else if (code === COLON) keys++;
    else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      if (++depth > deepest) deepest = depth;
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) depth--;
  }
  return { keys, depth: deepest };
}

/** A member of an object or list in JSON text. */
export interface JsonMember {
  /** The key, or the index in a list. */
  readonly step: string | number;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * Calls `visit` for each member of the object or list at `at`, in the order of the text, nested values skipped over.
 * The text must be valid JSON. Nothing is visited in a scalar.
 */
export function eachMember(text: string, at: number, visit: (member: JsonMember) => void): void {
  const isList = text.charCodeAt(at) === OPEN_LIST;
  if (!isList && text.charCodeAt(at) !== OPEN_OBJECT) return;
  let i = skipSpace(text, at + 1);
  for (let index = 0; i < text.length; index++) {
    const first = text.charCodeAt(i);
    if (first === CLOSE_LIST || first === CLOSE_OBJECT) return;
    const keyStart = i;
    let step: string | number = index;
    let keyEnd = i;
    if (!isList) {
      keyEnd = skipString(text, i);
      step = stringValue(text, keyStart, keyEnd);
      i = skipSpace(text, skipSpace(text, keyEnd) + 1);
    }
    const valueStart = i;
    const valueEnd = skipValue(text, i, text.length);
    visit({ step, keyStart, keyEnd: isList ? valueEnd : keyEnd, valueStart, valueEnd });
    i = skipSpace(text, valueEnd);
    if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1);
  }
}

function stringValue(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  return raw.includes('\\') ? String(JSON.parse(text.slice(start, end))) : raw;
}
