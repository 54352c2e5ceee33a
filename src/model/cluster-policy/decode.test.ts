import { describe, expect, it } from 'vitest';
import { type DecodeOptions, decodeObject } from '../decode.ts';
import type { FieldPath, ObjectSource } from '../source.ts';
import { fieldErrorText } from '../validate/index.ts';

type Json = Record<string, unknown>;

const GROUP = 'policy.networking.k8s.io';
const all = { namespaces: {} };
const goodSpec = { tier: 'Admin', priority: 10, subject: all };

/** A ClusterNetworkPolicy whose spec is right but for `spec`. */
function cnp(spec: Json, metadata: unknown = { name: 'x' }): Json {
  return { apiVersion: `${GROUP}/v1alpha2`, kind: 'ClusterNetworkPolicy', metadata, spec: { ...goodSpec, ...spec } };
}

function anp(spec: Json): Json {
  const whole = { priority: 10, subject: all, ...spec };
  return { apiVersion: `${GROUP}/v1alpha1`, kind: 'AdminNetworkPolicy', metadata: { name: 'x' }, spec: whole };
}

function banp(spec: Json, name = 'default'): Json {
  const whole = { subject: all, ...spec };
  return { apiVersion: `${GROUP}/v1alpha1`, kind: 'BaselineAdminNetworkPolicy', metadata: { name }, spec: whole };
}

/** An egress rule, right but for `rule`. */
function egress(rule: Json): Json {
  return { egress: [{ action: 'Deny', to: [all], ...rule }] };
}

function ingress(rule: Json): Json {
  return { ingress: [{ action: 'Deny', from: [all], ...rule }] };
}

/** A ClusterNetworkPolicy with one egress peer. */
function to(peer: unknown): Json {
  return cnp(egress({ to: [peer] }));
}

function range(start: unknown, end: unknown): Json {
  return cnp(egress({ protocols: [{ tcp: { destinationPort: { range: { start, end } } } }] }));
}

function many<T>(count: number, item: T): T[] {
  return Array.from({ length: count }, () => item);
}

function errors(value: unknown, options?: DecodeOptions): string[] {
  const { object, diagnostics } = decodeObject(value, options);
  const found = diagnostics.filter((one) => one.severity === 'error').map(fieldErrorText);
  expect(object === undefined).toBe(found.length > 0);
  return found;
}

function warnings(value: unknown): string[] {
  const { object, diagnostics } = decodeObject(value);
  expect(object).toBeDefined();
  return diagnostics.map(({ severity, code, path, message }) => `${severity} ${code} ${path ?? '-'}: ${message}`);
}

const SKIPPED =
  'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
const SUBDOMAIN =
  "metadata.name: Invalid value: \"Foo\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DOMAIN = '^(\\*\\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.?$';
const ONLY_DEFAULT =
  'Invalid value: Only one baseline admin network policy with metadata.name="default" can be created in the cluster';

const tcp = (number: unknown): Json => ({ tcp: { destinationPort: { number } } });
const rulePath = 'spec.egress[0]';
const numberPath = 'spec.egress[0].protocols[0].tcp.destinationPort.number';

