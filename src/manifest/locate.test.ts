import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { FieldPath } from '../model/source.ts';
import type { DocumentResult, ParsedDocument } from './document.ts';
import { readManifests } from './index.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { readText } from './read-text.ts';
import { TextFile } from './text-file.ts';

function only(text: string): ParsedDocument {
  const results: DocumentResult[] = [...readText('f', text, DEFAULT_LIMITS)].flatMap(({ results }) => results);
  const last = results.at(-1);
  if (last === undefined || !('document' in last)) throw new Error(`not read: ${JSON.stringify(last)}`);
  return last.document;
}

/** `2:3 text`: the place of a field, and what the caret underlines there. */
function place(text: string, path: FieldPath, at: 'key' | 'value', list: FieldPath = []): string {
  const span = new TextFile('f', text).span(only(text).locator(list).find(path, at));
  return `${span.line}:${span.column} ${span.lineText.slice(span.column - 1, span.column - 1 + span.length)}`;
}

const policy = `# policy
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: "p"   # the name
  labels: &labels {app: web, 'tier': "öß"}
spec:
  podSelector:
  policyTypes: [Ingress,	Egress]
  ingress:
    - from:
      - podSelector: {matchLabels: *labels}
      - namespaceSelector:
          matchLabels:
            <<: *labels
            extra: yes
      ports:
      - port: 80
        protocol: TCP
      -
  notes: |
    two
    lines
`;

describe('locate in YAML', () => {
  it.each<[string, FieldPath, string, string]>([
    ['the object', [], '2:1 apiVersion: networking.k8s.io/v1', '2:1 apiVersion: networking.k8s.io/v1'],
    ['a value', ['kind'], '3:1 kind', '3:7 NetworkPolicy'],
    ['a quoted value', ['metadata', 'name'], '5:3 name', '5:9 "p"'],
    ['a flow value', ['metadata', 'labels'], '6:3 labels', '6:19 {app: web, \'tier\': "öß"}'],
    ['inside a flow value', ['metadata', 'labels', 'tier'], "6:30 'tier'", '6:38 "öß"'],
    ['a mapping', ['spec'], '7:1 spec', '8:3 podSelector:'],
    ['nothing behind the colon', ['spec', 'podSelector'], '8:3 podSelector', '8:3 podSelector'],
    ['a missing field', ['spec', 'podSelector', 'matchLabels', 'a'], '8:3 podSelector', '8:3 podSelector'],
    ['after a tab', ['spec', 'policyTypes', 1], '9:26 Egress', '9:26 Egress'],
    ['a missing item', ['spec', 'policyTypes', 2], '9:3 policyTypes', '9:16 [Ingress,\tEgress]'],
    ['a list item', ['spec', 'ingress', 0], '11:7 from:', '11:7 from:'],
    ['an alias', ['spec', 'ingress', 0, 'from', 0, 'podSelector', 'matchLabels'], '12:23 matchLabels', '12:36 *labels'],
    [
      'behind an alias',
      ['spec', 'ingress', 0, 'from', 0, 'podSelector', 'matchLabels', 'app'],
      '12:23 matchLabels',
      '12:36 *labels',
    ],
    [
      'a merged key',
      ['spec', 'ingress', 0, 'from', 1, 'namespaceSelector', 'matchLabels', 'app'],
      '15:17 *labels',
      '15:17 *labels',
    ],
    [
      'beside a merge',
      ['spec', 'ingress', 0, 'from', 1, 'namespaceSelector', 'matchLabels', 'extra'],
      '16:13 extra',
      '16:20 yes',
    ],
    ['a number', ['spec', 'ingress', 0, 'ports', 0, 'port'], '18:9 port', '18:15 80'],
    ['an empty item', ['spec', 'ingress', 0, 'ports', 1], '20:7 -', '20:7 -'],
    ['a block scalar', ['spec', 'notes'], '21:3 notes', '21:10 |'],
    [
      'an unknown field',
      ['status', 'x'],
      '2:1 apiVersion: networking.k8s.io/v1',
      '2:1 apiVersion: networking.k8s.io/v1',
    ],
  ])('%s', (_, path, key, value) => {
    expect(place(policy, path, 'key')).toBe(key);
    expect(place(policy, path, 'value')).toBe(value);
    const windows = `\ufeff${policy}`.replaceAll('\n', '\r\n').slice(1);
    expect(place(windows, path, 'value')).toBe(value);
  });

  it.each<[string, string, FieldPath, string]>([
    ['the last of duplicate keys', 'a: 1\nb: 2\na: 3\n', ['a'], '3:4 3'],
    ['a key that is no text', 'a: {080: x, on: y}\n', ['a', 'true'], '1:17 y'],
    ['a key that is an alias', 'a: &k key\nb: {*k : y}\n', ['b', 'key'], '2:10 y'],
    [
      'the last anchor of a name before the alias',
      'a: &x {p: 1}\nb: &x {q: 2}\nc: {<<: *x}\nd: &x {r: 3}\n',
      ['c', 'q'],
      '3:9 *x',
    ],
    ['a mapping merged on the spot', 'a: {<<: [{p: 1}, {q: 2}]}\n', ['a', 'q'], '1:22 2'],
    ['a merge that overrides', 'a: {p: 1, <<: {p: 2}}\n', ['a', 'p'], '1:19 2'],
    ['a value on the next line', 'a:\n\n  # why\n  b\n', ['a'], '4:3 b'],
    ['a document that is not the first', 'a: 1\n---\n# two\nb: {c: d}\n', ['b', 'c'], '4:8 d'],
    ['behind the marker', '--- {b: c}\n', ['b'], '1:9 c'],
  ])('%s', (_, text, path, expected) => expect(place(text, path, 'value')).toBe(expected));
});

