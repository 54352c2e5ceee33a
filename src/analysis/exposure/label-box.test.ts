import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effort } from '../../../test/support/property.ts';
import { matchesSelector } from '../../model/selector.ts';
import type { LabelSelector } from '../../model/types.ts';
import { LabelBox } from './label-box.ts';

const KEYS = ['a', 'b', 'constructor', '__proto__'];
const VALUES = ['x', 'y', ''];

const key = fc.constantFrom(...KEYS);
const anySelector: fc.Arbitrary<LabelSelector> = fc.record(
  {
    matchLabels: fc
      .uniqueArray(fc.tuple(key, fc.constantFrom(...VALUES)), { maxLength: 2, selector: ([name]) => name })
      .map((entries) => Object.fromEntries(entries)),
    matchExpressions: fc.array(
      fc.record(
        {
          key,
          operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Wrong'),
          values: fc.uniqueArray(fc.constantFrom(...VALUES), { maxLength: 3 }),
        },
        { requiredKeys: ['key', 'operator'] },
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);

/** Every label set over the keys, with a value that no selector names. */
function* labelSets(keys: readonly string[] = KEYS): Generator<Record<string, string>> {
  const [first, ...rest] = keys;
  if (first === undefined) {
    yield {};
    return;
  }
  for (const labels of labelSets(rest)) {
    yield labels;
    for (const value of [...VALUES, 'other']) yield Object.fromEntries([...Object.entries(labels), [first, value]]);
  }
}

const ALL = [...labelSets()];
const members = (box: LabelBox): string => ALL.map((labels) => (box.matches(labels) ? '1' : '0')).join('');

describe('LabelBox', () => {
  it('holds what the selector matches, and says so as a selector again', () => {
    fc.assert(
      fc.property(anySelector, (selector) => {
        const box = LabelBox.ofSelector(selector);
        for (const labels of ALL) expect(box.matches(labels)).toBe(matchesSelector(selector, labels));
        if (!box.isEmpty()) {
          const written = box.toSelector();
          for (const labels of ALL) expect(matchesSelector(written, labels)).toBe(box.matches(labels));
        }
      }),
      effort(150),
    );
  });

  it('compares and intersects as the sets do', () => {
    fc.assert(
      fc.property(anySelector, anySelector, (one, other) => {
        const [a, b] = [LabelBox.ofSelector(one), LabelBox.ofSelector(other)];
        const [inA, inB] = [members(a), members(b)];
        const both = members(a.intersect(b));
        expect(both).toBe([...inA].map((bit, at) => (bit === '1' && inB[at] === '1' ? '1' : '0')).join(''));
        expect(a.isEmpty()).toBe(!inA.includes('1'));
        expect(a.isAll()).toBe(!inA.includes('0'));
        expect(a.isWithin(b)).toBe([...inA].every((bit, at) => bit === '0' || inB[at] === '1'));
        if (!a.isEmpty() && !b.isEmpty()) expect(a.key === b.key).toBe(inA === inB);
      }),
      effort(300),
    );
  });

  it.each<[string, LabelSelector, boolean, boolean]>([
    ['nothing asked', {}, true, false],
    [
      'the name exists',
      { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'Exists' }] },
      true,
      false,
    ],
    ['no name', { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'DoesNotExist' }] }, false, true],
    ['one name', { matchLabels: { 'kubernetes.io/metadata.name': 'x' } }, false, false],
  ])('of namespaces: %s', (_, selector, all, empty) => {
    const box = LabelBox.ofNamespaces(selector);
    expect([box.isAll(), box.isEmpty()]).toEqual([all, empty]);
  });

  it('knows the only value of a key', () => {
    expect(LabelBox.namespace('x').only('kubernetes.io/metadata.name')).toBe('x');
    expect(LabelBox.ofSelector({ matchLabels: { a: 'x' } }).only('b')).toBeUndefined();
    expect(
      LabelBox.ofSelector({ matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'y'] }] }).only('a'),
    ).toBeUndefined();
  });
});
