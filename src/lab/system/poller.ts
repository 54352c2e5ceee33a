import { attempted, checked, libc } from './libc.ts';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const EVENTFD_FLAGS = 0o4000 | 0o2000000;
/** The structure has no padding on x86-64, by the kernel's own exception. */
const EVENT_SIZE = process.arch === 'x64' ? 12 : 16;
const DATA_AT = EVENT_SIZE - 8;
const MOST = 256;

/** Calls back when sockets have something to read, an end or an error. Waits off the event loop. */
export class Poller {
  readonly #epoll = checked('epoll_create1', EPOLL_CLOEXEC);
  readonly #bell = checked('eventfd', 0, EVENTFD_FLAGS);
  readonly #handlers = new Map<number, () => void>();
  readonly #events = Buffer.alloc(EVENT_SIZE * MOST);
  #closing = false;
  readonly #closed: Promise<void>;

  constructor() {
    this.#watch(this.#bell);
    this.#closed = this.#loop();
  }

  /** @param onReadable called as long as there is something to read; must read all of it, or be called again */
  add(fd: number, onReadable: () => void): void {
    this.#handlers.set(fd, onReadable);
    this.#watch(fd);
  }

  /** To be called before the socket is closed. */
  remove(fd: number): void {
    if (this.#handlers.delete(fd)) checked('epoll_ctl', this.#epoll, EPOLL_CTL_DEL, fd, Buffer.alloc(EVENT_SIZE));
  }

  /** Handles what is there now, without waiting for more, until nothing is. */
  drain(): void {
    const events = Buffer.alloc(EVENT_SIZE * MOST);
    for (;;) {
      const count = attempted('epoll_wait', this.#epoll, events, MOST, 0) ?? 0;
      if (this.#dispatch(events, count) === 0) return;
    }
  }

  /** Ends the waiting; sockets stay as they are. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      checked('write', this.#bell, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]), 8);
    }
    await this.#closed;
  }

  #watch(fd: number): void {
    const event = Buffer.alloc(EVENT_SIZE);
    event.writeUInt32LE(EPOLLIN, 0);
    event.writeInt32LE(fd, DATA_AT);
    checked('epoll_ctl', this.#epoll, EPOLL_CTL_ADD, fd, event);
  }

  /** How many handlers were called. */
  #dispatch(events: Buffer, count: number): number {
    let called = 0;
    for (let index = 0; index < count; index++) {
      const handler = this.#handlers.get(events.readInt32LE(index * EVENT_SIZE + DATA_AT));
      if (handler === undefined) continue;
      called++;
      handler();
    }
    return called;
  }

  async #loop(): Promise<void> {
    while (!this.#closing) {
      const count = await this.#wait();
      this.#dispatch(this.#events, count);
    }
    checked('close', this.#epoll);
    checked('close', this.#bell);
  }

  #wait(): Promise<number> {
    return new Promise((resolve, reject) => {
      libc().epoll_wait.async(this.#epoll, this.#events, MOST, -1, (error: Error | null, count: number) => {
        if (error !== null) reject(error);
        else if (count >= 0) resolve(count);
        // A signal that is none of its business.
        else resolve(0);
      });
    });
  }
}
