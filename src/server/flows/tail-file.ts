import { type FileHandle, open, stat } from 'node:fs/promises';
import { FolderWatch } from '../../kube/folder-watch.ts';
import { type FlowSink, LineCutter } from './flow-feed.ts';

/** Bytes of an existing log that are read at the beginning: enough for all lines that are kept. */
const BACKLOG = 8 * 1024 * 1024;
const PIECE = 64 * 1024;
/** Bytes by which it is told whether a file is still the one that was read. */
const REMEMBERED = 256;
/** Milliseconds between looks at the file even when nothing was told of it: network file systems tell nothing. */
const LOOK_AGAIN = 5_000;

/**
 * Follows a flow log in a file as it grows, until closed. A file that is not there yet is waited for; one that was
 * renamed and made anew (rotation), or truncated, is read from its beginning.
 */
export class FileTail {
  readonly #file: string;
  readonly #sink: FlowSink;
  readonly #watch = new FolderWatch(() => this.#queue(false));
  readonly #cutter: LineCutter;
  #handle: FileHandle | undefined;
  #inode: number | undefined;
  #offset = 0;
  /** The end of what was read. */
  #last = Buffer.alloc(0);
  #work: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #waiting = false;
  #closed = false;

  constructor(file: string, sink: FlowSink) {
    this.#file = file;
    this.#sink = sink;
    this.#cutter = new LineCutter((line) => sink.add(line));
  }

  /** Reads what is there. Growth is noticed from then on. */
  async start(): Promise<void> {
    this.#queue(true);
    await this.#work;
    this.#timer = setInterval(() => this.#queue(false), LOOK_AGAIN);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#watch.close();
    await this.#work;
    await this.#handle?.close();
  }

  /** Many signs of one change are one look. */
  #queue(first: boolean): void {
    if (this.#waiting || this.#closed) return;
    this.#waiting = true;
    this.#work = this.#work.then(() => {
      this.#waiting = false;
      return this.#catchUp(first);
    });
  }

  async #catchUp(first: boolean): Promise<void> {
    if (this.#closed) return;
    this.#watch.watch([], [this.#file]);
    try {
      const { ino, size } = await stat(this.#file);
      if (this.#handle !== undefined && ino !== this.#inode) {
        // What was written to the old file before it was replaced.
        await this.#readOn();
        await this.#handle.close();
        this.#handle = undefined;
        this.#cutter.end();
      }
      if (this.#handle === undefined) {
        this.#handle = await open(this.#file, 'r');
        this.#inode = ino;
        this.#last = Buffer.alloc(0);
        this.#offset = first ? Math.max(0, size - BACKLOG) : 0;
      } else if (size < this.#offset || (await this.#isAnother())) {
        this.#cutter.reset();
        this.#offset = 0;
      }
      await this.#readOn();
      this.#sink.report(undefined);
    } catch (error) {
      this.#sink.report(`cannot read ${this.#file}: ${messageOf(error)}`);
    }
  }

  /** Whether what was read last is no longer there: the file was truncated and has grown as long again. */
  async #isAnother(): Promise<boolean> {
    const { length } = this.#last;
    if (length === 0 || this.#handle === undefined) return false;
    const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(length), 0, length, this.#offset - length);
    return !buffer.subarray(0, bytesRead).equals(this.#last);
  }

  async #readOn(): Promise<void> {
    const buffer = Buffer.alloc(PIECE);
    for (;;) {
      const { bytesRead } = (await this.#handle?.read(buffer, 0, PIECE, this.#offset)) ?? { bytesRead: 0 };
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      this.#last = Buffer.from(buffer.subarray(Math.max(0, bytesRead - REMEMBERED), bytesRead));
      this.#cutter.push(buffer.subarray(0, bytesRead));
    }
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'ENOENT' ? 'no such file yet' : error.message;
}
