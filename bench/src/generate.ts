import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { clusterObjects } from './cluster.ts';
import {
  type ClusterShape,
  DEFAULT_SHAPE,
  type Directions,
  type Family,
  NUMBERS,
  PRESETS,
  shapeProblems,
} from './shape.ts';
import { type Format, textOf } from './write.ts';

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6', 'dual'];
const DIRECTIONS: readonly Directions[] = ['ingress', 'egress', 'both'];
const FORMATS: readonly Format[] = ['json', 'yaml'];

/** What a command line asks for, or what is wrong with it. */
type Request =
  | { readonly kind: 'write'; readonly shape: ClusterShape; readonly format: Format }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

function help(): string {
  const rows: [string, string][] = [
    ['--preset NAME', `${Object.keys(PRESETS).join(', ')}: pods in the cluster; other flags change single numbers`],
    ...Object.values(NUMBERS).map(({ flag, help, initial }): [string, string] => [
      `--${flag} N`,
      `${help} (${initial})`,
    ]),
    ['--directions D', `${DIRECTIONS.join(', ')} (${DEFAULT_SHAPE.directions}); both: policies alternate`],
    ['--family F', `${FAMILIES.join(', ')} (${DEFAULT_SHAPE.family})`],
    ['--deny-all', 'one more policy per namespace that isolates all its pods'],
    ['--format F', `${FORMATS.join(', ')} (json)`],
    ['-h, --help', 'this text'],
  ];
  return [
    'Writes a cluster in the shape of kube-burner’s network-policy workload to standard output.',
    '',
    'Usage: node bench/dist/generate.js [flags] > cluster.json',
    '',
    ...rows.map(([flag, text]) => `  ${flag.padEnd(22)}${text}`),
    '',
  ].join('\n');
}

function parseRequest(args: readonly string[]): Request {
  const numberFlags = Object.values(NUMBERS).map(({ flag }) => [flag, { type: 'string' }] as const);
  let values: Readonly<Record<string, string | boolean | undefined>>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        ...Object.fromEntries(numberFlags),
        preset: { type: 'string' },
        directions: { type: 'string' },
        family: { type: 'string' },
        'deny-all': { type: 'boolean' },
        format: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    return { kind: 'wrong', problems: [error instanceof Error ? error.message : String(error)] };
  }
  const { help: wantsHelp, 'deny-all': denyAll } = values;
  if (wantsHelp === true) return { kind: 'help' };

  const problems: string[] = [];
  const choose = <T extends string>(flag: string, choices: readonly T[], initial: T): T => {
    const value = values[flag];
    if (value === undefined) return initial;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) problems.push(`--${flag}: must be one of ${choices.join(', ')}`);
    return chosen ?? initial;
  };
  const preset = PRESETS[choose('preset', Object.keys(PRESETS), '1k')];
  const numbers = Object.fromEntries(
    Object.entries(NUMBERS)
      .filter(([, { flag }]) => values[flag] !== undefined)
      .map(([name, { flag }]) => [name, values[flag] === '' ? Number.NaN : Number(values[flag])]),
  );
  const shape: ClusterShape = {
    ...DEFAULT_SHAPE,
    ...preset,
    ...numbers,
    directions: choose('directions', DIRECTIONS, DEFAULT_SHAPE.directions),
    family: choose('family', FAMILIES, DEFAULT_SHAPE.family),
    denyAll: denyAll === true,
  };
  const format = choose('format', FORMATS, 'json');
  problems.push(...shapeProblems(shape));
  return problems.length > 0 ? { kind: 'wrong', problems } : { kind: 'write', shape, format };
}

async function main(args: readonly string[]): Promise<number> {
  const request = parseRequest(args);
  if (request.kind === 'help') {
    process.stdout.write(help());
    return 0;
  }
  if (request.kind === 'wrong') {
    process.stderr.write(`${request.problems.join('\n')}\n`);
    return 2;
  }
  for (const piece of textOf(clusterObjects(request.shape), request.format)) {
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
  }
  return 0;
}

// A reader that has seen enough (`| head`) closes the pipe; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await main(process.argv.slice(2));
