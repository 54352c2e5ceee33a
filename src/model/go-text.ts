/**
 * Strings as the API server, a Go program, measures, orders and prints them.
 *
 * Go strings are UTF-8. A lone surrogate cannot occur in one: JSON decoding replaces it by U+FFFD, and so do these
 * functions.
 */

/** The length of a string in UTF-8 bytes, which is what Go's `len` counts. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes += 1;
    } else if (unit >= 0xd800 && unit <= 0xdbff && isLowSurrogate(text.charCodeAt(index + 1))) {
      bytes += 2; // four bytes for two units
      index++;
    } else {
      bytes += 2;
    }
  }
  return bytes;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** Go's `IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** A string in double quotes as Go's `%q` prints it: printable characters as they are, all others escaped. */
export function goQuote(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  let quoted = '';
  for (const character of wellFormed(text)) {
    quoted += SHORT_ESCAPES[character] ?? (PRINTABLE.test(character) ? character : escapeCodePoint(character));
  }
  return `"${quoted}"`;
}

function escapeCodePoint(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  if (codePoint < 0x20 || codePoint === 0x7f) return `\\x${hex(codePoint, 2)}`;
  return codePoint < 0x10000 ? `\\u${hex(codePoint, 4)}` : `\\U${hex(codePoint, 8)}`;
}

/** A value as Go's `json.Marshal` prints it: compact, with `<`, `>`, `&`, U+2028 and U+2029 escaped in strings. */
export function goJson(value: unknown): string {
  const escaped = (character: string): string => `\\u${hex(character.charCodeAt(0), 4)}`;
  // Lone surrogates leave JSON.stringify as escapes; in Go they are U+FFFD already.
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'string' ? wellFormed(item) : item)).replace(
    /[<>&\u2028\u2029]/g,
    escaped,
  );
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, '\ufffd');
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
