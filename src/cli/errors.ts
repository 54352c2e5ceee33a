/** Exit codes of every command. */
export const EXIT = { ok: 0, negative: 1, usage: 2 } as const;

/** The command line, or what it names, is wrong: one sentence for the user and exit code 2. */
export class UsageError extends Error {
  readonly code = 'usage';
  /** Further lines: suggestions, what to do instead. */
  readonly hints: readonly string[];

  constructor(message: string, hints: readonly string[] = []) {
    super(message);
    this.name = 'UsageError';
    this.hints = hints;
  }
}

/** Standard output could not be written for another reason than a reader that went away. */
export class OutputError extends Error {
  readonly code = 'output';

  constructor(cause: Error) {
    super(`cannot write the output: ${cause.message}`, { cause });
    this.name = 'OutputError';
  }
}

/** `did you mean shop/cart?` as a list of hints: empty when nothing is near. */
export function didYouMean(names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`did you mean ${names.join(' or ')}?`];
}
