import { describe, expect, it } from 'vitest';
import { count, displayWidth, padCells, visible } from './text.ts';

describe('visible', () => {
  it.each([
    ['plain text', 'plain text'],
    ['日本語 é', '日本語 é'],
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\tb\nc\rd', 'a\\tb\\nc\\rd'],
    ['\u009b2J', '\\x9b2J'],
    ['abc\u202edcba', 'abc\\u202edcba'],
    ['zero\u200bwidth\ufeff', 'zero\\u200bwidth\\ufeff'],
    ['lone \ud800 surrogate', 'lone \\ud800 surrogate'],
    ['pair \u{1f600}', 'pair \u{1f600}'],
  ])('%j is shown as %j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });
});

describe('displayWidth', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['日本', 4],
    ['e\u0301', 1],
    ['\u{1f600}', 2],
    ['ｆ', 2],
  ])('%j takes %i cells', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('pads by cells, and never cuts', () => {
    expect(padCells('日', 4)).toBe('日  ');
    expect(padCells('long', 2)).toBe('long');
  });
});

it('count chooses the number', () => {
  expect([count(1, 'error'), count(0, 'error'), count(2, 'policy', 'policies')]).toEqual([
    '1 error',
    '0 errors',
    '2 policies',
  ]);
});
