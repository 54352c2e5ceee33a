import type { ContainerPort, Protocol } from '../model/types.ts';
import { familyOf } from './addresses.ts';
import { parseSctp, sctpInitAck, withoutIpHeader } from './sctp.ts';
import { SystemError } from './system/libc.ts';
import { NetworkNamespace } from './system/namespace.ts';
import type { Poller } from './system/poller.ts';
import {
  acceptTcp,
  closeSocket,
  finish,
  listenTcp,
  openSctp,
  openUdp,
  receive,
  send,
  sendTo,
} from './system/socket.ts';

/** A connection whose other end never closes, or was cut, is given up after this long. Milliseconds. */
const LINGER = 30_000;

/** Who listens where. */
export interface Listening {
  /** Name of the network namespace. */
  readonly namespace: string;
  /** What is answered: `shop/cart-0`. */
  readonly identity: string;
  readonly addresses: readonly string[];
  readonly ports: readonly Pick<ContainerPort, 'containerPort' | 'protocol'>[];
}

/** Answers every connection and datagram with the name of who was reached. */
export class Responder {
  readonly #poller: Poller;
  /** Those that are open, with when they were accepted. */
  readonly #connections = new Map<number, number>();
  readonly #sweep: NodeJS.Timeout;
  #answered = 0;

  constructor(poller: Poller) {
    this.#poller = poller;
    this.#sweep = setInterval(() => this.#giveUp(performance.now() - LINGER), LINGER / 2);
    this.#sweep.unref();
  }

  /** Connections and datagrams answered so far. */
  get answered(): number {
    return this.#answered;
  }

  /**
   * Opens sockets. A port that somebody else in the namespace has is left to them, and told.
   * @returns what closes them
   */
  listen({ namespace, identity, addresses, ports }: Listening, onTaken: (port: string) => void = () => {}): () => void {
    const sockets: number[] = [];
    const open = (port: string, make: () => number, onReadable: (fd: number) => void): void => {
      try {
        const fd = place.run(make);
        sockets.push(fd);
        this.#poller.add(fd, () => onReadable(fd));
      } catch (error) {
        if (!(error instanceof SystemError) || error.code !== 'EADDRINUSE') throw error;
        onTaken(port);
      }
    };
    const place = new NetworkNamespace(namespace);
    const page = httpAnswer(identity);
    const datagram = Buffer.from(`${identity}\n`);
    try {
      for (const { containerPort: port, protocol } of distinct(ports)) {
        const name = `${port}/${protocol}`;
        // Pods on their node's network, and addresses outside, share a namespace: each socket is for one address.
        for (const address of addresses) {
          if (protocol === 'TCP') {
            open(
              name,
              () => listenTcp({ address, port }),
              (fd) => this.#accept(fd, page),
            );
          } else if (protocol === 'UDP') {
            open(
              name,
              () => openUdp({ address, port }),
              (fd) => this.#answerUdp(fd, datagram),
            );
          }
        }
      }
      const sctp = new Set(
        ports.flatMap(({ containerPort, protocol }) => (protocol === 'SCTP' ? [containerPort] : [])),
      );
      for (const address of sctp.size === 0 ? [] : addresses) {
        const header = familyOf(address) === 'IPv4';
        open(
          'SCTP',
          () => openSctp(address),
          (fd) => this.#answerSctp(fd, header, sctp, identity),
        );
      }
    } finally {
      place.close();
    }
    return () => {
      for (const fd of sockets.splice(0)) this.#close(fd);
    };
  }

  /** Ends every connection that is open. */
  close(): void {
    clearInterval(this.#sweep);
    this.#giveUp(Number.POSITIVE_INFINITY);
  }

  #close(fd: number): void {
    this.#poller.remove(fd);
    closeSocket(fd);
  }

  #giveUp(acceptedBefore: number): void {
    for (const [fd, accepted] of this.#connections) {
      if (accepted > acceptedBefore) return;
      this.#hangUp(fd);
    }
  }

  #hangUp(fd: number): void {
    this.#connections.delete(fd);
    this.#close(fd);
  }

  #accept(listener: number, page: Buffer): void {
    for (;;) {
      const fd = quietly(() => acceptTcp(listener));
      if (fd === undefined) return;
      this.#answered++;
      quietly(() => {
        send(fd, page);
        finish(fd);
      });
      // Closed at once, what the other end still sends would be answered with a reset, which may overtake the answer.
      this.#connections.set(fd, performance.now());
      this.#poller.add(fd, () => this.#read(fd));
    }
  }

  #read(fd: number): void {
    try {
      for (;;) {
        const received = receive(fd);
        if (received === undefined) return;
        if (received.data.length === 0) break;
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
    this.#hangUp(fd);
  }

  #answerUdp(fd: number, answer: Buffer): void {
    for (;;) {
      const received = quietly(() => receive(fd));
      if (received === undefined) return;
      this.#answered++;
      quietly(() => sendTo(fd, answer, received.from));
    }
  }

  #answerSctp(fd: number, header: boolean, ports: ReadonlySet<number>, identity: string): void {
    for (;;) {
      const received = quietly(() => receive(fd));
      if (received === undefined) return;
      const init = parseSctp(header ? withoutIpHeader(received.data) : received.data);
      if (init?.type !== 'init' || !ports.has(init.destinationPort)) continue;
      this.#answered++;
      // The kernel takes the port of a raw socket's address for a protocol.
      received.from.writeUInt16BE(0, 2);
      quietly(() => sendTo(fd, sctpInitAck(init, identity), received.from));
    }
  }
}

/** The other end went away, or the way back is closed: no concern of who answers. */
function quietly<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

const IDENTITY = /\r\n\r\n(.*)\n$/s;

/** An answer that is right for `curl` as well. */
function httpAnswer(identity: string): Buffer {
  const body = `${identity}\n`;
  const head = [
    'HTTP/1.1 200 OK',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Who answered over TCP; undefined while the answer is not complete. */
export function identityOf(answer: string): string | undefined {
  return IDENTITY.exec(answer)?.[1];
}

function distinct(ports: Listening['ports']): { readonly containerPort: number; readonly protocol: Protocol }[] {
  return [...new Map(ports.map((port) => [`${port.containerPort}/${port.protocol}`, port])).values()];
}
