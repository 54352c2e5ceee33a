import { setTimeout as sleep } from 'node:timers/promises';
import { type FlowSink, LineCutter } from './flow-feed.ts';

/** Milliseconds until a log that ended, or could not be read, is asked for again. */
const AGAIN = 2000;

/**
 * Follows a flow log behind an http or https address, until closed. A response that never ends is read as it comes. One
 * that ends is asked for again: the part after what was read when the other end serves a file (it says how long it is),
 * all of it otherwise. Redirects are refused: only the address that was given is asked.
 */
export class UrlFollower {
  readonly #url: string;
  readonly #sink: FlowSink;
  readonly #cutter: LineCutter;
  readonly #stop = new AbortController();
  readonly #pause: number;
  #done: Promise<void> = Promise.resolve();
  /** Bytes of the file that were read; undefined where it is no file. */
  #read: number | undefined;

  /** @param pause milliseconds between requests, for tests */
  constructor(url: string, sink: FlowSink, pause: number = AGAIN) {
    this.#url = url;
    this.#sink = sink;
    this.#pause = pause;
    this.#cutter = new LineCutter((line) => sink.add(line));
  }

  start(): void {
    this.#done = this.#follow();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#request();
      } catch (error) {
        if (!signal.aborted) this.#sink.report(`cannot read ${this.#url}: ${messageOf(error)}`);
      }
      // Rejects when closed, and then the loop ends.
      await sleep(this.#pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #request(): Promise<void> {
    const headers: Record<string, string> = { accept: 'application/x-ndjson, application/json, text/plain' };
    const from = this.#read ?? 0;
    if (from > 0) headers['range'] = `bytes=${from}-`;
    const response = await fetch(this.#url, { headers, redirect: 'error', signal: this.#stop.signal });
    if (response.status === 416) {
      await response.body?.cancel();
      const size = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? from);
      if (size < from) this.#begin();
      this.#sink.report(undefined);
      return;
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`HTTP ${response.status}`);
    }
    this.#sink.report(undefined);
    const length = response.headers.get('content-length');
    const isPart = response.status === 206;
    // A whole file that got shorter is another file; one that did not begins with what is known.
    let skip = isPart ? 0 : length !== null && Number(length) >= from ? from : 0;
    if (!isPart && skip === 0) this.#begin();
    let read = isPart ? from : 0;
    for await (const bytes of response.body ?? []) {
      read += bytes.length;
      const fresh = bytes.subarray(Math.min(skip, bytes.length));
      skip -= bytes.length - fresh.length;
      this.#cutter.push(fresh);
      if (length !== null) this.#read = read;
    }
    if (length === null) this.#cutter.end();
  }

  #begin(): void {
    this.#read = undefined;
    this.#cutter.reset();
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
