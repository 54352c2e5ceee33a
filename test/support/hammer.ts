/** Clients that show wrong verdicts of any length: many new connections, and connections that stay. */

import { readFileSync } from 'node:fs';
import { identityOf } from '../../src/lab/responder.ts';
import { SystemError } from '../../src/lab/system/libc.ts';
import { NetworkNamespace } from '../../src/lab/system/namespace.ts';
import type { Poller } from '../../src/lab/system/poller.ts';
import { acceptTcp, closeSocket, connectTcp, listenTcp, receive, send } from '../../src/lab/system/socket.ts';
import { nft, run } from './kernel.ts';

/** How often connections are begun. Milliseconds. */
const TICK = 5;
/** How long one that must not connect is given. Milliseconds. */
const HOLD = 250;

/** Where connections come from and go to, in one IP version. */
export interface Route {
  readonly namespace: string;
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

/** Begins new TCP connections at a steady rate, each to be answered, or each never to be. */
export class Hammer {
  readonly #poller: Poller;
  readonly #routes: readonly Route[];
  readonly #allowed: boolean;
  readonly #rate: number;
  readonly #namespaces = new Map<string, NetworkNamespace>();
  /** Sockets that are open, with when they were opened. */
  readonly #open = new Map<number, number>();
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  /** Connections begun, and of those the ones that were answered. */
  attempts = 0;
  answered = 0;
  /** What went wrong, the first few. */
  readonly wrong: string[] = [];

  /** @param rate connections a second */
  constructor(
    poller: Poller,
    routes: readonly Route[],
    { allowed, rate }: { readonly allowed: boolean; readonly rate: number },
  ) {
    this.#poller = poller;
    this.#routes = routes;
    this.#allowed = allowed;
    this.#rate = rate;
    for (const { namespace } of routes) this.#namespaces.set(namespace, new NetworkNamespace(namespace));
    this.#timer = setInterval(() => this.#tick(), TICK);
  }

  #tick(): void {
    const now = performance.now();
    // Behind after a pause of the machine, it catches up in small steps.
    const due = Math.min(((now - this.#started) / 1000) * this.#rate - this.attempts, 8 * TICK * (this.#rate / 1000));
    for (let number = 0; number < due; number++) this.#begin(now);
    if (this.#allowed) return;
    for (const [fd, opened] of this.#open) {
      if (opened > now - HOLD) break;
      this.#close(fd);
    }
  }

  #begin(now: number): void {
    const route = this.#routes[this.attempts++ % this.#routes.length];
    if (route === undefined) return;
    const { namespace, from, to, port } = route;
    const fd = this.#namespaces.get(namespace)?.run(() => connectTcp(from, { address: to, port }));
    if (fd === undefined) return;
    this.#open.set(fd, now);
    let answer = '';
    this.#poller.add(fd, () => {
      try {
        for (let received = receive(fd); received !== undefined; received = receive(fd)) {
          answer += received.data.toString('latin1');
          if (received.data.length > 0 && identityOf(answer) === undefined) continue;
          this.answered++;
          if (!this.#allowed) this.#note(`connected to ${to}`);
          this.#close(fd);
          return;
        }
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        this.#note(`${to}: ${error.code}`);
        this.#close(fd);
      }
    });
  }

  #note(what: string): void {
    if (this.wrong.length < 10) this.wrong.push(`${what} after ${Math.round(performance.now() - this.#started)} ms`);
  }

  #close(fd: number): void {
    if (!this.#open.delete(fd)) return;
    this.#poller.remove(fd);
    closeSocket(fd);
  }

  /** How many connections still wait for their answer. */
  get waiting(): number {
    return this.#open.size;
  }

  /** Begins no more; what is open goes on. */
  stop(): void {
    clearInterval(this.#timer);
  }

  close(): void {
    this.stop();
    for (const fd of this.#open.keys()) this.#close(fd);
    for (const namespace of this.#namespaces.values()) namespace.close();
  }
}

/** A counter of the kernel's TCP in a namespace: `RetransSegs`, `InSegs`. */
export function tcpCounter(name: string, counter: string): number {
  const namespace = new NetworkNamespace(name);
  try {
    const lines = namespace.run(() => readFileSync('/proc/thread-self/net/snmp', 'utf8')).split('\n');
    const [names = [], values = []] = lines.filter((line) => line.startsWith('Tcp:')).map((line) => line.split(' '));
    return Number(values[names.indexOf(counter)]);
  } finally {
    namespace.close();
  }
}

const COUNTING = 'portcullis-test-count';

/** From now on counts the first packets of TCP connections that arrive in a namespace at a port, retransmitted ones too. */
export function countFirstPackets(namespace: string, port: number): void {
  nft(
    namespace,
    `table inet ${COUNTING} {
      counter first { }
      chain in {
        type filter hook input priority -300;
        tcp dport ${port} tcp flags & (syn | ack) == syn counter name first
      }
    }`,
  );
}

/** How many there were since {@link countFirstPackets}. */
export function firstPackets(namespace: string): number {
  const listing = run('ip', ['netns', 'exec', namespace, 'nft', 'list', 'counter', 'inet', COUNTING, 'first']);
  return Number(/packets (\d+)/.exec(listing)?.[1]);
}

/** A TCP connection that stays, on which both ends send all the time. */
export class Conversation {
  readonly #client: number;
  readonly #listener: number;
  #server: number | undefined;
  /** Bytes sent and received by each end. */
  readonly client = { sent: 0, received: 0 };
  readonly server = { sent: 0, received: 0 };

  constructor(route: Route, serverNamespace: string) {
    const [from, to] = [new NetworkNamespace(route.namespace), new NetworkNamespace(serverNamespace)];
    try {
      this.#listener = to.run(() => listenTcp({ address: route.to, port: route.port }));
      this.#client = from.run(() => connectTcp(route.from, { address: route.to, port: route.port }));
    } finally {
      from.close();
      to.close();
    }
  }

  get isOpen(): boolean {
    this.#server ??= acceptTcp(this.#listener);
    return this.#server !== undefined;
  }

  /** Both ends send a byte and read what is there. */
  talk(): void {
    if (!this.isOpen || this.#server === undefined) return;
    for (const [fd, end] of [
      [this.#client, this.client],
      [this.#server, this.server],
    ] as const) {
      try {
        if (send(fd, Buffer.from('x'))) end.sent++;
        for (let got = receive(fd); got !== undefined && got.data.length > 0; got = receive(fd)) {
          end.received += got.data.length;
        }
      } catch (error) {
        // Given up by its own kernel: it is over.
        if (!(error instanceof SystemError)) throw error;
      }
    }
  }

  close(): void {
    for (const fd of [this.#client, this.#listener, this.#server]) if (fd !== undefined) closeSocket(fd);
  }
}
