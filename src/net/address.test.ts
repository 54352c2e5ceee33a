import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, compareAddresses, formatAddress, lastAddress, parseAddress, scanAddress } from './address.ts';

const ipv4 = fc.bigInt({ min: 0n, max: lastAddress('IPv4') }).map((value): Address => ({ family: 'IPv4', value }));

/** IPv6 addresses with many zero groups, outside the IPv4-mapped block. */
const ipv6 = fc
  .array(fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups): Address => ({ family: 'IPv6', value: groups.reduce((sum, g) => (sum << 16n) | BigInt(g), 0n) }))
  .filter((address) => address.value >> 32n !== 0xffffn);

describe('parseAddress', () => {
  it.each<[text: string, canonical: string]>([
    ['0.0.0.0', '0.0.0.0'],
    ['10.1.2.3', '10.1.2.3'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8::A', '2001:db8::a'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['::1.2.3.4', '::102:304'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:a01:203', '10.1.2.3'],
    ['0:0:0:0:0:ffff:10.1.2.3', '10.1.2.3'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('reads %s as %s', (text, canonical) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(canonical);
  });

  it.each([
    '',
    ' ',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.256',
    '1.2.3.1000',
    '01.2.3.4',
    '1.2.3.00',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '+1.2.3.4',
    '1.2.3.-4',
    '0x1.2.3.4',
    '1.2.3.4/32',
    '١.2.3.4',
    ':',
    ':::',
    '::1::',
    ':1',
    '1:',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '1:2:3:4::5:6:7:8',
    '12345::',
    '00001::',
    'g::',
    '::1%eth0',
    '[::1]',
    '1.2.3.4::',
    '::1.2.3',
    '::1.2.3.04',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1:2:3:4:5:1.2.3.4',
    'example.com',
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('is the inverse of formatAddress', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (address) => {
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
      { numRuns: 500 },
    );
  });
});

describe('scanAddress', () => {
  it.each<[text: string, canonical: string]>([
    ['010.001.0.0000000009', '10.1.0.9'],
    ['00001::', '1::'],
    ['::ffff:010.0.0.1', '::ffff:10.0.0.1'],
    ['64:ff9b::1.2.3.04', '64:ff9b::102:304'],
  ])('reads %s loosely as %s and refuses it strictly', (text, canonical) => {
    const address = scanAddress(text, false);
    expect(address && formatAddress(address)).toBe(canonical);
    expect(scanAddress(text, true)).toBeUndefined();
  });

  it.each(['0256.0.0.0', '010000::', '1.2.3.4 '])('refuses %j even loosely', (text) => {
    expect(scanAddress(text, false)).toBeUndefined();
  });
});

describe('compareAddresses', () => {
  it('sorts IPv4 first, then by value', () => {
    const sorted = ['0.0.0.0', '9.0.0.0', '10.0.0.0', '255.0.0.0', '::', '::1', 'fe80::'];
    const shuffled = [...sorted].reverse().map((text) => parseAddress(text) as Address);
    expect(shuffled.sort(compareAddresses).map(formatAddress)).toEqual(sorted);
    expect(compareAddresses({ family: 'IPv6', value: 1n }, { family: 'IPv6', value: 1n })).toBe(0);
  });
});
