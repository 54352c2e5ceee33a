import { say } from '../say.ts';
import { type Diagnostic, formatPath, type ObjectRef, type ObjectSource, type Severity } from '../source.ts';
import { FieldErrors } from '../validate/field-errors.ts';

/** What {@link DecodeContext.report} says beyond code and message. */
export interface ReportExtras {
  readonly severity?: Severity;
  readonly help?: string | undefined;
  /** Point at the field's name instead of its value. */
  readonly at?: 'key' | 'value';
}

/**
 * The state of decoding one object: where the reader is, and what it found wrong. Costs nothing but a path stack
 * until something is reported.
 */
export class DecodeContext {
  /** Where the reader is; pushed and popped by the combinators. */
  readonly path: (string | number)[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly strict: boolean;
  /** Whether an error was reported: the object is then dropped. */
  failed = false;
  readonly #object: () => ObjectRef | undefined;
  readonly #source: ObjectSource | undefined;

  /** @param object names the object, asked for only when there is something to report. */
  constructor(object: () => ObjectRef | undefined, source: ObjectSource | undefined, strict: boolean) {
    this.#object = object;
    this.#source = source;
    this.strict = strict;
  }

  /** Reports a problem at the current path, an error unless `extras` says otherwise. */
  report(code: string, message: string, extras: ReportExtras = {}): void {
    const severity = extras.severity ?? 'error';
    if (severity === 'error') this.failed = true;
    const object = this.#object();
    this.diagnostics.push({
      code,
      severity,
      message,
      ...(extras.help === undefined ? {} : { help: extras.help }),
      ...(object === undefined ? {} : { object }),
      ...(this.path.length === 0 ? {} : { path: formatPath(this.path) }),
      ...(this.#source === undefined ? {} : { source: this.#source.locate([...this.path], extras.at ?? 'value') }),
    });
  }

  /** Takes over what a check finds that speaks as the server's validation does; its paths begin at the object. */
  check(action: (errors: FieldErrors) => void): void {
    const errors = new FieldErrors(this.#object(), this.#source);
    action(errors);
    this.diagnostics.push(...errors.errors, ...errors.warnings);
    if (errors.errors.length > 0) this.failed = true;
  }

  /** The current path, as {@link formatPath} writes it. */
  pathText(): string {
    return formatPath(this.path);
  }

  /** Runs `action` one or more steps further down. */
  at<T>(steps: readonly (string | number)[], action: () => T): T {
    this.path.push(...steps);
    const result = action();
    this.path.length -= steps.length;
    return result;
  }

  /** Reports a missing field, unless it or what it stands in was found wrong already. */
  required(steps: readonly (string | number)[], detail = ''): void {
    this.at(steps, () => {
      const text = this.pathText();
      const known = this.diagnostics.some(
        ({ path, severity }) =>
          severity === 'error' &&
          path !== undefined &&
          (path === text || /^[.[]/.test(text.slice(path.length))) &&
          text.startsWith(path),
      );
      if (!known) this.report('required', detail === '' ? 'Required value' : `Required value: ${detail}`);
    });
  }

  /** Reports `expected string, got boolean true`. */
  wrongType(expected: string, value: unknown): void {
    this.report('wrong-type', say`expected ${expected}, got ${describeValue(value)}`, {
      help: quotingHelp(expected, value),
    });
  }
}

/** A value in a message: its type as YAML users call it, and the value itself where it is short. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'list';
  switch (typeof value) {
    case 'string':
      return `string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
    case 'object':
      return 'object';
    case 'number':
    case 'bigint':
    case 'boolean':
      return `${typeof value === 'boolean' ? 'boolean' : 'number'} ${value}`;
    default:
      return typeof value;
  }
}

function quotingHelp(expected: string, value: unknown): string | undefined {
  if (expected !== 'string') return undefined;
  if (typeof value === 'boolean') {
    return say`YAML reads yes, no, on, off, true and false as booleans: put the value in quotes`;
  }
  return typeof value === 'number' || typeof value === 'bigint' ? say`put the number in quotes` : undefined;
}
