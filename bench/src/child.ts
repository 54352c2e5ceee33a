import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a child process ended and what it took. */
export interface ChildRun {
  /** From the start of the process to its end, in milliseconds. */
  readonly wallMs: number;
  /** The greatest resident memory in bytes; `NaN` unless asked for. */
  readonly peakBytes: number;
  /** Processor time, user and system, in milliseconds; `NaN` unless peak memory is asked for. */
  readonly cpuMs: number;
  /** The exit code; `timeout` when the process was stopped for taking too long, `signal` when something else stopped it. */
  readonly exit: number | 'timeout' | 'signal';
  /** Standard output, empty unless asked for. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  readonly timeoutMs?: number;
  /** Measure the peak memory: costs a few milliseconds of start-up time. */
  readonly peak?: boolean;
  /** Keep standard output instead of throwing it away. */
  readonly capture?: boolean;
}

const PEAK_MODULE = new URL('./peak.js', import.meta.url).href;

/** The command of the package in this checkout. */
export const PORTCULLIS: string = fileURLToPath(new URL('../../bin/portcullis', import.meta.url));

/** Runs this Node.js with some arguments and waits for its end. */
export async function runNode(args: readonly string[], options: ChildOptions = {}): Promise<ChildRun> {
  if (options.peak !== true) return execute(args, options, process.env);
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  try {
    const file = join(directory, 'peak');
    const run = await execute(['--import', PEAK_MODULE, ...args], options, {
      ...process.env,
      PORTCULLIS_BENCH_PEAK: file,
    });
    const text = await readFile(file, 'utf8').catch(() => '');
    const [peakBytes = Number.NaN, cpuMs = Number.NaN] = text === '' ? [] : text.split(' ').map(Number);
    return { ...run, peakBytes, cpuMs };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function execute(args: readonly string[], options: ChildOptions, env: NodeJS.ProcessEnv): Promise<ChildRun> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(process.execPath, args, {
      env,
      stdio: ['ignore', options.capture === true ? 'pipe' : 'ignore', 'pipe'],
    });
    let timedOut = false;
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            child.kill('SIGKILL');
          }, options.timeoutMs);
    let wallMs = 0;
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('exit', () => {
      wallMs = performance.now() - begin;
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({
        wallMs,
        peakBytes: Number.NaN,
        cpuMs: Number.NaN,
        exit: timedOut ? 'timeout' : (code ?? 'signal'),
        stdout,
        stderr,
      });
    });
  });
}
