/** Raw sockets in network namespaces, all in this process. */

import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';
import { declare, libc, loadLibrary, type NativeFunction } from '../../src/agent/kernel/native.ts';
import type { Address, Family } from '../../src/net/address.ts';
import { addressBytes, ICMP, ICMPV6, SCTP, TCP, UDP } from './raw-packets.ts';

const CLONE_NEWNET = 0x40000000;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_RAW = 255;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
/** Room for thousands of small packets. */
const RECEIVE_BUFFER = 2 ** 23;
const BACKLOG = 4096;

interface More {
  readonly setns: NativeFunction<[fd: number, type: number], number>;
  readonly sendto: NativeFunction<
    [fd: number, bytes: Uint8Array, length: number, flags: number, address: Uint8Array, size: number],
    number
  >;
  readonly listen: NativeFunction<[fd: number, backlog: number], number>;
}

let loaded: More | undefined;

function more(): More {
  if (loaded !== undefined) return loaded;
  const library = loadLibrary('libc.so.6');
  loaded = {
    setns: declare(library, 'int setns(int, int)'),
    sendto: declare(library, 'intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)'),
    listen: declare(library, 'int listen(int, int)'),
  };
  return loaded;
}

function checked(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: errno ${koffi.errno()}`);
  return result;
}

/** Does something in a namespace: sockets that are opened meanwhile belong to it. It must not wait for anything. */
function inNamespace<T>(namespace: string, work: () => T): T {
  const own = openSync('/proc/thread-self/ns/net', 'r');
  const other = openSync(`/run/netns/${namespace}`, 'r');
  try {
    checked(more().setns(other, CLONE_NEWNET), 'setns');
    try {
      return work();
    } finally {
      checked(more().setns(own, CLONE_NEWNET), 'setns');
    }
  } finally {
    closeSync(own);
    closeSync(other);
  }
}

/** A packet that reached the protocols of a namespace: it is past every hook. */
export interface Arrival {
  readonly family: Family;
  readonly protocol: number;
  /** From the transport header on. */
  readonly bytes: Buffer;
}

const PROTOCOLS: Readonly<Record<Family, readonly number[]>> = {
  IPv4: [TCP, UDP, SCTP, ICMP],
  IPv6: [TCP, UDP, SCTP, ICMPV6],
};

/** Sends and receives any packets in a namespace. */
export class RawSockets {
  readonly #sending: Readonly<Record<Family, number>>;
  readonly #receiving: readonly { readonly fd: number; readonly family: Family; readonly protocol: number }[];
  readonly #listener: number | undefined;
  readonly #buffer = Buffer.alloc(4096);

  /** @param listening a TCP port to accept connections on, of both IP versions */
  constructor(namespace: string, listening?: number) {
    const { socket } = libc();
    const open = (domain: number, type: number, protocol: number): number =>
      checked(socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), 'socket');
    const room = Buffer.alloc(4);
    room.writeUInt32LE(RECEIVE_BUFFER);
    const { sending, receiving, listener } = inNamespace(namespace, () => ({
      sending: { IPv4: open(AF_INET, SOCK_RAW, IPPROTO_RAW), IPv6: open(AF_INET6, SOCK_RAW, IPPROTO_RAW) },
      receiving: (['IPv4', 'IPv6'] as const).flatMap((family) =>
        PROTOCOLS[family].map((protocol) => {
          const fd = open(family === 'IPv4' ? AF_INET : AF_INET6, SOCK_RAW, protocol);
          checked(libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, room, room.length), 'setsockopt');
          return { fd, family, protocol };
        }),
      ),
      listener: listening === undefined ? undefined : listen(open(AF_INET6, SOCK_STREAM, 0), listening),
    }));
    this.#sending = sending;
    this.#receiving = receiving;
    this.#listener = listener;
  }

  /** Sends an IP packet. The destination decides the way, the packet may come from anywhere. */
  send(packet: Buffer, destination: Address): void {
    const address = socketAddress(destination, 0);
    checked(
      more().sendto(this.#sending[destination.family], packet, packet.length, 0, address, address.length),
      'sendto',
    );
  }

  /** Everything that arrived since the last time. */
  receive(onArrival: (arrival: Arrival) => void): boolean {
    let any = false;
    for (const { fd, family, protocol } of this.#receiving) {
      for (;;) {
        const length = libc().recv(fd, this.#buffer, this.#buffer.length, 0);
        if (length < 0) break;
        any = true;
        // IPv4 raw sockets see the IP header, those of IPv6 do not.
        const header = family === 'IPv4' ? ((this.#buffer[0] ?? 0) & 15) * 4 : 0;
        onArrival({ family, protocol, bytes: this.#buffer.subarray(header, length) });
      }
    }
    return any;
  }

  close(): void {
    for (const fd of Object.values(this.#sending)) libc().close(fd);
    for (const { fd } of this.#receiving) libc().close(fd);
    if (this.#listener !== undefined) libc().close(this.#listener);
  }
}

function listen(fd: number, port: number): number {
  const address = socketAddress({ family: 'IPv6', value: 0n }, port);
  checked(libc().bind(fd, address, address.length), 'bind');
  checked(more().listen(fd, BACKLOG), 'listen');
  return fd;
}

function socketAddress(address: Address, port: number): Buffer {
  const bytes = Buffer.alloc(address.family === 'IPv4' ? 16 : 28);
  bytes.writeUInt16LE(address.family === 'IPv4' ? AF_INET : AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  addressBytes(address).copy(bytes, address.family === 'IPv4' ? 4 : 8);
  return bytes;
}
