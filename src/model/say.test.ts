import { afterEach, expect, test } from 'vitest';
import { say, sayText, speak } from './say.ts';

afterEach(() => speak());

test('a sentence is as it is written, or as the language has it that is spoken', () => {
  const sentence = (): string => say`${'cart'} has no ${3} ports`;
  expect(sentence()).toBe('cart has no 3 ports');
  speak({ '{0} has no {1} ports': '{1} Ports fehlen {0}', port: 'Anschluss' });
  expect(sentence()).toBe('3 Ports fehlen cart');
  expect([sayText('port'), sayText('other')]).toEqual(['Anschluss', 'other']);
  expect(say`not ${'known'}`).toBe('not known');
  speak();
  expect(sentence()).toBe('cart has no 3 ports');
});

test('what is put in is never taken for a place', () => {
  speak({ '{0} and {1}': '{1}, {0}' });
  expect(say`${'{1}'} and ${'{0}'}`).toBe('{0}, {1}');
  expect(say`${undefined} and \`${'$1'}\``).toBe(' and `$1`');
});
