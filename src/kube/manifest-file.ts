import { createHash } from 'node:crypto';
import { readManifestsInSteps } from '../manifest/index.ts';
import type { Diagnostic } from '../model/source.ts';
import type { Steps } from '../model/steps.ts';
import { type KubeObject, objectRef } from '../model/types.ts';
import { isPolicy, type ValidationOptions, validatePolicy } from '../model/validate/index.ts';
import { readManifestFile } from './files.ts';
import { objectKey } from './object-key.ts';

/** How long a file must rest before it is believed that it has lost something, in milliseconds. */
export const REST_MS = 2000;

/** How the objects of watched files are read. */
export interface FileReadOptions extends ValidationOptions {
  /** The namespace of namespaced objects that name none; `default` when absent. */
  readonly defaultNamespace?: string;
  /**
   * What is missing in a file that is written in place is believed to be gone once its content has been the same for so
   * long, in milliseconds: before that, it may be half written. At once when absent.
   */
  readonly restMs?: number;
}

/** Something wrong with a file, and the object that was refused for it, where it could be decoded. */
export interface FileProblem {
  readonly diagnostic: Diagnostic;
  readonly refused?: KubeObject;
  /** It hides something of which no earlier version is in force. */
  readonly lacks: boolean;
}

/** What one file says, and what it said before where it says nothing readable now. */
export interface FileState {
  /** SHA-256 of the content, hexadecimal; undefined where it could not be read. */
  readonly digest?: string;
  /** Which file it was, whatever its name; undefined while it could never be read. */
  readonly inode?: string;
  /** When the content was first seen to be this one, in milliseconds of the reader's clock. */
  readonly since: number;
  /** In force, by {@link objectKey}. */
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** Keys of objects that the file has in a version that is refused, decoded or not. */
  readonly refused: ReadonlySet<string>;
  /**
   * What it does not have any more, though it may be half written: by key, undefined where it was refused. It is in force
   * unless another file has it.
   */
  readonly lost: ReadonlyMap<string, KubeObject | undefined>;
  /** It hides something that it never said in a readable way. */
  readonly lacks: boolean;
  readonly problems: readonly FileProblem[];
}

const NONE_LOST: FileState['lost'] = new Map();

/** What is read of one file besides its content. */
interface Reading {
  readonly digest: string;
  readonly inode: string;
  readonly since: number;
}

/**
 * Reads a file again. Where it cannot be read, or is no longer text that holds objects only, what it said before stays;
 * where one of its objects is invalid, the earlier valid version of that object does. What it has lost is believed when it
 * was replaced by another file that is not empty, else when it has rested.
 * @param now milliseconds by any clock that only grows
 */
export function* readFileState(
  name: string,
  before: FileState | undefined,
  options: FileReadOptions,
  now = 0,
): Steps<FileState> {
  const { restMs = 0 } = options;
  const read = readManifestFile(name);
  if ('problem' in read) {
    const problems = [{ diagnostic: read.problem, lacks: before?.lacks ?? true }];
    return { ...asItWas(before), since: now, problems };
  }
  const { content, inode } = read;
  const digest = createHash('sha256').update(content).digest('hex');
  if (before?.digest === digest) {
    const isRested = before.lost.size > 0 && now - before.since >= restMs;
    if (!isRested && before.inode === inode) return before;
    return { ...before, inode, lost: isRested ? NONE_LOST : before.lost };
  }
  const state = yield* parse(name, content, { digest, inode, since: now }, before, options);
  const isReplaced = inode !== before?.inode && content.length > 0;
  return before === undefined || restMs === 0 || isReplaced ? state : { ...state, lost: lostOf(before, state) };
}

/** All that a file said, also what it may have lost; nothing when it never said anything. */
function asItWas(before: FileState | undefined): Pick<FileState, 'inode' | 'objects' | 'refused' | 'lost' | 'lacks'> {
  if (before === undefined) return { objects: new Map(), refused: new Set(), lost: NONE_LOST, lacks: true };
  const { inode, lacks } = before;
  const objects = new Map(before.objects);
  const refused = new Set(before.refused);
  for (const [key, object] of before.lost) {
    if (object === undefined) refused.add(key);
    else objects.set(key, object);
  }
  return { ...(inode === undefined ? {} : { inode }), objects, refused, lost: NONE_LOST, lacks };
}

function lostOf(before: FileState, { objects, refused }: FileState): FileState['lost'] {
  const lost = new Map<string, KubeObject | undefined>(before.lost);
  for (const key of before.refused) lost.set(key, undefined);
  for (const [key, object] of before.objects) lost.set(key, object);
  for (const key of lost.keys()) if (objects.has(key) || refused.has(key)) lost.delete(key);
  return lost;
}

function* parse(
  name: string,
  content: Uint8Array,
  reading: Reading,
  before: FileState | undefined,
  options: FileReadOptions,
): Steps<FileState> {
  const { defaultNamespace } = options;
  const read = yield* readManifestsInSteps(
    [{ name, content }],
    defaultNamespace === undefined ? {} : { defaultNamespace },
  );
  const errors = read.diagnostics.filter(({ severity }) => severity === 'error');
  // An error of no object hides objects: which ones, nobody can tell.
  const hides = errors.some(({ object }) => object === undefined);
  if (hides && before?.lacks === false) {
    const problems = read.diagnostics.map((diagnostic) => ({ diagnostic, lacks: false }));
    return { ...asItWas(before), ...reading, problems };
  }
  const invalidities: { readonly diagnostic: Diagnostic; readonly refused?: KubeObject }[] = [];
  const objects = new Map<string, KubeObject>();
  const refused = new Set<string>();
  for (const object of [...read.replaced, ...read.objects]) {
    const key = objectKey(objectRef(object));
    const found = isPolicy(object) ? validatePolicy(object, options) : [];
    const invalid = found.some(({ severity }) => severity === 'error');
    yield;
    for (const diagnostic of found) invalidities.push(invalid ? { diagnostic, refused: object } : { diagnostic });
    if (invalid) refused.add(key);
    else {
      objects.set(key, object);
      refused.delete(key);
    }
  }
  for (const { object } of errors) if (object !== undefined) refused.add(objectKey(object));
  const earlier = before === undefined ? undefined : asItWas(before);
  // Part of it was never readable, and still is not: what was read of it stays beside what can be read now.
  const stays = hides ? new Set([...(earlier?.objects.keys() ?? []), ...refused]) : refused;
  for (const key of stays) {
    const object = earlier?.objects.get(key);
    if (object !== undefined && !objects.has(key)) objects.set(key, object);
  }
  if (hides) for (const key of earlier?.refused ?? []) refused.add(key);
  const lacksOf = ({ severity, object }: Diagnostic): boolean =>
    severity === 'error' && (object === undefined || !objects.has(objectKey(object)));
  const problems = [...read.diagnostics.map((diagnostic) => ({ diagnostic })), ...invalidities].map((problem) => ({
    ...problem,
    lacks: lacksOf(problem.diagnostic),
  }));
  return { ...reading, objects, refused, lost: NONE_LOST, lacks: problems.some(({ lacks }) => lacks), problems };
}
