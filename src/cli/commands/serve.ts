import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { STDIN } from '../../kube/files.ts';
import { ClusterError, type Connection, connect, type ObjectSink, watchCluster, watchFiles } from '../../kube/index.ts';
import { knownResources } from '../../kube/live/resources.ts';
import { renderDiagnostics } from '../../report/diagnostics.ts';
import {
  ClusterTexts,
  ExportError,
  type ExportedWorld,
  exportPage,
  FlowFeed,
  fanOut,
  followLogs,
  isFlowUrl,
  ListenError,
  LiveInput,
  type Log,
  Metrics,
  servePage,
  TextWatcher,
} from '../../server/index.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../errors.ts';
import { connectOptions } from '../live.ts';
import { refuseCluster } from '../load.ts';
import { packageVersion } from '../package-version.ts';
import { commandLog } from '../serve-log.ts';
import { accessOf, analystOptions, portNumber } from '../serve-options.ts';
import { checkNoWebhook, type Part, startWebhook } from '../serve-webhook.ts';

const DEFAULT_PORT = 8088;
const LOOPBACK = '127.0.0.1';
/** The package's folder, at the same distance from the source and the built file. */
const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));
const EXAMPLES = path.join(PACKAGE, 'examples');
const PAGE = path.join(PACKAGE, 'dist/web');

/** `portcullis serve`: runs until it is told to stop. */
export async function run(context: Context): Promise<number> {
  const target = context.flags.text('export');
  const parts: Part[] = [];
  try {
    if (target !== undefined) await writeExport(context, parts, target);
    else await serve(context, parts);
    return EXIT.ok;
  } finally {
    for (const part of parts.reverse()) await part.close();
  }
}

async function serve(context: Context, parts: Part[]): Promise<void> {
  const { flags, out } = context;
  const log = commandLog(context);
  const host = flags.text('host') ?? LOOPBACK;
  const port = portNumber('port', flags.text('port'), DEFAULT_PORT);
  const access = accessOf(context, host, log);
  const world = await analystOptions(context);
  if (!flags.on('webhook')) checkNoWebhook(context);
  const metrics = new Metrics();
  const stop = new StopSignals();
  parts.push(stop);
  const { input, follow } = await startInput(context, parts, log, world.defaultNamespace);
  const flows = await startFlows(context, parts);
  const page = await servePage({
    host,
    port,
    ...access,
    version: packageVersion(),
    input,
    world,
    ...(flows === undefined ? {} : { flows }),
    page: PAGE,
    examples: EXAMPLES,
    allowedHosts: [...flags.list('allowed-host'), host],
    log,
    metrics,
    verbose: flags.on('verbose'),
  }).catch((error: unknown) => {
    throw error instanceof ListenError ? portTaken(error, port) : error;
  });
  parts.push({ close: () => page.stop() });
  if (flags.on('webhook')) {
    const webhookPort = await startWebhook(context, parts, { world, log, metrics, follow });
    log.info(`the admission webhook listens on port ${webhookPort}`, { port: webhookPort });
  }
  await out.write(`${page.url}\n`);
  await out.flush();
  input.subscribe(({ files }) => log.info(`the input has changed: ${files.length} files`));
  if (flags.on('open')) openBrowser(page.url, (text) => log.warn(text));
  await stop.received;
}

/** Where the world comes from: what the page shows, and who else can be told of it. */
interface WorldSource {
  readonly input: LiveInput;
  readonly follow: (sink: ObjectSink) => Promise<void>;
}

/** The files that `-f` names, watched; else the live cluster, where there is one; else an empty world. */
async function startInput(context: Context, parts: Part[], log: Log, namespace: string): Promise<WorldSource> {
  const { flags } = context;
  const paths = flags.list('filename');
  if (flags.on('empty')) {
    if (paths.length > 0) throw new UsageError('--empty begins without input: leave -f out');
    return nothing('--empty has none');
  }
  if (paths.length > 0) {
    refuseCluster(context, '-f names files: leave one out');
    return { input: await watchTexts(context, parts, paths), follow: fileFollower(parts, paths, namespace) };
  }
  const connection = connectionOf(context, log);
  if (connection === undefined) return nothing('name its manifests with -f, or a cluster with --kubeconfig');
  parts.push({ close: () => connection.close() });
  log.info(`watching ${connection.name}, ${connection.server}`);
  return followCluster(connection, parts, flags.on('webhook'));
}

/** @param later whether the cluster is followed only once somebody else wants to be told of it too */
async function followCluster(connection: Connection, parts: Part[], later: boolean): Promise<WorldSource> {
  const input = new LiveInput('cluster');
  const texts = new ClusterTexts(input);
  parts.push(texts);
  const source = watchCluster(connection, { resources: knownResources() });
  parts.push(source);
  if (!later) await source.start(texts);
  return { input, follow: (sink) => source.start(fanOut([texts, sink])) };
}

