import { constants, endianness } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import koffi, { type node } from 'koffi';
import { KernelError, type KernelErrorCode } from './kernel.ts';
import { libc } from './native.ts';

/*
 * Netlink (RFC 3549) to netfilter. A message is 16 bytes of header in the machine's byte order, 4 bytes of netfilter's
 * own, then attributes: length and type in the machine's byte order, contents in the network's, padded to 4 bytes.
 */

const AF_NETLINK = 16;
/** Size of an address. */
const SOCKADDR_NL = 12;
const NETLINK_NETFILTER = 12;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
/** Errors come without the request that they are about. */
const NETLINK_CAP_ACK = 10;

const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

const HEADER = 16;
const NETFILTER_HEADER = 4;
/** Offset of the first attribute of a netfilter message. */
export const ATTRIBUTES: number = HEADER + NETFILTER_HEADER;

/** The largest datagram: dumps come in pieces of 32 KiB at most, events and log messages in smaller ones. */
const LARGEST = 2 ** 16;

const LITTLE = endianness() === 'LE';
const { errno } = constants;

/** A message within a datagram. Valid until the socket receives the next. */
export interface NetlinkMessage {
  /** Subsystem in the upper 8 bits, message of it in the lower. */
  readonly type: number;
  readonly sequence: number;
  /** The netfilter family: an AF_ number, or one of netfilter's own. */
  readonly family: number;
  /** All of the datagram; the attributes are in {@link from} (inclusive) to {@link to}. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** The kernel's answer to one request. */
export interface Acknowledgement {
  readonly sequence: number;
  /** 0, or the errno. */
  readonly error: number;
}

export type Received = NetlinkMessage | Acknowledgement | 'done';

/** A socket to netfilter in the network namespace that the process is in. Nothing here blocks. */
export class NetlinkSocket {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(LARGEST);
  #sequence = 0;
  #poll: node.PollHandle | undefined;
  #closed = false;

