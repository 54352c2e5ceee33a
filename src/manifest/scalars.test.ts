import { describe, expect, it } from 'vitest';
import { keyText, numberSurprise, quoteHelp, resolvePlain, resolveTagged } from './scalars.ts';

describe('resolvePlain', () => {
  const bools: [string[], boolean][] = [
    [['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'], true],
    [['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'], false],
  ];
  for (const [words, value] of bools) {
    it.each(words)(`reads %s as ${value}`, (word) => expect(resolvePlain(word)).toBe(value));
  }

  it.each(['', '~', 'null', 'Null', 'NULL'])('reads "%s" as null', (word) => expect(resolvePlain(word)).toBeNull());

  it.each<[string, number]>([
    ['0', 0],
    ['80', 80],
    ['-80', -80],
    ['+80', 80],
    ['0x1F', 31],
    ['-0x1f', -31],
    ['0b101', 5],
    ['-0b11', -3],
    ['0o17', 15],
    ['010', 8],
    ['-010', -8],
    ['0_10', 8],
    ['1_000', 1000],
    ['1__0_', 10],
    ['080', 80],
    ['1.0', 1],
    ['1.', 1],
    ['.5', 0.5],
    ['-.5', -0.5],
    ['1e3', 1000],
    ['1E+3', 1000],
    ['12e-1', 1.2],
    ['1_0.5', 10.5],
    ['18446744073709551615', 2 ** 64],
    ['99999999999999999999', 1e20],
    ['.inf', Infinity],
    ['+.Inf', Infinity],
    ['-.INF', -Infinity],
  ])('reads %s as the number %d', (text, value) => expect(resolvePlain(text)).toBe(value));

  it.each([
    'yEs',
    'tRUE',
    'nULL',
    'truee',
    'http',
    '0o8',
    '0b2',
    '0x',
    '0xg',
    '1e',
    '1e400',
    '.',
    '-',
    '+',
    '--1',
    '._5',
    '.5_0',
    '_1',
    '1:30',
    '2001-12-14',
    '2001-12-14t21:59:43.10-05:00',
    '10.0.0.0/8',
    '1.2.3',
    '-.inff',
    '<<',
  ])('keeps %s as text', (text) => expect(resolvePlain(text)).toBe(text));

  it('reads .nan', () => expect(resolvePlain('.NaN')).toBeNaN());
});

describe('resolveTagged', () => {
  const tag = (name: string): string => `tag:yaml.org,2002:${name}`;
  it.each([
    [tag('str'), '80', '80'],
    [tag('int'), '80', 80],
    [tag('int'), '0x10', 16],
    [tag('float'), '80', 80],
    [tag('bool'), 'yes', true],
    [tag('null'), '', null],
    [tag('timestamp'), '2001-12-14', '2001-12-14'],
    [tag('binary'), 'aGkh', 'hi!'],
    ['!', '80', '80'],
    ['!custom', 'yes', 'yes'],
  ])('%s %s', (name, text, value) => expect(resolveTagged(name, text)).toEqual({ value }));

  it.each([
    ['int', 'x', '`x` is not a !!int'],
    ['int', '1.5', '`1.5` is not a !!int'],
    ['float', 'x', '`x` is not a !!float'],
    ['bool', '1', '`1` is not a !!bool'],
    ['null', '0', '`0` is not a !!null'],
    ['timestamp', 'now', '`now` is not a !!timestamp'],
    ['binary', '*', 'this !!binary value is not base64'],
  ])('refuses !!%s %s', (name, text, error) => expect(resolveTagged(tag(name), text)).toEqual({ error }));
});

describe('keyText', () => {
  it.each([
    ['80', '80'],
    ['080', '80'],
    ['010', '8'],
    ['yes', 'true'],
    ['Off', 'false'],
    ['1.50', '1.5'],
    ['0.1', '0.1'],
    ['1e3', '1000'],
    ['1e6', '1e+06'],
    ['1.5e-7', '1.5e-07'],
    ['-0.0', '-0'],
    ['.inf', '.inf'],
    ['9007199254740993', '9007199254740993'],
    ['app', 'app'],
  ])('%s becomes %s', (text, key) => expect(keyText(resolvePlain(text), text)).toBe(key));

  it('has no text for null', () => expect(keyText(null, '~')).toBeUndefined());
});

describe('surprises', () => {
  it.each([
    ['010', '`010` is octal in YAML 1.1: the number 8'],
    ['080', '`080` loses its leading zeros in YAML 1.1: the number 80'],
    ['007', '`007` loses its leading zeros in YAML 1.1: the number 7'],
    ['1_000', '`1_000` is the number 1000 in YAML 1.1'],
  ])('%s', (text, message) => expect(numberSurprise(text, resolvePlain(text))?.message).toBe(message));

  it.each(['0', '80', '0x50', '1.5', 'yes', 'a_b'])('%s is none', (text) => {
    expect(numberSurprise(text, resolvePlain(text))).toBeUndefined();
  });

  it.each([
    ['yes', '`yes` is a boolean in YAML 1.1: write "yes"'],
    ['1.0', '`1.0` is a number in YAML: write "1.0"'],
    ['~', '`~` is null in YAML: write "~"'],
    ['text', undefined],
    ['', undefined],
  ])('quoting %s', (text, help) => expect(quoteHelp(text)).toBe(help));
});
