import type { DecodeContext } from '../decode/context.ts';
import { isObject } from '../decode/schema.ts';
import { unknownFieldHelp } from '../decode/suggest.ts';
import { say } from '../say.ts';
import type { ObjectSchema, Schema } from './schema.ts';

/** Stands in a pruned object for a peer whose one field is unknown. */
export class UnknownPeer {
  readonly field: string;

  constructor(field: string) {
    this.field = field;
  }
}

/**
 * What the server does to an object before it looks for errors: unknown fields go, with a warning, or an error in
 * strict mode; `null` fields go; defaults come. The value is not changed. Whatever has a wrong type stays as it is.
 *
 * A peer that sets one field, which is unknown, is answered as an {@link UnknownPeer}: it comes from a newer version of
 * the API, and a server that knew the field would keep it.
 */
export function prune(schema: Schema, value: unknown, context: DecodeContext): unknown {
  switch (schema.type) {
    case 'object':
      return isObject(value) ? pruneObject(schema, value, context) : value;
    case 'map':
      return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([, item]) => !isAbsent(item))) : value;
    case 'array':
      return Array.isArray(value)
        ? value.map((item: unknown, index) => context.at([index], () => prune(schema.items, item, context)))
        : value;
    default:
      return value;
  }
}

function pruneObject(schema: ObjectSchema, value: Readonly<Record<string, unknown>>, context: DecodeContext): unknown {
  const unknown = Object.keys(value).filter((name) => !schema.fields.has(name));
  const known: [string, unknown][] = [];
  for (const [name, field] of schema.fields) {
    const item = value[name];
    if (!isAbsent(item)) known.push([name, context.at([name], () => prune(field, item, context))]);
    else if (field.type === 'string' && field.default !== undefined) known.push([name, field.default]);
  }
  const [only] = unknown;
  if (schema.peer === true && !context.strict && known.length === 0 && unknown.length === 1 && only !== undefined) {
    if (!isAbsent(value[only])) {
      reportUnknownPeer(only, schema, context);
      return new UnknownPeer(only);
    }
  }
  for (const name of unknown) reportUnknownField(name, schema, context);
  return Object.fromEntries(known);
}

function isAbsent(value: unknown): boolean {
  return value === null || value === undefined;
}

function reportUnknownField(name: string, schema: ObjectSchema, context: DecodeContext): void {
  context.at([name], () => {
    context.report('unknown-field', `unknown field "${context.pathText()}"`, {
      severity: context.strict ? 'error' : 'warning',
      help: schema.hints?.get(name)?.() ?? unknownFieldHelp(name, schema.fields),
      at: 'key',
    });
  });
}

function reportUnknownPeer(name: string, schema: ObjectSchema, context: DecodeContext): void {
  context.at([name], () => {
    context.report(
      'unknown-peer',
      say`unknown peer "${context.pathText()}": the rule fails closed (to accept, it matches nothing; to deny or pass, it denies everything)`,
      { severity: 'warning', help: schema.hints?.get(name)?.() ?? unknownFieldHelp(name, schema.fields), at: 'key' },
    );
  });
}
