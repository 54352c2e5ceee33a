import { statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { findFiles, readInputs, readManifestFile, STDIN } from '../../kube/files.ts';
import { type PathProblem, WatchedFiles } from '../../kube/watched-files.ts';
import { decodeText } from '../../manifest/decode-text.ts';
import type { Diagnostic } from '../../model/source.ts';
import type { Steps } from '../../model/steps.ts';
import { type InputFile, inputFile, type LiveInput } from './live-input.ts';
import { shownNames } from './shown-names.ts';

/** One file as it was read last. */
interface TextState {
  /** What it said when it could be read. */
  readonly file?: InputFile;
  readonly problem?: Diagnostic;
}

/**
 * Keeps an input as its files are, until closed, as {@link WatchedFiles} sees them. A file that cannot be read any more
 * stays as it was: what is being replaced must not look like a cluster without policies. Files are called as
 * {@link shownNames} says.
 */
export class TextWatcher {
  readonly #input: LiveInput;
  readonly #paths: readonly string[];
  readonly #stdin: Readable;
  readonly #shown: (name: string) => string;
  readonly #files: WatchedFiles<TextState>;
  /** What can be read once only: standard input and pipes. */
  readonly #once = new Map<string, TextState>();

  /** @param paths as of `-f`: files, folders, `-` for standard input, which is read once */
  constructor(input: LiveInput, paths: readonly string[], stdin: Readable) {
    this.#input = input;
    this.#paths = paths;
    this.#stdin = stdin;
    this.#shown = shownNames(paths);
    this.#files = new WatchedFiles(paths, {
      read: (name, before) => this.#read(name, before),
      told: (states, problems) => this.#tell(states, problems),
      broken: (error) => {
        throw error;
      },
    });
  }

  /** Reads for the first time. Changes are noticed from then on. */
  async start(): Promise<void> {
    if (findFiles(this.#paths).files.some(({ name }) => name === STDIN)) {
      const { inputs, problems } = await readInputs([STDIN], { stdin: this.#stdin });
      const [problem] = problems;
      const [piped] = inputs;
      if (piped !== undefined) this.#once.set(STDIN, stateOf(STDIN, piped.content, undefined));
      else if (problem !== undefined) this.#once.set(STDIN, { problem });
    }
    await this.#files.start();
  }

  async close(): Promise<void> {
    this.#files.close();
  }

  // biome-ignore lint/correctness/useYield: one file is one step
  *#read(name: string, before: TextState | undefined): Steps<TextState> {
    const known = this.#once.get(name);
    if (known !== undefined) return known;
    const read = readManifestFile(name);
    if ('problem' in read) return kept(before, read.problem);
    const state = stateOf(this.#shown(name), read.content, before);
    if (isPipe(name)) this.#once.set(name, state);
    return state;
  }

  *#tell(states: ReadonlyMap<string, TextState>, further: readonly PathProblem[]): Steps<void> {
    const problems = further.map(({ diagnostic }) => diagnostic);
    const files: InputFile[] = [];
    for (const { file, problem } of states.values()) {
      if (file !== undefined) files.push(file);
      if (problem !== undefined) problems.push(problem);
    }
    this.#input.update(files, problems, true);
  }
}

function stateOf(name: string, content: string | Uint8Array, before: TextState | undefined): TextState {
  const decoded = decodeText(name, content);
  return 'diagnostic' in decoded ? kept(before, decoded.diagnostic) : { file: inputFile(name, decoded.text) };
}

function kept(before: TextState | undefined, problem: Diagnostic): TextState {
  return before?.file === undefined ? { problem } : { file: before.file, problem };
}

function isPipe(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isFile() === false;
}
