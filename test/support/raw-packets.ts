/** IP packets written and read by hand: what sockets of the protocols would not send, or not from any address. */

import type { Address } from '../../src/net/address.ts';

export const TCP = 6;
export const UDP = 17;
export const SCTP = 132;
export const ICMP = 1;
export const ICMPV6 = 58;

/** TCP flags. */
export const SYN = 0x02;
export const RST = 0x04;
export const ACK = 0x10;

const HOPS = 64;
const WINDOW = 65_535;

export interface Ends {
  readonly source: Address;
  readonly destination: Address;
}

/** An IP packet around a payload; `options` are those of IPv4, a multiple of 4 bytes. */
export function ipPacket(
  { source, destination }: Ends,
  protocol: number,
  payload: Buffer,
  options = Buffer.alloc(0),
): Buffer {
  if (source.family === 'IPv6') {
    const header = Buffer.alloc(40);
    header[0] = 0x60;
    header.writeUInt16BE(payload.length, 4);
    header[6] = protocol;
    header[7] = HOPS;
    addressBytes(source).copy(header, 8);
    addressBytes(destination).copy(header, 24);
    return Buffer.concat([header, payload]);
  }
  const header = Buffer.alloc(20 + options.length);
  header[0] = 0x40 | (header.length / 4);
  header.writeUInt16BE(header.length + payload.length, 2);
  header[8] = HOPS;
  header[9] = protocol;
  addressBytes(source).copy(header, 12);
  addressBytes(destination).copy(header, 16);
  options.copy(header, 20);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, payload]);
}

export function tcpSegment(
  ends: Ends,
  sourcePort: number,
  destinationPort: number,
  flags: number,
  sequence = 1,
): Buffer {
  const segment = Buffer.alloc(20);
  segment.writeUInt16BE(sourcePort, 0);
  segment.writeUInt16BE(destinationPort, 2);
  segment.writeUInt32BE(sequence, 4);
  if ((flags & ACK) !== 0) segment.writeUInt32BE(1, 8);
  segment[12] = 5 << 4;
  segment[13] = flags;
  segment.writeUInt16BE(WINDOW, 14);
  segment.writeUInt16BE(transportChecksum(ends, TCP, segment), 16);
  return segment;
}

export function udpDatagram(ends: Ends, sourcePort: number, destinationPort: number, payload: Buffer): Buffer {
  const datagram = Buffer.concat([Buffer.alloc(8), payload]);
  datagram.writeUInt16BE(sourcePort, 0);
  datagram.writeUInt16BE(destinationPort, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  datagram.writeUInt16BE(transportChecksum(ends, UDP, datagram) || 0xffff, 6);
  return datagram;
}

/** An INIT, or the INIT ACK that answers it: their fixed parts are alike (RFC 9260, 3.3.2 and 3.3.3). */
export function sctpInit(sourcePort: number, destinationPort: number, answers: boolean): Buffer {
  const packet = Buffer.alloc(32);
  packet.writeUInt16BE(sourcePort, 0);
  packet.writeUInt16BE(destinationPort, 2);
  packet.writeUInt32BE(answers ? 1 : 0, 4);
  packet[12] = answers ? 2 : 1;
  packet.writeUInt16BE(20, 14);
  packet.writeUInt32BE(1, 16);
  packet.writeUInt32BE(WINDOW, 20);
  packet.writeUInt16BE(1, 24);
  packet.writeUInt16BE(1, 26);
  packet.writeUInt32BE(1, 28);
  packet.writeUInt32LE(crc32c(packet), 8);
  return packet;
}

/** An echo request of either version. */
export function echoRequest(ends: Ends, id: number): Buffer {
  const message = Buffer.alloc(8);
  message[0] = ends.source.family === 'IPv4' ? 8 : 128;
  message.writeUInt16BE(id, 4);
  message.writeUInt16BE(1, 6);
  message.writeUInt16BE(
    ends.source.family === 'IPv4' ? checksum(message) : transportChecksum(ends, ICMPV6, message),
    2,
  );
  return message;
}

export function addressBytes({ family, value }: Address): Buffer {
  return Buffer.from(value.toString(16).padStart(family === 'IPv4' ? 8 : 32, '0'), 'hex');
}

function transportChecksum({ source, destination }: Ends, protocol: number, payload: Buffer): number {
  const pseudo = Buffer.alloc(8);
  pseudo.writeUInt32BE(payload.length, 0);
  pseudo[7] = protocol;
  return checksum(Buffer.concat([addressBytes(source), addressBytes(destination), pseudo, payload]));
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  if (bytes.length % 2 === 1) sum += (bytes.at(-1) ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const CRC32C = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = ((CRC32C[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8)) >>> 0;
  return ~crc >>> 0;
}
