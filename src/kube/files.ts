import { closeSync, fstatSync, openSync, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { ManifestInput } from '../manifest/index.ts';
import type { Diagnostic } from '../model/source.ts';
import { compareCodePoints } from '../model/text.ts';

/** Bytes of one file or of standard input. What the JSON of a very large cluster needs, and what a string can hold. */
const MAX_BYTES = 256 * 1024 * 1024;
const EXTENSIONS = ['.yaml', '.yml', '.json'];
/** The configuration of this program may lie among manifests, and is none. */
export const CONFIG_NAME = '.portcullis.yaml';
/** Standard input, as a path. */
export const STDIN = '-';
const STDIN_NAMES = [STDIN, '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];
/** Where the shell puts `<(command)`. */
const PROCESS_SUBSTITUTION = /^\/(?:dev|proc\/self)\/fd\/\d+$/;
/**
 * Folders that hold no manifests but may hold files of that name: those of git, and the hidden copies that kubelet keeps
 * of a mounted ConfigMap (`..data`, `..2026_01_31_…`), which links beside them lead to.
 */
function isSkippedFolder(name: string): boolean {
  return name === '.git' || name.startsWith('..');
}

/** Whether a path is standard input. */
export function isStdin(named: string): boolean {
  return STDIN_NAMES.includes(named);
}

/** What was read, and what could not be. */
export interface Inputs {
  readonly inputs: readonly ManifestInput[];
  /** One `unreadable-input` error for each path that could not be read; the others are read all the same. */
  readonly problems: readonly Diagnostic[];
}

/** How {@link readInputs} reads. */
export interface InputOptions {
  readonly stdin: Readable;
  readonly onProgress?: (done: number, total: number) => void;
  /** Whether folders are read; else naming one is a problem. They are by default. */
  readonly folders?: boolean;
  /** For tests. */
  readonly maxBytes?: number;
}

/** A file that is to be read; `-` is standard input. */
interface FoundFile {
  readonly name: string;
  /** Without symbolic links; the name itself for what has no such path. */
  readonly real: string;
}

/** What is below some paths. */
export interface FoundFiles {
  readonly files: readonly FoundFile[];
  /** Real paths of the folders that were looked into. */
  readonly folders: readonly string[];
  readonly problems: readonly UnreadPath[];
}

/** A path that could not be looked at; what is below it is not known. */
export interface UnreadPath {
  readonly name: string;
  readonly diagnostic: Diagnostic;
  /** It was looked at, and there is nothing to read. */
  readonly empty: boolean;
}

/** Finds what {@link readInputs} reads, without reading it. */
export function findFiles(paths: readonly string[], folders = true): FoundFiles {
  const walk = new Walk(folders);
  for (const named of paths) walk.addNamed(named);
  return walk;
}

/**
 * Reads files, folders (recursively, in code-point order, each file once however many links lead to it) and standard
 * input (`-`). A file that was named may have any extension; in folders only manifests are read.
 */
export async function readInputs(paths: readonly string[], options: InputOptions): Promise<Inputs> {
  const { files, problems } = findFiles(paths, options.folders);
  const told = problems.map(({ diagnostic }) => diagnostic);
  const inputs: ManifestInput[] = [];
  const limit = options.maxBytes ?? MAX_BYTES;
  for (const [index, { name }] of files.entries()) {
    options.onProgress?.(index, files.length);
    try {
      const content = name === STDIN ? await readStream(options.stdin, limit) : readFile(name, limit).content;
      inputs.push({ name, content });
    } catch (error) {
      told.push(unreadable(name === STDIN ? 'standard input' : name, reasonOf(error)));
    }
  }
  return { inputs, problems: told };
}

/** What one file holds, and which file of the system it is, whatever its name; or why it cannot be read. */
export function readManifestFile(
  name: string,
): { readonly content: Uint8Array; readonly inode: string } | { readonly problem: Diagnostic } {
  try {
    return readFile(name, MAX_BYTES);
  } catch (error) {
    return { problem: unreadable(name, reasonOf(error)) };
  }
}

/** Whether a file in a folder is read. `.#NAME` is a link to nowhere, by which Emacs says that it edits the file. */
export function isManifestName(name: string): boolean {
  return name !== CONFIG_NAME && !name.startsWith('.#') && EXTENSIONS.some((extension) => name.endsWith(extension));
}

class Walk implements FoundFiles {
  readonly files: FoundFile[] = [];
  readonly folders: string[] = [];
  readonly problems: UnreadPath[] = [];
  readonly #seen = new Set<string>();
  readonly #intoFolders: boolean;

  constructor(intoFolders: boolean) {
    this.#intoFolders = intoFolders;
  }

  addNamed(named: string): void {
    if (isStdin(named)) {
      if (this.#isNew(STDIN)) this.files.push({ name: STDIN, real: STDIN });
      return;
    }
    if (named === '') {
      this.#problem(named, 'the path is empty');
      return;
    }
    const stats = this.#stat(named);
    if (stats === undefined) return;
    if (!stats.isDirectory()) {
      this.#addFile(named, stats, PROCESS_SUBSTITUTION.test(named));
      return;
    }
    if (!this.#intoFolders) {
      this.#problem(named, 'it is a directory');
      return;
    }
    const before = this.files.length + this.problems.length;
    const isNew = this.#addFolder(named);
    if (isNew && this.files.length + this.problems.length === before) {
      this.#problem(named, `the directory holds no manifests (${EXTENSIONS.join(', ')})`, true);
    }
  }

  /** False when the folder was read before. */
  #addFolder(folder: string): boolean {
    const real = this.#real(folder);
    if (real === undefined || !this.#isNew(real)) return false;
    this.folders.push(real);
    let entries: string[];
    try {
      entries = readdirSync(folder).sort(compareCodePoints);
    } catch (error) {
      this.#problem(folder, reasonOf(error));
      return true;
    }
    for (const entry of entries) {
      const full = path.join(folder, entry);
      const isManifest = isManifestName(entry);
      const stats = this.#stat(full, isManifest);
      if (stats?.isDirectory() === true) {
        if (!isSkippedFolder(entry)) this.#addFolder(full);
      } else if (stats !== undefined && isManifest) {
        this.#addFile(full, stats, false);
      }
    }
    return true;
  }

  #addFile(name: string, stats: Stats, pipeAllowed: boolean): void {
    const isPipe = stats.isFIFO() || stats.isSocket();
    if (!stats.isFile() && !(isPipe && pipeAllowed)) {
      const what = stats.isFIFO() ? 'a named pipe' : stats.isSocket() ? 'a socket' : 'a device';
      this.#problem(name, `it is ${what}, not a file; pipe it to standard input with -f -`);
      return;
    }
    const real = isPipe ? name : this.#real(name);
    if (real !== undefined && this.#isNew(real)) this.files.push({ name, real });
  }

  #stat(name: string, report = true): Stats | undefined {
    try {
      return statSync(name);
    } catch (error) {
      if (report) this.#problem(name, reasonOf(error));
      return undefined;
    }
  }

  #real(name: string): string | undefined {
    try {
      return realpathSync(name);
    } catch (error) {
      this.#problem(name, reasonOf(error));
      return undefined;
    }
  }

  #problem(name: string, reason: string, empty = false): void {
    this.problems.push({ name, diagnostic: unreadable(name === '' ? '""' : name, reason), empty });
  }

  #isNew(key: string): boolean {
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}

