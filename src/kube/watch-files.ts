import { createHash } from 'node:crypto';
import path from 'node:path';
import { duplicateObject } from '../manifest/read.ts';
import type { Diagnostic } from '../model/source.ts';
import { finish, type Steps } from '../model/steps.ts';
import { compareCodePoints } from '../model/text.ts';
import type { KubeObject } from '../model/types.ts';
import { systemClock } from './clock.ts';
import { findFiles, STDIN } from './files.ts';
import { type FileProblem, type FileReadOptions, type FileState, readFileState } from './manifest-file.ts';
import { sameContent } from './object-key.ts';
import type { ObjectChange, ObjectSink, ObjectSource } from './source.ts';
import { type PathProblem, type RoundOptions, WatchedFiles } from './watched-files.ts';

/** How files are watched. */
export interface WatchFilesOptions extends FileReadOptions, RoundOptions {
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
 * Tells the objects of manifests, and every change of the files afterwards, as {@link WatchedFiles} sees them. What differs
 * from what was told is one batch; objects are compared by content, so that moving one changes nothing.
 *
 * An object in two files is that of the later one. An invalid policy is a problem, and the last valid version of it stays
 * in force; so does everything that a file said which cannot be read any more. A file that is deleted takes its objects with it;
 * what vanishes from one that is written in place goes when that has rested for `restMs`, and the digest waits for it.
 *
 * `start` rejects with {@link SourceError} when a named path cannot be read.
 */
export function watchFiles(paths: readonly string[], options: WatchFilesOptions = {}): FilesSource {
  return new FilesWatcher(paths, options);
}

class FilesWatcher implements FilesSource {
  readonly certain = false;
  readonly #paths: readonly string[];
  readonly #options: WatchFilesOptions;
  readonly #files: WatchedFiles<FileState>;
  #sink: ObjectSink | undefined;
  #told = new Map<string, KubeObject>();
  #refused: ReadonlySet<string> = new Set();
  #problems: ReadonlyMap<string, FileProblem> = new Map();
  #digest: string | undefined;
  /** Ends the wait until files have rested that may have lost something. */
  #endRest: (() => void) | undefined;

  constructor(paths: readonly string[], options: WatchFilesOptions) {
    this.#paths = paths;
    this.#options = options;
    this.#files = new WatchedFiles(
      paths,
      {
        read: (name, before) => readFileState(name, before, options, this.#now()),
        told: (states, problems) => this.#tell(states, problems),
        broken: (error) => {
          if (this.#sink?.broken === undefined) throw error;
          this.#sink.broken(error);
        },
      },
      options,
    );
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
    await this.#files.start();
    if (this.#sink === sink) sink.synced();
  }

  async close(): Promise<void> {
    this.#sink = undefined;
    this.#endRest?.();
    this.#files.close();
  }

  #now(): number {
    return (this.#options.clock ?? systemClock).now();
  }

  /** Looks again when the first of the files that may have lost something has rested. */
  #awaitRest(states: ReadonlyMap<string, FileState>): void {
    this.#endRest?.();
    this.#endRest = undefined;
    const { clock = systemClock, restMs = 0 } = this.#options;
    const since = [...states.values()].flatMap((state) => (state.lost.size > 0 ? [state.since] : []));
    if (since.length === 0) return;
    // A timer may fire a little before its time.
    const wait = Math.max(1, Math.ceil(Math.min(...since) + restMs - this.#now()));
    this.#endRest = clock.after(wait, () => this.#files.look());
  }

  *#tell(states: ReadonlyMap<string, FileState>, further: readonly PathProblem[]): Steps<void> {
    const sink = this.#sink;
    if (sink === undefined) return;
    const objects = new Map<string, KubeObject>();
    const refused = new Set<string>();
    const problems: FileProblem[] = further.flatMap(({ diagnostic, empty, lacks }) =>
      empty ? [] : [{ diagnostic, lacks }],
    );
    for (const state of states.values()) {
      problems.push(...state.problems);
      for (const key of state.refused) refused.add(key);
      for (const [key, object] of state.objects) {
        const replaced = objects.get(key);
        if (replaced !== undefined) problems.push({ diagnostic: duplicateObject(object, replaced), lacks: false });
        objects.delete(key);
        objects.set(key, object);
        yield;
      }
    }
    let rests = true;
    for (const { lost } of states.values()) {
      for (const [key, object] of lost) {
        if (objects.has(key) || refused.has(key)) continue;
        rests = false;
        if (object === undefined) refused.add(key);
        else objects.set(key, object);
      }
    }
    this.#awaitRest(states);
    const changes = yield* this.#changes(objects, refused);
    // From here on at once: what is remembered is what was told.
    this.#told = objects;
    this.#refused = refused;
    this.#tellProblems(sink, problems);
    if (changes.length > 0) sink.apply(changes);
    if (!rests) return;
    this.#digest = digestOf(states);
    this.#options.onRead?.(this.#digest);
  }

  #tellProblems(sink: ObjectSink, problems: readonly FileProblem[]): void {
    const now = new Map<string, FileProblem>();
    for (const problem of problems) now.set(JSON.stringify([problem.diagnostic, problem.lacks]), problem);
    const before = this.#problems;
    this.#problems = now;
    for (const [key, { diagnostic }] of before) if (!now.has(key)) sink.resolved?.(diagnostic);
    for (const [key, { diagnostic, refused, lacks }] of now) {
      if (!before.has(key)) sink.problem(diagnostic, refused, lacks);
    }
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
