import type { Family } from '../../net/address.ts';
import { familyOf, planned } from '../addresses.ts';
import { attempted, checked } from './libc.ts';

const AF: Readonly<Record<Family, number>> = { IPv4: 2, IPv6: 10 };
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_FLAGS = 0o4000 | 0o2000000; // non-blocking, closed on exec
const IPPROTO_IPV6 = 41;
const IPPROTO_SCTP = 132;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_LINGER = 13;
const IPV6_V6ONLY = 26;
const SHUT_WR = 1;
const MSG_NOSIGNAL = 0x4000;
const BACKLOG = 4096;
/** Many datagrams come at once. */
const DATAGRAM_BUFFER = 4 * 1024 * 1024;

/** An address with a port. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** The `sockaddr` of an address. */
export function encodeSocketAddress({ address, port }: SocketAddress): Buffer {
  const family = familyOf(address);
  const { value } = planned(address);
  const buffer = Buffer.alloc(family === 'IPv4' ? 16 : 28);
  if (littleEndian()) buffer.writeUInt16LE(AF[family], 0);
  else buffer.writeUInt16BE(AF[family], 0);
  buffer.writeUInt16BE(port, 2);
  if (family === 'IPv4') {
    buffer.writeUInt32BE(Number(value), 4);
  } else {
    buffer.writeBigUInt64BE(value >> 64n, 8);
    buffer.writeBigUInt64BE(value & 0xffff_ffff_ffff_ffffn, 16);
  }
  return buffer;
}

function littleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}

function int32(value: number): Buffer {
  return Buffer.from(new Int32Array([value]).buffer);
}

function open(family: Family, type: number, protocol: number): number {
  return checked('socket', AF[family], type | SOCK_FLAGS, protocol);
}

function set(fd: number, level: number, option: number, value: number): void {
  checked('setsockopt', fd, level, option, int32(value), 4);
}

/** Makes a socket and closes it again when what follows fails. */
function prepared(fd: number, prepare: () => void): number {
  try {
    prepare();
    return fd;
  } catch (error) {
    closeSocket(fd);
    throw error;
  }
}

function bind(fd: number, at: SocketAddress): void {
  const address = encodeSocketAddress(at);
  checked('bind', fd, address, address.length);
}

/** A listening TCP socket. */
export function listenTcp(at: SocketAddress): number {
  const family = familyOf(at.address);
  const fd = open(family, SOCK_STREAM, 0);
  return prepared(fd, () => {
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family === 'IPv6') set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    bind(fd, at);
    checked('listen', fd, BACKLOG);
  });
}

/** The next connection, or undefined when none waits. */
export function acceptTcp(fd: number): number | undefined {
  return attempted('accept4', fd, null, null, SOCK_FLAGS);
}

/** A TCP socket that is connecting. Closing it sends a reset, so that nothing of it stays. */
export function connectTcp(from: string, to: SocketAddress): number {
  const fd = open(familyOf(from), SOCK_STREAM, 0);
  return prepared(fd, () => {
    checked('setsockopt', fd, SOL_SOCKET, SO_LINGER, Buffer.from(new Int32Array([1, 0]).buffer), 8);
    bind(fd, { address: from, port: 0 });
    const address = encodeSocketAddress(to);
    attempted('connect', fd, address, address.length);
  });
}

/** A UDP socket; port 0 for any. */
export function openUdp(at: SocketAddress): number {
  const family = familyOf(at.address);
  const fd = open(family, SOCK_DGRAM, 0);
  return prepared(fd, () => {
    if (family === 'IPv6') set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(fd, SOL_SOCKET, SO_RCVBUF, DATAGRAM_BUFFER);
    bind(fd, at);
  });
}

/** A socket for SCTP packets, which are written and read whole, from their common header on. */
export function openSctp(address: string): number {
  const fd = open(familyOf(address), SOCK_RAW, IPPROTO_SCTP);
  return prepared(fd, () => {
    set(fd, SOL_SOCKET, SO_RCVBUF, DATAGRAM_BUFFER);
    bind(fd, { address, port: 0 });
  });
}

/** Sends on a connected socket. False when its buffer is full. Throws when the connection is no more. */
export function send(fd: number, data: Uint8Array): boolean {
  return attempted('sendto', fd, data, data.length, MSG_NOSIGNAL, null, 0) !== undefined;
}

/** Sends one datagram or raw packet. False when there is no room. */
export function sendTo(fd: number, data: Uint8Array, to: Uint8Array): boolean {
  return attempted('sendto', fd, data, data.length, MSG_NOSIGNAL, to, to.length) !== undefined;
}

/** What came in with the address it came from, as the kernel writes it; both are valid until the next call. */
export interface Received {
  readonly data: Buffer;
  readonly from: Buffer;
}

const data = Buffer.alloc(65_536);
const from = Buffer.alloc(28);
const size = Buffer.alloc(4);

/** Undefined when nothing waits. Of a connection that has ended, no bytes. Throws when it was refused or reset. */
export function receive(fd: number): Received | undefined {
  size.set(int32(from.length));
  const length = attempted('recvfrom', fd, data, data.length, MSG_NOSIGNAL, from, size);
  if (length === undefined) return undefined;
  return { data: data.subarray(0, length), from: from.subarray(0, new Int32Array(size.buffer, size.byteOffset, 1)[0]) };
}

/** The address and port of a `sockaddr`, as bytes that are equal for equal ones. */
export function socketAddressKey(address: Buffer): string {
  // The family is in it by the length; what follows the address differs for no peer of ours.
  return address.subarray(2, address.length === 16 ? 8 : 24).toString('latin1');
}

/** Says that nothing more will be sent. */
export function finish(fd: number): void {
  checked('shutdown', fd, SHUT_WR);
}

export function closeSocket(fd: number): void {
  checked('close', fd);
}
