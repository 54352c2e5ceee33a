import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runNode } from './child.ts';
import { COMMANDS, measureCommands } from './commands.ts';
import { type Failure, type Figure, failureOf, figureTable, ratio } from './figures.ts';
import { measurePage } from './page.ts';
import { measureServer } from './server.ts';
import { type ClusterShape, DEFAULT_SHAPE, NUMBERS, PRESETS } from './shape.ts';
import { measureStartup } from './startup.ts';

const COMMAND_PARTS = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];
const PARTS = ['startup', 'engine', ...COMMAND_PARTS, 'server', 'page'] as const;
type Part = (typeof PARTS)[number];

const HELP = `Measures Portcullis beside yardsticks that run in the same session, and prints a table.

Usage: node bench/dist/run.js [flags]

  --sizes LIST           presets of the generator, with commas (${Object.keys(PRESETS).join(',')})
  --only LIST            parts, with commas (${PARTS.join(',')})
  --cluster-policies N   cluster-wide policies in each cluster that commands read (0)
  --quick                the smallest size and few repetitions
  --timeout SEC          stop a command that takes longer (600)
  --json                 figures as JSON
  -h, --help             this text

Build first: npm run build, then npx tsc -p bench.
`;

/** What to measure and how often. */
interface Plan {
  readonly sizes: readonly string[];
  readonly parts: readonly Part[];
  readonly startupRuns: number;
  readonly commandRuns: number;
  readonly deltas: number;
  readonly timeoutMs: number;
  readonly json: boolean;
  /** What clusters have beside their size. */
  readonly shape: Partial<ClusterShape>;
}

/** A plan, the help, or what is wrong with the command line. */
type Request = Plan | 'help' | { readonly problem: string };

function parseRequest(args: readonly string[]): Request {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        sizes: { type: 'string' },
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        timeout: { type: 'string', default: '600' },
        json: { type: 'boolean', default: false },
        'cluster-policies': { type: 'string', default: '0' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return 'help';
    const { quick, json } = values;
    const sizes = values.sizes?.split(',') ?? (quick ? ['800'] : Object.keys(PRESETS));
    const unknownSize = sizes.find((size) => !Object.hasOwn(PRESETS, size));
    if (unknownSize !== undefined) return { problem: `--sizes: unknown size ${JSON.stringify(unknownSize)}` };
    const only = values.only?.split(',') ?? PARTS;
    const unknownPart = only.find((part) => !PARTS.some((known) => known === part));
    if (unknownPart !== undefined) return { problem: `--only: unknown part ${JSON.stringify(unknownPart)}` };
    const timeout = Number(values.timeout);
    if (!(timeout > 0)) return { problem: '--timeout: must be a number of seconds' };
    const clusterPolicies = Number(values['cluster-policies']);
    if (!Number.isInteger(clusterPolicies) || clusterPolicies < 0 || clusterPolicies > NUMBERS.clusterPolicies.max)
      return { problem: `--cluster-policies: must be a number up to ${NUMBERS.clusterPolicies.max}` };
    const repetitions = quick
      ? { startupRuns: 5, commandRuns: 1, deltas: 200 }
      : { startupRuns: 20, commandRuns: 3, deltas: 1000 };
    return {
      sizes,
      parts: PARTS.filter((part) => only.includes(part)),
      ...repetitions,
      timeoutMs: timeout * 1000,
      json,
      shape: { clusterPolicies },
    };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

async function measureEngineApart(size: string, { deltas, timeoutMs }: Plan): Promise<(Figure | Failure)[]> {
  const script = fileURLToPath(new URL('./engine-run.js', import.meta.url));
  const args = ['--expose-gc', '--max-old-space-size=8192', script, size, `${deltas}`];
  const run = await runNode(args, { capture: true, timeoutMs });
  if (run.exit !== 0) return [failureOf(size, 'engine', run)];
  return JSON.parse(run.stdout) as Figure[];
}

async function measure(plan: Plan): Promise<(Figure | Failure)[]> {
  const lines: (Figure | Failure)[] = [];
  if (plan.parts.includes('startup')) lines.push(...(await measureStartup(plan.startupRuns)));
  for (const size of plan.sizes) {
    if (plan.parts.includes('engine')) lines.push(...(await measureEngineApart(size, plan)));
    const commands = COMMAND_PARTS.filter((command) => plan.parts.includes(command));
    const shape = { ...DEFAULT_SHAPE, ...plan.shape, ...PRESETS[size] };
    lines.push(...(await measureCommands(commands, size, shape, { ...plan, runs: plan.commandRuns })));
  }
  if (plan.parts.includes('server')) lines.push(...(await measureServer(plan.commandRuns)));
  if (plan.parts.includes('page')) lines.push(...(await measurePage(plan.commandRuns)));
  return lines;
}

async function main(args: readonly string[]): Promise<number> {
  const request = parseRequest(args);
  if (request === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if ('problem' in request) {
    process.stderr.write(`${request.problem}\n`);
    return 2;
  }
  const lines = await measure(request);
  const withRatios = lines.map((line) => ('problem' in line ? line : { ...line, ratio: ratio(line) }));
  process.stdout.write(request.json ? `${JSON.stringify(withRatios, null, 2)}\n` : figureTable(lines));
  return lines.some((line) => 'problem' in line) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
