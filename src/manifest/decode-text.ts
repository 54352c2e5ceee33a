import type { Diagnostic } from '../model/source.ts';

/** The text of an input, or why there is none. */
export type DecodedText = { readonly text: string } | { readonly diagnostic: Diagnostic };

/**
 * Turns the content of an input into text: UTF-8, or UTF-16 when a byte order mark says so. The byte order mark is cut
 * off, and a lone carriage return becomes a line feed (both end a line; offsets do not change).
 * NUL characters mean a binary file (`binary`); bytes that are not in the encoding are refused at their place
 * (`encoding`).
 */
export function decodeText(name: string, content: string | Uint8Array): DecodedText {
  const decoded = typeof content === 'string' ? { text: content } : decodeBytes(name, content);
  if ('diagnostic' in decoded) return decoded;
  let { text } = decoded;
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    const help = 'portcullis reads YAML and JSON in UTF-8, or in UTF-16 with a byte order mark';
    return { diagnostic: textDiagnostic(name, 'binary', 'this is a binary file, not text', help, text.slice(0, nul)) };
  }
  if (text.includes('\r')) text = text.replace(/\r(?!\n)/g, '\n');
  return { text };
}

function decodeBytes(name: string, bytes: Uint8Array): DecodedText {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return decodeUtf16(name, bytes, 'utf-16le');
  if (first === 0xfe && second === 0xff) return decodeUtf16(name, bytes, 'utf-16be');
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const before = validPrefix(bytes);
    if (bytes.includes(0)) {
      return { diagnostic: textDiagnostic(name, 'binary', 'this is a binary file, not text', undefined, '') };
    }
    const help = 'save the file as UTF-8';
    return { diagnostic: textDiagnostic(name, 'encoding', 'this byte is not part of any UTF-8 text', help, before) };
  }
}

/** Half a character, at the end of a file that was cut off or anywhere, is no text: what it was is unknown. */
function decodeUtf16(name: string, bytes: Uint8Array, encoding: 'utf-16le' | 'utf-16be'): DecodedText {
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
  } catch {
    const text = new TextDecoder(encoding).decode(bytes);
    const before = text.slice(0, Math.max(0, text.indexOf('\ufffd')));
    const help = 'the file may have been cut off; save it as UTF-8';
    return { diagnostic: textDiagnostic(name, 'encoding', 'this is only part of a UTF-16 character', help, before) };
  }
}

/** The text before the first byte that is not UTF-8. */
function validPrefix(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(bytes);
  const encoder = new TextEncoder();
  for (let at = text.indexOf('\ufffd'); at >= 0; at = text.indexOf('\ufffd', at + 1)) {
    const length = encoder.encode(text.slice(0, at)).length;
    const genuine = bytes[length] === 0xef && bytes[length + 1] === 0xbf && bytes[length + 2] === 0xbd;
    if (!genuine) return text.slice(0, at);
  }
  return text;
}

function textDiagnostic(
  name: string,
  code: string,
  message: string,
  help: string | undefined,
  before: string,
): Diagnostic {
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  const source = { file: name, line, column: before.length - lineStart + 1 };
  return { code, severity: 'error', message, ...(help === undefined ? {} : { help }), source };
}
