import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** The checkout that the tests run in. */
export const root: string = path.join(import.meta.dirname, '../..');

/** What a finished program left behind. `code` is -1 when a signal ended it or it could not be started. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, in the checkout unless `cwd` says otherwise. */
export function run(program: string, args: readonly string[], cwd: string = root): Finished {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (error !== undefined) return { code: -1, stdout: '', stderr: String(error) };
  return { code: status ?? -1, stdout, stderr };
}
