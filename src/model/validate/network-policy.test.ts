import { describe, expect, it } from 'vitest';
import e2e from '../../../fixtures/truth/e2e-netpol.json' with { type: 'json' };
import truth from '../../../fixtures/truth/validation-cases.json' with { type: 'json' };
import { decodeObject } from '../decode.ts';
import type { ObjectSource } from '../source.ts';
import type { NetworkPolicy } from '../types.ts';
import { fieldErrorText, validateNetworkPolicy } from './index.ts';

interface TruthCase {
  readonly name: string;
  readonly object: unknown;
  readonly errors?: readonly string[];
  readonly errorsLegacyCIDR?: readonly string[];
  readonly warnings?: readonly string[];
  readonly warningsLegacyCIDR?: readonly string[];
}

function decoded(value: unknown): NetworkPolicy {
  const { object, diagnostics } = decodeObject(value);
  expect(diagnostics).toEqual([]);
  if (object?.kind !== 'NetworkPolicy') throw new Error('not decoded');
  return object;
}

function texts(policy: NetworkPolicy, severity: 'error' | 'warning', legacyCidrs = false): string[] {
  const found = validateNetworkPolicy(policy, { legacyCidrs });
  return found.filter((diagnostic) => diagnostic.severity === severity).map(fieldErrorText);
}

describe('the truth table', () => {
  const cases: readonly TruthCase[] = [
    ...truth.upstreamAccepted,
    ...truth.upstreamRejected,
    ...truth.moreAccepted,
    ...truth.moreRejected,
  ];

  it('is complete', () => {
    expect(cases).toHaveLength(122);
  });

  it.each(cases)('$name', ({ object, errors = [], errorsLegacyCIDR = errors, warnings = [], ...rest }) => {
    const policy = decoded(object);
    expect(texts(policy, 'error')).toEqual(errors);
    expect(texts(policy, 'warning')).toEqual(warnings);
    expect(texts(policy, 'error', true)).toEqual(errorsLegacyCIDR);
    expect(texts(policy, 'warning', true)).toEqual(rest.warningsLegacyCIDR ?? warnings);
  });
});

describe('the API cases of the end-to-end tests', () => {
  interface ApiCase {
    readonly id: string;
    readonly spec: unknown;
    readonly accepted: boolean;
    readonly error?: string;
  }
  it.each(e2e.apiCases as readonly ApiCase[])('$id', ({ spec, accepted, error }) => {
    const errors = texts(decoded(withSpec(spec)), 'error');
    expect(errors).toEqual(accepted ? [] : [error]);
  });
});

function withSpec(spec: unknown, metadata: unknown = { name: 'foo', namespace: 'bar' }): unknown {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec };
}

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const KEY =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

