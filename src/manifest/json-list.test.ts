import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finish } from '../model/steps.ts';
import { readJson } from './json-document.ts';
import { readJsonList } from './json-list.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';

/** Everything observable about reading a text, item by item or whole. */
function outcome(text: string, cutFrom: number, limits: Limits): unknown {
  const results = finish(readJson(text, { start: 0, end: text.length }, limits, false, cutFrom));
  return results?.map((result) => {
    if ('problems' in result) return result;
    const { value, notes, locator } = result.document;
    const { items } = value as { readonly items?: unknown };
    const places = Array.isArray(items)
      ? items.map((_, index) => [locator(['items', index]).start(), locator(['items', index]).find(['a'], 'value')])
      : [];
    return { value, notes, root: locator([]).start(), places };
  });
}

function expectSame(text: string, limits: Limits = DEFAULT_LIMITS): void {
  expect(outcome(text, 0, limits)).toEqual(outcome(text, Number.POSITIVE_INFINITY, limits));
}

function read(text: string): unknown {
  return finish(readJsonList(text, 0, text.length, DEFAULT_LIMITS));
}

describe('a list that is read item by item', () => {
  it('is what it is as a whole', () => {
    const text =
      ' {"kind": "List",\n "items": [ {"a": "]}"} , {"a": [1, {"b": null}]}, 3, "x"], "metadata": {} }\n'.trim();
    expect(read(text)).toEqual({ kind: 'List', items: [{ a: ']}' }, { a: [1, { b: null }] }, 3, 'x'], metadata: {} });
    expectSame(text);
  });

  it.each([
    ['an item that is no JSON', '{"items": [{"a": 1}, {a: 2}]}'],
    ['a comma too many', '{"items": [{"a": 1},]}'],
    ['a comma too many behind a member', '{"items": [],}'],
    ['a comma too few', '{"items": [{"a": 1} {"a": 2}]}'],
    ['no end of the items', '{"items": [{"a": 1}'],
    ['no end', '{"items": [{"a": 1}]'],
    ['no value', '{"items": [{"a": 1}], "kind": }'],
    ['a key twice', '{"items": [{"a": 1, "a": 2}]}'],
    ['the items twice', '{"items": [{"a": 1}], "items": []}'],
    ['the prototype', '{"__proto__": {"a": 1}, "items": [{"__proto__": 1}]}'],
    ['something behind it', '{"items": [{"a": 1}]} x'],
    ['another value behind it', '{"items": [{"a": 1}]} {"a": 1}'],
    ['a wrong bracket', '{"items": [{"a": 1}}'],
    ['no object', '[{"a": 1}]'],
    ['nothing', ''],
    ['an escaped key', '{"it\\u0065ms": [{"a": 1}]}'],
  ])('is left to be read whole where there is %s', (_, text) => {
    expectSame(text);
  });

  it('may be as deep as others', () => {
    for (const depth of [2, 3, 4, 5, 6]) expectSame('{"items": [{"a": [[1]]}]}', { ...DEFAULT_LIMITS, depth });
  });

  it('is the same, whatever the text', () => {
    const piece = fc.constantFrom('{', '}', '[', ']', ',', ':', '"items"', '"a"', '1', ' ', 'null', '"\\""');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => expectSame(`{"items":[${pieces.join('')}]}`)),
    );
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), fc.jsonValue(), fc.nat(2), (items, x, space) =>
        expectSame(JSON.stringify({ x, items, y: x }, undefined, space)),
      ),
    );
  });
});
