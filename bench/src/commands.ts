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

/** The commands that are measured whole: what follows `-f FILE`. */
export const COMMANDS = {
  reach: ['--grouped', '-o', 'json'],
  lint: ['-o', 'json', '--fail-on', 'never'],
} as const;

/**
 * A command on a generated cluster: time and peak memory, once from JSON and once from YAML, beside a Node.js that reads
 * the JSON file and runs `JSON.parse` on it.
 */
export async function measureCommand(
  command: keyof typeof COMMANDS,
  size: string,
  shape: ClusterShape,
  { runs, timeoutMs }: { readonly runs: number; readonly timeoutMs: number },
): Promise<(Figure | Failure)[]> {
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  try {
    const json = await writeCluster(directory, shape, 'json');
    const bare = await repeat(runs, () => runNode(['-e', PARSE_ONLY, json], { peak: true, timeoutMs }));
    const lines: (Figure | Failure)[] = [];
    for (const format of ['json', 'yaml'] as const) {
      const file = format === 'json' ? json : await writeCluster(directory, shape, format);
      const args = [PORTCULLIS, command, '-f', file, ...COMMANDS[command]];
      const results = await repeat(runs, () => runNode(args, { peak: true, timeoutMs }));
      lines.push(...commandFigures(size, `${command} from ${format}`, results, bare));
    }
    return lines;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function commandFigures(
  size: string,
  what: string,
  results: readonly ChildRun[],
  bare: readonly ChildRun[],
): (Figure | Failure)[] {
  const failed = results.find(({ exit }) => exit !== 0);
  if (failed !== undefined) return [failureOf(size, what, failed)];
  const wall = (runs: readonly ChildRun[]): number => median(runs.map(({ wallMs }) => wallMs));
  const peak = (runs: readonly ChildRun[]): number => Math.max(...runs.map(({ peakBytes }) => peakBytes));
  const against = 'bare JSON.parse';
  return [
    { size, what, unit: 'time', value: wall(results), baseline: { what: against, value: wall(bare) } },
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
async function repeat(runs: number, run: () => Promise<ChildRun>): Promise<ChildRun[]> {
  const results: ChildRun[] = [];
  for (let index = 0; index < runs; index++) {
    const result = await run();
    results.push(result);
    if (result.exit !== 0) break;
  }
  return results;
}

async function writeCluster(directory: string, shape: ClusterShape, format: Format): Promise<string> {
  const file = join(directory, `cluster.${format}`);
  await pipeline(Readable.from(textOf(clusterObjects(shape), format)), createWriteStream(file));
  return file;
}
