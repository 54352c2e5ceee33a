import { say } from '../model/say.ts';
import type { Problem } from './document.ts';
import type { Extent } from './text-file.ts';

/**
 * Bounds that keep hostile or damaged input from exhausting memory or the stack. Passing one yields a diagnostic and
 * drops the document concerned, never the rest of the input.
 */
export interface Limits {
  /** UTF-16 units of one YAML document; a longer one is not parsed (`too-large`). JSON may be as long as a string can be. */
  readonly documentLength: number;
  /** Lexical tokens of YAML that is parsed in one go: a document, or an item of a split List (`too-large`). */
  readonly yamlTokens: number;
  /** Lists and mappings inside each other (`too-deep`). Aliases count with what they stand for. */
  readonly depth: number;
  /** Values that the aliases of one document stand for, nested ones multiplied out (`alias-expansion`). */
  readonly aliasNodes: number;
  /** Diagnostics of one kind that one document may yield; the rest is counted in a last one. */
  readonly diagnosticsPerDocument: number;
  /** Documents and list items of one file that are no objects and told apart; the rest is counted in a last diagnostic. */
  readonly unreadablePerFile: number;
}

/** The bounds used where the caller gives none. An object in a real cluster is below 2 MiB and 100 levels. */
export const DEFAULT_LIMITS: Limits = {
  documentLength: 64 * 1024 * 1024,
  yamlTokens: 2_000_000,
  depth: 250,
  aliasNodes: 1_000_000,
  diagnosticsPerDocument: 20,
  unreadablePerFile: 1000,
};

/** The problem of a document whose lists and mappings are nested beyond the limit. */
export function tooDeep(extent: Extent, limits: Limits): Problem {
  return { code: 'too-deep', message: say`nested more than ${limits.depth} levels deep`, extent };
}

/** The problem of a document beyond a limit of size. */
export function tooLarge(extent: Extent, limit: string): Problem {
  const help = say`split it into documents with \`---\`, or give the objects as a JSON List`;
  return { code: 'too-large', message: say`this document is larger than ${limit}`, help, extent };
}
