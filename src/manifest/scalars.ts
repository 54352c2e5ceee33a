import { say } from '../model/say.ts';
/** What a YAML scalar can be once it is read; an integer beyond 2^53 loses its last digits. */
export type ScalarValue = string | number | boolean | null;

/** A scalar with an explicit tag, or why it does not fit its tag. */
export type TaggedScalar = { readonly value: ScalarValue } | { readonly error: string };

const WORDS: ReadonlyMap<string, ScalarValue> = new Map<string, ScalarValue>([
  ...spellings(['y', 'yes', 'true', 'on'], true),
  ...spellings(['n', 'no', 'false', 'off'], false),
  ...spellings(['null'], null),
  ['', null],
  ['~', null],
  ...['.nan', '.NaN', '.NAN'].map((word): [string, ScalarValue] => [word, Number.NaN]),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word): [string, ScalarValue] => [word, Infinity]),
  ...['-.inf', '-.Inf', '-.INF'].map((word): [string, ScalarValue] => [word, -Infinity]),
]);

const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const POINT_FLOAT = /^\.[0-9]+([eE][-+]?[0-9]+)?$/;
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/;
const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);
const TAG = 'tag:yaml.org,2002:';

function spellings(words: readonly string[], value: ScalarValue): [string, ScalarValue][] {
  return words.flatMap((word) => {
    const capital = word.charAt(0).toUpperCase() + word.slice(1);
    return [word, capital, word.toUpperCase()].map((spelling): [string, ScalarValue] => [spelling, value]);
  });
}

/**
 * Reads a plain (unquoted) scalar as Kubernetes does, which is YAML 1.1 in most ways (spec section 5):
 * `yes no on off y n` are booleans; `0x`, `0o`, `0b`, and a leading `0` choose the base; `_` separates digits;
 * a would-be octal with an 8 or 9 (`080`) is a decimal float; dates and times stay text, as do base-60 numbers.
 * `.inf` and `.nan` yield the numbers that JSON cannot hold: the caller refuses them.
 */
export function resolvePlain(text: string): ScalarValue {
  const first = text.charCodeAt(0);
  const digitOrSign = (first >= 48 && first <= 57) || first === 43 || first === 45;
  if (!digitOrSign) {
    const word = text.length <= 5 ? WORDS.get(text) : undefined;
    if (word !== undefined) return word;
    return first === 46 && POINT_FLOAT.test(text) ? finiteOr(text, text) : text;
  }
  const word = text.length === 5 ? WORDS.get(text) : undefined;
  if (word !== undefined) return word;
  const digits = text.includes('_') ? text.replaceAll('_', '') : text;
  const integer = parseInteger(digits);
  if (integer !== undefined) return Number(integer);
  return FLOAT.test(digits) ? finiteOr(digits, text) : text;
}

/** The integer that digits without `_` write; a decimal or octal one beyond 64 bits is a float instead. */
function parseInteger(digits: string): bigint | undefined {
  const match = INTEGER.exec(digits);
  if (match === null) return undefined;
  const [, sign, hex, binary, octal, decimal] = match;
  const prefix = hex !== undefined ? '0x' : binary !== undefined ? '0b' : octal !== undefined ? '0o' : '';
  const magnitude = BigInt(prefix + (hex ?? binary ?? octal ?? decimal ?? '0'));
  const integer = sign === '-' ? -magnitude : magnitude;
  const bounded = hex === undefined && binary === undefined;
  return bounded && (integer > MAX_UINT64 || integer < MIN_INT64) ? undefined : integer;
}

function finiteOr(digits: string, text: string): ScalarValue {
  const number = Number(digits);
  return Number.isFinite(number) ? number : text;
}

/**
 * Reads a scalar that carries an explicit tag. `!!str` and tags that YAML does not define (also `!`) keep the text;
 * `!!int`, `!!float`, `!!bool`, `!!null` also read quoted text, and refuse what does not fit.
 * @param tag in long form, `tag:yaml.org,2002:int`
 */
