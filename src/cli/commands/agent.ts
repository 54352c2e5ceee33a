import { hostname } from 'node:os';
import type { Writable } from 'node:stream';
import type { Agent as RunningAgent } from '../../agent/agent.ts';
import { CLAIM_GROUP, type Kernel } from '../../agent/kernel/kernel.ts';
import type { AgentOptions } from '../../agent/options.ts';
import type { Connection } from '../../kube/index.ts';
import { AddressSet } from '../../net/address-set.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../errors.ts';
import { connectOptions } from '../live.ts';
import { podCidrs, refuseCluster } from '../load.ts';
import { packageVersion } from '../package-version.ts';

const DEFAULT_GROUP = 4711;
const DEFAULT_RATE = 10;
/** Lines that wait for a slow reader of the flow log, in bytes; more are lost, and counted. */
const MOST_WAITING = 1 << 20;
/** What tells the agent to end. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** After a fault of its own, the agent ends within this many milliseconds, whatever cannot be closed. */
const END_WITHIN_MS = 5000;

/** `portcullis agent`. Runs until it is told to end (SIGTERM, SIGINT, SIGHUP). */
export async function run(context: Context): Promise<number> {
  const { flags, err } = context;
  if (process.platform !== 'linux') throw new UsageError('the agent enforces with nftables, which only Linux has');
  const { LinuxKernel } = await import('../../agent/kernel/linux-kernel.ts');
  const { Agent, cleanUp } = await import('../../agent/agent.ts');
  const { AgentError } = await import('../../agent/options.ts');
  const { KernelError } = await import('../../agent/kernel/kernel.ts');
  const { ClusterError, SourceError } = await import('../../kube/index.ts');
  const kernel = new LinuxKernel();
  try {
    if (flags.on('cleanup')) {
      await cleanUp(kernel).catch((error: unknown) => {
        if (error instanceof AgentError) throw new UsageError('enforcement is still in place', error.problems);
        throw error;
      });
      err.add('portcullis: nothing is enforced on this node any more\n');
      return EXIT.ok;
    }
    const options = await agentOptions(context, kernel);
    return await keep(new Agent(options), options.log);
  } catch (error) {
    if (error instanceof AgentError) throw new UsageError('the agent cannot start', error.problems);
    if (error instanceof KernelError) throw new UsageError(`the kernel refused: ${error.message}`);
    if (error instanceof SourceError) throw new UsageError(error.message);
    if (error instanceof ClusterError) throw new UsageError(error.message, error.hints);
    throw error;
  }
}

/** Until a signal comes, or until the agent has a fault of its own; answers the exit code. */
async function keep(agent: RunningAgent, log: AgentOptions['log']): Promise<number> {
  const signal = untilSignal();
  const fault = untilFault();
  let failure: { readonly error: unknown } | undefined;
  try {
    // A start that waits for something ends at a signal too.
    failure = await Promise.race([
      agent.start().then(() => signal.came),
      signal.came,
      fault.came,
      agent.broken.then((error) => ({ error })),
    ]);
    if (failure === undefined) return EXIT.ok;
    const what = 'a fault of the agent, please report it: it ends, and what the kernel enforces stays in force';
    log.error({ err: failure.error }, what);
    return EXIT.usage;
  } finally {
    // Also when it could not start: what is open would keep the process.
    signal.forget();
    if (failure !== undefined) setTimeout(() => process.exit(EXIT.usage), END_WITHIN_MS).unref();
    await agent.stop().catch((error: unknown) => {
      if (failure === undefined) throw error;
      log.error({ err: error }, 'not everything could be closed');
    });
    fault.forget();
  }
}

async function agentOptions(context: Context, kernel: Kernel): Promise<AgentOptions> {
  const { flags, io } = context;
  const { parseListenAddress } = await import('../../agent/endpoint.ts');
  const { systemClock } = await import('../../kube/clock.ts');
  const { pino, destination } = await import('pino');
  const listenText = flags.text('listen');
  const listen = listenText === undefined ? undefined : parseListenAddress(listenText);
  if (listenText !== undefined && listen === undefined) {
    throw new UsageError(`--listen "${listenText}" is neither HOST:PORT nor unix:PATH`);
  }
  const level = flags.on('quiet') ? 'warn' : flags.on('verbose') ? 'debug' : 'info';
  const lines = destination({ dest: 2, sync: true });
  // Enforcement does not end because nobody reads the log, or because a disk is full.
  lines.on('error', () => undefined);
  const log = pino({ level, base: { name: 'portcullis-agent' } }, lines);
  const flowLog = await openFlowLog(flags.text('flow-log') ?? '-', io.stdout as Writable, (message) =>
    log.warn(message),
  );
  const paths = flags.list('filename');
  return {
    node: nodeName(context),
    kernel,
    clock: systemClock,
    log,
    source: await sourceOf(context, paths),
    denial: flags.text('denial') === 'reject' ? 'reject' : 'drop',
    audit: flags.on('audit'),
    strict: flags.text('start-mode') === 'strict',
    skipInvalid: flags.on('skip-invalid'),
    podRange: AddressSet.unionOf(podCidrs(context).map((cidr) => AddressSet.ofCidr(cidr))),
    ...(flowLog === undefined
      ? {}
      : {
          flowLog: {
            write: flowLog,
            group: logGroup(context),
            ratePerSecond: numberOf(context, 'flow-log-rate', DEFAULT_RATE, 1, 100_000),
            burst: 2 * numberOf(context, 'flow-log-rate', DEFAULT_RATE, 1, 100_000),
          },
        }),
    ...(listen === undefined ? {} : { listen }),
    adoptMs: 1000 * numberOf(context, 'adopt', 1, 0, 3600),
    version: packageVersion(),
  };
}

