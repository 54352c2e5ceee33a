import { hostname } from 'node:os';
import type { Writable } from 'node:stream';
import type { AgentOptions } from '../../agent/agent.ts';
import type { Kernel } from '../../agent/kernel/kernel.ts';
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

/** `portcullis agent`. Runs until it is told to end (SIGTERM, SIGINT). */
export async function run(context: Context): Promise<number> {
  const { flags, err } = context;
  if (process.platform !== 'linux') throw new UsageError('the agent enforces with nftables, which only Linux has');
  const { LinuxKernel } = await import('../../agent/kernel/linux-kernel.ts');
  const { Agent, AgentError, cleanUp } = await import('../../agent/agent.ts');
  const { KernelError } = await import('../../agent/kernel/kernel.ts');
  const { ClusterError, SourceError } = await import('../../kube/index.ts');
  const kernel = new LinuxKernel();
  try {
    if (flags.on('cleanup')) {
      await cleanUp(kernel);
      err.add('portcullis: nothing is enforced on this node any more\n');
      return EXIT.ok;
    }
    const agent = new Agent(await agentOptions(context, kernel));
    const signal = untilSignal();
    try {
      // A start that waits for something ends at a signal too.
      await Promise.race([agent.start(), signal.came]);
      await signal.came;
    } finally {
      // Also when it could not start: what is open would keep the process.
      signal.forget();
      await agent.stop();
    }
    return EXIT.ok;
  } catch (error) {
    if (error instanceof AgentError) throw new UsageError('the agent cannot start', error.problems);
    if (error instanceof KernelError) throw new UsageError(`the kernel refused: ${error.message}`);
    if (error instanceof SourceError) throw new UsageError(error.message);
    if (error instanceof ClusterError) throw new UsageError(error.message, error.hints);
    throw error;
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
  const log = pino({ level, base: { name: 'portcullis-agent' } }, destination({ dest: 2, sync: true }));
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
    podRange: AddressSet.unionOf(podCidrs(context).map((cidr) => AddressSet.ofCidr(cidr))),
    ...(flowLog === undefined
      ? {}
      : {
          flowLog: {
            write: flowLog,
            group: numberOf(context, 'nflog-group', DEFAULT_GROUP, 0, 65_535),
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
  const { watchFiles } = await import('../../kube/index.ts');
  const namespace = context.flags.text('namespace');
  return ({ onRead }) =>
    watchFiles(paths, { onRead, ...(namespace === undefined ? {} : { defaultNamespace: namespace }) });
}

/** A pod is its service account, whatever kubeconfig there may be; else it is as for every other command. */
async function agentConnection(context: Context): Promise<Connection> {
  const options = connectOptions(context);
  const { env } = context.io;
  const { connect, connectInCluster } = await import('../../kube/connect/connect.ts');
  const named = options.kubeconfig !== undefined || options.context !== undefined;
  return !named && env['KUBERNETES_SERVICE_HOST'] !== undefined ? connectInCluster({ env }) : connect(options);
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

/** Waits for the signal to end; keeps the process until it came or is forgotten. */
function untilSignal(): { readonly came: Promise<void>; readonly forget: () => void } {
  let forget = (): void => undefined;
  const came = new Promise<void>((resolve) => {
    // Timers of the parts do not keep the process alive.
    const alive = setInterval(() => undefined, 1 << 30);
    forget = () => {
      process.off('SIGTERM', forget);
      process.off('SIGINT', forget);
      clearInterval(alive);
      resolve();
    };
    process.on('SIGTERM', forget);
    process.on('SIGINT', forget);
  });
  return { came, forget };
}
