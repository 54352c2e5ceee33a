import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { duplicateObject } from '../manifest/read.ts';
import type { Diagnostic } from '../model/source.ts';
import { finish, type Steps } from '../model/steps.ts';
import { compareCodePoints } from '../model/text.ts';
import type { KubeObject } from '../model/types.ts';
import { type Clock, systemClock } from './clock.ts';
import { type FoundFiles, findFiles, STDIN } from './files.ts';
import { FolderWatch } from './folder-watch.ts';
import { type FileProblem, type FileReadOptions, type FileState, readFileState } from './manifest-file.ts';
import { sameContent } from './object-key.ts';
import { type Pause, Turns } from './slices.ts';
import type { ObjectChange, ObjectSink, ObjectSource } from './source.ts';

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

/** How files are watched. */
export interface WatchFilesOptions extends FileReadOptions {
  readonly clock?: Clock;
  readonly quietMs?: number;
  readonly longestWaitMs?: number;
  readonly rescanMs?: number;
  readonly emptyMs?: number;
  /** Makes the pauses of reading; by the clock of the process when absent. */
  readonly pauses?: () => Pause;
  /** Called with {@link FilesSource.digest} after every time the files were read and what changed was told. */
  readonly onRead?: (digest: string) => void;
}

/** The objects of watched files. */
export interface FilesSource extends ObjectSource {
  /** {@link filesDigest} of what has been told; undefined before the first time. */
  readonly digest: string | undefined;
}

/** A source cannot begin. */
export class SourceError extends Error {
  readonly code = 'source';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(({ message }) => message).join('; '));
    this.name = 'SourceError';
    this.diagnostics = diagnostics;
  }
}

/**
 * A state of files as text: SHA-256 over their absolute names and contents, hexadecimal. Files that cannot be read count
 * with their name only.
 */
export function filesDigest(paths: readonly string[]): string {
  const { files } = findFiles(paths);
  return digestOf(new Map(files.map(({ name }) => [name, finish(readFileState(name, undefined, {}))])));
}

function digestOf(states: ReadonlyMap<string, FileState>): string {
  const hash = createHash('sha256');
  const lines = [...states].map(([name, { digest = '' }]) => `${JSON.stringify(path.resolve(name))} ${digest}\n`);
  for (const line of lines.sort(compareCodePoints)) hash.update(line);
  return hash.digest('hex');
}

/**
 * Tells the objects of manifests, and every change of the files afterwards: files written in place or replaced, folders
 * that come and go, the links of a mounted ConfigMap. All files are read together, and what differs from what was told
 * is one batch; objects are compared by content, so that moving one changes nothing.
 *
 * An object in two files is that of the later one. An invalid policy is a problem, and the last valid version of it stays
 * in force; so does everything that a file said which cannot be read any more, and everything below a named path that is
 * gone. A file that is deleted takes its objects with it; but the last one below a named path only when none has come for
 * two seconds, since a folder that is made anew is empty at first. Files should be replaced by renaming: one that is
 * written in place for longer than a second may be read when half of it is there.
 *
 * `start` rejects with {@link SourceError} when a named path cannot be read.
 */
export function watchFiles(paths: readonly string[], options: WatchFilesOptions = {}): FilesSource {
  return new FilesWatcher(paths, options);
}

class FilesWatcher implements FilesSource {
  readonly #paths: readonly string[];
  readonly #options: WatchFilesOptions;
  readonly #clock: Clock;
  /** Files are read once at a time. */
  readonly #turns: Turns;
  readonly #watch = new FolderWatch(() => this.#hint());
  #sink: ObjectSink | undefined;
  #files: ReadonlyMap<string, FileState> = new Map();
  #told = new Map<string, KubeObject>();
  #refused: ReadonlySet<string> = new Set();
  #problems: ReadonlyMap<string, FileProblem> = new Map();
  #digest: string | undefined;
  #firstHint: number | undefined;
  /** Named paths that had manifests and have none. */
  readonly #emptied = new Map<string, { believed: boolean; cancel: () => void }>();
  #cancel: (() => void) | undefined;
  #cancelRescan: (() => void) | undefined;

  constructor(paths: readonly string[], options: WatchFilesOptions) {
    this.#paths = paths;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#turns = new Turns(options.pauses);
  }

  get digest(): string | undefined {
    return this.#digest;
  }