describe('metadata', () => {
  const long = (count: number): string => 'x'.repeat(count);
  it.each<[string, Record<string, unknown>, string[]]>([
    ['no name', {}, ['metadata.name: Required value: name or generateName is required']],
    ['generateName', { generateName: 'foo-' }, []],
    ['generateName of one dash', { generateName: '-' }, [`metadata.generateName: Invalid value: "-": ${SUBDOMAIN}`]],
    ['the character before the dash is forgiven too', { generateName: 'fooA-' }, []],
    [
      'but not a letter of another script',
      { generateName: 'é-' },
      [`metadata.generateName: Invalid value: "é-": ${SUBDOMAIN}`],
    ],
    ['generateName of 254 with dash', { generateName: `${long(253)}-` }, []],
    [
      'generateName of 255 with dash',
      { generateName: `${long(254)}-` },
      [`metadata.generateName: Invalid value: "${long(254)}-": must be no more than 253 characters`],
    ],
    [
      'generateName and name',
      { generateName: 'A', name: 'B' },
      [`metadata.generateName: Invalid value: "A": ${SUBDOMAIN}`, `metadata.name: Invalid value: "B": ${SUBDOMAIN}`],
    ],
    [
      'long and wrong',
      { name: 'X'.repeat(254) },
      [
        `metadata.name: Invalid value: "${'X'.repeat(254)}": must be no more than 253 characters`,
        `metadata.name: Invalid value: "${'X'.repeat(254)}": ${SUBDOMAIN}`,
      ],
    ],
    [
      'namespace with dots',
      { name: 'a', namespace: 'a.b' },
      ['metadata.namespace: Invalid value: "a.b": must not contain dots'],
    ],
    [
      'namespace in upper case',
      { name: 'a', namespace: 'A' },
      [`metadata.namespace: Invalid value: "A": ${DNS_LABEL}`],
    ],
    [
      'namespace of 64',
      { name: 'a', namespace: long(64) },
      [`metadata.namespace: Invalid value: "${long(64)}": must be no more than 63 characters`],
    ],
    [
      'label key and value',
      { name: 'a', labels: { 'a b': 'c d' } },
      [`metadata.labels: Invalid value: "a b": ${KEY}`, `metadata.labels: Invalid value: "c d": ${VALUE}`],
    ],
    ['annotation keys ignore case', { name: 'a', annotations: { 'Example.COM/Name': 'any thing' } }, []],
    ['also that of the Kelvin sign and the dotted I', { name: 'a', annotations: { '\u212a/\u0130x': '' } }, []],
    [
      'annotation key',
      { name: 'a', annotations: { 'a b': '' } },
      [`metadata.annotations: Invalid value: "a b": ${KEY}`],
    ],
    ['annotations at the limit', { name: 'a', annotations: { ab: long(262142) } }, []],
    [
      'annotations counted in bytes',
      { name: 'a', annotations: { ab: `${long(262141)}é` } },
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      'owners',
      { name: 'a', ownerReferences: [{}, { apiVersion: 'a/b/c', kind: 'K', name: 'n', uid: 'u' }] },
      [
        'metadata.ownerReferences[0].apiVersion: Required value: must not be empty',
        'metadata.ownerReferences[0].kind: Required value: must not be empty',
        'metadata.ownerReferences[0].name: Required value: must not be empty',
        'metadata.ownerReferences[0].uid: Required value: must not be empty',
        'metadata.ownerReferences[1].apiVersion: Invalid value: "a/b/c": must be <group>/<version> or <version>',
      ],
    ],
    [
      'two controllers',
      {
        name: 'a',
        ownerReferences: [
          { apiVersion: 'v1', kind: 'K', name: 'n', uid: 'u', controller: true },
          { uid: 'v', apiVersion: 'v1', kind: 'K', name: '<m>', controller: true, blockOwnerDeletion: false },
        ],
      },
      [
        'metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","kind":"K","name":"n","uid":"u","controller":true},{"apiVersion":"v1","kind":"K","name":"\\u003cm\\u003e","uid":"v","controller":true,"blockOwnerDeletion":false}]: Only one reference can have Controller set to true. Found "true" in references for K/n and K/<m>',
      ],
    ],
    [
      'an Event as owner',
      { name: 'a', ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'e', uid: 'u' }] },
      [
        'metadata.ownerReferences[0]: Invalid value: {"apiVersion":"v1","kind":"Event","name":"e","uid":"u"}: /v1, Kind=Event is disallowed from being an owner',
      ],
    ],
    [
      'finalizers',
      { name: 'a', finalizers: ['orphan', 'foregroundDeletion', 'x', 'a/b', 'kubernetes', ''] },
      [
        'metadata.finalizers: Invalid value: "": name part must be non-empty',
        `metadata.finalizers: Invalid value: "": ${KEY}`,
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion","x","a/b","kubernetes",""]: finalizer orphan and foregroundDeletion cannot be both set',
        'metadata.finalizers[2]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
        'metadata.finalizers[5]: Invalid value: "": name is neither a standard finalizer name nor is it fully qualified',
      ],
    ],
  ])('%s', (_name, metadata, errors) => {
    expect(texts(decoded(withSpec({}, metadata)), 'error')).toEqual(errors);
  });
});

