import type { SourceFile } from '../worker/protocol.ts';

/**
 * Files after the start that they were edited from became another one: what was edited, added or deleted here stays so.
 */
export function mergeFiles(
  start: readonly SourceFile[],
  fresh: readonly SourceFile[],
  edited: readonly SourceFile[],
): readonly SourceFile[] {
  const before = new Map(start.map(({ name, content }) => [name, content]));
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
