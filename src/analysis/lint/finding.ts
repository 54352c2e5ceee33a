import type { Diagnostic, FieldPath, Severity } from '../../model/source.ts';
import type { KubeObject } from '../../model/types.ts';
import type { RuleId } from './rules.ts';

/**
 * One change of an object that cannot be wrong, as data. It is worked out on the text where it is applied.
 * - `set`: a field that is written gets another value
 * - `insert`: a field that is not written is added, first in the mapping at `path`; the object means the same as before
 * - `remove`: an item of a list goes; the list keeps others
 */
export type Fix =
  | { readonly type: 'set'; readonly path: FieldPath; readonly value: string }
  | { readonly type: 'insert'; readonly path: FieldPath; readonly field: string; readonly value: readonly string[] }
  | { readonly type: 'remove'; readonly path: FieldPath };

/** A fix with the object that it changes. */
export interface ObjectFix {
  readonly object: KubeObject;
  readonly fix: Fix;
}

/** A diagnostic whose `code` is the id of a rule. */
export interface Finding extends Diagnostic {
  readonly code: RuleId;
  /** Absent where what to change is for people to say. */
  readonly fix?: ObjectFix;
}

/** What a rule says of an object, before suppression and before its place is looked up. */
export interface Remark {
  readonly rule: RuleId;
  /** Absent for what no object could be made of. */
  readonly object?: KubeObject;
  readonly path: FieldPath;
  /** Point at the field's name instead of its value. */
  readonly at?: 'key' | 'value';
  readonly severity?: Severity;
  readonly message: string;
  readonly help?: string;
  readonly fix?: Fix;
  /** A diagnostic that says it already, with its own place. */
  readonly diagnostic?: Diagnostic;
}
