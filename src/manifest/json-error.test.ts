import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonProblem } from './json-error.ts';

function told(text: string): string {
  const { extent, message } = jsonProblem(text, 0, text.length);
  return `${extent.start}+${extent.end - extent.start} ${message}`;
}

it.each([
  ['{"a": 1', '0+1 `{` is never closed: `}` is missing'],
  ['{"a": [1, 2}', '11+1 `}` closes nothing'],
  ['[1, 2', '0+1 `[` is never closed: `]` is missing'],
  ['{"a": 1,}', '8+1 a `,` may not come before `}`'],
  ['[1,]', '3+1 a `,` may not come before `]`'],
  ['{"a": 1 "b": 2}', '8+1 `,` or `}` is missing before this'],
  ['[1 2]', '3+1 `,` or `]` is missing before this'],
  ['{"a" 1}', '5+1 `:` is missing after this key'],
  ['{"a": }', '6+1 the value is missing here'],
  ['{a: 1}', '1+1 a key in double quotes is expected here'],
  ['{"a": tru}', '6+3 a JSON value is expected here'],
  ['{"a": \'x\'}', '6+3 a JSON value is expected here'],
  ['{"a": 01}', '6+2 a JSON value is expected here'],
  ['{"a": +1}', '6+2 a JSON value is expected here'],
  ['{"a": 1.}', '6+2 a JSON value is expected here'],
  ['{"a": "x\n"}', '6+2 a closing " is missing on this line'],
  ['{"a": "x', '6+2 a closing " is missing on this line'],
  ['{"a": "\\q"}', '7+2 this escape sequence does not exist in JSON'],
  ['{"a": "\\u12"}', '7+2 this escape sequence does not exist in JSON'],
  ['{"a": "\t"}', '7+1 a control character must be escaped in JSON, a tab as \\t'],
  ['{"a": 1 // x\n}', '8+4 JSON has no comments'],
  ['{} x', '3+1 text after the end of the JSON value'],
  ['', '0+0 this is not JSON'],
])('%s', (text, expected) => expect(told(text)).toBe(expected));

it('finds fault with exactly what JSON.parse refuses', () => {
  const token = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"\\n"',
    '"\\x"',
    '1',
    '-0.5e3',
    '01',
    'true',
    'nul',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 8 }), (tokens) => {
      const text = tokens.join('');
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      // Valid text has no fault to find, which the last resort says; for all else it is only the empty text.
      const lastResort = jsonProblem(text, 0, text.length).message === 'this is not JSON';
      expect(lastResort).toBe(valid || text.trim() === '');
    }),
    { numRuns: 2000 },
  );
});
