import { say } from '../say.ts';
import { nearestNames } from '../suggest.ts';

/** What to say, when it comes to that, of field names that are unknown here but make sense elsewhere. */
export type FieldHints = ReadonlyMap<string, () => string>;

/** The tables that a suggestion is drawn from: the fields of a record, and those of the records below it. */
type FieldTable = ReadonlyMap<string, { readonly fields?: ReadonlyMap<string, unknown> }>;

/** What may have been meant by an unknown field: a field of another spelling, or one that belongs a level deeper. */
export function unknownFieldHelp(name: string, table: FieldTable): string | undefined {
  const [near] = nearestNames(name, [...table.keys()], 1);
  if (near !== undefined) return say`did you mean ${near}?`;
  const parents = [...table].filter(([, reader]) => reader.fields?.has(name) === true).map(([parent]) => `${parent}:`);
  return parents.length === 0 ? undefined : say`put it under ${parents.join(say` or `)}`;
}
