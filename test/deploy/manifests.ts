/** The manifests of deploy/ as tests read them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { root } from '../package/run.ts';

/** A file of the checkout. */
export function fileText(name: string): string {
  return readFileSync(path.join(root, name), 'utf8');
}

/** The value at a path of keys and indices; undefined where the path ends early. */
export function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of keys) found = (found as Record<string | number, unknown> | null | undefined)?.[key];
  return found;
}

/** The objects in the text of manifests, by kind; of each kind there is one. Throws on YAML that is not right. */
export function objectsIn(text: string): ReadonlyMap<string, unknown> {
  const objects = new Map<string, unknown>();
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const object: unknown = document.toJS();
    const kind = at(object, 'kind');
    if (typeof kind !== 'string') continue;
    if (objects.has(kind)) throw new Error(`two objects of kind ${kind}`);
    objects.set(kind, object);
  }
  return objects;
}

/** The flags in a command line, without values: `--listen`. */
export function flagsIn(words: readonly string[]): string[] {
  return words.flatMap((word) => /^--[a-z][a-z-]*/.exec(word) ?? []);
}

/** The values of a mapping that are no mappings themselves, each with its path and as JSON. */
export function leavesOf(value: unknown, prefix = ''): [path: string, json: string][] {
  return Object.entries(value as Record<string, unknown>).flatMap(([key, inner]): [string, string][] =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) && Object.keys(inner).length > 0
      ? leavesOf(inner, `${prefix}${key}.`)
      : [[prefix + key, JSON.stringify(inner)]],
  );
}
