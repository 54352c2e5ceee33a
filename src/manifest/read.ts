import { decodeObject } from '../model/decode.ts';
import { say } from '../model/say.ts';
import { type Diagnostic, formatPath, type ObjectRef, type ObjectSource } from '../model/source.ts';
import { finish, type Steps } from '../model/steps.ts';
import { type KubeObject, objectRef } from '../model/types.ts';
import { decodeText } from './decode-text.ts';
import { type DocumentResult, isObject, type Locator, type ParsedDocument } from './document.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { type ListedValue, takeFromLists } from './lists.ts';
import type { ParseCache } from './parse-cache.ts';
import { readText } from './read-text.ts';
import { TextFile } from './text-file.ts';
import { noteDiagnostic, problemDiagnostic, TextSource, withQuoteHelp } from './text-source.ts';

/** One text to read objects from. */
export interface ManifestInput {
  /** The file as the user named it; `-` for standard input. */
  readonly name: string;
  /** Text, or bytes in UTF-8 or (with a byte order mark) UTF-16. */
  readonly content: string | Uint8Array;
}

export interface ReadOptions {
  /** The namespace of namespaced objects that name none; `default` when absent. */
  readonly defaultNamespace?: string;
  /** Makes unknown and duplicate fields errors that drop their object, as kubectl does (spec section 5). */
  readonly strict?: boolean;
  readonly limits?: Partial<Limits>;
  /** Keeps parses for the next call: documents that are read again unchanged are not parsed again. */
  readonly parses?: ParseCache;
  /** Told now and then how much has been read, in units of `content.length` summed over the inputs. */
  readonly onProgress?: (done: number) => void;
}

/** How many objects there were of a kind that network policy does not depend on. */
export interface IgnoredKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly count: number;
}

/** What a set of inputs holds, and what is wrong with it. */
export interface ManifestResult {
  /** Every object that was read without error, in the order of the input; of an object given twice the last. */
  readonly objects: readonly KubeObject[];
  /** The earlier ones of objects given twice: each was an object of its own to whoever checks them. */
  readonly replaced: readonly KubeObject[];
  /** In the order of their first occurrence. */
  readonly ignored: readonly IgnoredKind[];
  /** In the order of the input. */
  readonly diagnostics: readonly Diagnostic[];
  /** Documents with content, readable or not; a List counts as one. */
  readonly documents: number;
}

/** Progress is told after this much input, in UTF-16 units. */
const PROGRESS_STEP = 256 * 1024;

/**
 * Reads Kubernetes objects from YAML and JSON texts: streams of documents, Lists, typed lists. Never throws on any
 * content; what cannot be read is dropped with a diagnostic at its place, and never hides what can.
 *
 * An object given twice (same kind, namespace and name) is replaced by the later one, as with `kubectl apply`, with a
 * warning. Each object carries a source that finds its fields in the text when asked.
 *
 * Codes of its own, errors unless said otherwise: `yaml-syntax`, `json-syntax`, `template` (a warning when the document
 * can be read), `binary`, `encoding`, `not-an-object`, `complex-key`, `not-json`, `yaml-tag`, `yaml-merge`,
 * `undefined-alias`, `cyclic-alias`, `alias-expansion`, `too-deep`, `too-large`; warnings: `duplicate-field` (an error
 * when strict), `duplicate-object`, `yaml-1.1`. Those of `decodeObject` are passed on.
 */
export function readManifests(inputs: Iterable<ManifestInput>, options: ReadOptions = {}): ManifestResult {
  return finish(readManifestsInSteps(inputs, options));
}

/** As {@link readManifests}, in steps. */
export function* readManifestsInSteps(
  inputs: Iterable<ManifestInput>,
  options: ReadOptions = {},
): Steps<ManifestResult> {
  const collection = new Collection(options);
  let done = 0;
  for (const { name, content } of inputs) {
    const decoded = decodeText(name, content);
    if ('diagnostic' in decoded) collection.diagnostics.push(decoded.diagnostic);
    else
      yield* readInput(name, decoded.text, collection, options, (share) => done + Math.round(share * content.length));
    done += content.length;
    options.onProgress?.(done);
  }
  options.parses?.sweep();
  return collection.result();
}

