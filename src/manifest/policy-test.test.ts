import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { POLICY_TEST_FIELDS, readPolicyTests } from './policy-test.ts';

const HEAD = 'apiVersion: portcullis.dev/v1\nkind: PolicyTest\n';

function read(...contents: string[]): ReturnType<typeof readPolicyTests> {
  return readPolicyTests(contents.map((content, index) => ({ name: `t${index}.yaml`, content })));
}

/** The errors as `line:column code path: message`. */
function errors(content: string): string[] {
  return read(content).diagnostics.map(({ source, code, path, message }) =>
    [`${source?.line}:${source?.column}`, code, path === undefined ? message : `${path}: ${message}`].join(' '),
  );
}

const assertion = (text: string): string => `${HEAD}assertions:\n  - ${text}\n`;

describe('readPolicyTests', () => {
  it('reads every field, one value or a list of them', () => {
    const { tests, diagnostics } = read(`${HEAD}metadata: { name: baseline }
assertions:
  - name: first
    from: shop/*
    to:
      - internet
      - podSelector: { matchLabels: { app: a } }
        namespaceSelector: { matchExpressions: [{ key: team, operator: Exists }] }
    port: [80, 53/UDP, http]
    expect: denied
    except: { from: [shop/a], to: 10.0.0.0/8 }
    family: IPv6
    allowEmpty: true
  - { from: [a, b], to: c, port: 8000-8080, expect: allowed, except: d }
`);
    expect(diagnostics).toEqual([]);
    const [first, second] = tests[0]?.assertions ?? [];
    expect(tests[0]?.name).toBe('baseline');
    const at = (...path: (string | number)[]): object => ({ path: ['assertions', 0, ...path] });
    expect(first).toEqual({
      name: 'first',
      from: [{ type: 'name', name: 'shop/*', ...at('from') }],
      to: [
        { type: 'name', name: 'internet', ...at('to', 0) },
        {
          type: 'pods',
          podSelector: { matchLabels: { app: 'a' } },
          namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] },
          ...at('to', 1),
        },
      ],
      ports: [
        { text: '80', ...at('port', 0) },
        { text: '53/UDP', ...at('port', 1) },
        { text: 'http', ...at('port', 2) },
      ],
      expect: 'denied',
      except: [
        { type: 'name', name: 'shop/a', side: 'from', ...at('except', 'from', 0) },
        { type: 'name', name: '10.0.0.0/8', side: 'to', ...at('except', 'to') },
      ],
      family: 'IPv6',
      allowEmpty: true,
      path: ['assertions', 0],
    });
    expect(second).toMatchObject({ ports: [{ text: '8000-8080' }], except: [{ name: 'd' }], allowEmpty: false });
    expect(second?.except[0]?.side).toBeUndefined();
  });

  it('reads several documents of several files, JSON too, and finds fields in them', () => {
    const one = assertion('{ from: a, to: b, expect: denied }');
    const json = JSON.stringify({
      apiVersion: 'portcullis.dev/v1',
      kind: 'PolicyTest',
      assertions: [{ from: 'a', to: 'b', expect: 'allowed' }],
    });
    const { tests, diagnostics } = read(`${one}---\n# nothing here\n---\n${one}`, json);
    expect(diagnostics).toEqual([]);
    expect(tests.map(({ source }) => source.locate(['assertions', 0]))).toMatchObject([
      { file: 't0.yaml', line: 4, column: 5 },
      { file: 't0.yaml', line: 11, column: 5 },
      { file: 't1.yaml', line: 1 },
    ]);
  });

  it.each<[string, string[]]>([
    ['- 1\n', ['1:1 wrong-type expected object of kind PolicyTest, got list']],
    ['kind: PolicyTest\n', ['1:1 unsupported apiVersion: is missing, and must be portcullis.dev/v1']],
    [
      'apiVersion: v1\nkind: Pod\n',
      [
        '1:13 unsupported apiVersion: is "v1", and must be portcullis.dev/v1',
        '2:7 unsupported kind: is "Pod", and must be PolicyTest',
      ],
    ],
    [HEAD, ['1:1 required assertions: Required value: a test without assertions proves nothing']],
    [`${HEAD}assertions: []\n`, ['3:13 required assertions: Required value: a test without assertions proves nothing']],
    [
      assertion('{ }'),
      [
        '4:5 required assertions[0].from: Required value',
        '4:5 required assertions[0].to: Required value',
        '4:5 required assertions[0].expect: Required value: allowed or denied',
      ],
    ],
    [
      assertion('{ from: a, to: b, expect: deny }'),
      ['4:31 unsupported assertions[0].expect: must be allowed or denied, not "deny"'],
    ],
    [
      assertion('{ from: a, to: b, expect: denied, expected: allowed }'),
      ['4:39 unknown-field assertions[0].expected: unknown field "assertions[0].expected"'],
    ],
    [
      assertion('{ from: a, to: b, expect: denied, expect: allowed }'),
      ['4:39 duplicate-field assertions[0].expect: duplicate field "assertions[0].expect"'],
    ],
    [
      assertion('{ from: 1, to: [], expect: denied }'),
      [
        '4:13 wrong-type assertions[0].from: expected name or selectors, as string or object, got number 1',
        '4:20 invalid assertions[0].to: must not be an empty list',
      ],
    ],
    [
      assertion('{ from: {}, to: "", expect: denied }'),
      [
        '4:13 invalid assertions[0].from: must have a namespaceSelector or a podSelector',
        '4:21 invalid assertions[0].to: a name must not be empty',
      ],
    ],
    [
      assertion('{ from: { podSelector: { matchExpressions: [{ key: a, operator: In }] } }, to: b, expect: denied }'),
      [
        "4:49 required assertions[0].from.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      assertion('{ from: a, to: b, port: 1.5, family: ipv4, allowEmpty: yes, expect: denied }'),
      [
        '4:29 wrong-type assertions[0].port: expected 32-bit integer, got number 1.5',
        '4:42 unsupported assertions[0].family: must be IPv4 or IPv6, not "ipv4"',
      ],
    ],
    [
      assertion('{ from: a, to: b, expect: denied, except: { from: a, via: b } }'),
      ['4:58 unknown-field assertions[0].except.via: unknown field "assertions[0].except.via"'],
    ],
    ['', ['1:1 empty-test no PolicyTest in this file']],
    ['a: [\n', ['1:4 yaml-syntax `[` is never closed: `]` is missing']],
  ])('%j', (content, expected) => {
    expect(errors(content)).toEqual(expected);
    expect(read(content).tests).toEqual([]);
  });

  it('warns of blocks that are not read as they are written', () => {
    const text = assertion(
      '{ from: [10.0.0.1/8, 10.0.0.0/8], to: a, expect: denied, except: { from: "2001:DB8::1/32" } }',
    );
    expect(errors(text)).toEqual([
      '4:14 irregular-cidr assertions[0].from[0]: 10.0.0.1/8 has bits set beyond its prefix: it is read as 10.0.0.0/8',
      '4:78 irregular-cidr assertions[0].except.from: 2001:DB8::1/32 has bits set beyond its prefix: it is read as 2001:db8::/32',
    ]);
    expect(read(text).tests).toHaveLength(1);
  });

  it('keeps the documents that are right', () => {
    const { tests, diagnostics } = read(`${assertion('{ from: a, to: b, expect: denied }')}---\n[\n`);
    expect([tests.length, diagnostics.length]).toEqual([1, 1]);
  });
});

describe('the JSON schema for editors', () => {
  const schema = JSON.parse(readFileSync('schemas/policy-test.schema.json', 'utf8'));

  it('has the fields that are read', () => {
    expect(Object.keys(schema.properties).sort()).toEqual([...POLICY_TEST_FIELDS.document].sort());
    expect(Object.keys(schema.definitions.assertion.properties).sort()).toEqual(
      [...POLICY_TEST_FIELDS.assertion].sort(),
    );
  });

  it('closes every object and resolves every reference', () => {
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      const node = value as Readonly<Record<string, unknown>>;
      if (node['type'] === 'object') expect(node).toHaveProperty('additionalProperties');
      const reference = node['$ref'];
      if (typeof reference === 'string') {
        expect(schema.definitions).toHaveProperty(reference.replace('#/definitions/', ''));
      }
      Object.values(node).forEach(visit);
    };
    visit(schema);
  });
});