  async start(sink: ObjectSink): Promise<void> {
    const { problems, files } = findFiles(this.#paths);
    const wrong = problems.filter(({ name, empty }) => !empty && this.#paths.includes(name));
    if (wrong.length > 0) throw new SourceError(wrong.map(({ diagnostic }) => diagnostic));
    if (files.some(({ name }) => name === STDIN)) {
      const message = 'standard input cannot be watched: name files or directories';
      throw new SourceError([{ code: 'unreadable-input', severity: 'error', message }]);
    }
    this.#sink = sink;
    await this.#scan();
    if (this.#sink !== sink) return;
    sink.synced();
    this.#rescanLater();
  }

  async close(): Promise<void> {
    this.#sink = undefined;
    this.#turns.close();
    this.#cancel?.();
    this.#cancelRescan?.();
    for (const { cancel } of this.#emptied.values()) cancel();
    this.#watch.close();
  }

  #hint(): void {
    if (this.#sink === undefined) return;
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
      if (this.#sink !== undefined) this.#rescanLater();
    });
  }

  #scanNow(): void {
    this.#scan().catch((error: unknown) => {
      if (this.#sink?.broken === undefined) throw error;
      this.#sink.broken(error);
    });
  }

  /** Reads everything, tells what is different, and watches where it was read. */
  async #scan(): Promise<void> {
    await this.#turns.take(() => this.#scanInSteps());
  }

  *#scanInSteps(): Steps<void> {
    const sink = this.#sink;
    if (sink === undefined) return;
    const { found, states } = yield* this.#readTogether();
    const routes = found.files.filter(({ real }) => !found.folders.includes(path.dirname(real)));
    const { fresh, failure } = this.#watch.watch(found.folders, [...this.#paths, ...routes.map(({ name }) => name)]);
    if (fresh) this.#hint();
    const problems: FileProblem[] = found.problems.filter(({ empty }) => !empty);
    if (failure !== undefined) problems.push({ diagnostic: cannotWatch(failure) });
    yield* this.#tell(sink, states, problems);
    this.#digest = digestOf(states);
    this.#options.onRead?.(this.#digest);
  }

  /** A set of files as it was at one moment, as far as links say: kubelet replaces all files of a ConfigMap by one link. */
  *#readTogether(): Steps<{ readonly found: FoundFiles; readonly states: ReadonlyMap<string, FileState> }> {
    for (let attempt = 1; ; attempt++) {
      const found = findFiles(this.#paths);
      const states = new Map<string, FileState>();
      for (const { name } of found.files) {
        states.set(name, yield* readFileState(name, this.#files.get(name), this.#options));
        yield;
      }
      if (attempt < ATTEMPTS && found.files.some(({ name, real }) => hasMoved(name, real))) continue;
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

  *#tell(sink: ObjectSink, states: ReadonlyMap<string, FileState>, further: readonly FileProblem[]): Steps<void> {
    const objects = new Map<string, KubeObject>();
    const refused = new Set<string>();
    const problems = [...further];
    for (const state of states.values()) {
      problems.push(...state.problems);
      for (const key of state.refused) refused.add(key);
      for (const [key, object] of state.objects) {
        const replaced = objects.get(key);
        if (replaced !== undefined) problems.push({ diagnostic: duplicateObject(object, replaced) });
        objects.delete(key);
        objects.set(key, object);
        yield;
      }
    }
    const changes = yield* this.#changes(objects, refused);
    // From here on at once: what is remembered is what was told.
    this.#files = states;
    this.#told = objects;
    this.#refused = refused;
    this.#tellProblems(sink, problems);
    if (changes.length > 0) sink.apply(changes);
  }

  #tellProblems(sink: ObjectSink, problems: readonly FileProblem[]): void {
    const now = new Map<string, FileProblem>();
    for (const problem of problems) now.set(JSON.stringify(problem.diagnostic), problem);
    const before = this.#problems;
    this.#problems = now;
    for (const [key, { diagnostic }] of before) if (!now.has(key)) sink.resolved?.(diagnostic);
    for (const [key, { diagnostic, refused }] of now) if (!before.has(key)) sink.problem(diagnostic, refused);
  }

  *#changes(objects: ReadonlyMap<string, KubeObject>, refused: ReadonlySet<string>): Steps<ObjectChange[]> {
    const changes: ObjectChange[] = [];
    for (const key of new Set([...this.#told.keys(), ...this.#refused])) {
      if (!objects.has(key) && !refused.has(key)) changes.push(removal(key));
    }
    for (const [key, object] of objects) {
      const told = this.#told.get(key);
      if (told === undefined || !sameContent(told, object)) changes.push({ type: 'set', object });
      yield;
    }
    return changes;
  }
}

function removal(key: string): ObjectChange {
  const [kind = '', namespace = '', ...rest] = key.split('/');
  const name = rest.join('/');
  return { type: 'remove', kind, ...(namespace === '' ? {} : { namespace }), name };
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
