import path from 'node:path';
import { Readable } from 'node:stream';
import { findFiles, readInputs, STDIN } from '../../kube/files.ts';
import { FolderWatch } from '../../kube/folder-watch.ts';
import { decodeText } from '../../manifest/decode-text.ts';
import type { ManifestInput } from '../../manifest/index.ts';
import { type InputFile, inputFile, type LiveInput } from './live-input.ts';

/** Milliseconds of silence after a change before the files are read: editors and syncing tools write in steps. */
const QUIET = 60;
/** Milliseconds after which they are read although changes go on. */
const LONGEST_WAIT = 1000;

/**
 * Keeps an input as its files are, until closed. While something cannot be read, what was read before of files that are
 * missing now stays: a folder that is being replaced must not look like a cluster without policies.
 */
export class TextWatcher {
  readonly #input: LiveInput;
  readonly #paths: readonly string[];
  readonly #stdin: Readable;
  readonly #watch = new FolderWatch(() => this.#soon());
  /** Standard input, which can be read once only. */
  #piped: readonly ManifestInput[] = [];
  #timer: NodeJS.Timeout | undefined;
  #waitingSince: number | undefined;
  #reading: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param paths as of `-f`: files, folders, `-` for standard input, which is read once */
  constructor(input: LiveInput, paths: readonly string[], stdin: Readable) {
    this.#input = input;
    this.#paths = paths;
    this.#stdin = stdin;
  }

  /** Reads for the first time. Changes are noticed from then on. */
  async start(): Promise<void> {
    if (this.#paths.includes(STDIN)) this.#piped = (await readInputs([STDIN], { stdin: this.#stdin })).inputs;
    await this.#read();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watch.close();
    await this.#reading;
  }

  #soon(): void {
    if (this.#closed) return;
    const now = performance.now();
    this.#waitingSince ??= now;
    clearTimeout(this.#timer);
    const left = LONGEST_WAIT - (now - this.#waitingSince);
    this.#timer = setTimeout(
      () => {
        this.#waitingSince = undefined;
        this.#reading = this.#reading.then(() => this.#read()).catch((error: unknown) => this.#fail(error));
      },
      Math.max(0, Math.min(QUIET, left)),
    );
  }

  /** What was read before stays, and the next sign of a change leads to another attempt. */
  #fail(error: unknown): void {
    const message = `the files could not be read: ${error instanceof Error ? error.message : String(error)}`;
    this.#input.update(this.#input.state.files, [{ code: 'unreadable-input', severity: 'error', message }], true);
  }

  async #read(): Promise<void> {
    if (this.#closed) return;
    const paths = this.#paths.filter((name) => name !== STDIN);
    // Watched before it is read: what happens in between is read again.
    const { files, folders } = findFiles(paths);
    const routes = files.filter(({ real }) => !folders.includes(path.dirname(real))).map(({ name }) => name);
    if (this.#watch.watch(folders, [...paths, ...routes]).fresh) this.#soon();
    const { inputs, problems } = await readInputs(paths, { stdin: Readable.from([]) });
    if (this.#closed) return;
    const read = new Map<string, InputFile>();
    const found = [...problems];
    for (const { name, content } of [...this.#piped, ...inputs]) {
      const decoded = decodeText(name, content);
      if ('diagnostic' in decoded) found.push(decoded.diagnostic);
      else read.set(name, inputFile(name, decoded.text));
    }
    const kept = found.length === 0 ? [] : this.#input.state.files.filter(({ name }) => !read.has(name));
    this.#input.update([...read.values(), ...kept], found, true);
  }
}