/** A file or stream is larger than what is read. */
class TooLargeError extends Error {
  readonly code = 'too-large';

  constructor(limit: number) {
    super(`it is larger than ${formatBytes(limit)}, the most that is read from one file; split it`);
    this.name = 'TooLargeError';
  }
}

function readFile(name: string, limit: number): { readonly content: Uint8Array; readonly inode: string } {
  const descriptor = openSync(name, 'r');
  try {
    const { dev, ino, size } = fstatSync(descriptor, { bigint: true });
    if (size > limit) throw new TooLargeError(limit);
    const content = readFileSync(descriptor);
    if (content.length > limit) throw new TooLargeError(limit);
    return { content, inode: `${dev}:${ino}` };
  } finally {
    closeSync(descriptor);
  }
}

async function readStream(stream: Readable, limit: number): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream) {
    const bytes = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece));
    size += bytes.length;
    if (size > limit) throw new TooLargeError(limit);
    pieces.push(bytes);
  }
  return Buffer.concat(pieces);
}

function formatBytes(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${Math.floor(bytes / (1024 * 1024))} MiB` : `${bytes} bytes`;
}

/** The problem of a path that cannot be read. */
export function unreadable(name: string, reason: string): Diagnostic {
  return { code: 'unreadable-input', severity: 'error', message: `cannot read ${name}: ${reason}` };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of the path is not a directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
};

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? error.message;
}
