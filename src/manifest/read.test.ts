import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../model/source.ts';
import { type ManifestInput, type ManifestResult, type ReadOptions, readManifests } from './index.ts';

const namespace = (name: string): string => `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`;
const namespaceJson = (name: string): string => `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"${name}"}}`;

function read(content: ManifestInput['content'], options?: ReadOptions): ManifestResult {
  return readManifests([{ name: 'f.yaml', content }], options);
}

/** `a@1:1 b@6:1`: what was read, and where it begins. */
function objects({ objects }: ManifestResult): string {
  return objects
    .map(({ metadata, source }) => `${metadata.name}@${source?.start.line}:${source?.start.column}`)
    .join(' ');
}

function told({ diagnostics }: ManifestResult): string[] {
  return diagnostics.map(line);
}

function line({ severity, code, message, source }: Diagnostic): string {
  return `${source?.line}:${source?.column} ${severity} ${code}: ${message}`;
}

describe('streams', () => {
  it.each([
    ['documents with comments', `# head\n---\n${namespace('a')}--- # next\n${namespace('b')}`, 'a@3:1 b@8:1', 2],
    ['empty documents', `---\n---\n# only\n---\n${namespace('a')}---\n...\n`, 'a@5:1', 1],
    ['null documents', `null\n---\n~\n---\n${namespace('a')}`, 'a@5:1', 1],
    ['end markers', `${namespace('a')}...\n${namespace('b')}...\n`, 'a@1:1 b@6:1', 2],
    ['directives', `%YAML 1.1\n---\n${namespace('a')}`, 'a@3:1', 1],
    ['content after the marker', `--- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n`, 'a@1:5', 1],
    [
      'a dash line inside a block scalar',
      `${namespace('a')}  annotations:\n    x: |\n      ---\n      y\n`,
      'a@1:1',
      1,
    ],
    ['Windows line ends', `${namespace('a')}---\n${namespace('b')}`.replaceAll('\n', '\r\n'), 'a@1:1 b@6:1', 2],
    ['old Mac line ends', `${namespace('a')}---\n${namespace('b')}`.replaceAll('\n', '\r'), 'a@1:1 b@6:1', 2],
    ['a byte order mark', `\ufeff${namespace('a')}`, 'a@1:1', 1],
    ['JSON', namespaceJson('a'), 'a@1:1', 1],
    [
      'JSON values in a row',
      `${namespaceJson('a')}${namespaceJson('b')}\n ${namespaceJson('c')}`,
      'a@1:1 b@1:63 c@2:2',
      3,
    ],
    [
      'JSON between YAML',
      `${namespace('a')}---\n${namespaceJson('b')}\n---\n${namespace('c')}`,
      'a@1:1 b@6:1 c@8:1',
      3,
    ],
    ['YAML that begins like JSON', '{apiVersion: v1, kind: Namespace, metadata: {name: a}}', 'a@1:1', 1],
    ['nothing', '', '', 0],
  ])('reads %s', (_, text, expected, documents) => {
    const result = read(text);
    expect(told(result)).toEqual([]);
    expect(objects(result)).toBe(expected);
    expect(result.documents).toBe(documents);
  });

  it('reads UTF-8 and UTF-16 bytes', () => {
    const utf8 = new TextEncoder().encode(`\ufeff${namespace('ü')}`);
    const little = new Uint8Array(
      [...`\ufeff${namespace('b')}`].flatMap((c) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8]),
    );
    const big = new Uint8Array(
      [...`\ufeff${namespace('c')}`].flatMap((c) => [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 255]),
    );
    expect([utf8, little, big].map((content) => objects(read(content)))).toEqual(['ü@1:1', 'b@1:1', 'c@1:1']);
  });

  it('reads a file by its content, not its name', () => {
    const result = readManifests([
      { name: 'a.json', content: namespace('a') },
      { name: 'b.yaml', content: namespaceJson('b') },
    ]);
    expect(objects(result)).toBe('a@1:1 b@1:1');
  });

  it('counts what it ignores and tells how far it is', () => {
    const done: number[] = [];
    const config = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, name: b}\n';
    const text = `${config}---\n${namespace('a')}---\n${config}---\napiVersion: x/v1\nkind: Foo\n`;
    const result = read(text, { onProgress: (units) => done.push(units) });
    expect(result.ignored).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', count: 2 },
      { apiVersion: 'x/v1', kind: 'Foo', count: 1 },
    ]);
    expect(result.diagnostics).toEqual([]);
    expect(done).toEqual([text.length]);
  });
});

