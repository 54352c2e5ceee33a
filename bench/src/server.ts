import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PORTCULLIS } from './child.ts';
import type { Failure, Figure } from './figures.ts';
import { median } from './stats.ts';

const SHOP = fileURLToPath(new URL('../../examples/shop', import.meta.url));
const PEAK_MODULE = new URL('./peak.js', import.meta.url).href;

/** What a page and a curious user ask for. */
const QUESTIONS = ['', 'api/world', 'api/reach', 'api/lint', 'api/exposure', 'api/validate', 'api/examples'];

/** The server on the shop: from its start to its address, and the most memory it took while it answered everything. */
export async function measureServer(runs: number): Promise<(Figure | Failure)[]> {
  const times: number[] = [];
  const peaks: number[] = [];
  for (let run = 0; run < runs; run++) {
    const { startMs, peakBytes, problem } = await serveOnce();
    if (problem !== undefined) return [{ size: 'shop', what: 'serve', problem }];
    times.push(startMs);
    peaks.push(peakBytes);
  }
  const memory = { what: 'budget', value: 150_000_000 };
  return [
    { size: 'shop', what: `serve, to its address (median of ${runs})`, unit: 'time', value: median(times) },
    { size: 'shop', what: 'serve, memory', unit: 'memory', value: Math.max(...peaks), baseline: memory },
  ];
}

async function serveOnce(): Promise<{
  readonly startMs: number;
  readonly peakBytes: number;
  readonly problem?: string;
}> {
  const place = await mkdtemp(path.join(tmpdir(), 'portcullis-bench-'));
  const file = path.join(place, 'peak');
  const begin = performance.now();
  const args = ['--import', PEAK_MODULE, PORTCULLIS, 'serve', '-f', SHOP, '--port', '0', '-q'];
  const env = { ...process.env, PORTCULLIS_BENCH_PEAK: file };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    const [url] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [unknown];
    const startMs = performance.now() - begin;
    if (typeof url !== 'string') return { startMs, peakBytes: Number.NaN, problem: `it ended with ${url}` };
    for (const question of QUESTIONS) {
      const response = await fetch(new URL(question, url));
      await response.arrayBuffer();
      if (!response.ok) return { startMs, peakBytes: Number.NaN, problem: `/${question}: HTTP ${response.status}` };
    }
    child.kill('SIGTERM');
    await ended;
    return { startMs, peakBytes: Number((await readFile(file, 'utf8')).split(' ')[0]) };
  } finally {
    child.kill('SIGKILL');
    await rm(place, { recursive: true, force: true });
  }
}
