/** Server-sent events (the HTML standard, section 9.2), with bounds on how many clients there are and how slow. */

/** Milliseconds between comments that keep proxies and the other end from giving up. */
const KEEP_ALIVE = 15_000;
/** Events that wait for one slow client. */
const MOST_WAITING = 2000;

/** One event. */
export interface StreamEvent {
  readonly event: string;
  /** Written as JSON, except a string, which must be one line of it already. */
  readonly data: unknown;
  readonly id?: string;
}

/** A client that listens. */
export interface Listener {
  /** False when the client is too slow and the event was dropped. */
  send(event: StreamEvent): boolean;
  readonly closed: boolean;
  close(): void;
}

/** The open streams of a server. */
export class EventStreams {
  readonly #open = new Set<Listener>();
  readonly #most: number;
  #stopped = false;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * A response that stays open; undefined when there are too many.
   * @param start called with the client; answers what to do when it goes
   */
  open(start: (listener: Listener) => () => void): Response | undefined {
    if (this.#stopped || this.#open.size >= this.#most) return undefined;
    const encoder = new TextEncoder();
    let stop: (() => void) | undefined;
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    let timer: NodeJS.Timeout | undefined;
    const state = { closed: false };
    const end = (): void => {
      if (state.closed) return;
      state.closed = true;
      clearInterval(timer);
      this.#open.delete(listener);
      stop?.();
    };
    const listener: Listener = {
      get closed() {
        return state.closed;
      },
      send: (event) => {
        if (state.closed || controller === undefined) return false;
        if ((controller.desiredSize ?? 0) < 0) return false;
        controller.enqueue(encoder.encode(eventText(event)));
        return true;
      },
      close: () => {
        if (state.closed) return;
        end();
        controller?.close();
      },
    };
    const body = new ReadableStream<Uint8Array>(
      {
        start: (given) => {
          controller = given;
          this.#open.add(listener);
          // A first byte, so that the client knows at once that it is connected.
          given.enqueue(encoder.encode(': connected\n\n'));
          stop = start(listener);
          timer = setInterval(() => {
            if ((given.desiredSize ?? 0) >= 0) given.enqueue(encoder.encode(':\n\n'));
          }, KEEP_ALIVE);
          timer.unref();
        },
        cancel: end,
      },
      { highWaterMark: MOST_WAITING },
    );
    return new Response(body, {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    });
  }

  /** Ends all streams, and opens no more. */
  stop(): void {
    this.#stopped = true;
    for (const listener of [...this.#open]) listener.close();
  }
}

function eventText({ event, data, id }: StreamEvent): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${text}\n\n`;
}
