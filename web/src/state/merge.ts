import type { SourceFile } from '../worker/protocol.ts';

type Files = readonly SourceFile[];

/**
 * Files after the start that they were edited from became another one: what was edited, added or deleted here stays so.
 */
export function mergeFiles(start: Files, fresh: Files, edited: Files): Files {
  const before = byName(start);
  const own = new Map(edited.map((file) => [file.name, file]));
  const names = new Set(fresh.map(({ name }) => name));
  const merged = fresh.flatMap((file) => {
    const here = own.get(file.name);
    const was = before.get(file.name);
    if (here === undefined) return was === undefined ? [file] : [];
    return here.content === was ? [file] : [here];
  });
  const left = edited.filter(({ name, content }) => !names.has(name) && before.get(name) !== content);
  return [...merged, ...left];
}

/** Names of the files that both sides changed since the start, and not alike. */
export function conflictsOf(start: Files, fresh: Files, edited: Files): readonly string[] {
  const before = byName(start);
  const theirs = byName(fresh);
  const ours = byName(edited);
  const names = new Set([...before.keys(), ...theirs.keys(), ...ours.keys()]);
  return [...names].filter((name) => {
    const [was, there, here] = [before.get(name), theirs.get(name), ours.get(name)];
    return there !== was && here !== was && there !== here;
  });
}

/** Whether two lists have the same texts under the same names, in whatever order. */
export function sameTexts(one: Files, other: Files): boolean {
  const texts = byName(one);
  return one.length === other.length && other.every(({ name, content }) => texts.get(name) === content);
}

/** Whether most of the first list's names are in the other. */
export function mostlyIn(one: Files, other: Files): boolean {
  const names = byName(other);
  const found = one.filter(({ name }) => names.has(name)).length;
  return found > 0 && found * 2 >= one.length;
}

function byName(files: Files): ReadonlyMap<string, string> {
  return new Map(files.map(({ name, content }) => [name, content]));
}
