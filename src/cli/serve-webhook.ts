import { statSync } from 'node:fs';
import path from 'node:path';
import { STDIN } from '../kube/files.ts';
import { type ObjectSink, SourceError } from '../kube/index.ts';
import {
  AdmissionOptionsError,
  type AnalystOptions,
  Judge,
  ListenError,
  LiveInput,
  type Log,
  type Metrics,
  serveWebhook,
  TextWatcher,
} from '../server/index.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import { portNumber, tlsContent } from './serve-options.ts';

const DEFAULT_PORT = 9443;
const DEFAULT_SECONDS = 3;
/** The API server waits 30 s at most. */
const MOST_SECONDS = 29;
/** IPv6 and IPv4. */
const EVERYWHERE = '::';

/** Flags that mean nothing without `--webhook`. */
const OWN_FLAGS = ['cert', 'key', 'client-ca', 'port', 'host', 'timeout'].map((name) => `webhook-${name}`);

/** Something that runs until the command ends. */
export interface Part {
  close(): Promise<void> | void;
}

/** What the webhook shares with the page. */
export interface WebhookParts {
  readonly world: AnalystOptions;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Tells a sink the state of the cluster from now on. */
  readonly follow: (sink: ObjectSink) => Promise<void>;
}

/** Throws {@link UsageError} where flags of the webhook are given without it. */
export function checkNoWebhook({ flags }: Context): void {
  const single = [...OWN_FLAGS, 'on-error'].find((name) => flags.text(name) !== undefined);
  const given = single ?? ['guardrails', 'deny-on'].find((name) => flags.list(name).length > 0);
  if (given !== undefined) throw new UsageError(`--${given} needs --webhook`);
}

/**
 * Starts the admission webhook; what runs for it is added to the parts. Answers its port. Throws {@link UsageError} for
 * wrong flags, files and ports.
 */
export async function startWebhook(
  context: Context,
  parts: Part[],
  { world, log, metrics, follow }: WebhookParts,
): Promise<number> {
  const { flags } = context;
  const [cert, key, clientCa] = [
    flags.text('webhook-cert'),
    flags.text('webhook-key'),
    flags.text('webhook-client-ca'),
  ];
  if (cert === undefined || key === undefined) {
    throw new UsageError('--webhook needs --webhook-cert and --webhook-key: API servers call webhooks over TLS only');
  }
  const tlsPaths = { cert, key, ...(clientCa === undefined ? {} : { clientCa }) };
  const tls = tlsContent(tlsPaths);
  const budget = secondsOf(flags.text('webhook-timeout')) * 1000;
  const guardrails = await watchGuardrails(context, parts);
  const files = guardrails.state.files.map(({ name, text }) => ({ name: shortName(name, context), text }));
  let judge: Judge;
  try {
    judge = new Judge({ world, guardrails: files, denyOn: flags.list('deny-on') }, log);
  } catch (error) {
    if (error instanceof AdmissionOptionsError) throw new UsageError(error.message);
    throw error;
  }
  parts.push(judge);
  guardrails.subscribe((state) => {
    for (const { message } of state.problems) log.warn(message);
    judge.setGuardrails(state.files.map(({ name, text }) => ({ name: shortName(name, context), text })));
  });
  const host = flags.text('webhook-host') ?? EVERYWHERE;
  const port = portNumber('webhook-port', flags.text('webhook-port'), DEFAULT_PORT);
  const onError = flags.text('on-error') === 'deny' ? 'deny' : 'allow';
  try {
    await follow(judge);
    const webhook = await serveWebhook({ host, port, tls, tlsPaths, judge, budget, onError, log, metrics });
    parts.push({ close: () => webhook.stop() });
    return webhook.port;
  } catch (error) {
    if (error instanceof ListenError) throw new UsageError(error.message, [`--webhook-port ${port + 1} for another`]);
    if (error instanceof SourceError) throw new UsageError(error.message);
    throw error;
  }
}

async function watchGuardrails({ flags, io }: Context, parts: Part[]): Promise<LiveInput> {
  const paths = flags.list('guardrails');
  const guardrails = new LiveInput('files');
  if (paths.length === 0) return guardrails;
  if (paths.includes(STDIN)) throw new UsageError('--guardrails are watched: name files, not standard input');
  const watcher = new TextWatcher(guardrails, paths, io.stdin);
  parts.push(watcher);
  await watcher.start();
  const [problem] = guardrails.state.problems;
  if (problem !== undefined) throw new UsageError(`--guardrails: ${problem.message}`);
  return guardrails;
}

/** A guardrail's file as messages name it: below the folder that was named, not where that is mounted. */
function shortName(name: string, { flags }: Context): string {
  for (const named of flags.list('guardrails')) {
    if (path.resolve(named) === path.resolve(name)) return path.basename(name);
    const below = path.relative(named, name);
    const isFolder = statSync(named, { throwIfNoEntry: false })?.isDirectory() === true;
    if (isFolder && !below.startsWith('..') && !path.isAbsolute(below)) return below;
  }
  return name;
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_SECONDS;
  const seconds = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || seconds <= 0 || seconds > MOST_SECONDS) {
    throw new UsageError(`--webhook-timeout "${text}" is not a number of seconds up to ${MOST_SECONDS}`);
  }
  return seconds;
}