function* readInput(
  name: string,
  text: string,
  collection: Collection,
  { limits: given, onProgress, parses }: ReadOptions,
  doneAt: (share: number) => number,
): Steps<void> {
  const file = new TextFile(name, text);
  let told = 0;
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const { results, offset } of parses?.steps(name, text, limits) ?? readText(name, text, limits)) {
    for (const result of results) yield* collection.addDocument(file, result);
    yield;
    if (onProgress !== undefined && offset - told >= PROGRESS_STEP && offset < text.length) {
      told = offset;
      onProgress(doneAt(offset / text.length));
    }
  }
  collection.endFile();
}

/** What has been read so far. */
class Collection {
  readonly diagnostics: Diagnostic[] = [];
  readonly #options: ReadOptions;
  readonly #most: number;
  readonly #objects = new Map<string, KubeObject>();
  readonly #replaced: KubeObject[] = [];
  readonly #ignored = new Map<string, { apiVersion: string; kind: string; count: number }>();
  #documents = 0;
  /** Of the current file: what was no object, and what of it is not told apart. */
  #unreadable = 0;
  #untold: Diagnostic | undefined;

  constructor(options: ReadOptions) {
    this.#options = options;
    this.#most = options.limits?.diagnosticsPerDocument ?? DEFAULT_LIMITS.diagnosticsPerDocument;
  }

  result(): ManifestResult {
    return {
      objects: [...this.#objects.values()],
      replaced: this.#replaced,
      ignored: [...this.#ignored.values()],
      diagnostics: this.diagnostics,
      documents: this.#documents,
    };
  }

  *addDocument(file: TextFile, result: DocumentResult): Steps<void> {
    if ('problems' in result) {
      this.#documents++;
      const told = result.problems.map((problem) => problemDiagnostic(file, problem));
      this.#addUnreadable(atMost(told, this.#most));
      return;
    }
    const { document } = result;
    if (document.value === null) return;
    this.#documents++;
    for (const listed of takeFromLists(document.value, document.notes)) {
      this.#addListed(file, document, listed);
      yield;
    }
  }

  /** A file of nothing but broken documents must not fill the memory with what is wrong with each. */
  #addUnreadable(problems: readonly Diagnostic[]): void {
    const most = this.#options.limits?.unreadablePerFile ?? DEFAULT_LIMITS.unreadablePerFile;
    if (this.#unreadable++ < most) this.diagnostics.push(...problems);
    else this.#untold ??= problems[0];
  }

  /** Counts what was not told of the file that ends here. */
  endFile(): void {
    if (this.#untold !== undefined) {
      const most = this.#options.limits?.unreadablePerFile ?? DEFAULT_LIMITS.unreadablePerFile;
      const message = say`and ${this.#unreadable - most} more documents or items that cannot be read, from here on`;
      const { code, source } = this.#untold;
      this.diagnostics.push({ code, severity: 'error', message, ...(source === undefined ? {} : { source }) });
    }
    this.#unreadable = 0;
    this.#untold = undefined;
  }

  #addListed(file: TextFile, document: ParsedDocument, listed: ListedValue): void {
    const locator = document.locator(listed.path);
    if (!isObject(listed.value)) {
      this.#addUnreadable([notAnObject(file, locator, listed)]);
    } else if (listed.envelope) {
      this.diagnostics.push(...this.#noteDiagnostics(file, listed, undefined));
    } else this.#addObject(file, document, listed, new TextSource(file, locator));
  }

  #addObject(file: TextFile, document: ParsedDocument, listed: ListedValue, source: ObjectSource): void {
    const { defaultNamespace, strict = false } = this.#options;
    const namespace = defaultNamespace === undefined ? {} : { defaultNamespace };
    const decoded = decodeObject(listed.value, { source, strict, ...namespace });
    if (decoded.ignored !== undefined) {
      this.#countIgnored(decoded.ignored.apiVersion, decoded.ignored.kind);
      this.diagnostics.push(...decoded.diagnostics);
      return;
    }
    const ref = decoded.object === undefined ? decoded.diagnostics[0]?.object : objectRef(decoded.object);
    const notes = this.#noteDiagnostics(file, listed, ref);
    const fromDecoding = document.json ? decoded.diagnostics : decoded.diagnostics.map(withQuoteHelp);
    const untold = notes.filter((note) => !fromDecoding.some((error) => isToldBy(note, error)));
    this.diagnostics.push(...[...untold, ...fromDecoding].sort(byPosition));
    if (decoded.object !== undefined && notes.every(({ severity }) => severity !== 'error')) {
      this.#keep(decoded.object);
    }
  }

  /** Keeps an object in place of an earlier one with the same name. */
  #keep(object: KubeObject): void {
    const ref = objectRef(object);
    const group = object.apiVersion.includes('/') ? object.apiVersion.replace(/\/.*/, '') : '';
    const { name: given, generateName } = object.metadata;
    const generated = given === '' || given === generateName;
    const id = generated ? `#${this.#objects.size}` : JSON.stringify([group, ref.kind, ref.namespace, ref.name]);
    const replaced = this.#objects.get(id);
    if (replaced !== undefined) {
      this.diagnostics.push(duplicateObject(object, replaced));
      this.#replaced.push(replaced);
      this.#objects.delete(id);
    }
    this.#objects.set(id, object);
  }

