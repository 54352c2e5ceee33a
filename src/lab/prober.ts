import { readFileSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Protocol } from '../model/types.ts';
import { familyOf } from './addresses.ts';
import { identityOf } from './responder.ts';
import { parseSctp, sctpInit, withoutIpHeader } from './sctp.ts';
import { SystemError } from './system/libc.ts';
import { NetworkNamespace } from './system/namespace.ts';
import type { Poller } from './system/poller.ts';
import {
  closeSocket,
  connectTcp,
  encodeSocketAddress,
  openSctp,
  openUdp,
  receive,
  sendTo,
  socketAddressKey,
} from './system/socket.ts';

/** One connection to try. */
export interface Attempt {
  /** Network namespace and address that it comes from. */
  readonly namespace: string;
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** An answer is expected: it may take longer than silence is listened to. */
  readonly predicted?: boolean;
}

/** What became of it: who answered; or that it was refused; or that nothing came back. */
export type Outcome =
  | { readonly type: 'answered'; readonly by: string }
  | { readonly type: 'refused'; readonly code: string }
  | { readonly type: 'silent' };

export interface ProbeOptions {
  /** How long nothing must come back before that is the answer. Milliseconds; all wait together. */
  readonly timeout: number;
  /** Resolves when whoever is to answer has answered what has reached it so far. */
  readonly settle: () => Promise<void>;
  readonly onProgress?: (done: number, total: number) => void;
}

/** How long an answer that is expected may take, longer than TCP waits before it sends again twice. Milliseconds. */
const PATIENCE = 4000;
/** Connections that end together. */
const WAVE = 1000;
/** Waves that are under way at once where the process may have so many files open: each connection is one. */
const WAVES = 8;
const OTHER_FILES = 500;
/** Begun in one go; then the kernel gets time to deliver, so that no queue of packets overflows. */
const BURST = 64;
const DATAGRAM = Buffer.from('?');
/** The ports that SCTP attempts come from. */
const SCTP_PORTS = { first: 20_000, count: 40_000 };

/** Tries all connections, many at once. The answers are in the order of the attempts. */
export async function probeAll(
  attempts: readonly Attempt[],
  poller: Poller,
  options: ProbeOptions,
): Promise<readonly Outcome[]> {
  const { onProgress = () => {} } = options;
  const starts = Array.from({ length: Math.ceil(attempts.length / WAVE) }, (_, at) => at * WAVE);
  const outcomes: Outcome[][] = starts.map(() => []);
  const done = starts.map(() => 0);
  // Those of one time differ, and are not those of the time before: an association of the same ports may still be tracked.
  const firstPort = Math.floor(Math.random() * SCTP_PORTS.count);
  const waiting = starts.entries();
  const workers = Array.from({ length: wavesAtOnce() }, async () => {
    for (const [at, start] of waiting) {
      const wave = new Wave(attempts.slice(start, start + WAVE), poller, firstPort + start);
      try {
        outcomes[at] = await wave.run(options, (ended) => {
          done[at] = ended;
          onProgress(
            done.reduce((sum, one) => sum + one, 0),
            attempts.length,
          );
        });
      } finally {
        wave.close();
      }
    }
  });
  for (const worker of await Promise.allSettled(workers)) if (worker.status === 'rejected') throw worker.reason;
  return outcomes.flat();
}

function wavesAtOnce(): number {
  const [, most] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
  return most === undefined ? WAVES : Math.max(1, Math.min(WAVES, Math.floor((Number(most) - OTHER_FILES) / WAVE)));
}

/** Attempts that are under way together. */
class Wave {
  readonly #attempts: readonly Attempt[];
  readonly #poller: Poller;
  readonly #outcomes: (Outcome | undefined)[];
  readonly #sockets = new Set<number>();
  readonly #namespaces = new Map<string, NetworkNamespace>();
  /** Sends the datagram of an attempt, again too. */
  readonly #senders = new Map<number, () => void>();
  readonly #udp = new Map<string, { readonly fd: number; readonly waiting: Map<string, number> }>();
  readonly #sctp = new Map<string, { readonly fd: number; readonly waiting: Map<number, number> }>();
  readonly #firstPort: number;
  #open: number;
  /** Of these, those that are expected to be answered. */
  #expected: number;
  #allDone: () => void = () => {};
  #expectedDone: () => void = () => {};

  /** @param firstPort that SCTP comes from, one for each attempt */
  constructor(attempts: readonly Attempt[], poller: Poller, firstPort: number) {
    this.#attempts = attempts;
    this.#firstPort = firstPort;
    this.#poller = poller;
    this.#outcomes = attempts.map(() => undefined);
    this.#open = attempts.length;
    this.#expected = attempts.filter(({ predicted }) => predicted).length;
  }