/** An empty one would be that of no pod: nothing would be enforced. */
function nodeName({ flags, io }: Context): string {
  const given = flags.text('node');
  if (given === '') throw new UsageError('--node is empty: it must be what pods have in spec.nodeName');
  return given ?? (io.env['NODE_NAME'] || hostname());
}

async function sourceOf(context: Context, paths: readonly string[]): Promise<AgentOptions['source']> {
  if (paths.length === 0) {
    const { watchCluster } = await import('../../kube/watch/watch-cluster.ts');
    const connection = await agentConnection(context);
    return ({ onRestart }) => watchCluster(connection, { onRestart });
  }
  refuseCluster(context, '-f names files: leave one out');
  const { isStdin } = await import('../../kube/files.ts');
  const { REST_MS, watchFiles } = await import('../../kube/index.ts');
  if (paths.some(isStdin)) throw new UsageError('standard input cannot be watched: name files or directories with -f');
  const namespace = context.flags.text('namespace');
  return ({ onRead }) =>
    watchFiles(paths, { onRead, restMs: REST_MS, ...(namespace === undefined ? {} : { defaultNamespace: namespace }) });
}

/** A pod is its service account, whatever kubeconfig there may be; else it is as for every other command. */
async function agentConnection(context: Context): Promise<Connection> {
  const options = connectOptions(context);
  const { env } = context.io;
  const { connect, connectInCluster } = await import('../../kube/connect/connect.ts');
  const named = options.kubeconfig !== undefined || options.context !== undefined;
  return !named && env['KUBERNETES_SERVICE_HOST'] !== undefined ? connectInCluster({ env }) : connect(options);
}

function logGroup(context: Context): number {
  const group = numberOf(context, 'nflog-group', DEFAULT_GROUP, 0, 65_535);
  if (group !== CLAIM_GROUP) return group;
  throw new UsageError(`--nflog-group ${group} is the one by which agents know of each other: choose another`);
}

function numberOf({ flags }: Context, name: string, initial: number, least: number, most: number): number {
  const text = flags.text(name);
  if (text === undefined) return initial;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(`--${name} "${text}" is not a whole number from ${least} to ${most}`);
}

/** Writes lines and never waits: the agent does not stop for a reader. Answers whether a line was taken. */
async function openFlowLog(
  name: string,
  stdout: Writable,
  warn: (message: string) => void,
): Promise<((line: string) => boolean) | undefined> {
  if (name === 'none') return undefined;
  if (name !== '-') {
    const { FlowFile } = await import('../../agent/flow-file.ts');
    const { systemClock } = await import('../../kube/clock.ts');
    try {
      const file = new FlowFile(name, systemClock, warn);
      return (line) => file.write(line);
    } catch (error) {
      throw new UsageError(`--flow-log "${name}" cannot be written: ${(error as Error).message}`);
    }
  }
  let lost = 0;
  let broken = false;
  stdout.on('error', (error: Error) => {
    if (!broken) warn(`the flow log cannot be written: ${error.message}`);
    broken = true;
  });
  return (line) => {
    if (broken) return false;
    if (stdout.writableLength > MOST_WAITING) {
      if (lost++ === 0) warn('the flow log is read too slowly: denials are lost');
      return false;
    }
    if (lost > 0) warn(`${lost} denials were lost from the flow log`);
    lost = 0;
    stdout.write(line);
    return true;
  };
}

/** What is waited for, until it is forgotten. */
interface Expected<T> {
  readonly came: Promise<T>;
  readonly forget: () => void;
}

/** Waits for what nobody has caught; it is of no use any more to go on then. */
function untilFault(): Expected<{ readonly error: unknown }> {
  let forget = (): void => undefined;
  const came = new Promise<{ readonly error: unknown }>((resolve) => {
    const onFault = (error: unknown): void => resolve({ error });
    forget = () => process.off('uncaughtException', onFault);
    process.on('uncaughtException', onFault);
  });
  return { came, forget };
}

/** Waits for the signal to end; keeps the process until it came or is forgotten. */
function untilSignal(): Expected<undefined> {
  let forget = (): void => undefined;
  const came = new Promise<undefined>((resolve) => {
    // Timers of the parts do not keep the process alive.
    const alive = setInterval(() => undefined, 1 << 30);
    forget = () => {
      for (const name of SIGNALS) process.off(name, forget);
      clearInterval(alive);
      resolve(undefined);
    };
    for (const name of SIGNALS) process.on(name, forget);
  });
  return { came, forget };
}
