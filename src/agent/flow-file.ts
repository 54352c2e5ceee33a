import { closeSync, fstatSync, openSync, statSync, writeSync } from 'node:fs';
import type { Clock } from '../kube/clock.ts';

/** So often at most it is looked whether the file is still the one of that name. Milliseconds. */
const LOOK_MS = 1000;

/**
 * A flow log in a file. Lines are written at once, so that none is lost at the end; their rate is limited by the kernel.
 * A file that is renamed or deleted, as log rotation does, is followed by a new one within a second; one that is truncated
 * goes on at its beginning. What cannot be written is lost, told once, and tried again with the next line.
 */
export class FlowFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  #fd: number | undefined;
  #lookedAt = 0;
  #lost = 0;
  /** The file ends with a piece of a line. */
  #torn = false;

  /** @throws the error of the system when the file cannot be opened */
  constructor(path: string, clock: Clock, warn: (message: string) => void) {
    this.#path = path;
    this.#clock = clock;
    this.#warn = warn;
    this.#fd = openSync(path, 'a');
    this.#lookedAt = clock.now();
  }

  /** Answers whether the line was written. */
  write(line: string): boolean {
    try {
      this.#follow();
      this.#fd ??= openSync(this.#path, 'a');
      this.#append(this.#fd, Buffer.from(this.#torn ? `\n${line}` : line));
    } catch (error) {
      if (this.#lost++ === 0) this.#warn(`the flow log cannot be written: ${(error as Error).message}`);
      return false;
    }
    if (this.#lost > 0) this.#warn(`${this.#lost} denials were lost from the flow log`);
    this.#lost = 0;
    return true;
  }

  /** A disk that gets full takes the first part of a line. */
  #append(fd: number, bytes: Buffer): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(fd, bytes, done);
      this.#torn = done < bytes.length;
    }
  }

  close(): void {
    this.#torn = false;
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }

  #follow(): void {
    const now = this.#clock.now();
    if (this.#fd === undefined || now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    const named = statSync(this.#path, { throwIfNoEntry: false });
    const open = fstatSync(this.#fd);
    if (named?.ino !== open.ino || named.dev !== open.dev) this.close();
  }
}