describe('errors of ClusterNetworkPolicy', () => {
  it.each<[string, unknown, string[]]>([
    ['nothing wrong', cnp({ ingress: [], egress: [] }), []],
    ['null rules', cnp({ ingress: null, egress: null }), []],
    ['no spec', { ...cnp({}), spec: undefined }, ['spec: Required value', SKIPPED]],
    [
      'spec of a wrong type',
      { ...cnp({}), spec: [] },
      ['spec: Invalid value: "array": spec in body must be of type object: "array"', SKIPPED],
    ],
    [
      'empty spec',
      { ...cnp({}), spec: {} },
      ['spec.priority: Required value', 'spec.subject: Required value', 'spec.tier: Required value', SKIPPED],
    ],
    ['null is absent', cnp({ tier: null }), ['spec.tier: Required value', SKIPPED]],
    ['tier', cnp({ tier: 'X' }), ['spec.tier: Unsupported value: "X": supported values: "Admin", "Baseline"', SKIPPED]],
    [
      'tier of a wrong type: both texts',
      cnp({ tier: 5 }),
      [
        'spec.tier: Invalid value: "integer": spec.tier in body must be of type string: "integer"',
        'spec.tier: Unsupported value: 5: supported values: "Admin", "Baseline"',
        SKIPPED,
      ],
    ],
    [
      'priority too high',
      cnp({ priority: 1001 }),
      ['spec.priority: Invalid value: 1001: spec.priority in body should be less than or equal to 1000'],
    ],
    [
      'priority too low',
      cnp({ priority: -1 }),
      ['spec.priority: Invalid value: -1: spec.priority in body should be greater than or equal to 0'],
    ],
    ['highest priority number', cnp({ priority: 1000 }), []],
    [
      'priority as text',
      cnp({ priority: '10' }),
      ['spec.priority: Invalid value: "string": spec.priority in body must be of type integer: "string"', SKIPPED],
    ],
    [
      'priority with a fraction',
      cnp({ priority: 1.5 }),
      ['spec.priority: Invalid value: "number": spec.priority in body must be of type integer: "number"', SKIPPED],
    ],
    [
      'priority beyond all integers',
      cnp({ priority: 2n ** 70n }),
      [
        'spec.priority: Invalid value: "number": spec.priority in body must be of type integer: "number"',
        'spec.priority: Invalid value: 1180591620717411303424: spec.priority in body should be less than or equal to 1000',
        SKIPPED,
      ],
    ],
    [
      'subject with both',
      cnp({ subject: { namespaces: {}, pods: { podSelector: {} } } }),
      ['spec.subject: Too many: 2: must have at most 1 item', SKIPPED],
    ],
    [
      'subject with none: the rules are still checked',
      cnp({ subject: {}, ...egress({ to: [{ networks: ['x'] }] }) }),
      [
        'spec.subject: Invalid value: 0: spec.subject in body should have at least 1 properties',
        'spec.egress[0].to[0].networks[0]: Invalid value: "x": Invalid CIDR format provided',
      ],
    ],
    [
      'subject without podSelector',
      cnp({ subject: { pods: { namespaceSelector: {} } } }),
      ['spec.subject.pods.podSelector: Required value', SKIPPED],
    ],
    [
      'selector without key and operator',
      cnp({ subject: { namespaces: { matchExpressions: [{}] } } }),
      [
        'spec.subject.namespaces.matchExpressions[0].key: Required value',
        'spec.subject.namespaces.matchExpressions[0].operator: Required value',
        SKIPPED,
      ],
    ],
    [
      'label value of a wrong type',
      cnp({ subject: { namespaces: { matchLabels: { 'a.b/c': true, gone: null } } } }),
      [
        'spec.subject.namespaces.matchLabels.a.b/c: Invalid value: "boolean": spec.subject.namespaces.matchLabels.a.b/c in body must be of type string: "boolean"',
        SKIPPED,
      ],
    ],
    [
      'too many rules',
      cnp({ ingress: many(26, { action: 'Deny', from: [all] }) }),
      ['spec.ingress: Too many: 26: must have at most 25 items', SKIPPED],
    ],
    ['as many rules as may be', cnp({ ingress: many(25, { action: 'Deny', from: [all] }) }), []],
    [
      'rules of a wrong type',
      cnp({ ingress: [null, 'x'] }),
      [
        'spec.ingress[0]: Invalid value: "null": spec.ingress[0] in body must be of type object: "null"',
        'spec.ingress[1]: Invalid value: "string": spec.ingress[1] in body must be of type object: "string"',
        SKIPPED,
      ],
    ],
    [
      'rule without anything',
      cnp({ ingress: [{}], egress: [{}] }),
      [
        `${rulePath}.action: Required value`,
        `${rulePath}.to: Required value`,
        'spec.ingress[0].action: Required value',
        'spec.ingress[0].from: Required value',
        SKIPPED,
      ],
    ],
    [
      'no peers',
      cnp(ingress({ from: [] })),
      ['spec.ingress[0].from: Invalid value: 0: spec.ingress[0].from in body should have at least 1 items'],
    ],
    [
      'too many peers',
      cnp(ingress({ from: many(26, all) })),
      ['spec.ingress[0].from: Too many: 26: must have at most 25 items', SKIPPED],
    ],
    [
      'peers of a wrong type',
      cnp(ingress({ from: all })),
      [
        'spec.ingress[0].from: Invalid value: "object": spec.ingress[0].from in body must be of type array: "object"',
        SKIPPED,
      ],
    ],
    [
      'empty peer',
      cnp(ingress({ from: [{}] })),
      ['spec.ingress[0].from[0]: Invalid value: 0: spec.ingress[0].from[0] in body should have at least 1 properties'],
    ],
    [
      'peer with two fields',
      to({ namespaces: {}, nodes: {} }),
      [`${rulePath}.to[0]: Too many: 2: must have at most 1 item`, SKIPPED],
    ],
    ['long rule name', cnp(egress({ name: 'é'.repeat(100) })), []],
    [
      'too long a rule name',
      cnp(egress({ name: '\u{1f600}'.repeat(101) })),
      [`${rulePath}.name: Too long: may not be more than 100 bytes`, SKIPPED],
    ],
    [
      'action of the older version',
      cnp(egress({ action: 'Allow' })),
      [`${rulePath}.action: Unsupported value: "Allow": supported values: "Accept", "Deny", "Pass"`, SKIPPED],
    ],
    [
      'no protocols',
      cnp(egress({ protocols: [] })),
      [`${rulePath}.protocols: Invalid value: 0: ${rulePath}.protocols in body should have at least 1 items`],
    ],
    [
      'too many protocols',
      cnp(egress({ protocols: many(26, tcp(80)) })),
      [`${rulePath}.protocols: Too many: 26: must have at most 25 items`, SKIPPED],
    ],
    [
      'two protocols in one entry',
      cnp(egress({ protocols: [{ ...tcp(80), destinationNamedPort: '' }] })),
      [`${rulePath}.protocols[0]: Too many: 2: must have at most 1 item`, SKIPPED],
    ],
    [
      'protocol without port',
      cnp(egress({ protocols: [{ tcp: {} }, { udp: { destinationPort: {} } }] })),
      [
        `${rulePath}.protocols[0].tcp: Invalid value: 0: ${rulePath}.protocols[0].tcp in body should have at least 1 properties`,
        `${rulePath}.protocols[1].udp.destinationPort: Invalid value: 0: ${rulePath}.protocols[1].udp.destinationPort in body should have at least 1 properties`,
      ],
    ],
    [
      'port out of range',
      cnp(egress({ protocols: [tcp(0)] })),
      [`${numberPath}: Invalid value: 0: ${numberPath} in body should be greater than or equal to 1`],
    ],
    [
      'port out of range above',
      cnp(egress({ protocols: [tcp(65536)] })),
      [`${numberPath}: Invalid value: 65536: ${numberPath} in body should be less than or equal to 65535`],
    ],
    [
      'range that is one port',
      range(80, 80),
      [`${rulePath}.protocols[0].tcp.destinationPort.range: Invalid value: Start port must be less than End port`],
    ],
    ['range', range(80, 81), []],
    [
      'range without end',
      range(80, null),
      [`${rulePath}.protocols[0].tcp.destinationPort.range.end: Required value`, SKIPPED],
    ],
    [
      'no networks',
      to({ networks: [] }),
      [`${rulePath}.to[0].networks: Invalid value: 0: ${rulePath}.to[0].networks in body should have at least 1 items`],
    ],
    [
      'network twice and thrice: told once, and the rules are still checked',
      to({ networks: ['10.0.0.0/8', '10.0.0.0/8', 'x', '10.0.0.0/8'] }),
      [
        `${rulePath}.to[0].networks[1]: Duplicate value: "10.0.0.0/8"`,
        `${rulePath}.to[0].networks[2]: Invalid value: "x": Invalid CIDR format provided`,
      ],
    ],
    [
      'network too long',
      to({ networks: [`${'0'.repeat(40)}::/8`] }),
      [`${rulePath}.to[0].networks[0]: Too long: may not be more than 43 bytes`, SKIPPED],
    ],
    [
      'domain name',
      to({ domainNames: ['x'] }),
      [
        `${rulePath}.to[0].domainNames[0]: Invalid value: "x": ${rulePath}.to[0].domainNames[0] in body should match '${DOMAIN}'`,
      ],
    ],
    [
      'domain name twice',
      to({ domainNames: ['a.io', 'a.io'] }),
      [`${rulePath}.to[0].domainNames[1]: Duplicate value: "a.io"`],
    ],
    ['nodes', to({ nodes: { matchLabels: { a: 'b' } } }), []],
    ['bad name', cnp({}, { name: 'Foo' }), [SUBDOMAIN]],
    ['no name', cnp({}, {}), ['metadata.name: Required value: name or generateName is required', SKIPPED]],
    [
      'no metadata',
      { ...cnp({}), metadata: null },
      ['metadata.name: Required value: name or generateName is required', SKIPPED],
    ],
    ['metadata of a wrong type', cnp({}, { name: 5 }), ['metadata.name: expected string, got number 5']],
    [
      'version of another kind',
      { ...cnp({}), apiVersion: `${GROUP}/v1alpha1` },
      ['apiVersion: no matches for kind "ClusterNetworkPolicy" in version "policy.networking.k8s.io/v1alpha1"'],
    ],
    [
      'all errors, metadata first, then the schema, then sets',
      cnp({ tier: 'X', ...egress({ to: [{ networks: ['::/0', '::/0'] }] }) }, { name: 'Foo' }),
      [
        SUBDOMAIN,
        'spec.tier: Unsupported value: "X": supported values: "Admin", "Baseline"',
        `${rulePath}.to[0].networks[1]: Duplicate value: "::/0"`,
        SKIPPED,
      ],
    ],
  ])('%s', (_, value, expected) => {
    expect(errors(value)).toEqual(expected);
  });

  it.each<[string, boolean]>([
    ['10.0.0.0/8', true],
    ['10.1.2.3/8', true],
    ['0.0.0.0/0', true],
    ['2001:DB8:0:0::/64', true],
    ['64:ff9b::1.2.3.4/96', true],
    ['::ffff:10.0.0.0/104', false],
    ['010.0.0.0/8', false],
    ['10.0.0.0/08', false],
    ['10.0.0.0', false],
    ['10.0.0.0/33', false],
    ['', false],
    ['fe80::1%eth0/64', false],
  ])('isCIDR %s', (network, valid) => {
    const path = `${rulePath}.to[0].networks[0]`;
    const text = `${path}: Invalid value: "${network}": Invalid CIDR format provided`;
    expect(errors(to({ networks: [network] }))).toEqual(valid ? [] : [text]);
  });

  it.each(['example.io', '*.example.io', 'a.b.c.', '[x.io', '_.a-b_c.io'])('accepts the domain name %s', (name) => {
    expect(errors(to({ domainNames: [name] }))).toEqual([]);
  });

  it.each(['*', 'io', '*.', 'a..b', 'a.*.b', '-a.io', 'a.io/', ''])('refuses the domain name %j', (name) => {
    expect(errors(to({ domainNames: [name] }))).toHaveLength(1);
  });
});

