import { goJson, goQuote } from '../go-text.ts';
import { type Diagnostic, type FieldPath, formatPath, type ObjectRef, type ObjectSource } from '../source.ts';

/** Collects the server's errors and warnings about one object, in order. */
export class FieldErrors {
  readonly errors: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  readonly #object: ObjectRef | undefined;
  readonly #source: ObjectSource | undefined;

  constructor(object: ObjectRef | undefined, source: ObjectSource | undefined) {
    this.#object = object;
    this.#source = source;
  }

  /**
   * `Invalid value: …`.
   * @param value strings are quoted as Go's `%q`, numbers stand plain, all else is JSON; a typed string of Go, such as
   * an operator, is JSON too: see {@link jsonValue}
   */
  invalid(path: FieldPath, value: unknown, detail: string): void {
    this.error('invalid', path, `Invalid value: ${badValue(value)}: ${detail}`);
  }

  /** One {@link invalid} for each message. */
  invalidEach(path: FieldPath, value: unknown, details: readonly string[]): void {
    for (const detail of details) this.invalid(path, value, detail);
  }

  /** `Unsupported value: …: supported values: …`, for a typed string of Go. */
  unsupported(path: FieldPath, value: string, supported: readonly string[]): void {
    const list = supported.map(goQuote).join(', ');
    this.error('unsupported', path, `Unsupported value: ${goJson(value)}: supported values: ${list}`);
  }

  /** `Required value`, with what is wanted where the server says it. */
  required(path: FieldPath, detail = ''): void {
    this.error('required', path, detail === '' ? 'Required value' : `Required value: ${detail}`);
  }

  /** `Forbidden: …`; the value is not printed. */
  forbidden(path: FieldPath, detail: string): void {
    this.error('forbidden', path, `Forbidden: ${detail}`);
  }

  /** `Too long: …`; the value is not printed. */
  tooLong(path: FieldPath, bytes: number): void {
    this.error('too-long', path, `Too long: may not be more than ${bytes} bytes`);
  }

  /** A warning, which the server sends beside its answer. */
  warn(code: string, path: FieldPath, message: string): void {
    this.warnings.push(this.#diagnostic(code, 'warning', path, message));
  }

  /**
   * An error in words of its own.
   * @param path empty for the object itself
   * @param at what the position should be that of, when not `path`
   */
  error(code: string, path: FieldPath, message: string, at: FieldPath = path): void {
    this.errors.push(this.#diagnostic(code, 'error', path, message, at));
  }

  #diagnostic(
    code: string,
    severity: 'error' | 'warning',
    path: FieldPath,
    message: string,
    at: FieldPath = path,
  ): Diagnostic {
    return {
      code,
      severity,
      message,
      ...(this.#object === undefined ? {} : { object: this.#object }),
      ...(path.length === 0 ? {} : { path: formatPath(path) }),
      ...(this.#source === undefined ? {} : { source: this.#source.locate(at) }),
    };
  }
}

/** A bad value that the server prints as JSON although it looks like a string. */
export interface JsonValue {
  readonly json: string;
}

/** Marks a string whose Go type is not plain `string`: the server prints it as JSON. They differ in odd characters only. */
export function jsonValue(value: string): JsonValue {
  return { json: goJson(value) };
}

function badValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value);
  if (typeof value === 'object' && value !== null && 'json' in value && typeof value.json === 'string')
    return value.json;
  return goJson(value);
}

/** The server's line for a diagnostic of a field: `path: message`. */
export function fieldErrorText(diagnostic: Diagnostic): string {
  return diagnostic.path === undefined ? diagnostic.message : `${diagnostic.path}: ${diagnostic.message}`;
}