describe('combinations', () => {
  const ports = (...list: unknown[]): unknown => ({ ingress: [{ ports: list }] });
  const from = (...list: unknown[]): unknown => ({ ingress: [{ from: list }] });
  const cidrs = (cidr: string, ...except: string[]): unknown => from({ ipBlock: { cidr, except } });
  const EXPR = 'spec.podSelector.matchExpressions[0]';
  const PORT = 'spec.ingress[0].ports[0]';
  const PEER = 'spec.ingress[0].from[0]';
  it.each<[string, unknown, string[]]>([
    [
      'every rule of port names',
      ports({ port: 'ABCDEFGHIJKLMNOP--', protocol: 'x"', endPort: 0 }),
      [
        `${PORT}.protocol: Unsupported value: "x\\"": supported values: "TCP", "UDP", "SCTP"`,
        `${PORT}.endPort: Invalid value: 0: may not be specified when \`port\` is non-numeric`,
        `${PORT}.port: Invalid value: "ABCDEFGHIJKLMNOP--": must be no more than 15 characters`,
        `${PORT}.port: Invalid value: "ABCDEFGHIJKLMNOP--": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)`,
        `${PORT}.port: Invalid value: "ABCDEFGHIJKLMNOP--": must contain at least one letter (a-z)`,
        `${PORT}.port: Invalid value: "ABCDEFGHIJKLMNOP--": must not contain consecutive hyphens`,
        `${PORT}.port: Invalid value: "ABCDEFGHIJKLMNOP--": must not begin or end with a hyphen`,
      ],
    ],
    [
      'port names are measured in bytes',
      ports({ port: 'ééééééééa' }),
      [
        `${PORT}.port: Invalid value: "ééééééééa": must be no more than 15 characters`,
        `${PORT}.port: Invalid value: "ééééééééa": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)`,
      ],
    ],
    [
      'port and both endPort errors',
      ports({ port: 70000, endPort: 0 }),
      [
        `${PORT}.port: Invalid value: 70000: must be between 1 and 65535, inclusive`,
        `${PORT}.endPort: Invalid value: 0: must be greater than or equal to \`port\``,
        `${PORT}.endPort: Invalid value: 0: must be between 1 and 65535, inclusive`,
      ],
    ],
    [
      'endPort without port is not measured',
      ports({ endPort: 70000 }),
      [`${PORT}.endPort: Invalid value: 70000: may not be specified when \`port\` is not specified`],
    ],
    [
      'a typed string is printed as JSON',
      ports({ protocol: '<\u2028\u007f' }),
      [`${PORT}.protocol: Unsupported value: "\\u003c\\u2028\u007f": supported values: "TCP", "UDP", "SCTP"`],
    ],
    [
      'an operator too',
      { podSelector: { matchExpressions: [{ key: 'a', operator: '<>' }] } },
      [`${EXPR}.operator: Invalid value: "\\u003c\\u003e": not a valid selector operator`],
    ],
    [
      'Exists with a bad value and a bad key',
      { podSelector: { matchExpressions: [{ key: '/', operator: 'Exists', values: ['ok', 'é'] }] } },
      [
        `${EXPR}.values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
        `${EXPR}.key: Invalid value: "/": prefix part must be non-empty`,
        `${EXPR}.key: Invalid value: "/": name part must be non-empty`,
        `${EXPR}.key: Invalid value: "/": ${KEY}`,
        `${EXPR}.values[1]: Invalid value: "é": ${VALUE}`,
      ],
    ],
    [
      'a long prefix of the wrong case and a long name',
      { podSelector: { matchLabels: { [`${'P'.repeat(254)}/${'n'.repeat(64)}`]: 'v'.repeat(64) } } },
      [
        `spec.podSelector.matchLabels: Invalid value: "${'P'.repeat(254)}/${'n'.repeat(64)}": prefix part must be no more than 253 bytes`,
        `spec.podSelector.matchLabels: Invalid value: "${'P'.repeat(254)}/${'n'.repeat(64)}": prefix part ${SUBDOMAIN}`,
        `spec.podSelector.matchLabels: Invalid value: "${'P'.repeat(254)}/${'n'.repeat(64)}": name part must be no more than 63 bytes`,
        `spec.podSelector.matchLabels: Invalid value: "${'v'.repeat(64)}": must be no more than 63 bytes`,
      ],
    ],
    [
      'a value of 32 two-byte letters',
      { podSelector: { matchLabels: { a: 'é'.repeat(32) } } },
      [
        `spec.podSelector.matchLabels: Invalid value: "${'é'.repeat(32)}": must be no more than 63 bytes`,
        `spec.podSelector.matchLabels: Invalid value: "${'é'.repeat(32)}": ${VALUE}`,
      ],
    ],
    [
      'a value with a line break at its end',
      { podSelector: { matchLabels: { a: 'b\n' } } },
      [`spec.podSelector.matchLabels: Invalid value: "b\\n": ${VALUE}`],
    ],
    [
      'selectors, then the block, then the peer',
      from({
        ipBlock: { cidr: 'x' },
        namespaceSelector: { matchLabels: { a: ' ' } },
        podSelector: { matchLabels: { b: ' ' } },
      }),
      [
        `${PEER}.podSelector.matchLabels: Invalid value: " ": ${VALUE}`,
        `${PEER}.namespaceSelector.matchLabels: Invalid value: " ": ${VALUE}`,
        `${PEER}.ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
        `${PEER}: Forbidden: may not specify both ipBlock and another peer`,
      ],
    ],
    ['a null peer', from(null), [`${PEER}: Required value: must specify a peer`]],
    ['no cidr, bad except', from({ ipBlock: { except: ['x'] } }), [`${PEER}.ipBlock.cidr: Required value`]],
    [
      'a strict error of the cidr does not hide its excepts',
      cidrs('10.0.0.1/8', '10.0.0.0/8', 'x', '010.1.0.0/16'),
      [
        `${PEER}.ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length`,
        `${PEER}.ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of \`cidr\``,
        `${PEER}.ipBlock.except[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
        `${PEER}.ipBlock.except[2]: Invalid value: "010.1.0.0/16": must not have leading 0s in IP or prefix length`,
      ],
    ],
    [
      'leading zeros come before mapping, mapping before host bits',
      cidrs('0.0.0.0/0', '::ffff:010.0.0.1/104', '::ffff:10.0.0.1/104'),
      [
        `${PEER}.ipBlock.except[0]: Invalid value: "::ffff:010.0.0.1/104": must not have leading 0s in IP or prefix length`,
        `${PEER}.ipBlock.except[1]: Invalid value: "::ffff:10.0.0.1/104": must not have an IPv4-mapped IPv6 address`,
      ],
    ],
    [
      'prefix lengths are compared as written, also of mapped blocks',
      cidrs('::ffff:10.0.0.0/104', '10.1.0.0/16'),
      [
        `${PEER}.ipBlock.cidr: Invalid value: "::ffff:10.0.0.0/104": must not have an IPv4-mapped IPv6 address`,
        `${PEER}.ipBlock.except[0]: Invalid value: "10.1.0.0/16": must be a strict subset of \`cidr\``,
      ],
    ],
    [
      'both policyTypes wrong',
      { policyTypes: ['', 'é<'] },
      [
        'spec.policyTypes[0]: Unsupported value: "": supported values: "Ingress", "Egress"',
        'spec.policyTypes[1]: Unsupported value: "é\\u003c": supported values: "Ingress", "Egress"',
      ],
    ],
  ])('%s', (_name, spec, errors) => {
    expect(texts(decoded(withSpec(spec)), 'error')).toEqual(errors);
  });

  it.each<[string, string[]]>([
    ['10.0.0.0/8', []],
    ['2001:db8::/32', []],
    [
      '010.1.2.3/8',
      [
        'CIDR value "010.1.2.3/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)',
        'non-standard CIDR value "010.1.2.3/8" is invalid: use "10.0.0.0/8"',
      ],
    ],
    [
      '::ffff:10.1.2.3/104',
      [
        'CIDR value "::ffff:10.1.2.3/104" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/128"?)',
        'non-standard CIDR value "::ffff:10.1.2.3/104" is invalid: use "10.0.0.0/8"',
      ],
    ],
    ['FD00::1/8', ['CIDR value "FD00::1/8" is ambiguous in this context (should be "fd00::/8" or "fd00::1/128"?)']],
    ['FD00::/8', ['IPv6 CIDR value "FD00::/8" should be in RFC 5952 canonical format ("fd00::/8")']],
    ['nonsense', []],
  ])('legacy warnings of %s', (cidr, messages) => {
    const policy = decoded(withSpec({ egress: [{ to: [{ ipBlock: { cidr } }] }] }));
    const path = 'spec.egress[0].to[0].ipBlock.cidr';
    expect(texts(policy, 'warning', true)).toEqual(messages.map((message) => `${path}: ${message}`));
  });

  it('warns in strict mode of what is no error', () => {
    const policy = decoded(withSpec(cidrs('FD00::/8', 'FD00::1/16')));
    expect(texts(policy, 'warning')).toEqual([
      `${PEER}.ipBlock.cidr: IPv6 CIDR value "FD00::/8" should be in RFC 5952 canonical format ("fd00::/8")`,
    ]);
  });
});

it('diagnostics carry code, object, path and place', () => {
  const asked: string[] = [];
  const source: ObjectSource = {
    file: 'p.yaml',
    start: { file: 'p.yaml', line: 1, column: 1 },
    locate(path) {
      asked.push(path.join('/'));
      return { file: 'p.yaml', line: 7, column: 3, length: 1, lineText: '  0' };
    },
  };
  const { object } = decodeObject(withSpec({ ingress: [{ ports: [{ port: 0 }] }] }), { source });
  expect(asked).toEqual([]);
  expect(validateNetworkPolicy(object as NetworkPolicy)).toEqual([
    {
      code: 'invalid',
      severity: 'error',
      message: 'Invalid value: 0: must be between 1 and 65535, inclusive',
      object: { kind: 'NetworkPolicy', namespace: 'bar', name: 'foo' },
      path: 'spec.ingress[0].ports[0].port',
      source: { file: 'p.yaml', line: 7, column: 3, length: 1, lineText: '  0' },
    },
  ]);
  expect(asked).toEqual(['spec/ingress/0/ports/0/port']);
});