describe('errors of the older kinds', () => {
  const ports = (...entries: unknown[]): Json => egress({ ports: entries });
  const port = 'spec.egress[0].ports[0]';
  it.each<[string, unknown, string[]]>([
    ['admin: nothing wrong', anp({}), []],
    ['admin: no priority', anp({ priority: null }), ['spec.priority: Required value', SKIPPED]],
    ['baseline: nothing wrong', banp({}), []],
    ['baseline: another name', banp({}, 'other'), [ONLY_DEFAULT]],
    ['baseline: a generated name', { ...banp({}), metadata: { generateName: 'default' } }, [ONLY_DEFAULT]],
    ['baseline: no subject', banp({ subject: null }, 'other'), ['spec.subject: Required value', SKIPPED]],
    [
      'baseline: another name goes before other rules',
      banp(egress({ to: [{ networks: ['x'] }] }), 'other'),
      [ONLY_DEFAULT, 'spec.egress[0].to[0].networks[0]: Invalid value: "x": Invalid CIDR format provided'],
    ],
    [
      'admin: actions',
      anp(egress({ action: 'Accept' })),
      [`${rulePath}.action: Unsupported value: "Accept": supported values: "Allow", "Deny", "Pass"`, SKIPPED],
    ],
    [
      'baseline: actions',
      banp(egress({ action: 'Pass' })),
      [`${rulePath}.action: Unsupported value: "Pass": supported values: "Allow", "Deny"`, SKIPPED],
    ],
    ['admin: 100 rules', anp({ egress: many(100, { action: 'Deny', to: [all] }) }), []],
    [
      'admin: 101 rules',
      anp({ egress: many(101, { action: 'Deny', to: [all] }) }),
      ['spec.egress: Too many: 101: must have at most 100 items', SKIPPED],
    ],
    [
      'admin: 101 peers',
      anp(egress({ to: many(101, all) })),
      [`${rulePath}.to: Too many: 101: must have at most 100 items`, SKIPPED],
    ],
    [
      'baseline: 101 ports',
      banp(ports(...many(101, { portNumber: { port: 80 } }))),
      [`${rulePath}.ports: Too many: 101: must have at most 100 items`, SKIPPED],
    ],
    [
      'admin: 26 networks',
      anp(egress({ to: [{ networks: Array.from({ length: 26 }, (_, index) => `10.${index}.0.0/16`) }] })),
      [`${rulePath}.to[0].networks: Too many: 26: must have at most 25 items`, SKIPPED],
    ],
    [
      'admin: pods without namespaceSelector',
      anp(egress({ to: [{ pods: { podSelector: {} } }] })),
      [`${rulePath}.to[0].pods.namespaceSelector: Required value`, SKIPPED],
    ],
    [
      'admin: port without number',
      anp(ports({ portNumber: {} })),
      [`${port}.portNumber.port: Required value`, SKIPPED],
    ],
    [
      'admin: range without ends',
      anp(ports({ portRange: {} })),
      [`${port}.portRange.end: Required value`, `${port}.portRange.start: Required value`, SKIPPED],
    ],
    [
      'admin: two sorts of port',
      anp(ports({ portNumber: { port: 80 }, namedPort: 'http' })),
      [`${port}: Too many: 2: must have at most 1 item`, SKIPPED],
    ],
    ['admin: a range may be one port, or backwards', anp(ports({ portRange: { start: 81, end: 80 } })), []],
    ['admin: any protocol text', anp(ports({ portNumber: { port: 80, protocol: 'ICMP' } })), []],
    [
      'admin: protocol of a wrong type',
      anp(ports({ portNumber: { port: 80, protocol: 6 } })),
      [
        `${port}.portNumber.protocol: Invalid value: "integer": ${port}.portNumber.protocol in body must be of type string: "integer"`,
        SKIPPED,
      ],
    ],
  ])('%s', (_, value, expected) => {
    expect(errors(value)).toEqual(expected);
  });
});