describe('locate in JSON', () => {
  const text = `{
  "kind": "List",
  "items": [
    {"a": {"b\\u0063": [1, {"d": "}\\"{"}]}, "e": {}},
\t{"a": null, "a": -1.5e3}
  ]
}`;
  it.each<[string, FieldPath, string, string]>([
    ['a value', ['kind'], '2:3 "kind"', '2:11 "List"'],
    [
      'an item',
      ['items', 0],
      '4:5 {"a": {"b\\u0063": [1, {"d": "}\\"{"}]}, "e": {}}',
      '4:5 {"a": {"b\\u0063": [1, {"d": "}\\"{"}]}, "e": {}}',
    ],
    ['an escaped key', ['items', 0, 'a', 'bc', 0], '4:24 1', '4:24 1'],
    ['deep', ['items', 0, 'a', 'bc', 1, 'd'], '4:28 "d"', '4:33 "}\\"{"'],
    ['a missing field', ['items', 0, 'e', 'x'], '4:44 "e"', '4:49 {}'],
    ['after a tab, of duplicates the last', ['items', 1, 'a'], '5:14 "a"', '5:19 -1.5e3'],
    ['a missing item', ['items', 7, 'a'], '3:3 "items"', '3:12 ['],
  ])('%s', (_, path, key, value) => {
    expect(place(text, path, 'key')).toBe(key);
    expect(place(text, path, 'value')).toBe(value);
    const windows = text.replaceAll('\n', '\r\n');
    expect(place(windows, path, 'value')).toBe(value);
    expect(place(`{"x":1} ${text}`, path, 'value').replace(/^.*? /, '')).toBe(value.replace(/^.*? /, ''));
  });

  it('begins at the item for objects of a list', () => {
    expect(place(text, ['a'], 'value', ['items', 1])).toBe('5:19 -1.5e3');
    expect(only(text).locator(['items', 1]).start()).toBe(text.indexOf('{"a": null'));
  });
});

it('positions objects in what kubectl prints', () => {
  const item = (name: string): string =>
    `- apiVersion: v1\n  kind: Namespace\n  metadata:\n    annotations:\n      kubectl.kubernetes.io/last-applied-configuration: |\n        {"apiVersion":"v1"}\n    name: ${name}\n`;
  const text = `apiVersion: v1\nitems:\n${item('a')}${item('b')}kind: List\nmetadata:\n  resourceVersion: ""\n`;
  for (const content of [text, text.replaceAll('\n', '\r\n')]) {
    const { objects, diagnostics } = readManifests([{ name: 'f', content }]);
    expect(diagnostics).toEqual([]);
    expect(objects.map(({ source }) => source?.start)).toEqual([
      { file: 'f', line: 3, column: 3 },
      { file: 'f', line: 10, column: 3 },
    ]);
    expect(objects[1]?.source?.locate(['metadata', 'name'])).toEqual({
      file: 'f',
      line: 16,
      column: 11,
      length: 1,
      lineText: '    name: b',
    });
  }
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Values as objects hold them, with a key of each sort and no characters that YAML cannot hold. */
function json(string: fc.Arbitrary<string>): fc.Arbitrary<Json> {
  return fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
      string,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(string, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;
}

const anyText = fc.string({ unit: 'grapheme', maxLength: 8 });
const plainText = anyText.map((text) => `x${text}`);

/** All paths into a value, with what is there. */
function* paths(value: Json, path: FieldPath = []): Generator<[FieldPath, Json]> {
  yield [path, value];
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* paths(item, [...path, i]);
  else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) yield* paths(item, [...path, key]);
  }
}

function checkPlaces(text: string, value: Json, read: (text: string) => unknown): void {
  const document = only(text);
  expect(document.value).toEqual(value);
  const file = new TextFile('f', text);
  const underlined = (path: FieldPath, at: 'key' | 'value'): string => {
    const { column, length, lineText } = file.span(document.locator([]).find(path, at));
    return lineText.slice(column - 1, column - 1 + length);
  };
  for (const [path, found] of paths(value)) {
    const step = path.at(-1);
    if (typeof step === 'string') expect(read(underlined(path, 'key'))).toBe(step);
    if (found === null || typeof found !== 'object') expect(read(underlined(path, 'value'))).toEqual(found);
  }
}

describe('round trips', () => {
  const root = (string: fc.Arbitrary<string>): fc.Arbitrary<Json> =>
    fc.dictionary(string, json(string), { minKeys: 1, maxKeys: 4, noNullPrototype: true });

  it('reads JSON back and finds every value', () => {
    fc.assert(
      fc.property(
        root(anyText),
        fc.constantFrom(0, 1, 4, '\t'),
        fc.constantFrom('\n', '\r\n'),
        (value, indent, eol) => {
          checkPlaces(`${eol}${JSON.stringify(value, null, indent).replaceAll('\n', eol)}${eol}`, value, JSON.parse);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('reads YAML back and finds every value', () => {
    const style = fc.record({
      defaultStringType: fc.constantFrom('QUOTE_DOUBLE', 'QUOTE_SINGLE', 'PLAIN'),
      collectionStyle: fc.constantFrom('any', 'flow'),
      indentSeq: fc.boolean(),
      indent: fc.integer({ min: 2, max: 5 }),
    });
    fc.assert(
      fc.property(root(plainText), style, fc.boolean(), fc.boolean(), (value, options, crlf, second) => {
        const text = stringify(value, { ...options, version: '1.2', lineWidth: 0, blockQuote: false });
        const stream = second ? `# first\na: b\n---\n${text}` : text;
        checkPlaces(crlf ? stream.replaceAll('\n', '\r\n') : stream, value, (part) =>
          parse(part, { logLevel: 'silent' }),
        );
      }),
      { numRuns: 300 },
    );
  });
});
