import { describe, expect, it } from 'vitest';
import { formatAddress } from './address.ts';
import { type Cidr, type CidrIssue, cidrContains, formatCidr, parseCidr } from './cidr.ts';

describe('parseCidr', () => {
  it.each<[text: string, cidr: string, address: string, issues: CidrIssue[]]>([
    ['10.0.0.0/8', '10.0.0.0/8', '10.0.0.0', []],
    ['0.0.0.0/0', '0.0.0.0/0', '0.0.0.0', []],
    ['10.1.2.3/32', '10.1.2.3/32', '10.1.2.3', []],
    ['::/0', '::/0', '::', []],
    ['2001:db8::/64', '2001:db8::/64', '2001:db8::', []],
    ['::1/128', '::1/128', '::1', []],
    ['10.1.2.3/8', '10.0.0.0/8', '10.1.2.3', ['host-bits']],
    ['128.0.0.0/0', '0.0.0.0/0', '128.0.0.0', ['host-bits']],
    ['2001:db8::1/64', '2001:db8::/64', '2001:db8::1', ['host-bits']],
    ['010.0.0.0/8', '10.0.0.0/8', '10.0.0.0', ['leading-zeros']],
    ['10.0.0.0/08', '10.0.0.0/8', '10.0.0.0', ['leading-zeros']],
    ['0.0.0.0/00', '0.0.0.0/0', '0.0.0.0', ['leading-zeros']],
    ['2001:db8::/064', '2001:db8::/64', '2001:db8::', ['leading-zeros']],
    ['02001:db8::/64', '2001:db8::/64', '2001:db8::', ['leading-zeros']],
    ['10.01.2.3/8', '10.0.0.0/8', '10.1.2.3', ['leading-zeros', 'host-bits']],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8', '10.0.0.0', ['ipv4-mapped']],
    ['::ffff:a00:0/104', '10.0.0.0/8', '10.0.0.0', ['ipv4-mapped']],
    ['::ffff:0:0/96', '0.0.0.0/0', '0.0.0.0', ['ipv4-mapped']],
    ['::ffff:10.1.2.3/128', '10.1.2.3/32', '10.1.2.3', ['ipv4-mapped']],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8', '10.1.2.3', ['ipv4-mapped', 'host-bits']],
    ['::ffff:010.1.2.3/0104', '10.0.0.0/8', '10.1.2.3', ['leading-zeros', 'ipv4-mapped', 'host-bits']],
    ['::ffff:1.1.1.0/24', '::/24', '1.1.1.0', ['ipv4-mapped', 'host-bits']],
    ['::ffff:0:0/95', '::fffe:0:0/95', '0.0.0.0', ['ipv4-mapped', 'host-bits']],
    ['2001:DB8:0:0::/64', '2001:db8::/64', '2001:db8::', ['non-canonical']],
    ['2001:0db8::/64', '2001:db8::/64', '2001:db8::', ['non-canonical']],
    ['64:ff9b::1.2.3.4/128', '64:ff9b::102:304/128', '64:ff9b::102:304', ['non-canonical']],
    ['2001:DB8::1/64', '2001:db8::/64', '2001:db8::1', ['host-bits']],
  ])('reads %s as %s', (text, cidr, address, issues) => {
    const parsed = parseCidr(text);
    expect(parsed && [formatCidr(parsed.cidr), formatAddress(parsed.address), parsed.issues]).toEqual([
      cidr,
      address,
      issues,
    ]);
  });

  it.each([
    '',
    ' ',
    '/',
    '/8',
    '192.168.5.6',
    'fd00:192:168::',
    '10.0.0.0/',
    '10.0.0.0/33',
    '2001:db8::/129',
    '10.0.0.0/-1',
    '10.0.0.0/+8',
    '10.0.0.0/8.0',
    '10.0.0.0/1e1',
    '10.0.0.0/0x8',
    '10.0.0.0/99999999999999999999999',
    '10.0.0.0/8/8',
    ' 10.0.0.0/8',
    '10.0.0.0/8 ',
    '10.0.0.0 /8',
    '10.0.0.0/ 8',
    '10.0.0.0/8\n',
    '10.0.0.0/255.0.0.0',
    '10.0.0/8',
    '300.0.0.0/8',
    'fe80::1%eth0/64',
    'fe80::/64%eth0',
    'example.com/24',
  ])('refuses %j', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

describe('cidrContains', () => {
  const block = (text: string): Cidr => parseCidr(text)?.cidr as Cidr;

  it.each<[outer: string, inner: string, contains: boolean]>([
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.0/8', '10.255.0.0/16', true],
    ['10.0.0.0/8', '11.0.0.0/16', false],
    ['10.1.0.0/16', '10.0.0.0/8', false],
    ['0.0.0.0/0', '255.255.255.255/32', true],
    ['0.0.0.0/0', '::/0', false],
    ['::/0', '10.0.0.0/8', false],
    ['fd00::/8', 'fd12::1/128', true],
    ['fd00::/16', 'fd12::1/128', false],
  ])('%s contains %s: %s', (outer, inner, contains) => {
    expect(cidrContains(block(outer), block(inner))).toBe(contains);
  });
});
