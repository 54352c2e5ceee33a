import { isObject } from '../decode/schema.ts';

/** An object of which the schema has been checked. */
export type Raw = Readonly<Record<string, unknown>>;

/** An object; empty when absent. */
export function fields(value: unknown): Raw {
  return isObject(value) ? value : {};
}

/** A list; empty when absent. */
export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A list of strings; empty when absent. */
export function texts(value: unknown): readonly string[] {
  return items(value).filter((item) => typeof item === 'string');
}

/** A string; empty when absent. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
