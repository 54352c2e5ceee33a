import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLabelSelector, matchesSelector, parseLabelSelector, selectorIsEmpty, selectorKey } from './selector.ts';
import type { LabelSelector } from './types.ts';

function expression(operator: string, ...values: string[]): LabelSelector {
  return { matchExpressions: [{ key: 'k', operator, ...(values.length > 0 ? { values } : {}) }] };
}

describe('matchesSelector', () => {
  const proto = JSON.parse('{"__proto__": "x"}') as Record<string, string>;
  it.each<[string, LabelSelector, Record<string, string>, boolean]>([
    ['empty selects all', {}, {}, true],
    ['equal label', { matchLabels: { k: 'v' } }, { k: 'v', z: '1' }, true],
    ['other value', { matchLabels: { k: 'v' } }, { k: 'w' }, false],
    ['missing label', { matchLabels: { k: '' } }, {}, false],
    ['all labels needed', { matchLabels: { k: 'v', z: '1' } }, { k: 'v' }, false],
    ['In', expression('In', 'a', 'b'), { k: 'b' }, true],
    ['In, other', expression('In', 'a', 'b'), { k: 'c' }, false],
    ['In, absent', expression('In', 'a'), {}, false],
    ['In empty value, present', expression('In', ''), { k: '' }, true],
    ['In empty value, absent', expression('In', ''), {}, false],
    ['In without values', expression('In'), { k: 'a' }, false],
    ['NotIn', expression('NotIn', 'a'), { k: 'b' }, true],
    ['NotIn, listed', expression('NotIn', 'a'), { k: 'a' }, false],
    ['NotIn, absent', expression('NotIn', 'a'), {}, true],
    ['NotIn without values', expression('NotIn'), { k: 'a' }, false],
    ['Exists', expression('Exists'), { k: '' }, true],
    ['Exists, absent', expression('Exists'), {}, false],
    ['DoesNotExist', expression('DoesNotExist'), {}, true],
    ['DoesNotExist, present', expression('DoesNotExist'), { k: '' }, false],
    ['invalid operator', expression('in', 'a'), { k: 'a' }, false],
    ['inherited names are no labels', { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, {}, false],
    ['nor absent ones', { matchExpressions: [{ key: 'toString', operator: 'DoesNotExist' }] }, {}, true],
    ['__proto__ as a key', { matchLabels: proto }, {}, false],
    ['__proto__ as a label', { matchLabels: proto }, proto, true],
  ])('%s', (_name, selector, labels, expected) => {
    expect(matchesSelector(selector, labels)).toBe(expected);
  });
});

describe('formatLabelSelector', () => {
  it.each<[LabelSelector, string]>([
    [{}, '<none>'],
    [{ matchLabels: {}, matchExpressions: [] }, '<none>'],
    [{ matchLabels: { b: '2', a: '1' } }, 'a=1,b=2'],
    [{ matchLabels: { k: '' } }, 'k='],
    [
      { matchLabels: { z: '1' }, matchExpressions: [{ key: 'k', operator: 'In', values: ['b', 'a'] }] },
      'k in (a,b),z=1',
    ],
    [expression('In', ''), 'k in ()'],
    [expression('NotIn', 'b', 'a'), 'k notin (a,b)'],
    [expression('Exists'), 'k'],
    [expression('DoesNotExist'), '!k'],
    [
      {
        matchExpressions: [
          { key: 'k', operator: 'Exists' },
          { key: 'k', operator: 'In', values: ['x'] },
        ],
        matchLabels: { k: 'x', Z: '1' },
      },
      'Z=1,k=x,k,k in (x)',
    ],
    [expression('in', 'a'), '<error>'],
    [expression('In'), '<error>'],
    [expression('Exists', 'a'), '<error>'],
    [{ matchLabels: { 'a b': 'x' } }, '<error>'],
    [{ matchLabels: { a: 'x y' } }, '<error>'],
    [expression('In', 'x y'), '<error>'],
  ])('%j is %s', (selector, text) => {
    expect(formatLabelSelector(selector)).toBe(text);
  });
});

describe('selectorIsEmpty', () => {
  it('is about requirements, not fields', () => {
    expect(selectorIsEmpty({ matchLabels: {}, matchExpressions: [] })).toBe(true);
    expect(selectorIsEmpty({ matchLabels: { a: '' } })).toBe(false);
    expect(selectorIsEmpty(expression('Exists'))).toBe(false);
  });
});

describe('selectorKey', () => {
  it('ignores order, repetitions and the two ways to write equality', () => {
    const one: LabelSelector = {
      matchLabels: { a: '1', b: '2' },
      matchExpressions: [{ key: 'c', operator: 'In', values: ['y', 'x', 'y'] }],
    };
    const other: LabelSelector = {
      matchExpressions: [
        { key: 'c', operator: 'In', values: ['x', 'y'] },
        { key: 'b', operator: 'In', values: ['2'] },
        { key: 'c', operator: 'In', values: ['y', 'x'] },
      ],
      matchLabels: { a: '1' },
    };
    expect(selectorKey(one)).toBe(selectorKey(other));
  });

  it.each<[LabelSelector, LabelSelector]>([
    [{}, { matchLabels: { a: '' } }],
    [expression('In', 'a', 'b'), expression('In', 'a,b')],
    [expression('In', 'a'), expression('NotIn', 'a')],
    [expression('In', ''), expression('In')],
    [{ matchLabels: { a: 'b","In","c' } }, { matchLabels: { a: 'b' } }],
  ])('tells %j from %j', (a, b) => {
    expect(selectorKey(a)).not.toBe(selectorKey(b));
  });

  it('never joins selectors that match differently', () => {
    const word = fc.constantFrom('a', 'b', '');
    const selector: fc.Arbitrary<LabelSelector> = fc.record({
      matchLabels: fc.dictionary(fc.constantFrom('x', 'y'), word, { noNullPrototype: true }),
      matchExpressions: fc.array(
        fc.record({
          key: fc.constantFrom('x', 'y'),
          operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
          values: fc.array(word, { maxLength: 2 }),
        }),
        { maxLength: 2 },
      ),
    });
    const labels = fc.dictionary(fc.constantFrom('x', 'y'), word, { noNullPrototype: true });
    fc.assert(
      fc.property(selector, selector, labels, (a, b, some) => {
        fc.pre(selectorKey(a) === selectorKey(b));
        expect(matchesSelector(a, some)).toBe(matchesSelector(b, some));
      }),
      { numRuns: 100, maxSkipsPerRun: 10_000 },
    );
  });
});

describe('parseLabelSelector', () => {
  it.each<[string, LabelSelector]>([
    ['', {}],
    ['  ', {}],
    ['k=v', expression('In', 'v')],
    ['k==v', expression('In', 'v')],
    [' k = v ', expression('In', 'v')],
    ['k=', expression('In', '')],
    ['k!=v', expression('NotIn', 'v')],
    ['k in (a,b)', expression('In', 'a', 'b')],
    ['k in ( a , b )', expression('In', 'a', 'b')],
    ['k in ()', expression('In', '')],
    ['k notin (a)', expression('NotIn', 'a')],
    ['k', expression('Exists')],
    ['!k', expression('DoesNotExist')],
    ['in', { matchExpressions: [{ key: 'in', operator: 'Exists' }] }],
    [
      'a=1,!b, example.com/c in (x,y),d',
      {
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['1'] },
          { key: 'b', operator: 'DoesNotExist' },
          { key: 'example.com/c', operator: 'In', values: ['x', 'y'] },
          { key: 'd', operator: 'Exists' },
        ],
      },
    ],
  ])('%j', (text, selector) => {
    expect(parseLabelSelector(text)).toEqual({ selector });
  });

  it.each([
    ',',
    'a,',
    'a,,b',
    '=v',
    'a b',
    'a in b',
    'a in (b',
    'a=b=c',
    '!',
    '!a=b',
    'a>1',
    '-a=b',
    'a=b c',
    'a in (b c)',
  ])('refuses %j', (text) => {
    expect(parseLabelSelector(text).error).toMatch(/\S/);
  });

  it('says what is wrong', () => {
    expect(parseLabelSelector('a,').error).toBe('nothing after the last comma of selector "a,"');
    expect(parseLabelSelector('a b').error).toBe('cannot read "a b" in selector "a b"');
    expect(parseLabelSelector('/a=b').error).toBe('invalid label key "/a": prefix part must be non-empty');
  });
});