describe('lists', () => {
  it.each([
    ['List', `apiVersion: v1\nkind: List\nitems:\n- ${namespaceJson('a')}\n- ${namespaceJson('b')}\n`, 'a@4:3 b@5:3'],
    [
      'typed list',
      'apiVersion: v1\nkind: NamespaceList\nitems:\n- metadata:\n    name: a\n- metadata: {name: b}\n',
      'a@4:3 b@6:3',
    ],
    [
      'JSON list',
      `{"apiVersion":"v1","kind":"List","items":[\n  ${namespaceJson('a')},\n  ${namespaceJson('b')}]}`,
      'a@2:3 b@3:3',
    ],
    [
      'nested lists',
      `{"kind":"List","items":[{"kind":"NamespaceList","apiVersion":"v1","items":[\n{"metadata":{"name":"a"}}]}]}`,
      'a@2:1',
    ],
    [
      'nested YAML lists',
      `kind: List\nitems:\n- kind: NamespaceList\n  apiVersion: v1\n  items:\n  - metadata: {name: a}\n`,
      'a@6:5',
    ],
    ['null items', 'apiVersion: v1\nkind: PodList\nitems: null\n', ''],
    ['empty List', 'apiVersion: v1\nkind: List\n', ''],
  ])('reads a %s', (_, text, expected) => {
    const result = read(text);
    expect(told(result)).toEqual([]);
    expect(objects(result)).toBe(expected);
  });

  it('keeps the good items of a list with bad ones', () => {
    const result = read(
      `apiVersion: v1\nkind: NamespaceList\nitems:\n- metadata: {name: a}\n- 3\n-\n- metadata: {name: 1}\n- metadata: {name: b}\n`,
    );
    expect(objects(result)).toBe('a@4:3 b@8:3');
    expect(told(result)).toEqual([
      '5:3 error not-an-object: a number is not a Kubernetes object',
      '6:1 error not-an-object: null is not a Kubernetes object',
      '7:20 error wrong-type: expected string, got number 1',
    ]);
  });

  it('takes a custom object whose kind ends in List for what it is', () => {
    expect(read('apiVersion: x/v1\nkind: AllowList\nmetadata: {name: a}\n').ignored).toEqual([
      { apiVersion: 'x/v1', kind: 'AllowList', count: 1 },
    ]);
  });
});

