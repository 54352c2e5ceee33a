import { describe, expect, it } from 'vitest';
import { goJson, goQuote, utf8Length } from './go-text.ts';
import { compareCodePoints } from './text.ts';

describe('goQuote', () => {
  it.each([
    ['', '""'],
    ['plain text', '"plain text"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\u0007\b\f\n\r\t\v', '"\\a\\b\\f\\n\\r\\t\\v"'],
    ['\u0000\u001b\u007f', '"\\x00\\x1b\\x7f"'],
    ['\u0085\u00a0\u00ad', '"\\u0085\\u00a0\\u00ad"'],
    ['é日😀', '"é日😀"'],
    ['\u2028\u200b\ufeff', '"\\u2028\\u200b\\ufeff"'],
    ['\u{e0001}\u{10ffff}', '"\\U000e0001\\U0010ffff"'],
    ['\ufffd', '"\ufffd"'],
    ['\ud800a', '"\ufffda"'],
    ["it's", '"it\'s"'],
  ])('%j', (text, quoted) => {
    expect(goQuote(text)).toBe(quoted);
  });
});

describe('goJson', () => {
  it.each<[unknown, string]>([
    ['<a>&"\u2028', '"\\u003ca\\u003e\\u0026\\"\\u2028"'],
    [['a', 'é'], '["a","é"]'],
    ['\u0001\u007f\b', '"\\u0001\u007f\\b"'],
    ['\udc00', '"\ufffd"'],
    [80, '80'],
    [{ a: 1, b: undefined }, '{"a":1}'],
  ])('%j', (value, text) => {
    expect(goJson(value)).toBe(text);
  });
});

it('utf8Length counts bytes', () => {
  for (const text of ['', 'abc', 'é', '日', '😀', 'a😀é', '\ufffd']) {
    expect(utf8Length(text)).toBe(Buffer.byteLength(text));
  }
  expect(utf8Length('\ud800')).toBe(3);
  expect(utf8Length('\udc00\ud800x')).toBe(7);
});

it('compareCodePoints orders as UTF-8 bytes do', () => {
  const texts = ['', 'a', 'ab', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '😀a', '\u{10ffff}'];
  for (const a of texts) {
    for (const b of texts) {
      expect(Math.sign(compareCodePoints(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }
  }
});