export function resolveTagged(tag: string, text: string): TaggedScalar {
  if (!tag.startsWith(TAG)) return { value: text };
  const name = tag.slice(TAG.length);
  if (name === 'binary') return decodeBinary(text);
  if (name === 'timestamp') {
    return /^[0-9]{4}-/.test(text) ? { value: text } : { error: say`\`${text}\` is not a !!timestamp` };
  }
  if (!['int', 'float', 'bool', 'null'].includes(name)) return { value: text };
  const value = resolvePlain(text);
  const isInteger = typeof value === 'number' && !isFloatText(text);
  const fits =
    name === 'null'
      ? value === null
      : name === 'bool'
        ? typeof value === 'boolean'
        : name === 'int'
          ? isInteger
          : typeof value === 'number';
  return fits ? { value } : { error: say`\`${text}\` is not a !!${name}` };
}

/** Whether text that reads as a number was a float to YAML: `1.0`, `1e3`, `080`. */
function isFloatText(text: string): boolean {
  return parseInteger(text.replaceAll('_', '')) === undefined;
}

function decodeBinary(text: string): TaggedScalar {
  try {
    const bytes = Uint8Array.from(atob(text.replace(/[\r\n]/g, '')), (character) => character.charCodeAt(0));
    return { value: new TextDecoder('utf-8').decode(bytes) };
  } catch {
    return { error: say`this !!binary value is not base64` };
  }
}

/**
 * The text that a scalar becomes as a mapping key, as Kubernetes converts it: `true`, `80`.
 * @returns undefined for null, which cannot be a key
 */
export function keyText(value: ScalarValue, source: string): string | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'number') return String(value);
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const integer = parseInteger(source.replaceAll('_', ''));
  return integer === undefined ? floatText(value) : String(integer);
}

/** Shortest single-precision form, with an exponent (of two digits at least) below 1e-4 and from 1e6 on. */
function floatText(value: number): string {
  const single = Math.fround(value);
  if (single === 0 || !Number.isFinite(single))
    return Object.is(single, -0) ? '-0' : single === 0 ? '0' : String(value);
  let precision = 1;
  while (precision < 9 && Math.fround(Number(single.toPrecision(precision))) !== single) precision++;
  const [mantissa = '', exponent = '0'] = single.toExponential(precision - 1).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(single.toPrecision(precision)));
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** A plain scalar that means something else than it seems to, in words. */
export interface Surprise {
  readonly message: string;
  readonly help: string;
}

/** Says what surprises about a plain scalar that reads as a number: `010` (octal), `080` (a float), `1_000`. */
export function numberSurprise(text: string, value: ScalarValue): Surprise | undefined {
  if (typeof value !== 'number') return undefined;
  const help = say`write ${value}, or "${text}" for the text`;
  if (/^[-+]?0_*[0-7][0-7_]*$/.test(text) && value !== Number(text.replaceAll('_', ''))) {
    return { message: say`\`${text}\` is octal in YAML 1.1: the number ${value}`, help };
  }
  if (/^[-+]?0[0-9]/.test(text)) {
    return { message: say`\`${text}\` loses its leading zeros in YAML 1.1: the number ${value}`, help };
  }
  if (text.includes('_')) return { message: say`\`${text}\` is the number ${value} in YAML 1.1`, help };
  return undefined;
}

/** What to write instead of a plain scalar where text was wanted; undefined when it reads as text anyway. */
export function quoteHelp(text: string): string | undefined {
  const value = resolvePlain(text);
  if (typeof value === 'boolean') return say`\`${text}\` is a boolean in YAML 1.1: write "${text}"`;
  if (typeof value === 'number') return say`\`${text}\` is a number in YAML: write "${text}"`;
  if (value === null && text !== '') return say`\`${text}\` is null in YAML: write "${text}"`;
  return undefined;
}
