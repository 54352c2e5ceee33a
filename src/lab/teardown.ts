import { readdirSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { release, runningSupervisor } from './files.ts';
import { labPaths, namespacePrefix } from './names.ts';
import { listNamespaces, removeNamespaces } from './system/commands.ts';

/** A process that was asked to end and has not, by this time, is killed. Milliseconds. */
const GRACE = 3000;
const POLL = 20;

/** What {@link tearDown} found and removed. */
export interface TornDown {
  readonly namespaces: number;
  readonly processes: number;
  /** Whether there was anything at all. */
  readonly found: boolean;
}

/**
 * Removes a lab: its processes, its namespaces, its files. What is there is found by the names of the namespaces, so
 * that it makes no difference whether anything of the lab still runs, or was killed halfway through coming up.
 */
export async function tearDown(
  lab: string,
  onRemoved: (done: number, total: number) => void = () => {},
): Promise<TornDown> {
  const paths = labPaths(lab);
  const supervisor = runningSupervisor(paths);
  if (supervisor !== undefined && supervisor !== process.pid) await end([supervisor]);
  const names = await listNamespaces(namespacePrefix(lab));
  const inside = processesIn(names);
  await end(inside);
  await removeNamespaces(names, onRemoved);
  const directory = exists(paths.directory);
  release(paths);
  return {
    namespaces: names.length,
    processes: inside.length + (supervisor === undefined ? 0 : 1),
    found: names.length > 0 || supervisor !== undefined || directory,
  };
}

function exists(file: string): boolean {
  try {
    statSync(file);
    return true;
  } catch {
    return false;
  }
}

/** The processes that live in one of the namespaces. */
function processesIn(names: readonly string[]): number[] {
  const wanted = new Set(names.flatMap((name) => identity(`/run/netns/${name}`) ?? []));
  if (wanted.size === 0) return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && wanted.has(identity(`/proc/${pid}/ns/net`) ?? ''));
}

/** Undefined where the process or name went away meanwhile. */
function identity(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** Asks processes to end, and after a while makes them. */
async function end(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGTERM');
  for (let waited = 0; waited < GRACE; waited += POLL) {
    if (!pids.some((pid) => signal(pid, 0))) return;
    await setTimeout(POLL);
  }
  for (const pid of pids) signal(pid, 'SIGKILL');
  while (pids.some((pid) => signal(pid, 0))) await setTimeout(POLL);
}

/** False when there is no such process any more. */
function signal(pid: number, which: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, which);
    return true;
  } catch {
    return false;
  }
}
