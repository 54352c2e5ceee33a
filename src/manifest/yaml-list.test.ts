import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { finish } from '../model/steps.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { readYaml, YamlText } from './yaml-document.ts';
import { cutList } from './yaml-list.ts';

const extentOf = (text: string): { start: number; end: number } => ({ start: 0, end: text.length });

/** Everything observable about reading a text, item by item or whole. */
function outcome(text: string, cutFrom: number): unknown {
  const result = finish(readYaml(new YamlText(text, DEFAULT_LIMITS), extentOf(text), cutFrom));
  if ('problems' in result) return result;
  const { value, notes, locator } = result.document;
  const items = (value as { items?: unknown[] } | null)?.items ?? [];
  const places = Array.isArray(items)
    ? items.map((_, index) => {
        const item = locator(['items', index]);
        return [item.start(), item.find(['metadata', 'name'], 'value'), item.find(['spec', 'list', 1], 'key')];
      })
    : [];
  return { value, notes, root: locator([]).start(), kind: locator([]).find(['kind'], 'value'), places };
}

function expectSame(text: string): void {
  expect(outcome(text, 0)).toEqual(outcome(text, Number.POSITIVE_INFINITY));
}

describe('cutList', () => {
  it('cuts at the items', () => {
    const text =
      'apiVersion: v1\nitems: # all\n# one\n- a: |\n    - x\n\n  # in\n  b:\n  - c\n# two\n-\n  a: 1\nkind: List\n';
    const cut = cutList(text, extentOf(text));
    expect(cut?.items.map(({ start, end }) => text.slice(start, end))).toEqual([
      '- a: |\n    - x\n\n  # in\n  b:\n  - c\n# two\n',
      '-\n  a: 1\n',
    ]);
    expect(text.slice(cut?.head.start, cut?.head.end)).toBe('apiVersion: v1\nitems: # all\n# one\n');
    expect(text.slice(cut?.tail.start, cut?.tail.end)).toBe('kind: List\n');
  });

  it.each([
    ['items first', 'items:\n  - a: 1\n  - b: 2\nkind: List\n', 2],
    ['items last, without a line end', 'kind: List\nitems:\n- a: 1', 1],
    ['Windows line ends', 'kind: List\r\nitems:\r\n- a: 1\r\n- b: 2\r\n', 2],
  ])('cuts %s', (_, text, count) => {
    expect(cutList(text, extentOf(text))?.items).toHaveLength(count);
    expectSame(text);
  });

  it.each([
    ['another shape', 'a: b\n'],
    ['flow items', 'items: [a]\n'],
    ['items with an anchor', 'items: &a\n- a: 1\n'],
    ['no items', 'items:\nkind: List\n'],
    ['a mapping', 'items:\n  a: b\n'],
    ['directives', '%YAML 1.1\n---\nitems:\n- a: 1\n'],
    ['a line between', 'items:\n  - a: 1\n b: 2\n'],
  ])('leaves %s alone', (_, text) => expect(cutList(text, extentOf(text))).toBeUndefined());
});

describe('reading item by item', () => {
  it.each([
    ['an anchor of another item', 'kind: List\nitems:\n- a: &x 1\n- b: *x\n'],
    ['an anchor used in its own item', 'kind: List\nitems:\n- a: &x 1\n  b: *x\n- b: &x 2\n  c: *x\n'],
    ['an anchor before the items', 'a: &x 1\nitems:\n- b: *x\n'],
    ['an alias after the items', 'items:\n- b: &x 1\nkind: *x\n'],
    ['an open quote', 'kind: List\nitems:\n- a: "x\n- b: y"\n'],
    ['an open bracket', 'kind: List\nitems:\n- a: [x\n- b]\n'],
    ['a root that is text', '--- |\nitems:\n- a: 1\n'],
    ['items twice', 'items:\n- a: 1\nkind: List\nitems:\n- b: 2\n'],
    ['a merge around', 'items:\n- a: 1\n<<: {items: null}\n'],
    ['an item that is no object', 'items:\n- a: 1\n- b\n-\n'],
    ['a broken item', 'items:\n- a: 1\n- b: @\n'],
    ['a broken end', 'items:\n- a: 1\n-b\n'],
    ['duplicates and surprises', 'items:\n- a: 1\n  a: 080\n- on: {{{a: 1}: 1}}\n'],
    ['duplicates in the list itself', 'kind: a\nkind: List\nitems:\n- a: 080\n  a: 1\n'],
    ['a template', 'items:\n- a: x{{ y }}\n- a: x{{ z }}\n'],
  ])('is the same for %s', (_, text) => expectSame(text));

  const name = fc.constantFrom(
    'a',
    'b-c',
    'yes',
    '080',
    'two\nlines\n',
    '- dash\n  - more',
    '# no comment',
    'items:\n- x',
  );
  const item = fc.record({
    kind: fc.constantFrom('Pod', 'Service'),
    metadata: fc.record({ name, labels: fc.dictionary(name, name, { maxKeys: 3, noNullPrototype: true }) }),
    spec: fc.record({
      list: fc.array(name, { maxLength: 3 }),
      nested: fc.array(fc.array(name, { maxLength: 2 }), { maxLength: 2 }),
    }),
  });
  const list = fc.record({ items: fc.array(item, { minLength: 1, maxLength: 5 }), kind: fc.constant('List') });

  it('is the same for lists as they are written', () => {
    fc.assert(
      fc.property(list, fc.boolean(), (value, indentSeq) => {
        const text = stringify(value, { indentSeq, version: '1.1' });
        expect(cutList(text, extentOf(text))?.items).toHaveLength(value.items.length);
        expectSame(text);
      }),
      { numRuns: 150 },
    );
  });

  it('is the same for damaged lists', () => {
    const edit = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 3 }),
      insert: fc.constantFrom('', '\n', '- ', '"', '[', '#', '  ', ': ', '&a ', '*a', '|\n', "'"),
    });
    fc.assert(
      fc.property(list, fc.array(edit, { minLength: 1, maxLength: 3 }), (value, edits) => {
        let text = stringify(value, { indentSeq: false });
        for (const { at, remove, insert } of edits) {
          const from = at % text.length;
          text = text.slice(0, from) + insert + text.slice(from + remove);
        }
        expectSame(text);
      }),
      { numRuns: 500 },
    );
  });
});