describe('warnings', () => {
  it.each<[string, unknown, string[]]>([
    [
      'unknown fields',
      { ...cnp({ teir: 'Admin', ...egress({ ports: [], from: [] }) }), statu: {} },
      [
        'warning unknown-field spec.egress[0].ports: unknown field "spec.egress[0].ports"',
        'warning unknown-field spec.egress[0].from: unknown field "spec.egress[0].from"',
        'warning unknown-field spec.teir: unknown field "spec.teir"',
        'warning unknown-field statu: unknown field "statu"',
      ],
    ],
    ['status is not looked at', { ...cnp({}), status: 5 }, []],
    [
      'unknown metadata',
      cnp({}, { name: 'x', nam: 1 }),
      ['warning unknown-field metadata.nam: unknown field "metadata.nam"'],
    ],
    [
      'an unknown field beside a known one',
      to({ namespaces: {}, sameLabels: [] }),
      ['warning unknown-field spec.egress[0].to[0].sameLabels: unknown field "spec.egress[0].to[0].sameLabels"'],
    ],
    [
      'an unknown peer',
      to({ services: {} }),
      [
        'warning unknown-peer spec.egress[0].to[0].services: unknown peer "spec.egress[0].to[0].services": the rule fails closed (to accept, it matches nothing; to deny or pass, it denies everything)',
      ],
    ],
    [
      'a namespace',
      cnp({}, { name: 'x', namespace: 'y' }),
      [
        'warning namespace-ignored metadata.namespace: ClusterNetworkPolicy is cluster-scoped: the namespace is dropped',
      ],
    ],
    [
      'selectors',
      cnp({
        subject: {
          namespaces: {
            matchLabels: { 'a b': 'c' },
            matchExpressions: [
              { key: 'k', operator: 'in', values: ['v'] },
              { key: 'k', operator: 'NotIn' },
              { key: 'k', operator: 'Exists', values: [''] },
            ],
          },
        },
      }),
      [
        "warning bad-selector spec.subject.namespaces.matchLabels.a b: no label can be \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        'warning bad-selector spec.subject.namespaces.matchExpressions[0].operator: "in" is not an operator: the selector matches nothing',
        'warning bad-selector spec.subject.namespaces.matchExpressions[1].values: NotIn needs values: the selector matches nothing',
        'warning bad-selector spec.subject.namespaces.matchExpressions[2].values: Exists takes no values: the selector matches nothing',
      ],
    ],
    [
      'a selector of a peer',
      cnp(ingress({ from: [{ pods: { podSelector: { matchExpressions: [{ key: 'k', operator: '' }] } } }] })),
      [
        'warning bad-selector spec.ingress[0].from[0].pods.podSelector.matchExpressions[0].operator: "" is not an operator: the selector matches nothing',
      ],
    ],
    [
      'ports that match nothing',
      anp(
        ingress({
          ports: [
            { portNumber: { port: 80, protocol: 'tcp' } },
            { portRange: { start: 81, end: 80 } },
            { namedPort: 'HTTP-' },
          ],
        }),
      ),
      [
        'warning bad-protocol spec.ingress[0].ports[0].portNumber.protocol: "tcp" is not TCP, UDP or SCTP: it matches no port',
        'warning empty-port-range spec.ingress[0].ports[1].portRange: the range ends at 80, before its start 81: it matches no port',
        'warning bad-port-name spec.ingress[0].ports[2].namedPort: "HTTP-" must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-): no container port has this name',
      ],
    ],
  ])('%s', (_, value, expected) => {
    expect(warnings(value)).toEqual(expected);
  });

  it.each<[string, unknown, string]>([
    ['a misspelt field', cnp({ teir: 'Admin' }), 'did you mean tier?'],
    [
      'ports in the newer version',
      cnp(egress({ ports: [] })),
      'in this version a rule names its ports under protocols:',
    ],
    ['protocols in the older', anp(egress({ protocols: [] })), 'in this version a rule names its ports under ports:'],
    ['the other direction', cnp(ingress({ to: [] })), 'an ingress rule names its peers under from:'],
    ['networks of ingress', cnp(ingress({ from: [{ networks: [] }] })), 'an ingress rule has no such peers'],
    ['a selector in the peer', cnp(egress({ to: [{ matchLabels: {} }] })), 'put it under namespaces: or nodes:'],
  ])('help for %s', (_, value, help) => {
    expect(decodeObject(value).diagnostics.map((one) => one.help)).toEqual([help]);
  });

  it('makes unknown fields errors in strict mode, of peers too', () => {
    expect(errors(cnp({ x: 1 }), { strict: true })).toEqual(['spec.x: unknown field "spec.x"']);
    expect(errors(to({ services: {} }), { strict: true })).toEqual([
      'spec.egress[0].to[0].services: unknown field "spec.egress[0].to[0].services"',
      'spec.egress[0].to[0]: Invalid value: 0: spec.egress[0].to[0] in body should have at least 1 properties',
    ]);
  });

  it('takes a peer of two unknown fields for an empty one, as the server would', () => {
    expect(errors(to({ a: 1, b: 2 }))).toHaveLength(1);
    expect(errors(to({ a: null }))).toHaveLength(1);
  });
});

