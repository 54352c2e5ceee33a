import { type FSWatcher, watch } from 'chokidar';
import { decodeText } from '../../manifest/decode-text.ts';
import type { ManifestInput } from '../../manifest/index.ts';
import type { Diagnostic } from '../../model/source.ts';
import { type InputFile, inputFile, type LiveInput } from './live-input.ts';

/** Milliseconds of silence after a change before the files are read: editors and syncing tools write in steps. */
const QUIET = 60;
/** Milliseconds after which they are read although changes go on. */
const LONGEST_WAIT = 1000;

/** Reads all inputs anew. */
export type ReadTexts = () => Promise<{
  readonly inputs: readonly ManifestInput[];
  readonly problems: readonly Diagnostic[];
}>;

/**
 * Keeps an input as its files are, until closed. While something cannot be read, what was read before of files that are
 * missing now stays in force: a folder that is being replaced must not look like a cluster without policies.
 */
export class TextWatcher {
  readonly #input: LiveInput;
  readonly #read: ReadTexts;
  readonly #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waitingSince: number | undefined;
  #reading: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param paths files and folders to watch; what came from a pipe is not among them */
  constructor(input: LiveInput, paths: readonly string[], read: ReadTexts) {
    this.#input = input;
    this.#read = read;
    if (paths.length === 0) return;
    this.#watcher = watch([...paths], { ignoreInitial: true, ignored: /(?:^|[/\\])\.git(?:[/\\]|$)/ });
    this.#watcher.on('all', () => this.#soon());
    this.#watcher.on('error', () => this.#soon());
  }

  /** Reads for the first time. Resolves once changes are noticed too. */
  async start(): Promise<void> {
    const watcher = this.#watcher;
    if (watcher !== undefined) await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
    await this.#readNow();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#watcher?.close();
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
        this.#reading = this.#reading.then(() => this.#readNow());
      },
      Math.max(0, Math.min(QUIET, left)),
    );
  }

  async #readNow(): Promise<void> {
    const { inputs, problems } = await this.#read();
    if (this.#closed) return;
    const read = new Map<string, InputFile>();
    const found = [...problems];
    for (const { name, content } of inputs) {
      const decoded = decodeText(name, content);
      if ('diagnostic' in decoded) found.push(decoded.diagnostic);
      else read.set(name, inputFile(name, decoded.text));
    }
    const kept = found.length === 0 ? [] : this.#input.state.files.filter(({ name }) => !read.has(name));
    this.#input.update([...read.values(), ...kept], found, true);
  }
}
