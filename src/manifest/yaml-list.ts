import type { Extent } from './text-file.ts';

/** A List document cut into its items and what is around them. */
export interface ListCut {
  /** From the start of the document through the line `items:` and the comments after it. */
  readonly head: Extent;
  /** Each from its `-` line to the next; parsed alone, an item is a sequence of one. */
  readonly items: readonly Extent[];
  /** What follows the items; may be empty. */
  readonly tail: Extent;
}

const DASH = 45;
const HASH = 35;

/**
 * Cuts a document at the items of its top-level `items:` sequence, by indentation alone. In YAML no line of an item
 * is indented as little as its `-`, comments and blank lines aside, so the cut is right for every document whose parts
 * then parse without error; an unclosed quote or bracket makes a part fail, and the caller reads the whole instead.
 * @returns undefined when the document has another shape
 */
export function cutList(text: string, document: Extent): ListCut | undefined {
  if (text.startsWith('%', document.start)) return undefined;
  const first = itemsLine(text, document);
  if (first === undefined) return undefined;
  const starts: number[] = [];
  let indent = -1;
  let tail = document.end;
  for (let line = first; line < document.end; line = nextLine(text, line, document.end)) {
    let at = line;
    while (text.charAt(at) === ' ') at++;
    const column = at - line;
    const code = text.charCodeAt(at);
    if (at >= document.end || /[\r\n]/.test(text.charAt(at)) || code === HASH) continue;
    const item = code === DASH && /\s/.test(text.charAt(at + 1));
    if (indent < 0) {
      if (!item) return undefined;
      indent = column;
    }
    if (column > indent) continue;
    if (item && column === indent) starts.push(line);
    else if (column === 0) {
      tail = line;
      break;
    } else return undefined;
  }
  const [head] = starts;
  if (head === undefined) return undefined;
  const items = starts.map((start, index) => ({ start, end: starts[index + 1] ?? tail }));
  return { head: { start: document.start, end: head }, items, tail: { start: tail, end: document.end } };
}

/** The offset of the line after the first line `items:` at the left margin. */
function itemsLine(text: string, document: Extent): number | undefined {
  const key = '\nitems:';
  const at = text.startsWith('items:', document.start) ? document.start - 1 : text.indexOf(key, document.start);
  if (at + key.length > document.end || (at < 0 && document.start > 0)) return undefined;
  const line = nextLine(text, at + 1, document.end);
  const rest = text.slice(at + key.length, line);
  return /^[ ]*(?:#.*)?\r?\n?$/.test(rest) && text.startsWith('items:', at + 1) ? line : undefined;
}

function nextLine(text: string, at: number, end: number): number {
  const lf = text.indexOf('\n', at);
  return lf < 0 || lf >= end ? end : lf + 1;
}
