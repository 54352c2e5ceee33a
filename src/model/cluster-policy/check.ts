import { isObject } from '../decode/schema.ts';
import { goJson, goQuote } from '../go-text.ts';
import { type FieldPath, formatPath } from '../source.ts';
import type { FieldErrors } from '../validate/field-errors.ts';
import { UnknownPeer } from './prune.ts';
import type { ArraySchema, IntegerSchema, ObjectSchema, Schema, StringSchema } from './schema.ts';

/**
 * The API server's errors about a pruned custom resource, in its order: those of the schema, then items that a set has
 * twice, then the CEL rules, which are skipped with an error of its own when an earlier error is grave (spec
 * cluster-network-policy section 2). Upstream takes fields of an object in random order; here it is that of the table.
 * @param errors has the errors of the metadata already, which come first and may be grave too
 */
export function checkResource(schema: ObjectSchema, value: unknown, errors: FieldErrors): void {
  checkSchema(schema, value, [], errors);
  checkSets(schema, value, [], errors);
  if (errors.errors.some(({ code }) => GRAVE.has(code))) {
    errors.error(
      'invalid',
      [],
      'Invalid value: null: some validation rules were not checked because the object was invalid; correct the ' +
        'existing errors to complete validation',
    );
  } else {
    checkRules(schema, value, [], errors);
  }
}

/** Codes of the errors after which the server does not evaluate rules. */
const GRAVE: ReadonlySet<string> = new Set(['unsupported', 'required', 'too-long', 'too-many', 'wrong-type']);

function checkSchema(schema: Schema, value: unknown, path: FieldPath, errors: FieldErrors): void {
  if (schema.type === 'any' || value instanceof UnknownPeer) return;
  const type = jsonType(value);
  const expected = schema.type === 'map' ? 'object' : schema.type;
  if (type !== expected) {
    errors.error('wrong-type', path, body(path, goQuote(type), `must be of type ${expected}: "${type}"`));
  }
  switch (schema.type) {
    case 'string':
      checkString(schema, value, path, errors);
      break;
    case 'integer':
      if (type === 'integer' || type === 'number') checkNumber(schema, value as number | bigint, path, errors);
      break;
    case 'array':
      if (Array.isArray(value)) checkArray(schema, value, path, errors);
      break;
    case 'object':
      if (isObject(value)) checkObject(schema, value, path, errors);
      break;
    case 'map':
      if (!isObject(value)) break;
      for (const [key, item] of Object.entries(value)) checkSchema({ type: 'string' }, item, [...path, key], errors);
      break;
  }
}

/** `Invalid value: 1001: spec.priority in body should be less than or equal to 1000`. */
function body(path: FieldPath, value: string, detail: string): string {
  return `Invalid value: ${value}: ${formatPath(path)} in body ${detail}`;
}

function checkString(schema: StringSchema, value: unknown, path: FieldPath, errors: FieldErrors): void {
  const { maxLength, pattern, enum: allowed } = schema;
  if (typeof value === 'string') {
    if (maxLength !== undefined && value.length > maxLength && [...value].length > maxLength) {
      errors.tooLong(path, maxLength);
    }
    if (pattern !== undefined && !pattern.test(value)) {
      errors.error('invalid', path, body(path, goQuote(value), `should match '${pattern.source}'`));
    }
  }
  if (allowed !== undefined && !allowed.some((one) => one === value)) {
    const supported = allowed.map(goQuote).join(', ');
    errors.error('unsupported', path, `Unsupported value: ${printed(value)}: supported values: ${supported}`);
  }
}

function checkNumber(schema: IntegerSchema, value: number | bigint, path: FieldPath, errors: FieldErrors): void {
  const { minimum, maximum } = schema;
  if (value < minimum) {
    errors.error('invalid', path, body(path, printed(value), `should be greater than or equal to ${minimum}`));
  }
  if (value > maximum) {
    errors.error('invalid', path, body(path, printed(value), `should be less than or equal to ${maximum}`));
  }
}

