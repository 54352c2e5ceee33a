import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effort } from '../../../test/support/property.ts';
import { matchesSelector } from '../../model/selector.ts';
import { labelsKey, selectorsFor, usableLabels } from './selectors.ts';

type Labels = Readonly<Record<string, string>>;

describe('selectorsFor', () => {
  it.each<[string, readonly Labels[], readonly Labels[], readonly object[]]>([
    [
      'the label that tells most',
      [{ app: 'a', tier: 'x' }],
      [{ app: 'b', tier: 'y' }],
      [{ matchLabels: { app: 'a' } }],
    ],
    [
      'another where that is shared',
      [{ app: 'a', tier: 'x' }],
      [{ app: 'a', tier: 'y' }],
      [{ matchLabels: { tier: 'x' } }],
    ],
    [
      'two where one is not enough',
      [{ app: 'a', tier: 'x' }],
      [
        { app: 'a', tier: 'y' },
        { app: 'b', tier: 'x' },
      ],
      [{ matchLabels: { app: 'a', tier: 'x' } }],
    ],
    ['a label although alone', [{ app: 'a', tier: 'x' }], [], [{ matchLabels: { app: 'a' } }]],
    ['nothing for one without labels, alone', [{}], [], [{}]],
    ['what is absent', [{}], [{ app: 'a' }], [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }]],
    [
      'several values',
      [{ app: 'a' }, { app: 'b' }],
      [{ app: 'c' }],
      [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] }],
    ],
    [
      'one selector each, where one cannot do',
      [
        { app: 'a', tier: 'x' },
        { app: 'b', tier: 'y' },
      ],
      [
        { app: 'a', tier: 'y' },
        { app: 'b', tier: 'x' },
      ],
      [{ matchLabels: { app: 'a', tier: 'x' } }, { matchLabels: { app: 'b', tier: 'y' } }],
    ],
  ])('uses %s', (_, wanted, others, expected) => {
    expect(selectorsFor(wanted, others)).toEqual(expected);
  });

  it('matches what is wanted and nothing else, on any labels', () => {
    const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'role', 'x'), fc.constantFrom('', 'a', 'b'));
    const sets = fc.uniqueArray(labels, { minLength: 1, maxLength: 9, selector: labelsKey });
    fc.assert(
      fc.property(sets, fc.nat(8), (all, split) => {
        const at = 1 + (split % all.length);
        const [wanted, others] = [all.slice(0, at), all.slice(at)];
        const selectors = selectorsFor(wanted, others);
        const matches = (one: Labels): boolean => selectors.some((selector) => matchesSelector(selector, one));
        expect(wanted.map(matches)).toEqual(wanted.map(() => true));
        expect(others.map(matches)).toEqual(others.map(() => false));
      }),
      effort(400),
    );
  });
});

it('usableLabels leaves out what controllers add and what no selector can name', () => {
  const labels = { app: 'a', 'pod-template-hash': '7d9', '-bad': 'x', ok: '-bad-' };
  expect(usableLabels(labels)).toEqual({ app: 'a' });
});
