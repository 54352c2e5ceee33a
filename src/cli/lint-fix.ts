import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { applyFixes, type Finding, type ObjectFix } from '../analysis/lint/index.ts';
import { STDIN } from '../kube/files.ts';
import { count } from '../report/text.ts';
import { unifiedDiff } from '../report/unified-diff.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';

const BYTE_ORDER_MARK = '\ufeff';

/** A context whose standard input is read, and can be read again, if the command line names it. */
export async function keepStdin(
  context: Context,
): Promise<{ readonly context: Context; readonly stdin: Buffer | undefined }> {
  const { flags, io } = context;
  if (!flags.list('filename').includes(STDIN)) return { context, stdin: undefined };
  const stdin = await buffer(io.stdin);
  const again = { ...io, stdin: Readable.from([stdin]) };
  return { context: { ...context, io: again }, stdin };
}

/** What {@link fixFiles} did. */
export interface Fixed {
  /** Findings that are still there. */
  readonly left: readonly Finding[];
  /** Whether standard output holds a text or a difference. */
  readonly printed: boolean;
}

/**
 * Puts right what is certain: in the files, or with `--dry-run` as a difference on standard output. Standard input is
 * printed to standard output as it would be. Throws {@link UsageError} when a file cannot be written.
 */
export async function fixFiles(
  context: Context,
  findings: readonly Finding[],
  stdin: Buffer | undefined,
): Promise<Fixed> {
  const { flags, out, err, outStyle } = context;
  const byFile = new Map<string, ObjectFix[]>();
  for (const { fix } of findings) {
    const file = fix?.object.source?.file;
    if (fix === undefined || file === undefined) continue;
    const fixes = byFile.get(file);
    if (fixes === undefined) byFile.set(file, [fix]);
    else fixes.push(fix);
  }
  if (stdin !== undefined && !byFile.has(STDIN)) byFile.set(STDIN, []);
  const applied = new Set<ObjectFix>();
  const dryRun = flags.on('dry-run');
  for (const [file, fixes] of byFile) {
    const bytes = file === STDIN ? stdin : readFileSync(file);
    const read = bytes === undefined ? undefined : decode(bytes);
    const fixed = read === undefined ? undefined : applyFixes(file, read.text, fixes);
    for (const fix of fixed?.applied ?? []) applied.add(fix);
    if (dryRun) {
      if (read !== undefined && fixed !== undefined)
        await out.write(unifiedDiff(patchName(file), read.text, fixed.edits, outStyle));
    } else if (file === STDIN) {
      await out.write(
        read === undefined || fixed === undefined ? (bytes?.toString('utf8') ?? '') : read.mark + fixed.text,
      );
    } else if (read !== undefined && fixed !== undefined && fixed.edits.length > 0) {
      write(file, read.mark + fixed.text);
    }
    if (fixed !== undefined && fixed.applied.length > 0 && !flags.on('quiet')) {
      err.add(`${file}: ${count(fixed.applied.length, 'fix', 'fixes')}${dryRun ? ' possible' : ''}\n`);
    }
  }
  const left = dryRun ? findings : findings.filter(({ fix }) => fix === undefined || !applied.has(fix));
  return { left, printed: dryRun || stdin !== undefined };
}

/**
 * A file as `git apply` and `patch -p1` find it: from here, as neither goes up; what is elsewhere from the root, for
 * `patch -p1 -d /`.
 */
function patchName(file: string): string {
  if (file === STDIN) return file;
  const below = path.relative('', file);
  const named = below.startsWith('..') || path.isAbsolute(below) ? path.resolve(file) : below;
  return named.slice(path.parse(named).root.length).split(path.sep).join('/');
}

/** Text in UTF-8 with what stood before it; undefined for other encodings and for the line ends of old Macs. */
function decode(bytes: Uint8Array): { readonly text: string; readonly mark: string } | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
  if (/\r(?!\n)/.test(text)) return undefined;
  return text.startsWith(BYTE_ORDER_MARK) ? { text: text.slice(1), mark: BYTE_ORDER_MARK } : { text, mark: '' };
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