  /** @throws KernelError */
  constructor() {
    this.#fd = libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
    if (this.#fd < 0) throw systemError('a netlink socket cannot be opened');
    this.#set(NETLINK_CAP_ACK, 1, 'netlink is too old');
    // Sockets without an address of their own, which the kernel gives, receive nothing of multicast groups.
    const address = Buffer.alloc(SOCKADDR_NL);
    writeNative16(address, 0, AF_NETLINK);
    if (libc().bind(this.#fd, address, address.length) < 0) this.#fail('a netlink socket cannot be bound');
  }

  #fail(problem: string): never {
    const error = systemError(problem);
    this.close();
    throw error;
  }

  #set(option: number, value: number, problem: string): void {
    const bytes = Buffer.alloc(4);
    writeNative32(bytes, 0, value);
    if (libc().setsockopt(this.#fd, SOL_NETLINK, option, bytes, bytes.length) < 0) this.#fail(problem);
  }

  /** Asks for the messages of a multicast group from now on. */
  join(group: number): void {
    this.#set(NETLINK_ADD_MEMBERSHIP, group, `netlink group ${group} cannot be joined`);
  }

  /** A number for a request: the answers to it carry it. */
  nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  }

  /** Sends messages, one behind the other, in one call. The kernel has answered when it returns. */
  send(messages: Uint8Array): void {
    if (libc().send(this.#fd, messages, messages.length, 0) < 0) throw systemError('netlink refused a request');
  }

  /** What the next datagram holds; `none` when none waits, `lost` when some could not be kept. */
  receive(): readonly Received[] | 'none' | 'lost' {
    if (this.#closed) return 'none';
    const length = libc().recv(this.#fd, this.#buffer, this.#buffer.length, 0);
    if (length >= 0) return [...receivedIn(this.#buffer, length)];
    const code = koffi.errno();
    if (code === errno.EAGAIN || code === errno.EINTR) return 'none';
    if (code === errno.ENOBUFS) return 'lost';
    throw systemError('netlink failed');
  }

  /** Asks for one thing, and answers the message that has it. @throws KernelError */
  ask(header: RequestHeader, problem: string, ...attributes: readonly Uint8Array[]): NetlinkMessage {
    const answer = this.#exchange(header, NLM_F_REQUEST, attributes);
    if ('error' in answer) throw systemError(problem, answer.error);
    return answer;
  }

  /** Has something done. Answers 0, or the errno. @throws KernelError when there is no answer */
  command(header: RequestHeader, ...attributes: readonly Uint8Array[]): number {
    const answer = this.#exchange(header, NLM_F_REQUEST | NLM_F_ACK, attributes);
    return 'error' in answer ? answer.error : 0;
  }

  /** Sends one request and answers the message or the acknowledgement that is its answer, which is there at once. */
  #exchange(header: RequestHeader, flags: number, attributes: readonly Uint8Array[]): NetlinkMessage | Acknowledgement {
    const sequence = this.nextSequence();
    this.send(message({ ...header, flags, sequence }, ...attributes));
    for (;;) {
      const received = this.receive();
      if (received === 'none') throw new KernelError('other', 'netlink did not answer a request');
      if (received === 'lost') continue;
      for (const answer of received) if (answer !== 'done' && answer.sequence === sequence) return answer;
    }
  }

  /**
   * Asks for a list, and answers the messages of each datagram until it is complete. Those are valid until the next.
   * @param what is listed, in the plural, for errors @throws KernelError, with code `missing` when it is not there
   */
  *list(
    header: RequestHeader,
    what: string,
    ...attributes: readonly Uint8Array[]
  ): Generator<readonly NetlinkMessage[], void> {
    this.send(message({ ...header, flags: NLM_F_REQUEST | NLM_F_DUMP, sequence: this.nextSequence() }, ...attributes));
    for (;;) {
      const received = this.receive();
      if (received === 'none') throw new KernelError('other', `the list of ${what} ended early`);
      if (received === 'lost') continue;
      const messages: NetlinkMessage[] = [];
      for (const part of received) {
        if (part === 'done') {
          yield messages;
          return;
        }
        if ('error' in part) throw systemError(`${what} cannot be listed`, part.error);
        messages.push(part);
      }
      yield messages;
    }
  }

  /** Calls back when there is something to receive, again and again until it is. Does not keep the process alive. */
  onReadable(callback: () => void): void {
    const onEvent = (status: unknown): void => {
      callback();
      // Lost messages are an error of the socket, and libuv stops watching one that has an error.
      if (typeof status === 'number' && status < 0 && !this.#closed) this.#poll?.start({ readable: true }, onEvent);
    };
    this.#poll = koffi.node.poll(this.#fd, { readable: true }, onEvent);
    this.#poll.unref();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#poll?.close();
    libc().close(this.#fd);
  }
}

function* receivedIn(bytes: Buffer, length: number): Generator<Received> {
  for (let at = 0; at + HEADER <= length; ) {
    const size = readNative32(bytes, at);
    if (size < HEADER || at + size > length) return;
    const type = readNative16(bytes, at + 4);
    const sequence = readNative32(bytes, at + 8);
    if (type === NLMSG_DONE) {
      yield 'done';
    } else if (type === NLMSG_ERROR) {
      yield { sequence, error: -(readNative32(bytes, at + HEADER) | 0) };
    } else if (size >= ATTRIBUTES) {
      yield { type, sequence, family: bytes[at + HEADER] ?? 0, bytes, from: at + ATTRIBUTES, to: at + size };
    }
    at += padded(size);
  }
}

/** Visits the attributes in a part of a message; nested ones are attributes in the part that is their contents. */
export function eachAttribute(
  bytes: Buffer,
  from: number,
  to: number,
  visit: (type: number, from: number, to: number) => void,
): void {
  for (let at = from; at + 4 <= to; ) {
    const size = readNative16(bytes, at);
    if (size < 4 || at + size > to) return;
    visit(readNative16(bytes, at + 2) & TYPE_MASK, at + 4, at + size);
    at += padded(size);
  }
}

/** What a request is about. */
export interface RequestHeader {
  /** Subsystem in the upper 8 bits, message of it in the lower. */
  readonly type: number;
  readonly family?: number;
  /** The group of log messages; 0 elsewhere. */
  readonly resource?: number;
}

/** A request that is to be acknowledged, for several in one {@link NetlinkSocket.send}. */
export function commandMessage(header: RequestHeader, sequence: number, ...attributes: readonly Uint8Array[]): Buffer {
  return message({ ...header, flags: NLM_F_REQUEST | NLM_F_ACK, sequence }, ...attributes);
}

function message(
  header: RequestHeader & { readonly flags: number; readonly sequence: number },
  ...attributes: readonly Uint8Array[]
): Buffer {
  const head = Buffer.alloc(ATTRIBUTES);
  const body = Buffer.concat([head, ...attributes]);
  writeNative32(body, 0, body.length);
  writeNative16(body, 4, header.type);
  writeNative16(body, 6, header.flags);
  writeNative32(body, 8, header.sequence);
  body[HEADER] = header.family ?? 0;
  body.writeUInt16BE(header.resource ?? 0, HEADER + 2);
  return body;
}

/** An attribute, padded. */
export function attribute(type: number, contents: Uint8Array): Buffer {
  const bytes = Buffer.alloc(padded(4 + contents.length));
  writeNative16(bytes, 0, 4 + contents.length);
  writeNative16(bytes, 2, type);
  bytes.set(contents, 4);
  return bytes;
}

/** An attribute that holds others. */
export function nested(type: number, ...attributes: readonly Uint8Array[]): Buffer {
  return attribute(type | NESTED, Buffer.concat(attributes));
}

/** A number of so many bytes in the network's order, as the contents of an attribute. */
export function bigEndian(value: number, size: 1 | 2 | 4): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}

function padded(size: number): number {
  return (size + 3) & ~3;
}

function readNative16(bytes: Buffer, at: number): number {
  return LITTLE ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}

function readNative32(bytes: Buffer, at: number): number {
  return LITTLE ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

function writeNative16(bytes: Buffer, at: number, value: number): void {
  if (LITTLE) bytes.writeUInt16LE(value, at);
  else bytes.writeUInt16BE(value, at);
}

function writeNative32(bytes: Buffer, at: number, value: number): void {
  if (LITTLE) bytes.writeUInt32LE(value, at);
  else bytes.writeUInt32BE(value, at);
}

const CODES: ReadonlyMap<number, KernelErrorCode> = new Map([
  [errno.EPERM, 'permission'],
  [errno.EACCES, 'permission'],
  [errno.ENOENT, 'missing'],
  [errno.EEXIST, 'exists'],
  [errno.EBUSY, 'busy'],
  [errno.EOPNOTSUPP, 'unsupported'],
  [errno.EPROTONOSUPPORT, 'unsupported'],
  [errno.EAFNOSUPPORT, 'unsupported'],
  [errno.ENOMEM, 'memory'],
  [errno.ENOBUFS, 'memory'],
  [errno.EMFILE, 'memory'],
  [errno.ENFILE, 'memory'],
]);

/** What a system call failed with, by the C library's errno or one that is given. */
export function systemError(problem: string, code: number = koffi.errno()): KernelError {
  const [name, text] = getSystemErrorMap().get(-code) ?? [`errno ${code}`, ''];
  return new KernelError(CODES.get(code) ?? 'other', `${problem}: ${text} (${name})`);
}
