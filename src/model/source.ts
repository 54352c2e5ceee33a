/**
 * Where an object came from, and diagnostics about it.
 *
 * The model layer does no IO and knows no file format: whoever read an object attaches an {@link ObjectSource},
 * which answers "where is this field?" and may compute the answer only when asked.
 */

/** Steps from the root of an object to a field: keys and list indexes. `['spec', 'ingress', 0, 'from']`. */
export type FieldPath = readonly (string | number)[];

/** A place in a text. `line` and `column` count from 1; a column is a UTF-16 code unit. */
export interface SourcePosition {
  /** The file as the user named it (`-` for standard input). */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A place in a text with what is needed to draw the line and a caret under it. */
export interface SourceSpan extends SourcePosition {
  /** UTF-16 code units that the caret should underline, at least 1, never past the end of the line. */
  readonly length: number;
  /** The text of the line, without its line break. */
  readonly lineText: string;
}

/** The text an object was read from. Positions may be computed lazily: call {@link locate} only for what is shown. */
export interface ObjectSource {
  readonly file: string;
  /** Where the object begins; costs nothing. */
  readonly start: SourcePosition;
  /**
   * The place of a field. When the path does not exist in the text (a defaulted or missing field), the nearest
   * ancestor that does is answered, the object itself at last.
   * @param at `key` points at the field's name, `value` (the default) at its value. For list items both are the item.
   */
  locate(path: FieldPath, at?: 'key' | 'value'): SourceSpan;
}

export type Severity = 'error' | 'warning' | 'info';

/** Names an object in messages. Cluster-scoped objects have no namespace. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** One problem of the input, as a value: diagnostics are collected, never thrown. */
export interface Diagnostic {
  /** Stable kebab-case id, such as `unknown-field` or `yaml-syntax`. */
  readonly code: string;
  readonly severity: Severity;
  /** One line that says what is wrong, without path or position. */
  readonly message: string;
  /** What to do about it, where that is known. */
  readonly help?: string;
  readonly object?: ObjectRef;
  /** The field, as {@link formatPath} writes it. */
  readonly path?: string;
  readonly source?: SourceSpan | SourcePosition;
}

/** Writes a path as the API server does: `spec.ingress[0].ports[0].port`. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
  return text;
}
