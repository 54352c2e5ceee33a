/** Network namespaces for tests that ask the kernel. */

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/** What keeps kernel tests from running here; undefined when nothing does. */
function missing(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  for (const program of ['nft', 'ip']) {
    if (spawnSync(program, ['-V'], { env: environment() }).error !== undefined) {
      return `${program} is missing: run scripts/setup.sh`;
    }
  }
  return undefined;
}

/** System programs live in directories that the PATH of ordinary users often lacks. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
}

/** Whether kernel tests are to be left out, with a loud reason. With `CI` set it throws instead. */
export function skipsKernelTests(): boolean {
  const reason = missing();
  if (reason === undefined) return false;
  if (process.env['CI'] !== undefined) throw new Error(`kernel tests cannot run: ${reason}`);
  console.warn(`SKIPPED: kernel tests cannot run here: ${reason}`);
  return true;
}

/** Runs a program and throws with what it said when it fails. Answers its standard output. */
export function run(program: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    env: environment(),
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.slice(0, 4000)}\n${input.slice(0, 8000)}`);
  return stdout;
}

/** Namespaces of one test with names that no other has; gone when the process ends, however it does. */
export class TestNamespaces {
  readonly #prefix = `pct-${process.pid}-${randomBytes(3).toString('hex')}`;
  readonly #names: string[] = [];
  readonly #onExit = (): void => this.remove();

  constructor() {
    removeStale();
    process.on('exit', this.#onExit);
  }

  add(suffix: string): string {
    const name = `${this.#prefix}-${suffix}`;
    run('ip', ['netns', 'add', name]);
    this.#names.push(name);
    return name;
  }

  remove(): void {
    for (const name of this.#names.splice(0)) spawnSync('ip', ['netns', 'del', name], { env: environment() });
    process.off('exit', this.#onExit);
  }
}

/** Removes what tests left that were killed: their process is gone. */
function removeStale(): void {
  for (const line of run('ip', ['netns', 'list']).split('\n')) {
    const [name = ''] = line.split(' ');
    const owner = /^pct-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) run('ip', ['netns', 'del', name]);
  }
}

/** Whether there is a process of this number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Runs an nft script in a namespace. */
export function nft(namespace: string, script: string): void {
  run('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], script);
}
