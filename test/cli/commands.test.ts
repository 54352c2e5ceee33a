import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, portcullis, SHOP, WRONG } from './run-main.ts';

const shop = folder(SHOP);
const cartFile = path.join(shop, 'cart.yaml');
const wrong = folder({ ...SHOP, 'wrong.yaml': WRONG });
const wrongFile = path.join(wrong, 'wrong.yaml');

describe('validate', () => {
  it('of right policies says how many', async () => {
    expect(await portcullis(['validate', '-f', shop])).toEqual({
      code: 0,
      stdout: '1 network policy checked: no findings; 2 other objects read\n',
      stderr: '',
    });
  });

  it('has the findings on standard output, in the order of the document', async () => {
    const { code, stdout, stderr } = await portcullis(['validate', '-f', wrongFile]);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toBe(
      `${wrongFile}:6:3: warning: spec.ingres: unknown field "spec.ingres"
  6 |   ingres: []
    |   ^^^^^^
  help: did you mean ingress?
${wrongFile}:9:17: error: spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive
  9 |         - port: 0
    |                 ^
${wrongFile}:11:21: error: spec.ingress[0].ports[1].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"
  11 |           protocol: ICMP
     |                     ^^^^
1 network policy checked: 2 errors, 1 warning
`,
    );
  });

  it('warnings alone do not fail, --strict makes them errors, -q leaves them out', async () => {
    const file = path.join(folder({ 'a.yaml': SHOP['cart.yaml'].replace('  policyTypes', '  policyType') }), 'a.yaml');
    expect((await portcullis(['validate', '-f', file])).code).toBe(0);
    expect((await portcullis(['validate', '-f', file, '--strict'])).code).toBe(1);
    expect((await portcullis(['validate', '-f', file, '-q'])).stdout).not.toContain('policyType');
  });

  it('--legacy-cidrs takes what older servers take', async () => {
    const stdin = SHOP['cart.yaml'].replace(
      /podSelector:\n {12}matchLabels:\n {14}app: web/,
      'ipBlock: {cidr: 10.0.0.1/8}',
    );
    expect((await portcullis(['validate', '-f', '-'], { stdin })).code).toBe(1);
    expect((await portcullis(['validate', '-f', '-', '--legacy-cidrs'], { stdin })).code).toBe(0);
  });

  it('-o json is the Findings document, -o sarif a log', async () => {
    const json = await portcullis(['validate', '-f', wrongFile, '-o', 'json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: 'Findings',
      findings: [
        { code: 'unknown-field', severity: 'warning', path: 'spec.ingres' },
        { severity: 'error', path: 'spec.ingress[0].ports[0].port', source: { file: wrongFile, line: 9, column: 17 } },
        { severity: 'error', object: { kind: 'NetworkPolicy', namespace: 'shop', name: 'wrong' } },
      ],
    });
    const sarif = JSON.parse((await portcullis(['validate', '-f', wrongFile, '-o', 'sarif'])).stdout);
    expect(sarif.runs[0].results).toHaveLength(3);
  });

  it('-n and -l limit what is checked', async () => {
    expect((await portcullis(['validate', '-f', wrong, '-n', 'other'])).stdout).toMatch(/^0 network policies|warning/);
    expect((await portcullis(['validate', '-f', wrong, '-n', 'other', '-A'])).code).toBe(1);
    expect((await portcullis(['validate', '-f', wrong, '-l', 'no=label'])).code).toBe(0);
  });
});