function checkArray(schema: ArraySchema, value: readonly unknown[], path: FieldPath, errors: FieldErrors): void {
  const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  for (const [index, item] of value.entries()) checkSchema(items, item, [...path, index], errors);
  const size = value.length;
  if (size < minItems) errors.error('invalid', path, body(path, `${size}`, `should have at least ${minItems} items`));
  if (size > maxItems) tooMany(path, size, maxItems, errors);
}

function checkObject(
  schema: ObjectSchema,
  value: Readonly<Record<string, unknown>>,
  path: FieldPath,
  errors: FieldErrors,
): void {
  const { fields, required, minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema;
  const size = Object.keys(value).length;
  if (size < minProperties) {
    errors.error('invalid', path, body(path, `${size}`, `should have at least ${minProperties} properties`));
    return;
  }
  if (size > maxProperties) {
    tooMany(path, size, maxProperties, errors);
    return;
  }
  for (const [name, field] of fields) {
    if (value[name] !== undefined) checkSchema(field, value[name], [...path, name], errors);
  }
  for (const name of required) if (value[name] === undefined) errors.required([...path, name]);
}

function tooMany(path: FieldPath, size: number, most: number, errors: FieldErrors): void {
  errors.error('too-many', path, `Too many: ${size}: must have at most ${most} ${most === 1 ? 'item' : 'items'}`);
}

/** Calls `visit` for what is below a value and has a schema. */
function descend(
  schema: Schema,
  value: unknown,
  path: FieldPath,
  visit: (schema: Schema, value: unknown, path: FieldPath) => void,
): void {
  if (schema.type === 'array' && Array.isArray(value)) {
    for (const [index, item] of value.entries()) visit(schema.items, item, [...path, index]);
  } else if (schema.type === 'object' && isObject(value) && !(value instanceof UnknownPeer)) {
    for (const [name, field] of schema.fields) {
      if (value[name] !== undefined) visit(field, value[name], [...path, name]);
    }
  }
}

/** Reports the second of equal items in a set; further ones are not reported. */
function checkSets(schema: Schema, value: unknown, path: FieldPath, errors: FieldErrors): void {
  if (schema.type === 'array' && schema.set === true && Array.isArray(value)) {
    const times = new Map<string, number>();
    for (const [index, item] of value.entries()) {
      const text = printed(item);
      const seen = times.get(text) ?? 0;
      times.set(text, seen + 1);
      if (seen === 1) errors.error('duplicate', [...path, index], `Duplicate value: ${text}`);
    }
  }
  descend(schema, value, path, (below, item, at) => checkSets(below, item, at, errors));
}

function checkRules(schema: Schema, value: unknown, path: FieldPath, errors: FieldErrors): void {
  if (schema.type === 'string' && schema.rule !== undefined && typeof value === 'string') {
    if (!schema.rule.holds(value)) errors.invalid(path, value, schema.rule.message);
  }
  if (schema.type === 'object' && schema.rule !== undefined && isObject(value) && !schema.rule.holds(value)) {
    const { message, at = [] } = schema.rule;
    errors.error('invalid', path, `Invalid value: ${message}`, [...path, ...at]);
  }
  descend(schema, value, path, (below, item, at) => checkRules(below, item, at, errors));
}

const INT64_LIMIT = 2n ** 63n;

/** The type of a decoded JSON value in the words of OpenAPI. */
function jsonType(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'bigint':
      return value >= -INT64_LIMIT && value < INT64_LIMIT ? 'integer' : 'number';
    case 'number':
      return Number.isInteger(value) && Math.abs(value) < Number(INT64_LIMIT) ? 'integer' : 'number';
    default:
      return typeof value;
  }
}

/** A bad value as the server prints it: strings quoted, numbers and booleans plain, all else JSON. */
function printed(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return goQuote(value);
    case 'number':
    case 'bigint':
    case 'boolean':
      return `${value}`;
    default:
      try {
        return goJson(value ?? null);
      } catch {
        return '{…}'; // A cycle or a bigint, which YAML can express and JSON cannot.
      }
  }
}
