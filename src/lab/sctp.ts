/**
 * Just enough of SCTP (RFC 9260) to ask whether a port answers: INIT, and the INIT ACK to it, whose state cookie says
 * who answered. No association is ever made.
 */

const HEADER = 12;
const INIT = 1;
const INIT_ACK = 2;
const FIXED = 20;
const STATE_COOKIE = 7;

/** The first packet of an association. `tag` is what the answer is to carry, and not zero. */
export function sctpInit(sourcePort: number, destinationPort: number, tag: number): Buffer {
  return packet(sourcePort, destinationPort, 0, INIT, tag, Buffer.alloc(0));
}

/** The answer to an INIT, from whoever `identity` names. */
export function sctpInitAck(init: SctpPacket, identity: string): Buffer {
  const cookie = Buffer.from(identity);
  const parameter = Buffer.alloc(4 + Math.ceil(cookie.length / 4) * 4);
  parameter.writeUInt16BE(STATE_COOKIE, 0);
  parameter.writeUInt16BE(4 + cookie.length, 2);
  parameter.set(cookie, 4);
  return packet(init.destinationPort, init.sourcePort, init.tag, INIT_ACK, 1, parameter);
}

/** An INIT, or an INIT ACK with its cookie. */
export interface SctpPacket {
  readonly type: 'init' | 'init-ack';
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** The initiate tag of the chunk. */
  readonly tag: number;
  /** Of an INIT ACK. */
  readonly identity?: string;
}

/** Reads a packet from its common header on; undefined for any other than those above. */
export function parseSctp(bytes: Buffer): SctpPacket | undefined {
  if (bytes.length < HEADER + FIXED) return undefined;
  const type = bytes[HEADER];
  const ports = {
    sourcePort: bytes.readUInt16BE(0),
    destinationPort: bytes.readUInt16BE(2),
    tag: bytes.readUInt32BE(HEADER + 4),
  };
  if (type === INIT) return { type: 'init', ...ports };
  if (type !== INIT_ACK || bytes.length < HEADER + FIXED + 4) return undefined;
  const parameter = bytes.subarray(HEADER + FIXED);
  if (parameter.readUInt16BE(0) !== STATE_COOKIE) return undefined;
  return { type: 'init-ack', ...ports, identity: parameter.toString('utf8', 4, parameter.readUInt16BE(2)) };
}

function packet(
  sourcePort: number,
  destinationPort: number,
  verification: number,
  type: number,
  tag: number,
  parameters: Buffer,
): Buffer {
  const bytes = Buffer.alloc(HEADER + FIXED + parameters.length);
  bytes.writeUInt16BE(sourcePort, 0);
  bytes.writeUInt16BE(destinationPort, 2);
  bytes.writeUInt32BE(verification, 4);
  bytes[HEADER] = type;
  bytes.writeUInt16BE(FIXED + parameters.length, HEADER + 2);
  bytes.writeUInt32BE(tag, HEADER + 4);
  bytes.writeUInt32BE(65_536, HEADER + 8); // receiver window
  bytes.writeUInt16BE(1, HEADER + 12); // streams each way
  bytes.writeUInt16BE(1, HEADER + 14);
  bytes.writeUInt32BE(1, HEADER + 16); // first sequence number
  bytes.set(parameters, HEADER + FIXED);
  bytes.writeUInt32LE(crc32c(bytes), 8);
  return bytes;
}

/** The packet of an IPv4 raw socket, which has the IP header before it. */
export function withoutIpHeader(bytes: Buffer): Buffer {
  return bytes.subarray(((bytes[0] ?? 0) & 15) * 4);
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f6_3b78 : value >>> 1;
  return value;
});

/** The checksum of SCTP, over a packet whose checksum field is zero. */
export function crc32c(bytes: Uint8Array): number {
  let value = 0xffff_ffff;
  for (const byte of bytes) value = (TABLE[(value ^ byte) & 255] ?? 0) ^ (value >>> 8);
  return ~value >>> 0;
}
