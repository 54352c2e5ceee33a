/** `portcullis serve` of the built package, as a process of its own. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { root } from '../package/run.ts';

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** A server that runs. */
export interface Serving {
  readonly child: Child;
  readonly url: string;
  /** What it has said so far. */
  readonly stderr: () => string;
  /** Its exit code, once it has one. */
  readonly ended: Promise<number | null>;
}

const children: Child[] = [];

/** Starts `portcullis serve` on a free port and waits for its address; {@link endServed} ends it. */
export async function serve(...args: readonly string[]): Promise<Serving> {
  const child = spawn(process.execPath, ['bin/portcullis', 'serve', '--port', '0', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  const url = await new Promise<string>((resolve, reject) => {
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.includes('\n')) resolve(stdout.trim());
    });
    ended.then(
      (code) => reject(new Error(`ended with ${code}: ${stderr}`)),
      () => undefined,
    );
  });
  return { child, url, stderr: () => stderr, ended };
}

/** Ends every server that a test has started and left, however the test went; for `afterEach`. */
export function endServed(): void {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
}
