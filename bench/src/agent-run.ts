import { spawnSync } from 'node:child_process';
import { measureAgent } from './agent.ts';
import { figureTable } from './figures.ts';
import { DEFAULT_SHAPE } from './shape.ts';

/**
 * What the agent takes on this machine's kernel, in a network namespace of its own:
 * `node --expose-gc agent-run.js [PODS [POLICIES]]`, as root. Prints a table.
 */
const LOCAL_PODS = 110;
const NAMESPACES = 10;

function main(): number {
  const [pods = 10_000, policies = 1000] = process.argv.slice(2).map(Number);
  const namespace = process.env['PORTCULLIS_BENCH_NETNS'];
  if (namespace === undefined) return inNamespace();
  const shape = {
    ...DEFAULT_SHAPE,
    namespaces: NAMESPACES,
    pods: pods / NAMESPACES,
    policies: policies / NAMESPACES,
    replicas: 10,
    podsPerNode: LOCAL_PODS,
    podsSelected: 2,
    peerPods: 10,
    peerNamespaces: 3,
    denyAll: true,
  } as const;
  void measureAgent(`${pods} pods, ${policies} policies`, shape).then((lines) => {
    process.stdout.write(figureTable(lines));
    process.exit(0);
  });
  return 0;
}

/** Runs itself in a new namespace, which goes when it ends. */
function inNamespace(): number {
  if (process.getuid?.() !== 0) {
    process.stderr.write('the agent needs root: run this as root\n');
    return 2;
  }
  const name = `portcullis-bench-${process.pid}`;
  const ip = (...args: readonly string[]): number | null => spawnSync('ip', args, { stdio: 'inherit' }).status;
  if (ip('netns', 'add', name) !== 0) return 1;
  try {
    const { status } = spawnSync(
      'ip',
      ['netns', 'exec', name, process.execPath, ...process.execArgv, ...process.argv.slice(1)],
      {
        stdio: 'inherit',
        env: { ...process.env, PORTCULLIS_BENCH_NETNS: name },
      },
    );
    return status ?? 1;
  } finally {
    ip('netns', 'del', name);
  }
}

process.exitCode = main();