describe('positions', () => {
  const source: ObjectSource = {
    file: 'f.yaml',
    start: { file: 'f.yaml', line: 1, column: 1 },
    locate: (path: FieldPath, at = 'value') => ({
      file: 'f.yaml',
      line: 1,
      column: 1,
      length: 1,
      lineText: `${path.join('/')} ${at}`,
    }),
  };
  const places = (value: unknown): (string | undefined)[] =>
    decodeObject(value, { source }).diagnostics.map((one) =>
      one.source !== undefined && 'lineText' in one.source ? one.source.lineText : undefined,
    );

  it.each<[string, unknown, string[]]>([
    ['a value', cnp({ priority: 1001 }), ['spec/priority value']],
    ['an item', to({ networks: ['::/0', '::/0'] }), ['spec/egress/0/to/0/networks/1 value']],
    ['a rule', range(2, 1), ['spec/egress/0/protocols/0/tcp/destinationPort/range value']],
    ['a missing field and the whole object', cnp({ tier: null }), ['spec/tier value', ' value']],
    ['the name that a rule is about', banp({}, 'other'), ['metadata/name value']],
    ['an unknown field', cnp({ x: 1 }), ['spec/x key']],
    ['an unknown peer', to({ x: 1 }), ['spec/egress/0/to/0/x key']],
  ])('%s', (_, value, expected) => {
    expect(places(value)).toEqual(expected);
  });

  it('names the object, which has no namespace', () => {
    const [diagnostic] = decodeObject(cnp({ priority: 1001 }, { name: 'x', namespace: 'y' })).diagnostics.filter(
      (one) => one.severity === 'error',
    );
    expect(diagnostic).toMatchObject({
      code: 'invalid',
      path: 'spec.priority',
      object: { kind: 'ClusterNetworkPolicy', name: 'x' },
    });
    expect(diagnostic?.object).not.toHaveProperty('namespace');
  });
});
