import { constants } from 'node:os';
import { type Closer, KernelError, type LoggedPacket } from './kernel.ts';
import { attribute, bigEndian, eachAttribute, type NetlinkMessage, NetlinkSocket, systemError } from './netlink.ts';
import { readPacket } from './packet.ts';

const SUBSYSTEM = 4 << 8;
const NFULNL_MSG_PACKET = SUBSYSTEM | 0;
const NFULNL_MSG_CONFIG = SUBSYSTEM | 1;
const NFULA_CFG_CMD = 1;
const NFULA_CFG_MODE = 2;
const NFULA_CFG_TIMEOUT = 4;
const NFULA_CFG_QTHRESH = 5;
const NFULNL_CFG_CMD_BIND = 1;
const NFULNL_COPY_PACKET = 2;
const NFULA_PAYLOAD = 9;
const NFULA_PREFIX = 10;

/** So much of a packet holds its headers, also with IPv4 options or a few IPv6 extensions. */
const COPIED_BYTES = 128;
/** The kernel sends messages when so many wait, or when the first has waited for so many hundredths of a second. */
const GATHERED_MESSAGES = 32;
const GATHERED_TIME = 5;
/** Datagrams that are read before the event loop may go on. */
const READ_AT_ONCE = 64;

/**
 * A socket that has a log group. One process can have a group at a time.
 * @throws KernelError with code `busy` when another has it
 */
export function bindLogGroup(group: number): NetlinkSocket {
  const socket = new NetlinkSocket();
  try {
    const error = configure(socket, group, attribute(NFULA_CFG_CMD, bigEndian(NFULNL_CFG_CMD_BIND, 1)));
    if (error === constants.errno.EPERM || error === constants.errno.EBUSY) {
      throw new KernelError(
        'busy',
        `log group ${group} belongs to another process, or CAP_NET_ADMIN is missing: choose another group`,
      );
    }
    if (error !== 0) throw systemError(`log group ${group} cannot be received`, error);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Receives what rules log to a group. @throws KernelError as {@link bindLogGroup} does */
export function receivePackets(group: number, onPacket: (packet: LoggedPacket) => void, onLost: () => void): Closer {
  const socket = bindLogGroup(group);
  try {
    const settings = configure(
      socket,
      group,
      attribute(NFULA_CFG_MODE, Buffer.concat([bigEndian(COPIED_BYTES, 4), Buffer.of(NFULNL_COPY_PACKET, 0)])),
      attribute(NFULA_CFG_QTHRESH, bigEndian(GATHERED_MESSAGES, 4)),
      attribute(NFULA_CFG_TIMEOUT, bigEndian(GATHERED_TIME, 4)),
    );
    if (settings !== 0) throw systemError(`log group ${group} cannot be set up`, settings);
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.onReadable(() => {
    for (let read = 0; read < READ_AT_ONCE; read++) {
      const received = receiveOrLose(socket);
      if (received === 'none') return;
      if (received === 'lost') onLost();
      else deliver(received.filter(isMessage), onPacket);
    }
  });
  return {
    close: async () => socket.close(),
  };
}

/** An error of the socket, of memory for example, is a loss too. */
function receiveOrLose(socket: NetlinkSocket): ReturnType<NetlinkSocket['receive']> {
  try {
    return socket.receive();
  } catch (error) {
    if (error instanceof KernelError) return 'lost';
    throw error;
  }
}

function isMessage(part: unknown): part is NetlinkMessage {
  return typeof part === 'object' && part !== null && 'bytes' in part;
}

/** Answers 0 or the errno. */
function configure(socket: NetlinkSocket, group: number, ...attributes: readonly Uint8Array[]): number {
  return socket.command({ type: NFULNL_MSG_CONFIG, resource: group }, ...attributes);
}

function deliver(messages: readonly NetlinkMessage[], onPacket: (packet: LoggedPacket) => void): void {
  for (const { type, bytes, from, to } of messages) {
    if (type !== NFULNL_MSG_PACKET) continue;
    let prefix = '';
    let packet: Omit<LoggedPacket, 'prefix'> | undefined;
    eachAttribute(bytes, from, to, (attribute, start, end) => {
      // The prefix ends with a zero byte.
      if (attribute === NFULA_PREFIX) prefix = bytes.toString('latin1', start, end - 1);
      else if (attribute === NFULA_PAYLOAD) packet = readPacket(bytes.subarray(start, end));
    });
    if (packet !== undefined) onPacket({ prefix, ...packet });
  }
}
