import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../net/address.ts';
import { readPacket } from './packet.ts';

const IPV4 = { source: parseAddress('10.0.0.1'), destination: parseAddress('10.0.0.2') };
const IPV6 = { source: parseAddress('fd00::1'), destination: parseAddress('fd00::2') };
/** 1000 to 443. */
const PORTS = '03e801bb00000000';

/** An IPv4 header of so many words. */
function ipv4(protocol: string, { words = 5, fragment = '0000', options = '' } = {}): string {
  return `4${words}000054abcd${fragment}40${protocol}00000a0000010a000002${options}`;
}

function ipv6(next: string): string {
  return `600000000040${next}40fd000000000000000000000000000001fd000000000000000000000000000002`;
}

describe('the head of a packet', () => {
  test.each([
    ['TCP', ipv4('06') + PORTS, { ...IPV4, protocol: 6, sourcePort: 1000, destinationPort: 443 }],
    ['UDP', ipv4('11') + PORTS, { ...IPV4, protocol: 17, sourcePort: 1000, destinationPort: 443 }],
    ['SCTP', ipv4('84') + PORTS, { ...IPV4, protocol: 132, sourcePort: 1000, destinationPort: 443 }],
    [
      'options before the ports',
      ipv4('06', { words: 7, options: '8207000000000000' }) + PORTS,
      { ...IPV4, protocol: 6, sourcePort: 1000, destinationPort: 443 },
    ],
    [
      'the first fragment',
      ipv4('11', { fragment: '2000' }) + PORTS,
      { ...IPV4, protocol: 17, sourcePort: 1000, destinationPort: 443 },
    ],
    ['a later fragment', ipv4('11', { fragment: '2001' }) + PORTS, { ...IPV4, protocol: 17 }],
    ['ICMP', `${ipv4('01')}0800000000010001`, { ...IPV4, protocol: 1, icmpType: 8 }],
    ['no ports in it', ipv4('2f') + PORTS, { ...IPV4, protocol: 47 }],
    ['cut off', `${ipv4('06')}03e8`, { ...IPV4, protocol: 6 }],
    ['IPv6', ipv6('06') + PORTS, { ...IPV6, protocol: 6, sourcePort: 1000, destinationPort: 443 }],
    ['ICMPv6', `${ipv6('3a')}8000000000010001`, { ...IPV6, protocol: 58, icmpType: 128 }],
    [
      'hop-by-hop, destination and routing headers',
      `${ipv6('00')}3c00000000000000${'2b01'}${'00'.repeat(14)}1100000000000000${PORTS}`,
      { ...IPV6, protocol: 17, sourcePort: 1000, destinationPort: 443 },
    ],
    [
      'an authentication header',
      `${ipv6('33')}0604${'00'.repeat(22)}${PORTS}`,
      { ...IPV6, protocol: 6, sourcePort: 1000, destinationPort: 443 },
    ],
    [
      'the first IPv6 fragment',
      `${ipv6('2c')}1100000100000007${PORTS}`,
      { ...IPV6, protocol: 17, sourcePort: 1000, destinationPort: 443 },
    ],
    ['a later IPv6 fragment', `${ipv6('2c')}1100000900000007${PORTS}`, { ...IPV6, protocol: 17 }],
    ['an extension that is cut off', `${ipv6('00')}3cff0000`, { ...IPV6, protocol: 0 }],
    ['no IP', '00', undefined],
    ['nothing', '', undefined],
    ['IPv4 that is cut off', '45000054', undefined],
  ])('%s', (_, hex, wanted) => {
    expect(readPacket(Buffer.from(hex, 'hex'))).toEqual(wanted);
  });

  test('never throws', () => {
    for (let seed = 1; seed < 3000; seed++) {
      const bytes = Buffer.alloc(seed % 150);
      for (let at = 0, value = seed; at < bytes.length; at++) {
        value = (Math.imul(value, 1103515245) + 12345) >>> 0;
        bytes[at] = value >>> 16;
      }
      bytes[0] = seed % 2 === 0 ? 0x45 + (seed % 11) : 0x60;
      expect(() => readPacket(bytes)).not.toThrow();
    }
  });
});
