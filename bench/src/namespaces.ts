import { spawnSync } from 'node:child_process';

/** Says which namespace the program was started in by {@link inNamespace}. */
const VARIABLE = 'PORTCULLIS_BENCH_NETNS';

/** The network namespace that {@link inNamespace} made for this process; undefined in the one of the machine. */
export const ownNamespace: string | undefined = process.env[VARIABLE];

/** Runs a program; throws with what it said when it fails. Answers its standard output. */
export function command(program: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.slice(0, 2000)}`);
  return stdout;
}

/** Runs this program again in a new network namespace, which goes when it ends. Answers its exit code. */
export function inNamespace(...through: readonly string[]): number {
  if (process.getuid?.() !== 0) {
    process.stderr.write('what the kernel takes is measured as root: run this as root\n');
    return 2;
  }
  const name = `portcullis-bench-${process.pid}`;
  command('ip', ['netns', 'add', name]);
  try {
    const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    const { status } = spawnSync('ip', ['netns', 'exec', name, ...through, ...again], {
      stdio: 'inherit',
      env: { ...process.env, [VARIABLE]: name },
    });
    return status ?? 1;
  } finally {
    command('ip', ['netns', 'del', name]);
  }
}