  #countIgnored(apiVersion: string, kind: string): void {
    const id = `${apiVersion}/${kind}`;
    const known = this.#ignored.get(id);
    if (known === undefined) this.#ignored.set(id, { apiVersion, kind, count: 1 });
    else known.count++;
  }

  #noteDiagnostics(file: TextFile, { notes, path }: ListedValue, object: ObjectRef | undefined): readonly Diagnostic[] {
    if (notes.length === 0) return [];
    const firstTemplate = notes.findIndex(({ code }) => code === 'template');
    const told = notes.filter(({ code }, index) => code !== 'template' || index === firstTemplate);
    const strict = this.#options.strict === true;
    return atMost(
      told.map((note) => noteDiagnostic(file, note, note.path.slice(path.length), strict, object)),
      this.#most,
    );
  }
}

/** The warning that an object takes the place of an earlier one of the same name. */
export function duplicateObject(object: KubeObject, replaced: KubeObject): Diagnostic {
  const ref = objectRef(object);
  const name = ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
  const earlier = replaced.source?.start;
  const where =
    earlier === undefined ? say`an earlier one` : say`the one at ${earlier.file}:${earlier.line}:${earlier.column}`;
  return {
    code: 'duplicate-object',
    severity: 'warning',
    message: say`${ref.kind} ${name} replaces ${where}`,
    help: say`the later one counts, as with kubectl apply`,
    object: ref,
    ...(object.source === undefined ? {} : { source: object.source.locate([]) }),
  };
}

function notAnObject(file: TextFile, locator: Locator, { value, path }: ListedValue): Diagnostic {
  const what = Array.isArray(value) ? say`a list` : value === null ? 'null' : say`a ${typeof value}`;
  const help = Array.isArray(value)
    ? say`put the objects under \`items:\` of a \`kind: List\`, or into documents of their own`
    : say`an object has apiVersion, kind and metadata`;
  return {
    code: 'not-an-object',
    severity: 'error',
    message: say`${what} is not a Kubernetes object`,
    help,
    ...(path.length === 0 ? {} : { path: formatPath(path) }),
    source: file.span(locator.find([], 'value')),
  };
}

/** Whether a surprise of YAML 1.1 is told by an error with its help, at the same place. */
function isToldBy(note: Diagnostic, error: Diagnostic): boolean {
  return note.code === 'yaml-1.1' && error.code === 'wrong-type' && byPosition(note, error) === 0;
}

function byPosition({ source: a }: Diagnostic, { source: b }: Diagnostic): number {
  return a === undefined || b === undefined ? 0 : a.line - b.line || a.column - b.column;
}

/** The first few diagnostics, and how many there are beyond them. */
function atMost(diagnostics: readonly Diagnostic[], most: number): readonly Diagnostic[] {
  const next = diagnostics[most];
  if (next === undefined) return diagnostics;
  return [...diagnostics.slice(0, most), { ...next, message: say`and ${diagnostics.length - most} more like this` }];
}
