import { createHash } from 'node:crypto';
import type { Diagnostic } from '../../model/source.ts';
import { compareCodePoints } from '../../model/text.ts';

/** Where the input comes from. */
export type InputMode = 'files' | 'cluster' | 'empty';

/** A text of the input. */
export interface InputFile {
  readonly name: string;
  readonly text: string;
  /** Of the name and text; equal digests mean equal files. */
  readonly digest: string;
}

/** The input at one moment. */
export interface InputState {
  /** Counts the changes. */
  readonly version: number;
  /** Of all files together. */
  readonly digest: string;
  /** False until everything has been read once. */
  readonly synced: boolean;
  /** By name. */
  readonly files: readonly InputFile[];
  /** What could not be read. */
  readonly problems: readonly Diagnostic[];
}

/** A file with its digest. */
export function inputFile(name: string, text: string): InputFile {
  return { name, text, digest: digestOf(name, text) };
}

/** The input as it is now, and word of every change. */
export class LiveInput {
  readonly mode: InputMode;
  #state: InputState;
  readonly #listeners = new Set<(state: InputState) => void>();

  constructor(mode: InputMode) {
    this.mode = mode;
    this.#state = { version: 0, digest: digestOf(), synced: mode === 'empty', files: [], problems: [] };
  }

  get state(): InputState {
    return this.#state;
  }

  /** Takes a new state; tells about it when something is different. */
  update(given: readonly InputFile[], problems: readonly Diagnostic[], synced: boolean): void {
    const files = [...given].sort((a, b) => compareCodePoints(a.name, b.name));
    const digest = digestOf(...files.map((file) => file.digest));
    const before = this.#state;
    const same =
      digest === before.digest &&
      synced === before.synced &&
      JSON.stringify(problems) === JSON.stringify(before.problems);
    if (same) return;
    this.#state = { version: before.version + 1, digest, synced, files, problems };
    for (const listener of [...this.#listeners]) listener(this.#state);
  }

  /** Calls back at each change from now on. Answers how to stop that. */
  subscribe(listener: (state: InputState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function digestOf(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  // Lengths keep apart what a separator in a text would join.
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('base64url').slice(0, 22);
}