describe('describe', () => {
  it('prints one policy by name, with or without its namespace', async () => {
    const { code, stdout, stderr } = await portcullis(['describe', '-f', shop, 'shop/cart']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Name: {9}cart\nNamespace: {4}shop\n/);
    expect(stdout.endsWith('  Policy Types: Ingress\n')).toBe(true);
    expect((await portcullis(['describe', '-f', shop, '-n', 'shop', 'cart'])).stdout).toBe(stdout);
    expect((await portcullis(['describe', '-f', shop])).stdout).toBe(stdout);
  });

  it('sorts by namespace and name, two empty lines between', async () => {
    const files = folder({
      '1.yaml': SHOP['cart.yaml'].replace('name: cart', 'name: b'),
      '2.yaml': SHOP['cart.yaml'].replace('name: cart', 'name: a'),
      '3.yaml': SHOP['cart.yaml'].replace('namespace: shop', 'namespace: a-shop'),
    });
    const { stdout } = await portcullis(['describe', '-f', files]);
    expect(
      [...stdout.matchAll(/^Name: +(\S+)\nNamespace: +(\S+)/gm)].map(([, name, space]) => `${space}/${name}`),
    ).toEqual(['a-shop/cart', 'shop/a', 'shop/b']);
    expect(stdout.split('\n\n\nName:')).toHaveLength(3);
    expect((await portcullis(['describe', '-f', files, '-n', 'a-shop'])).stdout.match(/^Name:/gm)).toHaveLength(1);
  });

  it('suggests the name that was meant', async () => {
    const typo = await portcullis(['describe', '-f', shop, 'shop/crat']);
    expect(typo).toEqual({
      code: 2,
      stdout: '',
      stderr: 'portcullis: error: no network policy shop/crat in the input\n  did you mean shop/cart?\n',
    });
    expect((await portcullis(['describe', '-f', shop, 'cart'])).stderr).toContain('did you mean shop/cart?');
  });

  it('--plain and -o json add the meaning', async () => {
    expect((await portcullis(['describe', '-f', shop, '--plain'])).stdout).toContain(
      'NetworkPolicy shop/cart applies to',
    );
    expect(JSON.parse((await portcullis(['describe', '-f', shop, '-o', 'json'])).stdout).policies[0]).toMatchObject({
      namespace: 'shop',
      name: 'cart',
      source: { file: cartFile, line: 1, column: 1 },
    });
  });

  it('of no policies prints nothing', async () => {
    expect(await portcullis(['describe', '-f', shop, '-n', 'empty'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'portcullis: warning: there is no namespace "empty" in the input\nno network policies found\n',
    });
  });
});

describe('can', () => {
  it('exits 0 when allowed', async () => {
    expect(await portcullis(['can', '-f', shop, 'shop/web', 'shop/cart', '7070'])).toEqual({
      code: 0,
      stdout: `allowed: shop/web[Pod] -> shop/cart[Pod] 7070/TCP\n  ingress: rule 1 of shop/cart (${cartFile}:12:7) allows it\n`,
      stderr: '',
    });
  });

  it('exits 1 when denied', async () => {
    expect(await portcullis(['can', '-f', shop, '-n', 'shop', 'web', 'cart', '8080'])).toEqual({
      code: 1,
      stdout:
        'denied: shop/web[Pod] -> shop/cart[Pod] 8080/TCP\n' +
        '  ingress: shop/cart[Pod] is isolated by shop/cart; no rule allows it; ' +
        `nearest: shop/cart allows 7070/TCP, not 8080/TCP (${cartFile}:17:11)\n`,
      stderr: '',
    });
  });

  it('without a port answers the ports', async () => {
    const { code, stdout } = await portcullis(['can', '-f', shop, 'shop/web', 'shop/cart']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^allowed: shop\/web\[Pod\] -> shop\/cart\[Pod\] 7070\/TCP\n/);
    const json = JSON.parse((await portcullis(['can', '-f', shop, 'shop/web', 'shop/cart', '-o', 'json'])).stdout);
    expect(json).toMatchObject({ allowed: true, ports: [{ protocol: 'TCP', ranges: [[7070, 7070]] }] });
    expect(json).not.toHaveProperty('port');
  });

  it('has the keys of the contract in their order', async () => {
    const { stdout } = await portcullis(['can', '-f', shop, 'shop/web', 'shop/cart', '8080', '-o', 'json']);
    const json = JSON.parse(stdout);
    expect(Object.keys(json)).toEqual([
      'apiVersion',
      'kind',
      'from',
      'to',
      'protocol',
      'port',
      'allowed',
      'egress',
      'ingress',
    ]);
    expect(json.egress).toEqual({ allowed: true, tier: 'default', decidedBy: null, isolatedBy: [] });
    const policy = {
      kind: 'NetworkPolicy',
      namespace: 'shop',
      name: 'cart',
      source: { file: cartFile, line: 1, column: 1 },
    };
    expect(json.ingress).toMatchObject({
      allowed: false,
      tier: 'networkpolicy',
      decidedBy: null,
      isolatedBy: [policy],
      nearMisses: [{ policy, rule: 0, missed: 'port', message: 'allows 7070/TCP, not 8080/TCP' }],
    });
  });

  it.each([
    ['7069-7071', 'denied: shop/web[Pod] -> shop/cart[Pod] 7069-7071/TCP (open: 7070/TCP)', /not 7069/],
    ['UDP', 'denied: shop/web[Pod] -> shop/cart[Pod] on every UDP port', /no rule allows it$/],
    ['nope', 'denied: shop/web[Pod] -> shop/cart[Pod] nope/TCP', /no container port named nope\/TCP$/],
  ])('%s is denied in its own words', async (port, headline, reason) => {
    const { code, stdout } = await portcullis(['can', '-f', shop, 'shop/web', 'shop/cart', port]);
    const [first, second, ...rest] = stdout.trimEnd().split('\n');
    expect([code, first, rest]).toEqual([1, headline, []]);
    expect(second).toMatch(reason);
  });

  it('a protocol alone asks for any of its ports', async () => {
    const { code, stdout } = await portcullis(['can', '-f', shop, 'shop/web', 'shop/cart', 'TCP']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^allowed: .* 7070\/TCP\n/);
  });

  it('open on one family only is said once', async () => {
    const pods = ['a', 'b'].map(
      (name, index) =>
        `{kind: Pod, apiVersion: v1, metadata: {name: ${name}}, status: {podIPs: [{ip: 10.0.0.${index}}, {ip: 'fd00::${index}'}]}}`,
    );
    const policy =
      "{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {name: p}, spec: {ingress: [{from: [{ipBlock: {cidr: '::/0'}}]}]}}";
    const stdin = [...pods, policy].join('\n---\n');
    for (const [port, ports] of [
      [[], 'all ports'],
      [['80'], '80/TCP'],
      [['80-90'], '80-90/TCP'],
    ] as const) {
      const { stdout } = await portcullis(['can', '-f', '-', 'a', 'b', ...port], { stdin });
      expect(stdout.split('\n')[0]).toBe(`allowed: default/a[Pod] -> default/b[Pod] ${ports} (IPv6 only)`);
    }
  });

  it('where nothing can be judged, says that and no more', async () => {
    const { code, stdout } = await portcullis(['can', '-f', shop, '::1', 'shop/cart', '80', '--explain']);
    expect(code).toBe(1);
    expect(stdout).toBe(`denied: ::1 -> shop/cart[Pod] 80/TCP
May ::1 connect to shop/cart[Pod] on 80/TCP? No: ::1 and shop/cart[Pod] have no address family in common.

note: ::1 and shop/cart[Pod] have no address family in common
`);
  });

  it('--explain shows reasons, lines and changes', async () => {
    const { code, stdout } = await portcullis(['can', '-f', shop, 'shop/web', 'shop/cart', '8080', '--explain']);
    expect(code).toBe(1);
    expect(stdout).toBe(
      `denied: shop/web[Pod] -> shop/cart[Pod] 8080/TCP
May shop/web[Pod] connect to shop/cart[Pod] on 8080/TCP? No: the ingress of shop/cart[Pod] does not admit it.

egress of shop/web[Pod]: allowed
  - No NetworkPolicy selects shop/web[Pod] for egress: it may connect to everything.

ingress of shop/cart[Pod]: denied
  - shop/cart[Pod] is isolated for ingress by shop/cart (selects app=cart, ${cartFile}:8): only what their rules admit passes.
  - Ingress rule 1 of shop/cart (${cartFile}:12) nearly matches: allows 7070/TCP, not 8080/TCP.

  ${cartFile}:17:17
  17 |         - port: 7070
     |                 ^^^^ allows 7070/TCP, not 8080/TCP

To allow it:
  - add 8080/TCP to ingress rule 1 of shop/cart (${cartFile}:12)
`,
    );
    const json = await portcullis(['can', '-f', shop, 'shop/web', 'shop/cart', '8080', '--explain', '-o', 'json']);
    expect(JSON.parse(json.stdout).explanation.directions[1].cites[0]).toMatchObject({
      source: { file: cartFile, line: 17, column: 17 },
      text: '- port: 7070',
    });
  });

  it('suggests the endpoint that was meant', async () => {
    const { code, stdout, stderr } = await portcullis(['can', '-f', shop, 'shop/wbe', 'shop/cart']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/did you mean shop\/web\?/);
  });
});

describe('reach', () => {
  it('lists connections as a table', async () => {
    const { code, stdout } = await portcullis(['reach', '-f', shop, '--no-external']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'FROM           TO             PORTS',
        'shop/cart[Pod]  shop/web[Pod]   all ports',
        '',
        'shop/web[Pod]   shop/cart[Pod]  7070/TCP',
        '',
      ]
        .join('\n')
        .replace('FROM           TO             PORTS', 'FROM            TO              PORTS'),
    );
  });

  it.each(['table', 'matrix', 'json', 'yaml', 'csv', 'md'])('-o %s is the same every time', async (format) => {
    const [first, second] = [
      await portcullis(['reach', '-f', shop, '-o', format]),
      await portcullis(['reach', '-f', path.join(shop, 'pods.yaml'), '-f', cartFile, '-o', format]),
    ];
    expect(first.code).toBe(0);
    expect(first.stdout).toBe(second.stdout);
    expect(first.stdout).toMatch(/cart/);
  });

  it('limits by from, to, port and namespace', async () => {
    const rows = async (...flags: string[]): Promise<string> =>
      (await portcullis(['reach', '-f', shop, '-o', 'csv', '--no-headers', '--no-external', ...flags])).stdout;
    expect(await rows('--from', 'shop/web')).toBe('shop/web[Pod],shop/cart[Pod],TCP,7070,\r\n');
    expect(await rows('--to', 'shop/web', '--port', '80')).toBe('shop/cart[Pod],shop/web[Pod],TCP,80,\r\n');
    expect(await rows('-n', 'other')).toBe('');
    expect((await rows('-n', 'other', '-A')).split('\r\n')).toHaveLength(5);
  });

  it('says when there is nothing', async () => {
    expect(await portcullis(['reach', '-f', shop, '-n', 'other'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'portcullis: warning: there is no namespace "other" in the input\nno connections\n',
    });
    expect((await portcullis(['reach', '-f', shop, '-n', 'other', '-q'])).stderr).toBe('');
  });

  it('suggests names', async () => {
    expect((await portcullis(['reach', '-f', shop, '--to', 'shop/carts'])).stderr).toContain('did you mean shop/cart?');
  });
});

describe('invalid objects', () => {
  it.each([['reach'], ['describe'], ['can', 'shop/web', 'shop/cart']])('%s refuses them', async (command, ...args) => {
    const { code, stdout, stderr } = await portcullis([command, '-f', wrong, ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${wrongFile}:9:17: error: spec.ingress[0].ports[0].port`);
    expect(stderr).toContain('2 errors, 1 warning\n');
    expect(stderr).toContain('the input is invalid, nothing was computed; --skip-invalid leaves invalid objects out');
  });

  it('--skip-invalid leaves them out and names them, also when quiet', async () => {
    const { code, stdout, stderr } = await portcullis(['reach', '-f', wrong, '--skip-invalid', '-q']);
    expect(code).toBe(0);
    expect(stdout).toBe((await portcullis(['reach', '-f', shop])).stdout);
    expect(stderr).toContain(
      'warning: NetworkPolicy shop/wrong is left out: 2 errors; the answer is not that of the cluster\n',
    );
    expect(stderr).not.toContain('ingres:');
  });

  it('--skip-invalid keeps what replaced an invalid one', async () => {
    const stdin = [SHOP['pods.yaml'], WRONG.replace('name: wrong', 'name: cart'), SHOP['cart.yaml']].join('---\n');
    const { code, stdout } = await portcullis(['can', '-f', '-', '--skip-invalid', 'shop/web', 'shop/cart', '8080'], {
      stdin,
    });
    expect([code, stdout.slice(0, 6)]).toEqual([1, 'denied']);
  });
});

describe('colours', () => {
  const run = (argv: readonly string[], env: Record<string, string>, terminal: boolean) =>
    portcullis(['can', '-f', shop, 'shop/web', 'shop/cart', '7070', ...argv], { env, terminal });

  it.each<[string, readonly string[], Record<string, string>, boolean, boolean]>([
    ['on a terminal', [], {}, true, true],
    ['not in a pipe', [], {}, false, false],
    ['not with --no-color', ['--no-color'], { FORCE_COLOR: '1' }, true, false],
    ['not with NO_COLOR', [], { NO_COLOR: '1' }, true, false],
    ['with an empty NO_COLOR', [], { NO_COLOR: '' }, true, true],
    ['not on a dumb terminal', [], { TERM: 'dumb' }, true, false],
    ['when forced', [], { FORCE_COLOR: '1' }, false, true],
    ['not when forced off', [], { FORCE_COLOR: '0' }, true, false],
  ])('%s', async (_, argv, env, terminal, coloured) => {
    expect((await run(argv, env, terminal)).stdout.includes('\u001b[')).toBe(coloured);
  });
});
