/** Text for terminals and markup: what is shown of foreign characters, and how many cells it takes. */

// C0 and C1 controls, line separators, bidirectional overrides, zero-width characters and the byte order mark.
const UNSAFE =
  /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const ZERO = /\p{Mn}|\p{Me}/u;
// The common case: text of one cell for each code unit.
const ASCII = /^[\x20-\x7e]*$/;

/**
 * Text that cannot move the cursor, recolour the terminal or hide itself: control and invisible formatting characters
 * are written as `\x1b` or `\u202e`. Tabs and line breaks too: the answer is one line.
 */
export function visible(text: string): string {
  if (ASCII.test(text)) return text;
  return text.replace(UNSAFE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (char === '\t') return '\\t';
    if (char === '\n') return '\\n';
    if (char === '\r') return '\\r';
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Terminal cells that a text without control characters takes: two for wide characters, none for combining marks. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** Terminal cells of one code point. */
export function charWidth(char: string): number {
  return ZERO.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
}

/** Fills a text with spaces up to `width` cells; a longer text stays as it is. */
export function padCells(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** `1 error`, `2 errors`; `entry`, `entries` where the plural is irregular. */
export function count(number: number, singular: string, plural: string = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

/** Text for an element or attribute: nothing in it can end either. */
export function escapeXml(text: string): string {
  return visible(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
