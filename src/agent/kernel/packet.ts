import type { Address } from '../../net/address.ts';
import type { LoggedPacket } from './kernel.ts';

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
/** Protocols whose header begins with source and destination port: TCP, UDP, DCCP, SCTP, UDP-Lite. */
const WITH_PORTS: ReadonlySet<number> = new Set([TCP, UDP, 33, 132, 136]);

const FRAGMENT = 44;
const AUTHENTICATION = 51;
/** IPv6 extension headers that give their length in units of 8 bytes: hop-by-hop, routing, destination, mobility. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60, 135]);

/**
 * Reads the head of an IP packet: IPv4 with options, IPv6 with extension headers. Ports and ICMP type are absent where
 * they are not in the packet: in later fragments, and behind what was cut off. Undefined when it is no IP packet.
 */
export function readPacket(bytes: Buffer): Omit<LoggedPacket, 'prefix'> | undefined {
  const version = (bytes[0] ?? 0) >> 4;
  if (version === 4 && bytes.length >= 20) return readIPv4(bytes);
  if (version === 6 && bytes.length >= 40) return readIPv6(bytes);
  return undefined;
}

function readIPv4(bytes: Buffer): Omit<LoggedPacket, 'prefix'> {
  const source: Address = { family: 'IPv4', value: BigInt(bytes.readUInt32BE(12)) };
  const destination: Address = { family: 'IPv4', value: BigInt(bytes.readUInt32BE(16)) };
  const protocol = bytes[9] ?? 0;
  const later = (bytes.readUInt16BE(6) & 0x1fff) !== 0;
  return {
    source,
    destination,
    protocol,
    ...(later ? {} : readTransport(bytes, ((bytes[0] ?? 0) & 15) * 4, protocol)),
  };
}

function readIPv6(bytes: Buffer): Omit<LoggedPacket, 'prefix'> {
  const source = ipv6Address(bytes, 8);
  const destination = ipv6Address(bytes, 24);
  let protocol = bytes[6] ?? 0;
  let at = 40;
  let later = false;
  while (at + 8 <= bytes.length) {
    if (protocol === FRAGMENT) {
      later ||= (bytes.readUInt16BE(at + 2) & 0xfff8) !== 0;
      protocol = bytes[at] ?? 0;
      at += 8;
    } else if (EXTENSIONS.has(protocol)) {
      protocol = bytes[at] ?? 0;
      at += ((bytes[at + 1] ?? 0) + 1) * 8;
    } else if (protocol === AUTHENTICATION) {
      protocol = bytes[at] ?? 0;
      at += ((bytes[at + 1] ?? 0) + 2) * 4;
    } else {
      break;
    }
    if (later) break;
  }
  return { source, destination, protocol, ...(later ? {} : readTransport(bytes, at, protocol)) };
}

function readTransport(
  bytes: Buffer,
  at: number,
  protocol: number,
): Pick<LoggedPacket, 'sourcePort' | 'destinationPort' | 'icmpType'> {
  if (WITH_PORTS.has(protocol) && at + 4 <= bytes.length) {
    return { sourcePort: bytes.readUInt16BE(at), destinationPort: bytes.readUInt16BE(at + 2) };
  }
  const first = bytes[at];
  return (protocol === ICMP || protocol === ICMPV6) && first !== undefined ? { icmpType: first } : {};
}

function ipv6Address(bytes: Buffer, at: number): Address {
  return { family: 'IPv6', value: (bytes.readBigUInt64BE(at) << 64n) | bytes.readBigUInt64BE(at + 8) };
}
