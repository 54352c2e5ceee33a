import { createHash } from 'node:crypto';
import { readManifestsInSteps } from '../manifest/index.ts';
import type { Diagnostic } from '../model/source.ts';
import type { Steps } from '../model/steps.ts';
import { type KubeObject, objectRef } from '../model/types.ts';
import { isPolicy, type ValidationOptions, validatePolicy } from '../model/validate/index.ts';
import { readManifestFile } from './files.ts';
import { objectKey } from './object-key.ts';

/** How the objects of watched files are read. */
export interface FileReadOptions extends ValidationOptions {
  /** The namespace of namespaced objects that name none; `default` when absent. */
  readonly defaultNamespace?: string;
}

/** Something wrong with a file, and the object that was refused for it, where it could be decoded. */
export interface FileProblem {
  readonly diagnostic: Diagnostic;
  readonly refused?: KubeObject;
}

/** What one file says, and what it said before where it says nothing readable now. */
export interface FileState {
  /** SHA-256 of the content, hexadecimal; undefined where it could not be read. */
  readonly digest?: string;
  /** In force, by {@link objectKey}. */
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** Keys of objects that the file has in a version that is refused, decoded or not. */
  readonly refused: ReadonlySet<string>;
  readonly problems: readonly FileProblem[];
}

const NOTHING: FileState = { objects: new Map(), refused: new Set(), problems: [] };

/**
 * Reads a file again. Where it cannot be read, or is no longer text that holds objects only, what it said before stays;
 * where one of its objects is invalid, the earlier valid version of that object does.
 */
export function* readFileState(
  name: string,
  before: FileState | undefined,
  options: FileReadOptions,
): Steps<FileState> {
  const read = readManifestFile(name);
  if ('problem' in read) {
    const { objects, refused } = before ?? NOTHING;
    return { objects, refused, problems: [{ diagnostic: read.problem }] };
  }
  const digest = createHash('sha256').update(read.content).digest('hex');
  return before?.digest === digest ? before : yield* parse(name, read.content, digest, before, options);
}

function* parse(
  name: string,
  content: Uint8Array,
  digest: string,
  before: FileState | undefined,
  options: FileReadOptions,
): Steps<FileState> {
  const { defaultNamespace } = options;
  const read = yield* readManifestsInSteps(
    [{ name, content }],
    defaultNamespace === undefined ? {} : { defaultNamespace },
  );
  const problems: FileProblem[] = read.diagnostics.map((diagnostic) => ({ diagnostic }));
  const errors = read.diagnostics.filter(({ severity }) => severity === 'error');
  // An error of no object hides objects: which ones, nobody can tell.
  if (before !== undefined && errors.some(({ object }) => object === undefined)) {
    return { digest, objects: before.objects, refused: before.refused, problems };
  }
  const objects = new Map<string, KubeObject>();
  const refused = new Set<string>();
  for (const object of [...read.replaced, ...read.objects]) {
    const key = objectKey(objectRef(object));
    const found = isPolicy(object) ? validatePolicy(object, options) : [];
    const invalid = found.some(({ severity }) => severity === 'error');
    yield;
    for (const diagnostic of found) problems.push(invalid ? { diagnostic, refused: object } : { diagnostic });
    if (invalid) refused.add(key);
    else {
      objects.set(key, object);
      refused.delete(key);
    }
  }
  for (const { object } of errors) if (object !== undefined) refused.add(objectKey(object));
  for (const key of refused) {
    const earlier = before?.objects.get(key);
    if (earlier !== undefined && !objects.has(key)) objects.set(key, earlier);
  }
  return { digest, objects, refused, problems };
}
