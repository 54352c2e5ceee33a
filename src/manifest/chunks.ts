import { type Extent, isSpace } from './text-file.ts';

const HASH = 35;
const PERCENT = 37;

/**
 * Cuts a stream at its document markers, lines that begin with `---` or `...`, without parsing: YAML lets no scalar
 * contain such a line, so a broken document cannot swallow the next one. A `---` belongs to the document it begins, a
 * `...` to none; directives (`%YAML`) stay with the document they precede. Parts without content are left out.
 */
export function* splitDocuments(text: string): Generator<Extent> {
  let start = 0;
  for (const marker of markers(text)) {
    const ends = text.startsWith('...', marker);
    if (!ends && onlyDirectives(text, start, marker)) continue;
    if (hasContent(text, start, marker)) yield { start, end: marker };
    start = ends ? marker + 3 : marker;
  }
  if (hasContent(text, start, text.length)) yield { start, end: text.length };
}

function* markers(text: string): Generator<number> {
  let dashes = nextMarker(text, '---', 0);
  let dots = nextMarker(text, '...', 0);
  while (dashes < text.length || dots < text.length) {
    if (dashes < dots) {
      yield dashes;
      dashes = nextMarker(text, '---', dashes + 3);
    } else {
      yield dots;
      dots = nextMarker(text, '...', dots + 3);
    }
  }
}

/** The next line from `from` on that is a marker; the length of the text when there is none. */
function nextMarker(text: string, marker: string, from: number): number {
  const ends = (after: number): boolean => after >= text.length || isSpace(text.charCodeAt(after));
  if (from === 0 && text.startsWith(marker) && ends(marker.length)) return 0;
  const line = `\n${marker}`;
  for (let at = text.indexOf(line, from); at >= 0; at = text.indexOf(line, at + 1)) {
    if (ends(at + line.length)) return at + 1;
  }
  return text.length;
}

/** The offset of the first character that is neither blank, comment nor `---`; `end` when there is none. */
export function contentStart(text: string, start: number, end: number): number {
  let at = start;
  if (text.startsWith('---', at) && (at + 3 >= end || isSpace(text.charCodeAt(at + 3)))) at += 3;
  return skipComments(text, at, end);
}

function skipComments(text: string, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === HASH) {
      const lineEnd = text.indexOf('\n', at);
      at = lineEnd < 0 ? end : lineEnd;
    } else if (!isSpace(code)) return at;
    else at++;
  }
  return end;
}

function hasContent(text: string, start: number, end: number): boolean {
  return contentStart(text, start, end) < end;
}

function onlyDirectives(text: string, start: number, end: number): boolean {
  let at = skipComments(text, start, end);
  if (at >= end) return false;
  while (at < end) {
    if (text.charCodeAt(at) !== PERCENT) return false;
    const lineEnd = text.indexOf('\n', at);
    at = skipComments(text, lineEnd < 0 ? end : lineEnd, end);
  }
  return true;
}
