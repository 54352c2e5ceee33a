import { expect, test } from 'vitest';
import { short } from './short.ts';

test.each([
  [0, '0'],
  [9999, '9999'],
  [10_000, '10k'],
  [999_499, '999k'],
  [999_999, '1M'],
  [64_128_000, '64M'],
])('%d is %s on a badge', (n, expected) => {
  expect(short(n)).toBe(expected);
});
