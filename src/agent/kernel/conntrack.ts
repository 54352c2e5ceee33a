import { constants } from 'node:os';
import { pauses } from '../../kube/slices.ts';
import type { Address, Family } from '../../net/address.ts';
import { type Connection, type ConnectionTuple, KernelError } from './kernel.ts';
import {
  attribute,
  bigEndian,
  commandMessage,
  eachAttribute,
  type NetlinkMessage,
  NetlinkSocket,
  nested,
  systemError,
} from './netlink.ts';

const SUBSYSTEM = 1 << 8;
const IPCTNL_MSG_CT_GET = SUBSYSTEM | 1;
const IPCTNL_MSG_CT_DELETE = SUBSYSTEM | 2;
const IPCTNL_MSG_CT_GET_STATS = SUBSYSTEM | 5;
const CTA_STATS_GLOBAL_ENTRIES = 1;

const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_ID = 12;
const CTA_ZONE = 18;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V4_DST = 2;
const CTA_IP_V6_SRC = 3;
const CTA_IP_V6_DST = 4;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_SRC_PORT = 2;
const CTA_PROTO_DST_PORT = 3;
const CTA_PROTO_ICMP_ID = 4;
const CTA_PROTO_ICMP_TYPE = 5;
const CTA_PROTO_ICMP_CODE = 6;
const CTA_PROTO_ICMPV6_ID = 7;
const CTA_PROTO_ICMPV6_TYPE = 8;
const CTA_PROTO_ICMPV6_CODE = 9;

const ICMP = 1;
const ICMPV6 = 58;
const AF_INET = 2;
const AF_INET6 = 10;

/** So many entries are deleted by one call. */
const DELETED_AT_ONCE = 64;

/**
 * Every tracked connection of both IP versions; those of `involving`, when given, that have one of these addresses at
 * the end that opened the connection or at the one that answers. An entry that comes or goes meanwhile may be missing.
 */
export async function listConnections(involving?: readonly Address[]): Promise<readonly Connection[]> {
  return await withSocket(async (socket) => {
    const reader = new EntryReader(involving);
    const pause = pauses();
    for (const entries of socket.list({ type: IPCTNL_MSG_CT_GET }, 'connections')) {
      for (const entry of entries) reader.read(entry);
      await pause();
    }
    return reader.connections;
  });
}

/**
 * Deletes entries. Answers how many there were. An entry that was opened anew meanwhile, with the same addresses and
 * ports, stays unless the kernel put it into the very memory of the old one, from which it makes identities.
 */
export async function deleteConnections(connections: readonly Connection[]): Promise<number> {
  return await withSocket(async (socket) => {
    const pause = pauses();
    let deleted = 0;
    for (let at = 0; at < connections.length; at += DELETED_AT_ONCE) {
      const requests = connections
        .slice(at, at + DELETED_AT_ONCE)
        .map((connection) => deletion(connection, socket.nextSequence()));
      socket.send(Buffer.concat(requests));
      for (let waiting = requests.length; waiting > 0; ) {
        const received = socket.receive();
        if (received === 'none' || received === 'lost') {
          throw new KernelError('other', 'the deletion of connections was not acknowledged');
        }
        for (const answer of received) {
          if (answer === 'done' || !('error' in answer)) continue;
          waiting--;
          if (answer.error === 0) deleted++;
          else if (answer.error !== constants.errno.ENOENT) {
            throw systemError('a connection cannot be deleted', answer.error);
          }
        }
      }
      await pause();
    }
    return deleted;
  });
}

/** How many connections are tracked. */
export function countConnections(): number {
  const socket = new NetlinkSocket();
  try {
    const answer = socket.ask({ type: IPCTNL_MSG_CT_GET_STATS }, 'connections cannot be counted');
    let count = 0;
    eachAttribute(answer.bytes, answer.from, answer.to, (type, start) => {
      if (type === CTA_STATS_GLOBAL_ENTRIES) count = answer.bytes.readUInt32BE(start);
    });
    return count;
  } finally {
    socket.close();
  }
}

/** Each call has a socket of its own, so that answers cannot be mixed up. */
async function withSocket<T>(work: (socket: NetlinkSocket) => Promise<T>): Promise<T> {
  const socket = new NetlinkSocket();
  try {
    return await work(socket);
  } finally {
    socket.close();
  }
}

function deletion({ original, protocol, id, zone }: Connection, sequence: number): Buffer {
  return commandMessage(
    { type: IPCTNL_MSG_CT_DELETE, family: original.source.family === 'IPv4' ? AF_INET : AF_INET6 },
    sequence,
    nested(CTA_TUPLE_ORIG, addressPart(original), protocolPart(protocol, original)),
    attribute(CTA_ID, bigEndian(id, 4)),
    attribute(CTA_ZONE, bigEndian(zone, 2)),
  );
}

function addressPart({ source, destination }: ConnectionTuple): Buffer {
  const [from, to] = source.family === 'IPv4' ? [CTA_IP_V4_SRC, CTA_IP_V4_DST] : [CTA_IP_V6_SRC, CTA_IP_V6_DST];
  return nested(CTA_TUPLE_IP, attribute(from, addressBytes(source)), attribute(to, addressBytes(destination)));
}

