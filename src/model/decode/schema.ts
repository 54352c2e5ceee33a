/**
 * Readers for JSON-like values, put together from small tables of fields.
 *
 * They follow Go's JSON decoding: `null` is absent for a field and the zero value for an item of a list or map, names
 * are case-sensitive, and nothing is converted from one type to another.
 */

import { nearestNames } from '../suggest.ts';
import type { DecodeContext } from './context.ts';
import { type FieldHints, unknownFieldHelp } from './suggest.ts';

/** Reads one type of value. Wrong values are reported to the context and answered with {@link zero}. */
export interface Reader<T> {
  /** Go's zero value of the type. */
  readonly zero: T;
  /** The fields of a record, for suggestions. */
  readonly fields?: ReadonlyMap<string, Reader<unknown>>;
  /** @param value neither null nor undefined */
  read(value: unknown, context: DecodeContext): T;
}

type Fields = Readonly<Record<string, Reader<unknown>>>;

/** The object that a table of fields gives; absent and null fields are left out. */
export type RecordOf<F extends Fields> = {
  readonly [K in keyof F]?: F[K] extends Reader<infer T> ? T : never;
};

function scalar<T>(expected: string, zero: T, accepts: (value: unknown) => value is T): Reader<T> {
  return {
    zero,
    read(value, context) {
      if (accepts(value)) return value;
      context.wrongType(expected, value);
      return zero;
    },
  };
}

/** A string; nothing else is turned into one. */
export const string: Reader<string> = scalar('string', '', (value) => typeof value === 'string');
/** `true` or `false`; strings such as `yes` are not. */
export const boolean: Reader<boolean> = scalar('boolean', false, (value) => typeof value === 'boolean');

/** Whole numbers of a JSON number's exact range; 64-bit fields beyond it are not told apart. */
export const integer: Reader<number> = integerReader('integer', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
/** A whole number of 32 bits with sign. */
export const int32: Reader<number> = integerReader('32-bit integer', -(2 ** 31), 2 ** 31 - 1);

function integerReader(expected: string, first: number, last: number): Reader<number> {
  return {
    zero: 0,
    read(value, context) {
      const number = typeof value === 'bigint' ? Number(value) : value;
      // Adding zero turns -0 into 0, which is what it is to a Go integer.
      if (typeof number === 'number' && Number.isInteger(number) && number >= first && number <= last)
        return number + 0;
      context.wrongType(expected, value);
      return 0;
    },
  };
}

/** Kubernetes' IntOrString: a 32-bit integer or a string. */
export const intOrString: Reader<number | string> = {
  zero: 0,
  read(value, context) {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'bigint') return int32.read(value, context);
    context.wrongType('integer or string', value);
    return 0;
  },
};

const RFC3339 = /^\d{4}-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.,]\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** An RFC 3339 time, kept as written. */
export const time: Reader<string> = scalar('RFC 3339 time', '', (value): value is string => {
  const match = typeof value === 'string' ? RFC3339.exec(value) : null;
  if (match === null) return false;
  const [text, month, day] = [match[0], Number(match[1]), Number(match[2])];
  const daysInMonth = new Date(Date.UTC(2000 + (Number(text.slice(0, 4)) % 400), month, 0)).getUTCDate();
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth;
});

/** Any value, unread: for fields that are known but say nothing here. */
export const anything: Reader<undefined> = { zero: undefined, read: () => undefined };

/** `map[string]string`; a null value is the empty string. The answer may be the value itself. */
export const stringMap: Reader<Readonly<Record<string, string>>> = {
  zero: {},
  read(value, context) {
    if (!isObject(value)) {
      context.wrongType('object', value);
      return {};
    }
    for (const key of Object.keys(value)) {
      if (typeof value[key] !== 'string') return copyStringMap(value, context);
    }
    return value as Readonly<Record<string, string>>;
  },
};

function copyStringMap(
  value: Readonly<Record<string, unknown>>,
  context: DecodeContext,
): Readonly<Record<string, string>> {
  // fromEntries defines properties, so that a key such as __proto__ is a key like any other.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, readAt(string, key, item, context)] as const),
  );
}

/** A list; null items are the item's zero value. */
export function list<T>(item: Reader<T>): Reader<readonly T[]> {
  return {
    zero: [],
    ...(item.fields === undefined ? {} : { fields: item.fields }),
    read(value, context) {
      if (!Array.isArray(value)) {
        context.wrongType('list', value);
        return [];
      }
      return value.map((entry: unknown, index) => readAt(item, index, entry, context));
    },
  };
}

function readAt<T>(reader: Reader<T>, step: string | number, value: unknown, context: DecodeContext): T {
  if (value === null || value === undefined) return reader.zero;
  context.path.push(step);
  const result = reader.read(value, context);
  context.path.pop();
  return result;
}

/** An object of which only the fields of the table are looked at. */
export function record<const F extends Fields>(fields: F): Reader<RecordOf<F>> {
  const names = Object.keys(fields);
  const table = new Map(Object.entries(fields));
  return {
    zero: {},
    fields: table,
    read(value, context) {
      if (!isObject(value)) {
        context.wrongType('object', value);
        return {};
      }
      const result: Record<string, unknown> = {};
      for (const name of names) {
        const reader = fields[name];
        const field = value[name];
        if (reader === undefined || field === null || field === undefined) continue;
        context.path.push(name);
        result[name] = reader.read(field, context);
        context.path.pop();
      }
      return result as RecordOf<F>;
    },
  };
}

/**
 * A {@link record} whose table is complete: other fields are reported as unknown, a warning, or an error in strict
 * mode (spec section 5).
 */
export function closedRecord<const F extends Fields>(fields: F, hints: FieldHints = new Map()): Reader<RecordOf<F>> {
  const open = record(fields);
  const table = new Map(Object.entries(fields));
  return {
    ...open,
    read(value, context) {
      const result = open.read(value, context);
      if (!isObject(value)) return result;
      for (const name of Object.keys(value)) {
        if (!table.has(name)) reportUnknownField(name, table, hints, context);
      }
      return result;
    },
  };
}

/**
 * A {@link record} of which further fields are reported only where they look like a misspelling of one of the table:
 * for kinds of which not every field is read, and newer versions have more.
 */
export function misspeltRecord<const F extends Fields>(fields: F): Reader<RecordOf<F>> {
  const open = record(fields);
  const table = new Map(Object.entries(fields));
  const names = [...table.keys()];
  return {
    ...open,
    read(value, context) {
      const result = open.read(value, context);
      if (!isObject(value)) return result;
      for (const name of Object.keys(value)) {
        if (table.has(name) || nearestNames(name, names, 1).length === 0) continue;
        reportUnknownField(name, table, new Map(), context);
      }
      return result;
    },
  };
}

function reportUnknownField(
  name: string,
  table: ReadonlyMap<string, Reader<unknown>>,
  hints: FieldHints,
  context: DecodeContext,
): void {
  context.at([name], () => {
    context.report('unknown-field', `unknown field "${context.pathText()}"`, {
      severity: context.strict ? 'error' : 'warning',
      help: hints.get(name)?.() ?? unknownFieldHelp(name, table),
      at: 'key',
    });
  });
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
