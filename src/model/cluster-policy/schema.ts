/**
 * A compact form of the structural schemas of custom resources: what of OpenAPI the cluster-wide policies use, and no
 * more. Tables are written in {@link Schema}s; prune.ts and check.ts walk them as the API server does.
 */

import type { FieldHints } from '../decode/suggest.ts';

/** A validation rule in CEL, which the server evaluates when the schema itself found nothing grave. */
export interface Rule<T> {
  /** The text of the server. */
  readonly message: string;
  /** Whether the rule is kept. The value has the type that the schema says. */
  holds(value: T): boolean;
}

/** The rule of a whole object, for which the server prints no value. */
export interface ObjectRule extends Rule<Readonly<Record<string, unknown>>> {
  /** The field that the caret should point at, when not the object itself. */
  readonly at?: readonly string[];
}

export interface ObjectSchema {
  readonly type: 'object';
  /** In the order in which errors are reported; upstream's is random. */
  readonly fields: ReadonlyMap<string, Schema>;
  readonly required: readonly string[];
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly rule?: ObjectRule;
  /** A peer: one that sets a single, unknown field is kept apart, because dropping the field would lose its meaning. */
  readonly peer?: true;
  readonly hints?: FieldHints;
}

export interface ArraySchema {
  readonly type: 'array';
  readonly items: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  /** `x-kubernetes-list-type: set`: no item twice. */
  readonly set?: true;
  /** The fields of the items, for suggestions. */
  readonly fields?: ReadonlyMap<string, Schema>;
}

export interface StringSchema {
  readonly type: 'string';
  readonly enum?: readonly string[];
  /** In code points. */
  readonly maxLength?: number;
  readonly pattern?: RegExp;
  readonly default?: string;
  readonly rule?: Rule<string>;
}

export interface IntegerSchema {
  readonly type: 'integer';
  readonly minimum: number;
  readonly maximum: number;
}

/** `map[string]string`. */
export interface MapSchema {
  readonly type: 'map';
}

/** A field that is known but not looked at here. */
export interface AnySchema {
  readonly type: 'any';
}

/** `fields`, where there are some, serve the suggestions for unknown field names. */
export type Schema = (ObjectSchema | ArraySchema | StringSchema | IntegerSchema | MapSchema | AnySchema) & {
  readonly fields?: ReadonlyMap<string, Schema>;
};

/** An object of these fields; `limits` says all else. */
export function object(
  fields: Readonly<Record<string, Schema>>,
  limits: Partial<Omit<ObjectSchema, 'type' | 'fields'>> = {},
): ObjectSchema {
  return { type: 'object', fields: new Map(Object.entries(fields)), required: [], ...limits };
}

/** An object of which exactly one field must be set. */
export function union(
  fields: Readonly<Record<string, Schema>>,
  limits: Partial<Omit<ObjectSchema, 'type' | 'fields'>> = {},
): ObjectSchema {
  return object(fields, { minProperties: 1, maxProperties: 1, ...limits });
}

/** A list; `limits` are its sizes. */
export function array(items: Schema, limits: Partial<Omit<ArraySchema, 'type' | 'items'>> = {}): ArraySchema {
  return { type: 'array', items, ...(items.fields === undefined ? {} : { fields: items.fields }), ...limits };
}

/** A string; `limits` say which. */
export function string(limits: Partial<Omit<StringSchema, 'type'>> = {}): StringSchema {
  return { type: 'string', ...limits };
}

/** A whole number in a range, both ends included. */
export function integer(minimum: number, maximum: number): IntegerSchema {
  return { type: 'integer', minimum, maximum };
}

/** {@link MapSchema}. */
export const map: MapSchema = { type: 'map' };

/** {@link AnySchema}. */
export const any: AnySchema = { type: 'any' };
