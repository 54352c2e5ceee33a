import type { FieldPath } from '../model/source.ts';
import { isObject, type Note } from './document.ts';

/** A value that stands for one object, taken out of the lists around it. */
export interface ListedValue {
  readonly value: unknown;
  /** From the root of the document: `[]`, or `['items', 3]`. */
  readonly path: FieldPath;
  /** The remarks about it, with paths from the root of the document. */
  readonly notes: readonly Note[];
  /** Whether this is the list itself, given only when there are remarks about its own fields. */
  readonly envelope: boolean;
}

/**
 * Takes the objects out of a `List`, a typed list (`PodList`; its items take kind and apiVersion from it when they
 * have none), and lists inside lists. A value that is no list is given as it is.
 */
export function* takeFromLists(value: unknown, notes: readonly Note[], path: FieldPath = []): Generator<ListedValue> {
  const items = listItems(value);
  if (items === undefined || !isObject(value)) {
    yield { value, path, notes, envelope: false };
    return;
  }
  const own: Note[] = [];
  const byItem = new Map<number, Note[]>();
  for (const note of notes) {
    const index = note.path[path.length] === 'items' ? note.path[path.length + 1] : undefined;
    if (typeof index !== 'number') own.push(note);
    else if (!byItem.get(index)?.push(note)) byItem.set(index, [note]);
  }
  if (own.length > 0) yield { value, path, notes: own, envelope: true };
  for (const [index, item] of items.entries()) {
    yield* takeFromLists(withType(item, value), byItem.get(index) ?? [], [...path, 'items', index]);
  }
}

/** The items of a list; undefined for anything else, also for a custom object whose kind merely ends in `List`. */
function listItems(value: unknown): readonly unknown[] | undefined {
  if (!isObject(value)) return undefined;
  const { kind, items, metadata } = value;
  if (typeof kind !== 'string' || !kind.endsWith('List')) return undefined;
  if (Array.isArray(items)) return items;
  const named = isObject(metadata) && metadata['name'] !== undefined;
  return (items === undefined || items === null) && !named && (kind === 'List' || items === null) ? [] : undefined;
}

function withType(item: unknown, list: Record<string, unknown>): unknown {
  if (!isObject(item)) return item;
  const itemKind = String(list['kind']).slice(0, -'List'.length);
  if (itemKind === '') return item;
  const apiVersion = item['apiVersion'] ?? list['apiVersion'];
  const kind = item['kind'] ?? itemKind;
  return item['apiVersion'] === apiVersion && item['kind'] === kind ? item : { ...item, apiVersion, kind };
}
