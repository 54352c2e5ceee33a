import { fileURLToPath } from 'node:url';
import { PORTCULLIS, runNode } from './child.ts';
import { type Failure, type Figure, failureOf } from './figures.ts';
import { median } from './stats.ts';

const SHOP = fileURLToPath(new URL('../../examples/shop', import.meta.url));

const COMMANDS: readonly { readonly what: string; readonly args: readonly string[] }[] = [
  { what: 'portcullis --help', args: ['--help'] },
  {
    what: 'portcullis can, the shop',
    args: ['can', '-f', SHOP, 'shop/deploy/frontend', 'shop/deploy/cart', '7070'],
  },
];

/**
 * How long small commands take from the start of the process to its end, beside a Node.js that does nothing.
 * Runs alternate with those of the baseline, so that a busy machine weighs on both.
 */
export async function measureStartup(runs: number): Promise<(Figure | Failure)[]> {
  const lines: (Figure | Failure)[] = [];
  for (const { what, args } of COMMANDS) {
    const times: number[] = [];
    const bare: number[] = [];
    let failure: Failure | undefined;
    for (let run = 0; run < runs && failure === undefined; run++) {
      bare.push((await runNode(['-e', '0'])).wallMs);
      const result = await runNode([PORTCULLIS, ...args]);
      if (result.exit === 0) times.push(result.wallMs);
      else failure = failureOf('', what, result);
    }
    const baseline = { what: 'node -e 0', value: median(bare) };
    lines.push(
      failure ?? { size: '', what: `${what} (median of ${runs})`, unit: 'time', value: median(times), baseline },
    );
  }
  return lines;
}
