import { statSync } from 'node:fs';
import path from 'node:path';
import { STDIN } from '../../kube/files.ts';

/**
 * How files below named paths are called: as they were named, but not by absolute paths, which are long and tell where
 * somebody's files are. Those below the working folder are relative to it; where everything is elsewhere, they are relative
 * to the folder that holds all that was named. Of a mixture what is elsewhere keeps its name, so that no two files get one.
 * @param cwd absolute
 */
export function shownNames(paths: readonly string[], cwd: string = process.cwd()): (name: string) => string {
  const isHere = (name: string): boolean => !path.isAbsolute(name) || isBelow(name, cwd);
  const named = paths.filter((one) => one !== STDIN);
  const common = named.some(isHere) ? undefined : commonFolder(named.map(folderOf));
  return (name) => {
    if (!path.isAbsolute(name)) return name;
    const from = isBelow(name, cwd) ? cwd : common;
    return from === undefined ? name : path.relative(from, name);
  };
}

/** A folder is its own; what is not there counts as a file. */
function folderOf(name: string): string {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() === true ? path.resolve(name) : path.dirname(name);
}

function commonFolder(folders: readonly string[]): string | undefined {
  return folders.reduce<string | undefined>((above, folder) => {
    let common = above ?? folder;
    while (!isBelow(folder, common)) common = path.dirname(common);
    return common;
  }, undefined);
}

function isBelow(name: string, folder: string): boolean {
  const below = path.relative(folder, name);
  return below !== '..' && !below.startsWith(`..${path.sep}`) && !path.isAbsolute(below);
}