  async run({ timeout, settle }: ProbeOptions, onProgress: (done: number) => void): Promise<Outcome[]> {
    const allDone = new Promise<void>((resolve) => {
      this.#allDone = resolve;
    });
    const expectedDone = new Promise<void>((resolve) => {
      this.#expectedDone = resolve;
    });
    for (const [index, attempt] of this.#attempts.entries()) {
      this.#begin(index, attempt);
      if (index % BURST === BURST - 1) {
        await setImmediate();
        onProgress(this.#attempts.length - this.#open);
      }
    }
    // A lost datagram is sent again by whoever wants an answer; TCP does so by itself.
    const again = setInterval(() => this.#sendAgain(), timeout / 3);
    await within(timeout, allDone);
    if (this.#expected > 0) await within(PATIENCE - timeout, expectedDone);
    clearInterval(again);
    if (this.#open > 0) {
      // Time alone proves nothing on a busy machine: the answers may be ready and wait for a processor.
      await settle();
      this.#poller.drain();
    }
    onProgress(this.#attempts.length);
    return this.#outcomes.map((outcome) => outcome ?? { type: 'silent' });
  }

  close(): void {
    for (const fd of this.#sockets) this.#close(fd);
    for (const namespace of this.#namespaces.values()) namespace.close();
  }

  #close(fd: number): void {
    if (!this.#sockets.delete(fd)) return;
    this.#poller.remove(fd);
    closeSocket(fd);
  }

  #begin(index: number, attempt: Attempt): void {
    try {
      if (attempt.protocol === 'TCP') this.#beginTcp(index, attempt);
      else if (attempt.protocol === 'UDP') this.#beginUdp(index, attempt);
      else this.#beginSctp(index, attempt);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      // Anything else is about this machine, and no answer.
      if (!REFUSALS.has(error.code)) throw error;
      this.#finish(index, { type: 'refused', code: error.code });
    }
  }

  #finish(index: number, outcome: Outcome): void {
    if (this.#outcomes[index] !== undefined) return;
    this.#outcomes[index] = outcome;
    this.#senders.delete(index);
    this.#open--;
    if (this.#attempts[index]?.predicted === true) this.#expected--;
    if (this.#expected === 0) this.#expectedDone();
    if (this.#open === 0) this.#allDone();
  }

  #in<T>(name: string, act: () => T): T {
    let namespace = this.#namespaces.get(name);
    if (namespace === undefined) {
      namespace = new NetworkNamespace(name);
      this.#namespaces.set(name, namespace);
    }
    return namespace.run(act);
  }

  #watch(fd: number, onReadable: () => void): void {
    this.#sockets.add(fd);
    this.#poller.add(fd, onReadable);
  }

  #beginTcp(index: number, { namespace, from, to, port }: Attempt): void {
    const fd = this.#in(namespace, () => connectTcp(from, { address: to, port }));
    let answer = '';
    const finish = (outcome: Outcome): void => {
      this.#close(fd);
      this.#finish(index, outcome);
    };
    this.#watch(fd, () => {
      try {
        for (;;) {
          const received = receive(fd);
          if (received === undefined) return;
          if (received.data.length === 0) return finish({ type: 'silent' });
          answer += received.data.toString('utf8');
          const by = identityOf(answer);
          if (by !== undefined) return finish({ type: 'answered', by });
        }
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        finish({ type: 'refused', code: error.code });
      }
    });
  }

  #beginUdp(index: number, { namespace, from, to, port }: Attempt): void {
    const key = `${namespace} ${from}`;
    let socket = this.#udp.get(key);
    if (socket === undefined) {
      const fd = this.#in(namespace, () => openUdp({ address: from, port: 0 }));
      const waiting = new Map<string, number>();
      socket = { fd, waiting };
      this.#udp.set(key, socket);
      this.#watch(fd, () => {
        for (let received = receive(fd); received !== undefined; received = receive(fd)) {
          const at = waiting.get(socketAddressKey(received.from));
          if (at !== undefined) this.#finish(at, { type: 'answered', by: received.data.toString('utf8').trimEnd() });
        }
      });
    }
    const { fd, waiting } = socket;
    const address = encodeSocketAddress({ address: to, port });
    waiting.set(socketAddressKey(address), index);
    this.#sendNowAndAgain(index, () => sendTo(fd, DATAGRAM, address));
  }

  #beginSctp(index: number, { namespace, from, to, port }: Attempt): void {
    const key = `${namespace} ${from}`;
    let socket = this.#sctp.get(key);
    if (socket === undefined) {
      const fd = this.#in(namespace, () => openSctp(from));
      const waiting = new Map<number, number>();
      socket = { fd, waiting };
      this.#sctp.set(key, socket);
      const header = familyOf(from) === 'IPv4';
      this.#watch(fd, () => {
        for (let received = receive(fd); received !== undefined; received = receive(fd)) {
          const answer = parseSctp(header ? withoutIpHeader(received.data) : received.data);
          const at = answer?.type === 'init-ack' ? waiting.get(answer.destinationPort) : undefined;
          if (at !== undefined && answer?.identity !== undefined) {
            this.#finish(at, { type: 'answered', by: answer.identity });
          }
        }
      });
    }
    const { fd, waiting } = socket;
    const sourcePort = SCTP_PORTS.first + ((this.#firstPort + index) % SCTP_PORTS.count);
    waiting.set(sourcePort, index);
    const packet = sctpInit(sourcePort, port, index + 1);
    const address = encodeSocketAddress({ address: to, port: 0 });
    this.#sendNowAndAgain(index, () => sendTo(fd, packet, address));
  }

  #sendNowAndAgain(index: number, act: () => void): void {
    this.#senders.set(index, act);
    act();
  }

  #sendAgain(): void {
    for (const [index, act] of [...this.#senders]) {
      try {
        act();
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        this.#finish(index, { type: 'refused', code: error.code });
      }
    }
  }
}

/** Waits for a promise that does not reject, or so many milliseconds. */
async function within(milliseconds: number, done: Promise<void>): Promise<void> {
  const waiting = new AbortController();
  const late = setTimeout(milliseconds, undefined, { signal: waiting.signal }).catch(() => undefined);
  await Promise.race([done, late]);
  waiting.abort();
}

/** Somebody said no, or nobody knows the way. */
const REFUSALS: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EACCES',
  'EPERM',
  'EPROTO',
]);
