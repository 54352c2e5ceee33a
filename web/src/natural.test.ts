import { expect, test } from 'vitest';
import { compareNatural } from './natural.ts';

test.each([
  [
    ['ns-10', 'ns-1', 'ns-2'],
    ['ns-1', 'ns-2', 'ns-10'],
  ],
  [
    ['b/x', 'a/y', 'a-b/x'],
    ['a-b/x', 'a/y', 'b/x'],
  ],
  [
    ['n01', 'n1', 'n001'],
    ['n001', 'n01', 'n1'],
  ],
  [
    ['pod-9', 'Pod-10', 'pod-10'],
    ['pod-9', 'pod-10', 'Pod-10'],
  ],
])('%j in order', (names, expected) => {
  expect([...names].sort(compareNatural)).toEqual(expected);
});
