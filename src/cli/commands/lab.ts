import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import {
  bringUp,
  DEFAULT_POD_CIDRS,
  execCommand,
  flowLines,
  flowText,
  LAB_NAME,
  type LabConfig,
  LabError,
  type LabProgress,
  type LabStatus,
  labObstacle,
  pageCommand,
  planLab,
  probeJson,
  probeLab,
  probeSummary,
  probeText,
  runInForeground,
  statusJson,
  statusOf,
  statusText,
  supervise,
  tearDown,
} from '../../lab/index.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../errors.ts';
import { defaultNamespace, loadUsable, podCidrs } from '../load.ts';
import { Progress } from '../terminal.ts';
import { portQuery } from './can.ts';

const DEFAULT_NAME = 'lab';
const MAX_REPLICAS = 3;
const MAX_PODS = 300;

/** `portcullis lab up`. */
export async function up(context: Context): Promise<number> {
  const { flags, err, out } = context;
  const name = labName(context);
  if (flags.list('filename').includes('-')) {
    throw new UsageError('the files of a lab are watched, and standard input cannot be: name a file or directory');
  }
  const nodes = wholeNumber(context, 'nodes', 1);
  const options = {
    name,
    ...(nodes === undefined ? {} : { nodes }),
    podCidrs: oneRangePerFamily(context),
    maxReplicas: wholeNumber(context, 'max-replicas', 1) ?? MAX_REPLICAS,
    maxPods: wholeNumber(context, 'max-pods', 1) ?? MAX_PODS,
  };
  refuseWithout(labObstacle());
  const usable = await loadUsable(context);
  if ('exit' in usable) return usable.exit;
  const config: LabConfig = {
    options,
    paths: flags.list('filename').map((file) => path.resolve(file)),
    defaultNamespace: defaultNamespace(context),
    agentArguments: [
      ...['start-mode', 'denial'].flatMap((flag) => {
        const value = flags.text(flag);
        return value === undefined ? [] : [`--${flag}`, value];
      }),
      ...(flags.on('skip-invalid') ? ['--skip-invalid'] : []),
    ],
  };
  const started = performance.now();
  const progress = new Progress(err, flags.on('quiet'));
  const onProgress: LabProgress = (step, done, total) => {
    if (done !== undefined && total !== undefined) {
      progress.show(step, done, total);
      return;
    }
    progress.clear();
    if (!flags.on('quiet')) err.now(`${step}…\n`);
  };
  const show = async (status: LabStatus): Promise<void> => {
    for (const warning of flags.on('quiet') ? [] : status.plan.warnings) {
      err.add(`${context.errStyle.warning('warning')}: ${warning}\n`);
    }
    await out.write(
      flags.text('output') === 'json'
        ? statusJson(status)
        : statusText(status, { ...textOptions(context), summary: flags.on('summary') }),
    );
    await out.flush();
    if (flags.on('quiet')) return;
    err.now(upText(status, performance.now() - started, flags.on('foreground')));
    const namespace = flags.text('namespace');
    const page = pageCommand(status, namespace === undefined ? [] : ['-n', namespace]);
    if (!flags.on('summary')) err.now(`the page, with what its kernels deny: ${page}\n`);
  };
  return told(async () => {
    // What cannot be is said before anything is made.
    if (planLab(usable.objects, options).pods.length === 0) {
      throw new LabError('the input has no pods, and no workloads that would have some');
    }
    if (flags.on('foreground')) {
      await runInForeground(config, onProgress, async (supervisor) => show(await supervisor.status(true)));
      return EXIT.ok;
    }
    await bringUp(config, onProgress).finally(() => progress.clear());
    await show(await statusOf(name, true));
    return EXIT.ok;
  });
}

function upText({ name, plan }: LabStatus, milliseconds: number, foreground: boolean): string {
  const suffix = name === DEFAULT_NAME ? '' : ` --name ${name}`;
  const end = foreground ? 'Ctrl-C removes it' : `portcullis lab down${suffix} removes it`;
  const seconds = (milliseconds / 1000).toFixed(1);
  return `${plan.pods.length} pods are up after ${seconds} s: portcullis lab probe${suffix} tries every connection; ${end}\n`;
}

/** `portcullis lab probe`. */
export async function probe(context: Context): Promise<number> {
  const { flags, err, out, outStyle } = context;
  const from = flags.text('from');
  const to = flags.text('to');
  const port = flags.text('port');
  const focus = {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(port === undefined ? {} : { port: portQuery(port) }),
  };
  const timeout = milliseconds(context, 'timeout');
  refuseWithout(labObstacle());
  const progress = new Progress(err, flags.on('quiet'));
  return told(async () => {
    const report = await probeLab(labName(context), {
      focus,
      ...(timeout === undefined ? {} : { timeout }),
      onProgress: (done, total) => progress.show('probing', done, total),
    }).finally(() => progress.clear());
    if (flags.text('output') === 'json') await out.write(probeJson(report));
    else if (flags.on('quiet')) await out.write(probeSummary(report, outStyle));
    else await out.write(probeText(report, { ...textOptions(context), all: flags.on('verbose') }));
    return report.results.every(({ agrees }) => agrees) ? EXIT.ok : EXIT.negative;
  });
}

