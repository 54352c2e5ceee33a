import { OutputError } from './errors.ts';
import type { OutputStream } from './io.ts';

/** Written at once; small pieces are collected up to it. UTF-16 code units. */
const CHUNK = 1 << 16;

/**
 * A stream written in large pieces and at the speed of its reader. A reader that goes away (`| head`) ends the output
 * quietly: {@link gone} turns true and what is written later is dropped.
 */
export class Output {
  readonly #stream: OutputStream;
  readonly #onError: (error: Error) => void;
  #pending = '';
  #written = 0;
  #gone = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: OutputStream) {
    this.#stream = stream;
    this.#onError = (error: NodeJS.ErrnoException) => {
      this.#gone = true;
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') this.#failure = error;
      this.#wake?.();
    };
    stream.on('error', this.#onError);
  }

  /** Whether the reader is gone and nothing more can be written. */
  get gone(): boolean {
    return this.#gone;
  }

  /** UTF-16 code units taken so far. */
  get written(): number {
    return this.#written + this.#pending.length;
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Keeps text for the next {@link flush} or full piece. */
  add(text: string): void {
    if (!this.#gone) this.#pending += text;
  }

  /** Writes at once and without waiting; for short lines on a terminal. */
  now(text: string): void {
    const all = this.#pending + text;
    this.#pending = '';
    this.#written += all.length;
    if (!this.#gone && all !== '') this.#stream.write(all);
  }

  /** Writes text or a sequence of texts, and waits while the reader is slower. */
  async write(text: string | Iterable<string>): Promise<void> {
    if (typeof text === 'string') {
      this.add(text);
      if (this.#pending.length >= CHUNK) await this.#send();
      return;
    }
    for (const piece of text) {
      this.#pending += piece;
      if (this.#pending.length >= CHUNK) await this.#send();
      if (this.#gone) return;
    }
  }

  /** Waits until everything has been handed to the operating system. Throws {@link OutputError}. */
  async flush(): Promise<void> {
    await this.#send();
    if (!this.#gone) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#stream.write('', () => resolve());
      });
    }
    this.#wake = undefined;
    if (this.#failure !== undefined) throw new OutputError(this.#failure);
  }

  /** Stops listening; for streams that outlive the command. */
  release(): void {
    this.#stream.off('error', this.#onError);
  }

  async #send(): Promise<void> {
    const text = this.#pending;
    this.#pending = '';
    this.#written += text.length;
    if (text === '' || this.#gone) return;
    if (this.#stream.write(text)) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#stream.once('drain', resolve);
      // A stream that failed in between never drains.
      if (this.#gone) resolve();
    });
    this.#wake = undefined;
  }
}
