import { describe, expect, it } from 'vitest';
import type { Connection, Endpoint, PortEntry } from '../analysis/index.ts';
import { formatPorts, isFullyOpen } from './ports.ts';
import { reachJson, reachYaml } from './reach-json.ts';
import { reachMatrix } from './reach-matrix.ts';
import { reachCsv, reachMarkdown, reachTable } from './reach-table.ts';
import type { ReachabilitySource } from './reachability-source.ts';

const ALL: readonly PortEntry[] = (['TCP', 'UDP', 'SCTP'] as const).map((protocol) => ({
  protocol,
  ranges: [[1, 65535]],
}));
const WEB: readonly PortEntry[] = [
  {
    protocol: 'TCP',
    ranges: [
      [80, 80],
      [8000, 8080],
    ],
  },
  { protocol: 'UDP', ranges: [[53, 53]], families: ['IPv4'] },
];
const cart: Endpoint = {
  id: 'shop/cart[Deployment]',
  type: 'workload',
  namespace: 'shop',
  name: 'cart',
  workloadKind: 'Deployment',
  labels: { app: 'cart' },
  isolated: { ingress: true, egress: false },
};
const web: Endpoint = { ...cart, id: 'shop/web[Deployment]', name: 'web', labels: { app: 'web' } };
const world: Endpoint = { id: '0.0.0.0/0', type: 'external', ranges: [['0.0.0.0', '255.255.255.255']] };

function source(
  connections: readonly Connection[],
  endpoints: readonly Endpoint[] = [world, cart, web],
): ReachabilitySource {
  return {
    endpoints,
    *connections() {
      yield* connections;
    },
    groups: () => connections.map(({ from, to, ports }) => ({ from: [from], to: [to], ports })),
  };
}

const some = source([
  { from: world.id, to: web.id, ports: ALL },
  { from: web.id, to: world.id, ports: WEB },
  { from: web.id, to: cart.id, ports: WEB },
]);
const text = (pieces: Iterable<string>): string => [...pieces].join('');

describe('formatPorts', () => {
  it.each<[string, readonly PortEntry[]]>([
    ['none', []],
    ['all ports', ALL],
    ['80/TCP, 8000-8080/TCP, 53/UDP (IPv4 only)', WEB],
    ['all TCP', ALL.slice(0, 1)],
    [
      '80/TCP, all UDP',
      [
        { protocol: 'TCP', ranges: [[80, 80]] },
        { protocol: 'UDP', ranges: [[1, 65535]] },
      ],
    ],
    ['all ports (IPv6 only)', ALL.map((entry) => ({ ...entry, families: ['IPv6'] }))],
  ])('%s', (expected, ports) => {
    expect(formatPorts(ports)).toBe(expected);
  });

  it('one family is not fully open', () => {
    expect(isFullyOpen(ALL)).toBe(true);
    expect(isFullyOpen(ALL.map((entry) => ({ ...entry, families: ['IPv4'] as const })))).toBe(false);
    expect(isFullyOpen(ALL.slice(1))).toBe(false);
  });
});

describe('reachTable', () => {
  it('has a row for each connection and a gap between sources', () => {
    expect(text(reachTable(some))).toBe(
      [
        'FROM                  TO                     PORTS',
        '0.0.0.0/0             shop/web[Deployment]   all ports',
        '',
        'shop/web[Deployment]  0.0.0.0/0              80/TCP, 8000-8080/TCP, 53/UDP (IPv4 only)',
        'shop/web[Deployment]  shop/cart[Deployment]  80/TCP, 8000-8080/TCP, 53/UDP (IPv4 only)',
        '',
      ].join('\n'),
    );
  });

  it('leaves the header out, and is empty for nothing', () => {
    expect(text(reachTable(some, { noHeaders: true }))).not.toContain('FROM');
    expect(text(reachTable(source([])))).toBe('');
  });

  it('does not let one long name push all others away', () => {
    const long: Endpoint = { ...world, id: `${'1.2.3.4/32,'.repeat(10)}9.9.9.9/32` };
    const lines = text(
      reachTable(
        source(
          [
            { from: long.id, to: web.id, ports: ALL },
            { from: web.id, to: cart.id, ports: ALL },
          ],
          [long, cart, web],
        ),
      ),
    ).split('\n');
    expect(lines[3]).toBe('shop/web[Deployment]  shop/cart[Deployment]  all ports');
  });
});

it('reachMatrix has letters with a legend', () => {
  expect(text(reachMatrix(some))).toBe(
    [
      '  FROM                   1 2 3',
      '1 0.0.0.0/0              - . #',
      '2 shop/cart[Deployment]  . - .',
      '3 shop/web[Deployment]   a a -',
      '',
      'rows: from, columns: to',
      '# all ports',
      '. nothing',
      '- not judged (itself, or both outside)',
      'a 80/TCP, 8000-8080/TCP, 53/UDP (IPv4 only)',
      '',
    ].join('\n'),
  );
});

