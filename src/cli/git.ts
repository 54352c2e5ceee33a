import { spawn } from 'node:child_process';
import { existsSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Inputs, isManifestName, unreadable } from '../kube/files.ts';
import type { ManifestInput } from '../manifest/index.ts';
import { compareCodePoints } from '../model/text.ts';
import { UsageError } from './errors.ts';

/** `git:REV:PATH`, read. */
export interface GitSpec {
  /** Anything that git understands as a commit or tree: `main`, `HEAD~2`, `v1.2`, `main@{yesterday}`. */
  readonly revision: string;
  /** Relative to the working directory, as paths on the command line are; empty for that directory itself. */
  readonly path: string;
}

/** Bytes of all files of one revision. */
const MAX_BYTES = 512 * 1024 * 1024;

/** Reads `git:REV:PATH`; undefined for what does not begin with `git:`. Throws {@link UsageError}. */
export function parseGitSpec(text: string): GitSpec | undefined {
  if (!text.startsWith('git:')) return undefined;
  // A colon inside braces belongs to the revision: main@{2024-05-01 10:00}.
  const [, revision = '', inside = ''] = /^git:((?:[^:{]|\{[^}]*\})*):(.*)$/s.exec(text) ?? [];
  if (revision === '') {
    throw new UsageError(`"${text}" is not git:REV:PATH`, ['for example git:main:policies/, or git:HEAD~1:.']);
  }
  if (revision.startsWith('-')) throw new UsageError(`"${revision}" is not a revision: it begins with a dash`);
  return { revision, path: inside };
}

/**
 * Reads manifests of a revision: a file, or a folder recursively, in code-point order. The files of the working
 * directory are not looked at. Throws {@link UsageError} when the revision or the path cannot be found.
 */
export async function readRevision(spec: GitSpec): Promise<Inputs> {
  const { revision } = spec;
  const { root, inside } = await locate(spec);
  const tree = (await git(root, ['rev-parse', '--verify', '--quiet', `${revision}^{tree}`]).catch(asUnknown(revision)))
    .toString()
    .trim();
  const shown = (file: string): string => `${revision}:${file}`;
  const listing = await git(root, [
    'ls-tree',
    '-r',
    '-z',
    '--full-tree',
    tree,
    ...(inside === '' ? [] : ['--', inside]),
  ]);
  const found = listing
    .toString()
    .split('\0')
    .flatMap((line) => readEntry(line))
    .filter(({ file, type }) => type === 'blob' && (file === inside || isManifestName(file)))
    .sort((a, b) => compareCodePoints(a.file, b.file));
  if (found.length === 0) {
    const reason = listing.length === 0 ? 'it is not in that revision' : 'the directory holds no manifests';
    throw new UsageError(`cannot read ${shown(inside === '' ? '.' : inside)}: ${reason}`);
  }
  const problems: Inputs['problems'][number][] = [];
  const regular = found.filter(({ mode, file }) => {
    if (mode !== SYMBOLIC_LINK) return true;
    problems.push(unreadable(shown(file), 'it is a symbolic link, which is not followed in a revision'));
    return false;
  });
  const contents = splitBatch(
    await git(root, ['cat-file', '--batch'], regular.map(({ hash }) => `${hash}\n`).join('')),
  );
  const inputs = regular.flatMap(({ file }, at): ManifestInput[] => {
    const content = contents[at];
    return content === undefined ? [] : [{ name: shown(file), content }];
  });
  return { inputs, problems };
}

const SYMBOLIC_LINK = '120000';

interface Entry {
  readonly mode: string;
  readonly type: string;
  readonly hash: string;
  readonly file: string;
}

function readEntry(line: string): Entry[] {
  const [, mode = '', type = '', hash = '', file = ''] = /^(\d+) (\w+) ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
  return file === '' ? [] : [{ mode, type, hash, file }];
}

/** The repository that a path is in, and the path inside it. The path itself need not exist any more. */
async function locate({ path: named }: GitSpec): Promise<{ readonly root: string; readonly inside: string }> {
  let folder = path.resolve(named);
  const below: string[] = [];
  while (!existsSync(folder) || !statSync(folder).isDirectory()) {
    below.unshift(path.basename(folder));
    folder = path.dirname(folder);
  }
  const real = realpathSync(folder);
  const root = (await git(real, ['rev-parse', '--show-toplevel']).catch(asNoRepository(real)))
    .toString()
    .replace(/\n$/, '');
  const inside = path
    .relative(realpathSync(root), path.join(real, ...below))
    .split(path.sep)
    .join('/');
  return { root, inside };
}

function asNoRepository(folder: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof GitError)) throw error;
    throw new UsageError(
      error.message.includes('not a git repository')
        ? `${folder} is not in a git repository`
        : `git cannot read the repository of ${folder}: ${error.message}`,
    );
  };
}

function asUnknown(revision: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof GitError)) throw error;
    throw new UsageError(`git does not know the revision "${revision}"`, [
      'a shallow clone has few: in CI, fetch the branch that is compared with (fetch-depth: 0)',
    ]);
  };
}

/** Git ended with an error. */
class GitError extends Error {
  readonly code = 'git';

  constructor(message: string) {
    super(message);
    this.name = 'GitError';
  }
}

/** Runs git without a shell. Rejects with {@link GitError}, or {@link UsageError} when there is no git. */
function git(folder: string, args: readonly string[], input = ''): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['--no-pager', ...args], {
      cwd: folder,
      env: {
        ...process.env,
        LC_ALL: 'C',
        GIT_OPTIONAL_LOCKS: '0',
        GIT_LITERAL_PATHSPECS: '1',
        GIT_TERMINAL_PROMPT: '0',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const pieces: Buffer[] = [];
    let size = 0;
    let errors = '';
    child.stdout.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size <= MAX_BYTES) pieces.push(piece);
      else child.kill();
    });
    child.stderr.on('data', (piece: Buffer) => {
      errors = (errors + piece.toString()).slice(0, 2000);
    });
    // Git that ends early does not read its input: its exit code tells why.
    child.stdin.on('error', () => undefined);
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'ENOENT'
          ? new UsageError('the program git is not installed; git:REV:PATH needs it')
          : new GitError(error.message),
      );
    });
    child.on('close', (code) => {
      if (size > MAX_BYTES)
        reject(new UsageError(`the revision holds more than ${MAX_BYTES / 1024 / 1024} MiB of manifests`));
      else if (code === 0) resolve(Buffer.concat(pieces));
      else reject(new GitError(errors.trim().split('\n', 1)[0] ?? ''));
    });
    child.stdin.end(input);
  });
}

/** The objects of `cat-file --batch`, in the order they were asked for. */
function splitBatch(output: Buffer): Uint8Array[] {
  const contents: Uint8Array[] = [];
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf('\n', at);
    if (end === -1) break;
    const size = Number(output.toString('latin1', at, end).split(' ')[2] ?? Number.NaN);
    if (!Number.isInteger(size)) break;
    contents.push(output.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return contents;
}
