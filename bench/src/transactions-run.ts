import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { inNamespace, ownNamespace } from './namespaces.ts';
import { linuxKernel } from './portcullis.ts';
import { median, quantile } from './stats.ts';

/**
 * Three ways to run an nft script: in this process (libnftables, as the agent does), in a process that stays
 * (`nft -i`), and in one for each transaction (`nft -f -`). `node transactions-run.js`, as root.
 */
const TIMES = 300;
const FEWER = 40;
const SIZES = [1_000, 10_000, 100_000];

interface Way {
  readonly name: string;
  readonly times: number;
  run(script: string): Promise<void>;
  close(): Promise<void>;
}

async function inProcess(): Promise<Way> {
  const kernel = await linuxKernel();
  return {
    name: 'libnftables in the process',
    times: TIMES,
    run: (script) => kernel.run(script),
    close: () => kernel.close(),
  };
}

/** A script is a line; what `echo` the next one prints tells that it is done. */
function coprocess(): Way {
  const child = spawn('nft', ['-i'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let told = '';
  let waiting: (() => void) | undefined;
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    told += text;
    if (told.includes('marker')) waiting?.();
  });
  return {
    name: 'nft -i that stays',
    times: TIMES,
    async run(script) {
      told = '';
      const done = new Promise<void>((resolve) => {
        waiting = resolve;
      });
      child.stdin.write(`${script.trim().replaceAll('\n', '; ')}\nlist table inet marker\n`);
      await done;
    },
    async close() {
      child.stdin.end('quit\n');
      await once(child, 'exit');
    },
  };
}

function processes(): Way {
  return {
    name: 'nft -f - each time',
    times: FEWER,
    async run(script) {
      const child = spawn('nft', ['-f', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
      child.stdin.end(script);
      await once(child, 'exit');
    },
    async close() {},
  };
}

function addresses(count: number): string {
  return Array.from({ length: count }, (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`).join(', ');
}

function table(size: number): string {
  return `table inet portcullis\ndelete table inet portcullis\ntable inet portcullis\nadd set inet portcullis s { type ipv4_addr; }\nadd element inet portcullis s { ${addresses(size)} }\n`;
}

async function measure(way: Way): Promise<void> {
  for (const size of SIZES) {
    spawnSync('nft', ['-f', '-'], { input: table(size) });
    const add: number[] = [];
    const remove: number[] = [];
    for (let time = 0; time < way.times; time++) {
      const element = `inet portcullis s { 11.0.${time >> 8}.${time & 255} }\n`;
      add.push(await timed(() => way.run(`add element ${element}`)));
      remove.push(await timed(() => way.run(`delete element ${element}`)));
    }
    const script = table(size);
    const { elapsed, gap } = await withGap(() => way.run(script));
    const figures = [add, remove].map(
      (samples) => `${median(samples).toFixed(2)} / ${quantile(samples, 0.99).toFixed(2)}`,
    );
    console.log(
      `${way.name.padEnd(28)} ${String(size).padStart(7)}  add ${figures[0]}  delete ${figures[1]}  load ${elapsed.toFixed(0)}, event loop held ${gap.toFixed(1)}`,
    );
  }
  await way.close();
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** How long some work took, and the longest time for which a timer of a millisecond was late meanwhile. */
async function withGap(work: () => Promise<void>): Promise<{ readonly elapsed: number; readonly gap: number }> {
  let gap = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    gap = Math.max(gap, now - last - 1);
    last = now;
  }, 1);
  const elapsed = await timed(work);
  clearInterval(timer);
  return { elapsed, gap: Math.max(gap, performance.now() - last - 1) };
}

async function main(): Promise<void> {
  console.log('milliseconds, median / 99th percentile, by elements of the set');
  spawnSync('nft', ['add table inet marker']);
  for (const way of [await inProcess(), coprocess(), processes()]) await measure(way);
}

if (ownNamespace === undefined) process.exitCode = inNamespace();
else await main();