function nothing(remedy: string): WorldSource {
  return {
    input: new LiveInput('empty'),
    follow: async () => {
      throw new UsageError(`--webhook judges changes against a cluster: ${remedy}`);
    },
  };
}

/** A connection to the cluster of the command line, or of the environment; undefined where neither names one. */
function connectionOf(context: Context, log: Log): Connection | undefined {
  const options = connectOptions(context);
  try {
    return connect(options);
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    if (options.kubeconfig !== undefined || options.context !== undefined || context.flags.on('webhook')) {
      throw new UsageError(error.message, error.hints);
    }
    log.info(`beginning without input: ${error.message}`);
    return undefined;
  }
}

function fileFollower(parts: Part[], paths: readonly string[], defaultNamespace: string): WorldSource['follow'] {
  return async (sink) => {
    if (paths.includes(STDIN)) {
      throw new UsageError('--webhook cannot judge against standard input: name files with -f');
    }
    const source = watchFiles(paths, { defaultNamespace });
    parts.push(source);
    await source.start(sink);
  };
}

async function watchTexts(
  { flags, io, err, errStyle }: Context,
  parts: Part[],
  paths: readonly string[],
): Promise<LiveInput> {
  const input = new LiveInput('files');
  const watcher = new TextWatcher(input, paths, io.stdin);
  parts.push(watcher);
  await watcher.start();
  const { problems, files } = input.state;
  for (const text of renderDiagnostics(problems, { style: errStyle, all: flags.on('verbose') })) err.now(text);
  if (files.length === 0 && problems.length > 0) throw new UsageError('nothing could be read');
  return input;
}

/** The flow logs that `--flows` names, being followed as one. */
async function startFlows({ flags }: Context, parts: Part[]): Promise<FlowFeed | undefined> {
  const logs = flags.list('flows');
  if (logs.length === 0) return undefined;
  const wrong = logs.find((log) => isFlowUrl(log) && !URL.canParse(log));
  if (wrong !== undefined) throw new UsageError(`--flows "${wrong}" is not an address`);
  const feed = new FlowFeed();
  parts.push(await followLogs(logs, feed));
  return feed;
}

function portTaken(error: ListenError, port: number): UsageError {
  const hints = error.code === 'EADDRINUSE' ? [`--port ${port + 1} for another, --port 0 for any that is free`] : [];
  if (error.code === 'EACCES') hints.push('ports below 1024 are for root: --port 8088');
  return new UsageError(error.message, hints);
}

async function writeExport(context: Context, parts: Part[], target: string): Promise<void> {
  const { out, err, flags } = context;
  const isGiven = (name: string): boolean =>
    flags.text(name) !== undefined || flags.on(name) || flags.list(name).length > 0;
  const only = ['flows', 'kubeconfig', 'context', 'webhook'].find(isGiven);
  if (only !== undefined) throw new UsageError(`--export writes what -f names: leave --${only} out`);
  try {
    const world = await exportedWorld(context, parts);
    const files = exportPage({ page: PAGE, target, ...(world === undefined ? {} : { world }) });
    if (!flags.on('quiet')) err.add(`${files} files written: serve ${target} with any web server\n`);
    await out.write(`${target}\n`);
  } catch (error) {
    if (error instanceof ExportError) throw new UsageError(error.message);
    throw error;
  }
}

/** The texts that `-f` names, all of them; undefined without `-f`. */
async function exportedWorld(context: Context, parts: Part[]): Promise<ExportedWorld | undefined> {
  const paths = context.flags.list('filename');
  if (paths.length === 0) return undefined;
  const options = await analystOptions(context);
  const { state } = await watchTexts(context, parts, paths);
  if (state.problems.some(({ severity }) => severity === 'error')) {
    throw new UsageError('nothing is written: an export without these files would show another world');
  }
  const title = paths.map((name) => (name === STDIN ? STDIN : path.basename(path.resolve(name)))).join(', ');
  return { ...options, title, files: state.files.map(({ name, text }) => ({ name, text })) };
}

/** SIGINT and SIGTERM: the first asks to stop, a second one ends the process at once. */
class StopSignals {
  readonly received: Promise<void>;
  readonly #off: () => void;

  constructor() {
    let resolve: () => void = () => undefined;
    this.received = new Promise((done) => {
      resolve = done;
    });
    let asked = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(signal === 'SIGINT' ? 130 : 143);
      asked = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    this.#off = () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    };
  }

  close(): void {
    this.#off();
  }
}

/** Asks the desktop for a browser. Where there is none, the address is printed anyway. */
function openBrowser(url: string, warn: (text: string) => void): void {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url];
  const child = spawn(program as string, args, { stdio: 'ignore', detached: true });
  child.on('error', () => warn(`no browser could be opened: ${program} is not there`));
  child.unref();
}
