import { type Diagnostic, type FieldPath, formatPath, type ObjectRef, type ObjectSource } from '../model/source.ts';
import type { Locator, Note, Problem } from './document.ts';
import { quoteHelp } from './scalars.ts';
import type { TextFile } from './text-file.ts';

/** The source of an object in a text that is kept; fields are looked up when asked for. */
export class TextSource implements ObjectSource {
  readonly #file: TextFile;
  readonly #locator: Locator;

  constructor(file: TextFile, locator: Locator) {
    this.#file = file;
    this.#locator = locator;
  }

  get file(): string {
    return this.#file.name;
  }

  get start(): ReturnType<TextFile['position']> {
    return this.#file.position(this.#locator.start());
  }

  locate(path: FieldPath, at: 'key' | 'value' = 'value'): ReturnType<TextFile['span']> {
    return this.#file.span(this.#locator.find(path, at));
  }
}

/** Why a document could not be read, at its place. */
export function problemDiagnostic(file: TextFile, { code, message, help, extent }: Problem): Diagnostic {
  return { code, severity: 'error', message, ...(help === undefined ? {} : { help }), source: file.span(extent) };
}

/**
 * A remark about a document that was read.
 * @param path from the root of the object @param strict makes duplicate fields errors
 */
export function noteDiagnostic(
  file: TextFile,
  { code, message, help, extent }: Note,
  path: FieldPath,
  strict: boolean,
  object: ObjectRef | undefined,
): Diagnostic {
  const duplicate = code === 'duplicate-field';
  const text = formatPath(path);
  return {
    code,
    severity: duplicate && strict ? 'error' : 'warning',
    message: duplicate ? `${message} "${text}"` : message,
    ...(help === undefined ? {} : { help }),
    ...(object === undefined ? {} : { object }),
    ...(text === '' ? {} : { path: text }),
    source: file.span(extent),
  };
}

/** Where text was wanted and an unquoted YAML scalar is something else, says what to write. */
export function withQuoteHelp(diagnostic: Diagnostic): Diagnostic {
  const { code, message, source } = diagnostic;
  if (code !== 'wrong-type' || !/^expected [^,]*string/.test(message)) return diagnostic;
  if (source === undefined || !('lineText' in source)) return diagnostic;
  const start = source.column - 1;
  const help = quoteHelp(source.lineText.slice(start, start + source.length));
  return help === undefined ? diagnostic : { ...diagnostic, help };
}