it('reachMatrix of connected ends names the columns that are no rows', () => {
  const one = source([{ from: web.id, to: cart.id, ports: ALL }]);
  expect(text(reachMatrix(one, { connectedOnly: true }))).toBe(
    [
      '  FROM                  2',
      '3 shop/web[Deployment]  #',
      '',
      '2 shop/cart[Deployment]',
      '',
      'rows: from, columns: to',
      '# all ports',
      '. nothing',
      '- not judged (itself, or both outside)',
      '',
    ].join('\n'),
  );
});

it('reachMatrix stacks the digits of many columns and runs out of letters in order', () => {
  const endpoints = Array.from(
    { length: 60 },
    (_, index): Endpoint => ({ ...web, id: `p${String(index).padStart(2, '0')}` }),
  );
  const connections = endpoints.slice(1).map(
    ({ id }, index): Connection => ({
      from: 'p00',
      to: id,
      ports: [{ protocol: 'TCP', ranges: [[index + 1, index + 1]] }],
    }),
  );
  const lines = text(reachMatrix(source(connections, endpoints))).split('\n');
  expect(lines[0]).toMatch(/^ {27}1 1 1/);
  expect(lines[1]?.startsWith('   FROM  1 2 3 4 5 6 7 8 9 0 1')).toBe(true);
  expect(lines[2]?.startsWith(' 1 p00   - a b c')).toBe(true);
  expect(lines[2]?.endsWith('Y Z + + + + + + +')).toBe(true);
  expect(lines.at(-2)).toBe('+ some ports, of 7 further kinds (see -o table)');
});

describe('reachJson', () => {
  it('is the document of the contract, byte for byte', () => {
    expect(text(reachJson(source([{ from: web.id, to: cart.id, ports: WEB }], [cart, world])))).toBe(`{
  "apiVersion": "portcullis.dev/v1",
  "kind": "Reachability",
  "endpoints": [
    {"id":"shop/cart[Deployment]","type":"workload","namespace":"shop","name":"cart","workloadKind":"Deployment","labels":{"app":"cart"},"isolated":{"ingress":true,"egress":false}},
    {"id":"0.0.0.0/0","type":"external","ranges":[["0.0.0.0","255.255.255.255"]]}
  ],
  "connections": [
    {"from":"shop/web[Deployment]","to":"shop/cart[Deployment]","ports":[{"protocol":"TCP","ranges":[[80,80],[8000,8080]]},{"protocol":"UDP","ranges":[[53,53]],"families":["IPv4"]}]}
  ]
}
`);
  });

  it('is JSON without connections and with groups', () => {
    expect(JSON.parse(text(reachJson(source([], []))))).toMatchObject({ endpoints: [], connections: [] });
    const grouped = JSON.parse(text(reachJson(some, { grouped: true })));
    expect(grouped.connections).toBeUndefined();
    expect(grouped.groups[0]).toMatchObject({ from: ['0.0.0.0/0'], to: ['shop/web[Deployment]'] });
  });

  it('comes in small pieces', () => {
    const pieces = [...reachJson(some)];
    expect(pieces.length).toBeGreaterThan(6);
  });
});

it('reachYaml has the same content', () => {
  expect(text(reachYaml(source([{ from: web.id, to: cart.id, ports: ALL }], [])))).toBe(
    'apiVersion: portcullis.dev/v1\nkind: Reachability\nendpoints: []\nconnections:\n' +
      '  - {"from":"shop/web[Deployment]","to":"shop/cart[Deployment]","ports":[{"protocol":"TCP","ranges":[[1,65535]]},{"protocol":"UDP","ranges":[[1,65535]]},{"protocol":"SCTP","ranges":[[1,65535]]}]}\n',
  );
});

it('reachCsv quotes as RFC 4180 says', () => {
  const odd = source([{ from: '10.0.0.0/8,11.0.0.0/8', to: 'a"b', ports: WEB }], []);
  expect(text(reachCsv(odd))).toBe(
    'from,to,protocol,ports,families\r\n' +
      '"10.0.0.0/8,11.0.0.0/8","a""b",TCP,"80,8000-8080",\r\n' +
      '"10.0.0.0/8,11.0.0.0/8","a""b",UDP,53,IPv4\r\n',
  );
  expect(text(reachCsv(odd, { noHeaders: true })).startsWith('"10')).toBe(true);
});

it('reachMarkdown escapes its own signs', () => {
  expect(text(reachMarkdown(source([{ from: 'a|b', to: '<c>', ports: ALL }], [])))).toBe(
    '| From | To | Ports |\n| --- | --- | --- |\n| a\\|b | &lt;c> | all ports |\n',
  );
  expect(text(reachMarkdown(source([])))).toBe('No connections.\n');
});
