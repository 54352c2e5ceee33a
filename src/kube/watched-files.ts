import { realpathSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../model/source.ts';
import type { Steps } from '../model/steps.ts';
import { type Clock, systemClock } from './clock.ts';
import { type FoundFiles, findFiles, STDIN } from './files.ts';
import { FolderWatch } from './folder-watch.ts';
import { type Pause, Turns } from './slices.ts';

/** Files are read again once nothing has happened for this long, in milliseconds… */
const QUIET_MS = 50;
/** …and at the latest after this long. */
const LONGEST_WAIT_MS = 1000;
/** Files are looked at this often even when nothing was told of them: network file systems tell nothing. */
const RESCAN_MS = 30_000;
/** A folder that lost all its manifests is believed to have none after this long: it may be about to be filled again. */
const EMPTY_MS = 2000;
/** Attempts to see all files of one moment while links are being replaced. */
const ATTEMPTS = 5;

/** When watched files are read; for tests. */
export interface RoundOptions {
  readonly clock?: Clock;
  readonly quietMs?: number;
  readonly longestWaitMs?: number;
  readonly rescanMs?: number;
  readonly emptyMs?: number;
  /** Makes the pauses of reading; by the clock of the process when absent. */
  readonly pauses?: () => Pause;
}

/** A path that cannot be looked at now, or folders that cannot be watched. */
export interface PathProblem {
  readonly diagnostic: Diagnostic;
  /** It was looked at, and there is nothing to read. */
  readonly empty: boolean;
  /** Nothing that was read before stands in for what it hides. */
  readonly lacks: boolean;
}

/** What watched files are made into. */
export interface FileRounds<S> {
  /** Reads one file. What it was before is what is told of it where it cannot be read now. */
  read(name: string, before: S | undefined): Steps<S>;
  /** Takes all files as they were at one moment, by name, in the order of reading; those that are kept come last. */
  told(states: ReadonlyMap<string, S>, problems: readonly PathProblem[]): Steps<void>;
  /** Either of these threw. */
  broken(error: unknown): void;
}

/**
 * Keeps up with the files below some paths: written in place or replaced, in folders that come and go, behind the links of
 * a mounted ConfigMap. All are read together. What is below a named path that is gone stays as it was; a file that is
 * deleted goes, the last one below a named path only when none has come for two seconds, since a folder that is made anew
 * is empty at first. Files should be replaced by renaming: one that is written in place is read whenever nothing has
 * happened for 50 ms, though half of it may be there.
 */
export class WatchedFiles<S> {
  readonly #paths: readonly string[];
  readonly #rounds: FileRounds<S>;
  readonly #options: RoundOptions;
  readonly #clock: Clock;
  /** Files are read once at a time. */
  readonly #turns: Turns;
  readonly #watch = new FolderWatch(() => this.#hint());
  #open = false;
  #files: ReadonlyMap<string, S> = new Map();
  #firstHint: number | undefined;
  /** Named paths that had files and have none. */
  readonly #emptied = new Map<string, { believed: boolean; cancel: () => void }>();
  #cancel: (() => void) | undefined;
  #cancelRescan: (() => void) | undefined;

  constructor(paths: readonly string[], rounds: FileRounds<S>, options: RoundOptions = {}) {
    this.#paths = paths;
    this.#rounds = rounds;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#turns = new Turns(options.pauses);
  }

  /** Reads for the first time; changes are noticed from then on. Rejects with what reading throws. */
  async start(): Promise<void> {
    this.#open = true;
    await this.#scan();
    if (this.#open) this.#rescanLater();
  }

  /** Reads everything again now. */
  look(): void {
    this.#scanNow();
  }

  close(): void {
    this.#open = false;
    this.#turns.close();
    this.#cancel?.();
    this.#cancelRescan?.();
    for (const { cancel } of this.#emptied.values()) cancel();
    this.#watch.close();
  }

  #hint(): void {
    if (!this.#open) return;
    const { quietMs = QUIET_MS, longestWaitMs = LONGEST_WAIT_MS } = this.#options;
    const now = this.#clock.now();
    this.#firstHint ??= now;
    this.#cancel?.();
    const wait = Math.max(0, Math.min(quietMs, this.#firstHint + longestWaitMs - now));
    this.#cancel = this.#clock.after(wait, () => {
      this.#firstHint = undefined;
      this.#scanNow();
    });
  }

  #rescanLater(): void {
    this.#cancelRescan = this.#clock.after(this.#options.rescanMs ?? RESCAN_MS, () => {
      this.#scanNow();
      if (this.#open) this.#rescanLater();
    });
  }

  #scanNow(): void {
    this.#scan().catch((error: unknown) => this.#rounds.broken(error));
  }

  /** Reads everything, tells it, and watches where it was read. */
  async #scan(): Promise<void> {
    await this.#turns.take(() => this.#scanInSteps());
  }

  *#scanInSteps(): Steps<void> {
    if (!this.#open) return;
    const { found, states } = yield* this.#readTogether();
    const routes = found.files.filter(({ real }) => !found.folders.includes(path.dirname(real)));
    const { fresh, failure } = this.#watch.watch(found.folders, [...this.#paths, ...routes.map(({ name }) => name)]);
    if (fresh) this.#hint();
    const known = [...states.keys()];
    const problems: PathProblem[] = found.problems.map(({ name, diagnostic, empty }) => ({
      diagnostic,
      empty,
      lacks: !known.some((file) => isBelow(file, name)),
    }));
    if (failure !== undefined) problems.push({ diagnostic: cannotWatch(failure), empty: false, lacks: false });
    this.#files = states;
    yield* this.#rounds.told(states, problems);
  }

  /** A set of files as it was at one moment, as far as links say: kubelet replaces all files of a ConfigMap by one link. */
  *#readTogether(): Steps<{ readonly found: FoundFiles; readonly states: ReadonlyMap<string, S> }> {
    for (let attempt = 1; ; attempt++) {
      const found = findFiles(this.#paths);
      const states = new Map<string, S>();
      for (const { name } of found.files) {
        states.set(name, yield* this.#rounds.read(name, this.#files.get(name)));
        yield;
      }
      if (attempt < ATTEMPTS && found.files.some(({ name, real }) => name !== STDIN && hasMoved(name, real))) continue;
      const unknown = found.problems
        .filter(({ empty, name }) => (empty ? this.#isDoubtful(name) : true))
        .map(({ name }) => name);
      for (const [name, { cancel }] of this.#emptied) {
        if (unknown.includes(name)) continue;
        cancel();
        this.#emptied.delete(name);
      }
      for (const [name, state] of this.#files) {
        if (!states.has(name) && unknown.some((above) => isBelow(name, above))) states.set(name, state);
      }
      return { found, states };
    }
  }

  /** Whether a path without manifests had some, and may have them again soon. */
  #isDoubtful(name: string): boolean {
    if (![...this.#files.keys()].some((file) => isBelow(file, name))) return false;
    const known = this.#emptied.get(name);
    if (known !== undefined) return !known.believed;
    const emptied = {
      believed: false,
      cancel: this.#clock.after(this.#options.emptyMs ?? EMPTY_MS, () => {
        emptied.believed = true;
        this.#scanNow();
      }),
    };
    this.#emptied.set(name, emptied);
    return true;
  }
}

function hasMoved(name: string, real: string): boolean {
  try {
    return realpathSync(name) !== real;
  } catch {
    return true;
  }
}

function isBelow(name: string, above: string): boolean {
  const relative = path.relative(above, name);
  return relative === '' || (!relative.startsWith('..') && !path.isAbsolute(relative));
}

function cannotWatch(error: Error): Diagnostic {
  const { code } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EMFILE';
  return {
    code: 'unwatched-input',
    severity: 'warning',
    message: `changes are seen late, since the system watches no more folders: ${error.message}`,
    ...(full ? { help: 'raise fs.inotify.max_user_watches and fs.inotify.max_user_instances' } : {}),
  };
}