describe('duplicates', () => {
  const policy =
    'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {}\n  podSelector:\n    matchLabels: {a: b}\n';

  it('warns of a key written twice and takes the last', () => {
    const result = read(policy);
    expect(told(result)).toEqual(['6:3 warning duplicate-field: duplicate field "spec.podSelector"']);
    expect(result.diagnostics[0]).toMatchObject({
      path: 'spec.podSelector',
      object: { kind: 'NetworkPolicy', name: 'p' },
    });
    expect(result.objects[0]).toMatchObject({ spec: { podSelector: { matchLabels: { a: 'b' } } } });
  });

  it('drops the object when strict', () => {
    const result = read(`${policy}---\n${namespace('a')}`, { strict: true });
    expect(told(result)).toEqual(['6:3 error duplicate-field: duplicate field "spec.podSelector"']);
    expect(objects(result)).toBe('a@9:1');
  });

  it.each([
    [
      'JSON',
      '{"apiVersion":"v1","kind":"Namespace",\n "metadata":{"name":"a","name":"b"}}',
      'b',
      ['2:25 warning duplicate-field: duplicate field "metadata.name"'],
    ],
    [
      'JSON with escapes',
      '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a:{","n\\u0061me":"b"}}',
      'b',
      ['1:64 warning duplicate-field: duplicate field "metadata.name"'],
    ],
    [
      'an item of a list',
      `{"kind":"List","items":[${namespaceJson('a')},\n{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"b"},"kind":"Namespace"}]}`,
      'a',
      ['2:63 warning duplicate-field: duplicate field "kind"'],
    ],
    [
      'the list itself',
      `kind: List\nkind: List\nitems:\n- ${namespaceJson('a')}\n`,
      'a',
      ['2:1 warning duplicate-field: duplicate field "kind"'],
    ],
  ])('finds them in %s', (_, text, name, expected) => {
    const result = read(text);
    expect(told(result)).toEqual(expected);
    expect(result.objects[0]?.metadata.name).toBe(name);
  });

  it('counts broken documents beyond the first thousand of a file', () => {
    const result = readManifests([
      { name: 'a.yaml', content: 'a: [\n---\n'.repeat(1003) },
      { name: 'b.yaml', content: '- 1\n---\n'.repeat(2) },
    ]);
    expect(result.documents).toBe(1005);
    expect(result.diagnostics).toHaveLength(1003);
    expect(result.diagnostics[1000]).toMatchObject({
      severity: 'error',
      message: 'and 3 more documents or items that cannot be read, from here on',
      source: { file: 'a.yaml', line: 2001 },
    });
    expect(result.diagnostics[1001]?.source?.file).toBe('b.yaml');
  });

  it('replaces an object by a later one of the same name', () => {
    const result = readManifests([
      { name: 'one.yaml', content: `${namespace('a')}---\n${namespace('b')}` },
      { name: 'two.yaml', content: `# again\n${namespace('a')}` },
    ]);
    expect(result.objects.map(({ metadata, source }) => `${source?.file} ${metadata.name}`)).toEqual([
      'one.yaml b',
      'two.yaml a',
    ]);
    expect(told(result)).toEqual(['2:1 warning duplicate-object: Namespace a replaces the one at one.yaml:1:1']);
  });

  it('keeps objects that differ in namespace, or have a generated name', () => {
    const pod = (meta: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {${meta}}\nspec: {containers: []}\n`;
    const result = read(
      [pod('name: a'), pod('name: a, namespace: x'), pod('generateName: g-'), pod('generateName: g-')].join('---\n'),
    );
    expect(result.objects).toHaveLength(4);
    expect(result.diagnostics).toEqual([]);
    expect(
      read(`${pod('name: a')}---\n${pod('name: a, namespace: x')}`, { defaultNamespace: 'x' }).objects,
    ).toHaveLength(1);
  });
});

describe('YAML 1.1', () => {
  it('explains values and keys that are not the text they look like', () => {
    const result = read(
      `${namespace('a')}  labels: {a: yes, b: 1.0, c: 080, on: x}\n---\n${namespace('b')}  labels: {"on": "yes"}\n`,
    );
    expect(told(result)).toEqual([
      '5:15 error wrong-type: expected string, got boolean true',
      '5:23 error wrong-type: expected string, got number 1',
      '5:31 error wrong-type: expected string, got number 80',
      '5:36 warning yaml-1.1: the key `on` is read as "true" in YAML 1.1',
    ]);
    expect(result.diagnostics.map(({ help }) => help)).toEqual([
      '`yes` is a boolean in YAML 1.1: write "yes"',
      '`1.0` is a number in YAML: write "1.0"',
      '`080` is a number in YAML: write "080"',
      'write "on" for the text',
    ]);
    expect(objects(result)).toBe('b@7:1');
  });

  it('warns of numbers that are read otherwise', () => {
    const text =
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {}\n  ingress:\n  - ports:\n    - port: 080\n    - port: 010\n';
    const result = read(text);
    expect(told(result)).toEqual([
      '8:13 warning yaml-1.1: `080` loses its leading zeros in YAML 1.1: the number 80',
      '9:13 warning yaml-1.1: `010` is octal in YAML 1.1: the number 8',
    ]);
    expect(result.diagnostics[1]).toMatchObject({
      path: 'spec.ingress[0].ports[1].port',
      help: 'write 8, or "010" for the text',
    });
    expect(result.objects[0]).toMatchObject({ spec: { ingress: [{ ports: [{ port: 80 }, { port: 8 }] }] } });
  });

  it('says nothing of YAML about JSON', () => {
    const [diagnostic] = read(
      '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a","labels":{"a":true}}}',
    ).diagnostics;
    expect(diagnostic?.code).toBe('wrong-type');
    expect(diagnostic?.help).not.toContain('write "true"');
  });
});

describe('aliases and merge keys', () => {
  it('reads them as Kubernetes does', () => {
    const result = read(
      `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: &n a\n  annotations: &base {x: one, z: two}\n  labels:\n    z: before\n    <<: [{w: first}, *base, {x: later, w: later}]\n    x: *n\n    "<<": text\n`,
    );
    expect(told(result)).toEqual([]);
    expect(result.objects[0]?.metadata.labels).toMatchObject({ z: 'two', w: 'first', x: 'a', '<<': 'text' });
  });

  it.each([
    ['a: *x\n', '1:4 error undefined-alias: `*x` stands for nothing: there is no `&x` before it'],
    ['a: &a [*a]\n', '1:8 error cyclic-alias: `&a` contains itself'],
    ['a: &a\n  b: {<<: *a}\n', '2:11 error cyclic-alias: `&a` contains itself'],
    ['<<: 3\n', '1:5 error yaml-merge: `<<` needs a mapping, or a list of mappings, to merge'],
  ])('refuses %j', (text, expected) => expect(told(read(`${text}---\n${namespace('a')}`))[0]).toBe(expected));

  it('bounds what aliases stand for', () => {
    const levels = Array.from(
      { length: 30 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
    );
    const result = read(`l0: &l0 [x, x]\n${levels.join('\n')}\n---\n${namespace('a')}`);
    expect(told(result)).toEqual([
      '7:15 error alias-expansion: the aliases of this document stand for more than 1000000 values',
    ]);
    expect(objects(result)).toBe('a@33:1');
  });

  it('bounds the depth that aliases build', () => {
    const chain = Array.from({ length: 300 }, (_, i) => `l${i + 1}: &l${i + 1} [*l${i}]`).join('\n');
    expect(read(`l0: &l0 [x]\n${chain}\n`).diagnostics.map(({ code }) => code)).toEqual(['too-deep']);
  });
});

describe('what cannot be read', () => {
  const cases: [string, string, ...string[]][] = [
    ['a tab', 'a:\n\tb: c\n', '2:1 error yaml-syntax: a tab cannot indent YAML'],
    [
      'an open double quote',
      'a: "x\nb: c\n',
      '1:4 error yaml-syntax: this quoted text never ends: a closing " is missing',
    ],
    [
      'an open single quote',
      "a: 'x\nb: c\n",
      "1:4 error yaml-syntax: this quoted text never ends: a closing ' is missing",
    ],
    ['an open bracket', 'a: [1, 2\nb: c\n', '1:4 error yaml-syntax: `[` is never closed: `]` is missing'],
    ['an open brace', 'a: {b: 1\n', '1:4 error yaml-syntax: `{` is never closed: `}` is missing'],
    ['a stray bracket', 'a: }\n', '1:4 error yaml-syntax: `}` closes nothing'],
    [
      'a bare colon in braces',
      'ipBlock: {cidr: ::/0}\n',
      '1:17 error yaml-syntax: `::/0` needs quotes inside `{}` and `[]`: Kubernetes cannot read it',
    ],
    [
      'a bare colon in brackets',
      'except: [10.0.0.0/8, ::1/128]\n',
      '1:22 error yaml-syntax: `::1/128` needs quotes inside `{}` and `[]`: Kubernetes cannot read it',
    ],
    [
      'bad indentation',
      'a:\n   b: c\n  d: e\n',
      '3:3 error yaml-syntax: bad indentation: this line is not at the column of its neighbours',
    ],
    [
      'a deeper line',
      'a: b\n  c: d\n',
      '2:3 error yaml-syntax: bad indentation: this line is deeper than the one above, which already has the value `b`',
    ],
    [
      'two keys on a line',
      'a: b: c\n',
      '1:4 error yaml-syntax: a mapping cannot begin behind another key on the same line',
    ],
    [
      'a missing colon',
      'a: b\nc\nd: e\n',
      '2:1 error yaml-syntax: `c` is neither a key nor a list item: `:` is missing',
    ],
    ['a missing space after a colon', 'a:b\nc: d\n', '1:1 error yaml-syntax: a space is missing after `a:`'],
    ['a missing space after a dash', 'a:\n- b\n-c\n', '3:1 error yaml-syntax: a space is missing after `-`'],
    ['a key after a list', '- a\nb: c\n', '2:1 error yaml-syntax: this text follows a value that has already ended'],
    ['text after a quote', 'a: "x" y\n', '1:8 error yaml-syntax: this text follows a value that has already ended'],
    ['a reserved character', 'a: @x\n', '1:4 error yaml-syntax: unquoted text cannot begin with `@`'],
    ['an unknown escape', 'a: "\\q"\n', '1:5 error yaml-syntax: `\\q` is not an escape sequence'],
    [
      'a control character',
      'a: \u0007\n',
      '1:4 error yaml-syntax: the control character U+0007 is not allowed in YAML',
    ],
    ['two errors', 'a: }\nb: @x\n', '1:4 error yaml-syntax: `}` closes nothing'],
    ['a list as key', '? [a]\n: b\n', '1:3 error complex-key: only text can be a key'],
    ['null as key', '~: b\n', '1:1 error complex-key: only text can be a key'],
    ['infinity', 'a: .inf\n', '1:4 error not-json: `.inf` cannot be written in JSON, so Kubernetes cannot read it'],
    ['a wrong tag', 'a: !!int x\n', '1:10 error yaml-tag: `x` is not a !!int'],
    ['text', 'key\n', '1:1 error not-an-object: a string is not a Kubernetes object'],
    ['a list', '- a\n', '1:1 error not-an-object: a list is not a Kubernetes object'],
    ['a JSON list', '[{"kind":"List"}]', '1:1 error not-an-object: a list is not a Kubernetes object'],
    ['a template value', 'a: {{ .Values.x }}\n', '1:4 error template: this looks like a Helm template, not YAML'],
    [
      'a template block',
      '# {{ x }}\na: "{{ x }}"\nb: |\n  {{ x }}\n{{- if .Values.y }}\nc: d\n{{- end }}\n',
      '5:1 error template: this looks like a Helm template, not YAML',
    ],
    ['JSON that is no YAML', '{"a": 1,, "b"}', '1:9 error json-syntax: a key in double quotes is expected here'],
    ['deep JSON', '['.repeat(100_000), '1:1 error too-deep: nested more than 250 levels deep'],
    ['deep YAML', `a: ${'['.repeat(100_000)}`, '1:255 error too-deep: nested more than 250 levels deep'],
    ['deep block YAML', '- '.repeat(100_000), '1:504 error too-deep: nested more than 250 levels deep'],
  ];

  it.each(cases)('%s, and reads the rest', (_, text, ...expected) => {
    const result = read(`${text.replace(/\n?$/, '\n')}---\n${namespace('ok')}`);
    expect(told(result)).toEqual(expected);
    expect(result.objects.map(({ metadata }) => metadata.name)).toEqual(['ok']);
    expect(result.documents).toBe(2);
  });

  it('reads JSON on after a broken value', () => {
    const result = readManifests([
      { name: 'a.json', content: `{"a": }\n${namespaceJson('a')}\n{"b" 1}\n${namespaceJson('b')}` },
    ]);
    expect(objects(result)).toBe('a@2:1 b@4:1');
    expect(told(result)).toEqual([
      '1:7 error json-syntax: the value is missing here',
      '3:6 error json-syntax: `:` is missing after this key',
    ]);
  });

  it('accepts a legitimate `{{` and warns of it in objects that it reads', () => {
    const result = read(
      `${namespace('a')}  annotations: {x: "{{ y }}"}\n  labels:\n    a: v-{{ y }}\n    b: v-{{ z }}\n`,
    );
    expect(told(result)).toEqual(['7:8 warning template: the text `{{` looks like a template that was not rendered']);
    expect(result.objects).toHaveLength(1);
  });

  it.each<[string, ManifestInput['content'], string]>([
    ['NUL characters', 'a\nb\0c', '2:2 error binary: this is a binary file, not text'],
    ['NUL bytes', new Uint8Array([0, 255, 1]), '1:1 error binary: this is a binary file, not text'],
    [
      'bytes that are no UTF-8',
      new Uint8Array([0x61, 0x0a, 0xc3, 0xbc, 0xff]),
      '2:2 error encoding: this byte is not part of any UTF-8 text',
    ],
    [
      'after a genuine replacement character',
      new Uint8Array([0xef, 0xbf, 0xbd, 0xff]),
      '1:2 error encoding: this byte is not part of any UTF-8 text',
    ],
  ])('refuses %s', (_, content, expected) => expect(told(read(content))).toEqual([expected]));

  it('limits sizes', () => {
    const text = `a: [${'x, '.repeat(100)}]\n---\n${namespace('a')}`;
    expect(told(read(text, { limits: { documentLength: 200 } }))).toEqual([
      '1:1 error too-large: this document is larger than 200 characters',
    ]);
    expect(told(read(text, { limits: { yamlTokens: 100 } }))).toEqual([
      '1:76 error too-large: this document is larger than 100 tokens of YAML',
    ]);
  });

  it('limits the size of YAML only', () => {
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }],
    };
    const result = read(JSON.stringify(list, null, 2), { limits: { documentLength: 50 } });
    expect([told(result), result.objects.length]).toEqual([[], 1]);
    expect(told(read('{"kind": "List", "items": ['.padEnd(60), { limits: { documentLength: 50 } }))).toEqual([
      '1:1 error too-large: this document is larger than 50 characters',
    ]);
  });

  it('limits the diagnostics of a document', () => {
    const result = read('- @\n'.repeat(30), { limits: { diagnosticsPerDocument: 3 } });
    expect(told(result).map((text) => text.replace(/^.*?: /, ''))).toEqual([
      ...Array(3).fill('unquoted text cannot begin with `@`'),
      'and 27 more like this',
    ]);
  });

  it('passes on what decoding finds', () => {
    const text =
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {}\n  ingres: []\n';
    expect(told(read(text))).toEqual(['6:3 warning unknown-field: unknown field "spec.ingres"']);
    expect(read(text, { strict: true }).objects).toEqual([]);
  });
});
