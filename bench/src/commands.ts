import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ChildRun, PORTCULLIS, runNode } from './child.ts';
import { clusterObjects } from './cluster.ts';
import { type Failure, type Figure, failureOf } from './figures.ts';
import type { ClusterShape } from './shape.ts';
import { median } from './stats.ts';
import { type Format, textOf } from './write.ts';

const PARSE_ONLY = 'JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"))';

/** How a command is called. */
interface Measured {
  /** The arguments, given the file of the cluster and that of the cluster with some policies edited. */
  readonly args: (file: string, edited: string) => readonly string[];
  /** Its exit code when it did what it is for. */
  readonly exit: number;
  /** Pods beyond which it is left out: it lists pairs. */
  readonly atMost?: number;
}

/** The commands that are measured whole. */
export const COMMANDS = {
  reach: { args: (file) => ['reach', '-f', file, '--grouped', '-o', 'json'], exit: 0 },
  pairs: { args: (file) => ['reach', '-f', file, '-o', 'csv'], exit: 0, atMost: 1000 },
  diff: { args: (file, edited) => ['diff', file, edited, '-o', 'json'], exit: 1 },
  lint: { args: (file) => ['lint', '-f', file, '-o', 'json', '--fail-on', 'never'], exit: 0 },
} as const satisfies Readonly<Record<string, Measured>>;

/** One policy of so many differs in the clusters that `diff` compares. */
const EDITED = 50;

/**
 * Commands on a generated cluster: processor time and peak memory, once from JSON and once from YAML, beside a Node.js
 * that reads the JSON file and runs `JSON.parse` on it.
 */
export async function measureCommands(
  commands: readonly (keyof typeof COMMANDS)[],
  size: string,
  shape: ClusterShape,
  { runs, timeoutMs }: { readonly runs: number; readonly timeoutMs: number },
): Promise<(Figure | Failure)[]> {
  const wanted = commands.filter((command) => {
    const { atMost = Number.POSITIVE_INFINITY }: Measured = COMMANDS[command];
    return shape.namespaces * shape.pods <= atMost;
  });
  if (wanted.length === 0) return [];
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  try {
    const json = await writeCluster(directory, 'cluster', shape, 'json');
    const bare = await repeat(runs, 0, () => runNode(['-e', PARSE_ONLY, json], { peak: true, timeoutMs }));
    const lines: (Figure | Failure)[] = [];
    for (const format of ['json', 'yaml'] as const) {
      const file = format === 'json' ? json : await writeCluster(directory, 'cluster', shape, format);
      const edited = wanted.includes('diff')
        ? await writeCluster(directory, 'edited', { ...shape, edited: EDITED }, format)
        : file;
      for (const command of wanted) {
        const { args, exit }: Measured = COMMANDS[command];
        const call = [PORTCULLIS, ...args(file, edited)];
        const results = await repeat(runs, exit, () => runNode(call, { peak: true, timeoutMs }));
        lines.push(...commandFigures(size, `${command} from ${format}`, exit, results, bare));
      }
    }
    return lines;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function commandFigures(
  size: string,
  what: string,
  exit: number,
  results: readonly ChildRun[],
  bare: readonly ChildRun[],
): (Figure | Failure)[] {
  const failed = results.find((run) => run.exit !== exit);
  if (failed !== undefined) return [failureOf(size, what, failed)];
  const cpu = (runs: readonly ChildRun[]): number => median(runs.map(({ cpuMs }) => cpuMs));
  const peak = (runs: readonly ChildRun[]): number => Math.max(...runs.map(({ peakBytes }) => peakBytes));
  const against = 'bare JSON.parse';
  return [
    { size, what, unit: 'time', value: cpu(results), baseline: { what: against, value: cpu(bare) } },
    {
      size,
      what: `${what}, peak`,
      unit: 'memory',
      value: peak(results),
      baseline: { what: against, value: peak(bare) },
    },
  ];
}

/** Runs one after the other; after the first that fails there is nothing more to learn. */
async function repeat(runs: number, exit: number, run: () => Promise<ChildRun>): Promise<ChildRun[]> {
  const results: ChildRun[] = [];
  for (let index = 0; index < runs; index++) {
    const result = await run();
    results.push(result);
    if (result.exit !== exit) break;
  }
  return results;
}

async function writeCluster(directory: string, name: string, shape: ClusterShape, format: Format): Promise<string> {
  const file = join(directory, `${name}.${format}`);
  await pipeline(Readable.from(textOf(clusterObjects(shape), format)), createWriteStream(file));
  return file;
}
