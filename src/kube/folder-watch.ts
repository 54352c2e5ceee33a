import { type FSWatcher, readlinkSync, statSync, watch } from 'node:fs';
import path from 'node:path';

/** More hops than this are a circle of links. */
const MOST_LINKS = 40;

/** Folders to watch, each with the entries that matter; `undefined` is all of them. */
type Interests = Map<string, Set<string> | undefined>;

/**
 * Tells that something may have changed below a set of folders and on the way to a set of paths. It says nothing of
 * what changed: readers look again. Folders are watched, not files, so that renames, replaced links and folders that
 * come back are seen, and a thousand files need one watch.
 */
export class FolderWatch {
  readonly #onHint: () => void;
  readonly #watched = new Map<string, { readonly watcher: FSWatcher; readonly inode: string }>();
  #interests: Interests = new Map();

  /** @param onHint called for every sign of a change, also for several of one change. */
  constructor(onHint: () => void) {
    this.#onHint = onHint;
  }

  /**
   * Watches these and nothing else.
   * @param folders everything in them matters; real paths
   * @param routes of these paths every folder and link on the way matters, also where they do not exist
   * @returns whether a watch is new, so that what happened just before it was not seen; and why one could not be made
   */
  watch(folders: readonly string[], routes: Iterable<string>): { readonly fresh: boolean; readonly failure?: Error } {
    this.#interests = new Map(folders.map((folder) => [folder, undefined]));
    for (const route of routes) addRoute(this.#interests, path.resolve(route), MOST_LINKS);
    for (const [folder, { watcher, inode }] of this.#watched) {
      if (this.#interests.has(folder) && inodeOf(folder) === inode) continue;
      watcher.close();
      this.#watched.delete(folder);
    }
    let fresh = false;
    let failure: Error | undefined;
    for (const folder of this.#interests.keys()) {
      if (this.#watched.has(folder)) continue;
      try {
        this.#add(folder);
        fresh = true;
      } catch (error) {
        // A folder that is not there is seen to come by the one above it; one that must not be read is told as such.
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') failure ??= error as Error;
      }
    }
    return failure === undefined ? { fresh } : { fresh, failure };
  }

  close(): void {
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  #add(folder: string): void {
    const inode = inodeOf(folder);
    if (inode === undefined) return;
    const watcher = watch(folder, { persistent: true }, (_event, name) => {
      if (this.#matters(folder, name)) this.#onHint();
    });
    watcher.on('error', () => {
      watcher.close();
      this.#watched.delete(folder);
      this.#onHint();
    });
    this.#watched.set(folder, { watcher, inode });
  }

  #matters(folder: string, name: string | null): boolean {
    const names = this.#interests.get(folder);
    // The folder itself went away: its own name is told.
    return names === undefined || name === null || names.has(name) || name === path.basename(folder);
  }
}

function inodeOf(folder: string): string | undefined {
  try {
    const { dev, ino } = statSync(folder, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined; // Not there, or not to be seen.
  }
}

/** Every folder and link that a path leads through. */
function addRoute(interests: Interests, absolute: string, links: number): void {
  const { root } = path.parse(absolute);
  const steps = absolute.slice(root.length).split(path.sep);
  let folder = root;
  for (const [index, step] of steps.entries()) {
    if (step === '') continue;
    if (!interests.has(folder)) interests.set(folder, new Set());
    interests.get(folder)?.add(step);
    const full = path.join(folder, step);
    const target = linkTarget(full);
    if (target !== undefined) {
      if (links > 0) addRoute(interests, path.resolve(folder, target, ...steps.slice(index + 1)), links - 1);
      return;
    }
    folder = full;
  }
}

function linkTarget(name: string): string | undefined {
  try {
    return readlinkSync(name);
  } catch {
    return undefined; // Not a link, or not there.
  }
}
