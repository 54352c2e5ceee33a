import { type FieldNode, KINDS } from './decode/kinds.ts';

/** What may be written at a place of an object. */
export interface FieldChoice {
  /** Names of fields, in the order of the API; empty for scalars. */
  readonly names: readonly string[];
  /** The values of a field that has a closed list of them. */
  readonly values: readonly string[];
  /** Fields among {@link names} that hold further fields. */
  readonly nested: ReadonlySet<string>;
}

/** The kinds that are read, with the API version of each, in the order of the decoders. */
export function knownKinds(): readonly { readonly kind: string; readonly apiVersion: string }[] {
  return [...KINDS].map(([kind, { apiVersion }]) => ({ kind, apiVersion }));
}

/**
 * The fields that an object of a kind may have under a path of field names, in which positions in lists are left out.
 * Undefined for unknown kinds and for places that no field leads to, such as inside a map of labels.
 */
export function fieldsAt(kind: string, path: readonly string[]): FieldChoice | undefined {
  const decoder = KINDS.get(kind);
  let node: FieldNode | undefined = decoder === undefined ? undefined : { ...optionalFields(decoder.fields) };
  for (const step of path) node = node?.fields?.get(step);
  if (node === undefined) return undefined;
  const fields = [...(node.fields ?? [])];
  return {
    names: fields.map(([name]) => name),
    values: node.enum ?? [],
    nested: new Set(fields.filter(([, field]) => field.fields !== undefined).map(([name]) => name)),
  };
}

function optionalFields(fields: FieldNode['fields']): FieldNode {
  return fields === undefined ? {} : { fields };
}