/** `portcullis lab status`. */
export async function status(context: Context): Promise<number> {
  refuseWithout(labObstacle());
  return told(async () => {
    const found = await statusOf(labName(context), true);
    const json = context.flags.text('output') === 'json';
    await context.out.write(json ? statusJson(found) : statusText(found, textOptions(context)));
    return found.ready ? EXIT.ok : EXIT.negative;
  });
}

/** `portcullis lab exec`. Its exit code is that of the command. */
export async function exec(context: Context): Promise<number> {
  const [pod = '', ...words] = context.args;
  refuseWithout(labObstacle());
  return told(async () => {
    const [program, ...args] = execCommand(labName(context), pod, defaultNamespace(context), words);
    return new Promise<number>((resolve, reject) => {
      const child = spawn(program, args, { stdio: 'inherit' });
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
    });
  });
}

/** `portcullis lab flows`. */
export async function flows(context: Context): Promise<number> {
  const { flags, out } = context;
  refuseWithout(labObstacle());
  const end = new AbortController();
  const onSignal = (): void => end.abort();
  process.once('SIGINT', onSignal);
  return told(async () => {
    for await (const line of flowLines(labName(context), flags.on('follow'), end.signal)) {
      await out.write(`${flags.text('output') === 'json' ? line : flowText(line)}\n`);
      if (out.gone) break;
      if (flags.on('follow')) out.now('');
    }
    return EXIT.ok;
  }).finally(() => process.off('SIGINT', onSignal));
}

/** `portcullis lab down`. */
export async function down(context: Context): Promise<number> {
  const { flags, err } = context;
  const name = labName(context);
  refuseWithout(labObstacle());
  const progress = new Progress(err, flags.on('quiet'));
  return told(async () => {
    const { found, namespaces } = await tearDown(name, (done, total) => {
      progress.show(`removing ${total} network namespaces`, done, total);
    }).finally(() => progress.clear());
    if (!flags.on('quiet')) {
      err.add(
        found ? `the lab ${name} is gone: ${namespaces} network namespaces removed\n` : `there is no lab ${name}\n`,
      );
    }
    return EXIT.ok;
  });
}

/** The process that `lab up` leaves behind. */
export async function superviseLab(context: Context): Promise<number> {
  return told(async () => {
    await supervise(labName(context));
    return EXIT.ok;
  });
}

function textOptions({ flags, outStyle }: Context): {
  readonly noHeaders: boolean;
  readonly style: Context['outStyle'];
  readonly by: 'workload' | 'pod';
} {
  return { noHeaders: flags.on('no-headers'), style: outStyle, by: flags.text('by') === 'pod' ? 'pod' : 'workload' };
}

/** Errors of the lab are for the user. */
async function told(act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof LabError) throw new UsageError(error.message, error.hints);
    throw error;
  }
}

function refuseWithout(obstacle: string | undefined): void {
  if (obstacle !== undefined) throw new UsageError(obstacle);
}

function labName({ flags }: Context): string {
  const name = flags.text('name') ?? DEFAULT_NAME;
  if (!LAB_NAME.test(name)) {
    throw new UsageError(`--name "${name}": use up to 30 lower-case letters, digits and dashes`);
  }
  return name;
}

function wholeNumber({ flags }: Context, flag: string, least: number): number | undefined {
  const text = flags.text(flag);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^\d{1,6}$/.test(text) || number < least) {
    throw new UsageError(`--${flag} "${text}" is not a whole number from ${least} on`);
  }
  return number;
}

function milliseconds({ flags }: Context, flag: string): number | undefined {
  const text = flags.text(flag);
  if (text === undefined) return undefined;
  const [, number = '', unit = ''] = /^(\d{1,6}(?:\.\d+)?)(ms|s)$/.exec(text) ?? [];
  if (unit === '') throw new UsageError(`--${flag} "${text}" is not a time such as 500ms or 2s`);
  return Number(number) * (unit === 's' ? 1000 : 1);
}

function oneRangePerFamily(context: Context): LabConfig['options']['podCidrs'] {
  const given = podCidrs(context);
  if (given.length === 0) return DEFAULT_POD_CIDRS;
  if (new Set(given.map(({ family }) => family)).size < given.length) {
    throw new UsageError('--pod-cidr: a lab has one range of each address family');
  }
  return [...given].sort((a, b) => Number(a.family === 'IPv6') - Number(b.family === 'IPv6'));
}
