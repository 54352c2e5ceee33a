import { describe, expect, it, test } from 'vitest';
import { parseHosts } from './hosts.ts';

const read = (content: string): ReturnType<typeof parseHosts> => parseHosts([{ name: 'hosts', content }]);
const shown = (content: string): Record<string, string> =>
  Object.fromEntries([...read(content).domains].map(([name, addresses]) => [name, addresses.toString()]));

describe('parseHosts', () => {
  it.each<[string, string, Record<string, string>]>([
    ['an address and a name', '203.0.113.7 api.example.io\n', { 'api.example.io': '203.0.113.7/32' }],
    ['nothing', '', {}],
    [
      'comments and empty lines',
      '# all of it\n\n  \t\n203.0.113.7 a.io # b.io\n#203.0.113.8 a.io',
      { 'a.io': '203.0.113.7/32' },
    ],
    ['several names', '203.0.113.7\ta.io  b.io', { 'a.io': '203.0.113.7/32', 'b.io': '203.0.113.7/32' }],
    [
      'several lines for a name, of both families',
      '203.0.113.7 a.io\n2001:db8::1 a.io\n203.0.113.8 a.io',
      { 'a.io': '203.0.113.7-203.0.113.8,2001:db8::1/128' },
    ],
    ['a line twice', '203.0.113.7 a.io\n203.0.113.7 a.io', { 'a.io': '203.0.113.7/32' }],
    [
      'case and the trailing dot do not count',
      '203.0.113.7 A.io\n203.0.113.8 a.IO.',
      { 'a.io': '203.0.113.7-203.0.113.8' },
    ],
    ['a wildcard', '203.0.113.7 *.a.io', { '*.a.io': '203.0.113.7/32' }],
    [
      'CRLF, CR and a byte order mark',
      '\ufeff203.0.113.7 a.io\r\n203.0.113.7 b.io\r203.0.113.7 c.io',
      {
        'a.io': '203.0.113.7/32',
        'b.io': '203.0.113.7/32',
        'c.io': '203.0.113.7/32',
      },
    ],
    ['a name of one label', '127.0.0.1 localhost', { localhost: '127.0.0.1/32' }],
  ])('%s', (_, content, expected) => {
    expect(read(content).diagnostics).toEqual([]);
    expect(shown(content)).toEqual(expected);
  });

  it.each<[string, string, string, number, number]>([
    ['a name first', 'a.io 203.0.113.7', '"a.io" is not an IP address', 1, 4],
    ['an address with leading zeros', '203.0.113.007 a.io', '"203.0.113.007" is not an IP address', 1, 13],
    ['an address with a zone', 'fe80::1%eth0 a.io', '"fe80::1%eth0" is not an IP address', 1, 12],
    ['a CIDR', '203.0.113.0/24 a.io', '"203.0.113.0/24" is not an IP address', 1, 14],
    ['no name', '  203.0.113.7  # a.io', 'no name stands behind "203.0.113.7"', 3, 11],
    ['a name with a wrong sign', '203.0.113.7 a.io b!.io', '"b!.io" is not a domain name', 18, 5],
    ['a star inside', '203.0.113.7 a.*.io', '"a.*.io" is not a domain name', 13, 6],
    ['a very long name', `203.0.113.7 ${'a.'.repeat(127)}io`, `"${'a.'.repeat(127)}io" is not a domain name`, 13, 256],
  ])('%s is an error with its place', (_, line, message, column, length) => {
    const { domains, diagnostics } = read(`203.0.113.1 good.io\n${line}\n`);
    expect([...domains.keys()]).toEqual(['good.io']);
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toMatchObject({
      code: 'bad-hosts-line',
      severity: 'error',
      message,
      source: { file: 'hosts', line: 2, column, length, lineText: line },
    });
  });
});

test('several files add up, and name themselves in errors', () => {
  const { domains, diagnostics } = parseHosts([
    { name: 'one', content: '203.0.113.7 a.io' },
    { name: 'two', content: '203.0.113.9 a.io\nwhat\n' },
  ]);
  expect(domains.get('a.io')?.toString()).toBe('203.0.113.7/32,203.0.113.9/32');
  expect(diagnostics.map(({ source, message }) => `${source?.file}:${source?.line}: ${message}`)).toEqual([
    'two:2: "what" is not an IP address',
    'two:2: no name stands behind "what"',
  ]);
});