function protocolPart(protocol: number, { sourcePort, destinationPort }: ConnectionTuple): Buffer {
  const number = attribute(CTA_PROTO_NUM, bigEndian(protocol, 1));
  if (protocol !== ICMP && protocol !== ICMPV6) {
    return nested(
      CTA_TUPLE_PROTO,
      number,
      attribute(CTA_PROTO_SRC_PORT, bigEndian(sourcePort, 2)),
      attribute(CTA_PROTO_DST_PORT, bigEndian(destinationPort, 2)),
    );
  }
  const [id, type, code] =
    protocol === ICMP
      ? [CTA_PROTO_ICMP_ID, CTA_PROTO_ICMP_TYPE, CTA_PROTO_ICMP_CODE]
      : [CTA_PROTO_ICMPV6_ID, CTA_PROTO_ICMPV6_TYPE, CTA_PROTO_ICMPV6_CODE];
  return nested(
    CTA_TUPLE_PROTO,
    number,
    attribute(id, bigEndian(sourcePort, 2)),
    attribute(type, bigEndian(destinationPort >> 8, 1)),
    attribute(code, bigEndian(destinationPort & 255, 1)),
  );
}

function addressBytes({ family, value }: Address): Buffer {
  return Buffer.from(value.toString(16).padStart(family === 'IPv4' ? 8 : 32, '0'), 'hex');
}

/** Reads entries. Within one list, equal addresses are one object. */
class EntryReader {
  readonly connections: Connection[] = [];
  readonly #addresses = new Map<string, Address>();
  readonly #wanted: ReadonlySet<string> | undefined;

  constructor(involving: readonly Address[] | undefined) {
    if (involving !== undefined) this.#wanted = new Set(involving.map((one) => addressBytes(one).toString('latin1')));
  }

  read({ bytes, from, to }: NetlinkMessage): void {
    const original = new RawTuple();
    const reply = new RawTuple();
    let id = 0;
    let zone = 0;
    eachAttribute(bytes, from, to, (type, start, end) => {
      switch (type) {
        case CTA_TUPLE_ORIG:
          original.read(bytes, start, end);
          break;
        case CTA_TUPLE_REPLY:
          reply.read(bytes, start, end);
          break;
        case CTA_ID:
          id = bytes.readUInt32BE(start);
          break;
        case CTA_ZONE:
          zone = bytes.readUInt16BE(start);
          break;
      }
    });
    if (this.#wanted !== undefined && !this.#wanted.has(original.source) && !this.#wanted.has(reply.source)) return;
    const connection = {
      protocol: original.protocol,
      original: this.#tuple(original),
      reply: this.#tuple(reply),
      id,
      zone,
    };
    this.connections.push(connection);
  }

  #tuple({ source, destination, sourcePort, destinationPort }: RawTuple): ConnectionTuple {
    return { source: this.#address(source), destination: this.#address(destination), sourcePort, destinationPort };
  }

  #address(raw: string): Address {
    let address = this.#addresses.get(raw);
    if (address === undefined) {
      const family: Family = raw.length === 4 ? 'IPv4' : 'IPv6';
      address = { family, value: BigInt(`0x0${Buffer.from(raw, 'latin1').toString('hex')}`) };
      this.#addresses.set(raw, address);
    }
    return address;
  }
}

/** One direction as it stands in the message; addresses as Latin-1 text of their bytes. */
class RawTuple {
  source = '';
  destination = '';
  protocol = 0;
  sourcePort = 0;
  destinationPort = 0;

  read(bytes: Buffer, from: number, to: number): void {
    eachAttribute(bytes, from, to, (part, start, end) => {
      if (part === CTA_TUPLE_IP) this.#readAddresses(bytes, start, end);
      else if (part === CTA_TUPLE_PROTO) this.#readProtocol(bytes, start, end);
    });
  }

  #readAddresses(bytes: Buffer, from: number, to: number): void {
    eachAttribute(bytes, from, to, (type, start, end) => {
      if (type === CTA_IP_V4_SRC || type === CTA_IP_V6_SRC) this.source = bytes.toString('latin1', start, end);
      else if (type === CTA_IP_V4_DST || type === CTA_IP_V6_DST)
        this.destination = bytes.toString('latin1', start, end);
    });
  }

  #readProtocol(bytes: Buffer, from: number, to: number): void {
    eachAttribute(bytes, from, to, (type, start) => {
      switch (type) {
        case CTA_PROTO_NUM:
          this.protocol = bytes[start] ?? 0;
          break;
        case CTA_PROTO_SRC_PORT:
        case CTA_PROTO_ICMP_ID:
        case CTA_PROTO_ICMPV6_ID:
          this.sourcePort = bytes.readUInt16BE(start);
          break;
        case CTA_PROTO_DST_PORT:
          this.destinationPort = bytes.readUInt16BE(start);
          break;
        case CTA_PROTO_ICMP_TYPE:
        case CTA_PROTO_ICMPV6_TYPE:
          this.destinationPort |= (bytes[start] ?? 0) << 8;
          break;
        case CTA_PROTO_ICMP_CODE:
        case CTA_PROTO_ICMPV6_CODE:
          this.destinationPort |= bytes[start] ?? 0;
          break;
      }
    });
  }
}
