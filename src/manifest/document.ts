import type { FieldPath } from '../model/source.ts';
import type { Extent } from './text-file.ts';

/** A remark about a document that was read all the same; whether it matters depends on the object it is in. */
export interface Note {
  readonly code: 'duplicate-field' | 'yaml-1.1' | 'template';
  /** From the root of the document. */
  readonly path: FieldPath;
  readonly extent: Extent;
  /** For `duplicate-field` without the path, which depends on the object. */
  readonly message: string;
  readonly help?: string;
}

/** Why a document could not be read; the document is dropped. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
  readonly extent: Extent;
}

/** Finds the fields of one object in the text. Offsets are into the whole file. */
export interface Locator {
  /** Where the object begins. Cheap, or computed once for all items of a list. */
  start(): number;
  /** The place of a field, or of its nearest ancestor; see `ObjectSource.locate`. */
  find(path: FieldPath, at: 'key' | 'value'): Extent;
}

/** One document as read: a JSON-like value, and how to find its parts in the text again. */
export interface ParsedDocument {
  /** Aliases share what they stand for: treat as immutable. */
  readonly value: unknown;
  readonly notes: readonly Note[];
  /** Whether the text is JSON, where every scalar says what it is. */
  readonly json: boolean;
  /** The locator of the object at a path: the root `[]`, or an item of a list such as `['items', 3]`. */
  locator(path: FieldPath): Locator;
}

/** What became of one document. */
export type DocumentResult =
  | { readonly document: ParsedDocument }
  | { readonly problems: readonly Problem[]; readonly extent: Extent };

/** Whether a value is a JSON object: neither null nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
