import type { Server as TlsServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import type { Analyst, AnalystOptions } from './analyst/question.ts';
import { ThreadAnalyst } from './analyst/thread.ts';
import type { FlowFeed } from './flows/flow-feed.ts';
import { createApp } from './http/app.ts';
import { EventStreams } from './http/event-stream.ts';
import { Guard, SECURITY_HEADERS } from './http/guard.ts';
import { type Listening, type ListenOptions, listen } from './http/listen.ts';
import { problemResponse } from './http/problem.ts';
import { StaticFiles } from './http/static-files.ts';
import { WorldStatus } from './http/world-status.ts';
import { type Example, readExamples } from './input/examples.ts';
import type { LiveInput } from './input/live-input.ts';
import type { Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { type TlsContent, type TlsPaths, TlsReloader } from './tls-files.ts';

/** Streams of events that are open at once. */
const MOST_STREAMS = 64;

/** What is served and how. */
export interface ServeOptions extends Omit<ListenOptions, 'tls'> {
  readonly tls?: TlsContent;
  /** Where it comes from: it is read again when these change. */
  readonly tlsPaths?: TlsPaths;
  readonly version: string;
  readonly input: LiveInput;
  readonly world: AnalystOptions;
  readonly flows?: FlowFeed;
  /** The page's built files; the folder need not exist. */
  readonly page: string;
  /** Folder of the examples; need not exist. */
  readonly examples: string;
  /** Names besides `localhost` and addresses under which the server may be asked for. */
  readonly allowedHosts: readonly string[];
  /** What clients must know; absent: nothing. */
  readonly token?: string;
  readonly log: Log;
  readonly verbose: boolean;
  /** For tests: instead of a thread. */
  readonly analyst?: Analyst;
  readonly metrics?: Metrics;
}

/** The page and the API, listening. */
export interface ServedPage {
  readonly port: number;
  /** Where a browser finds the page, without a token. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves the page and the API. Rejects with {@link ListenError} where the port cannot be had. */
export async function servePage(options: ServeOptions): Promise<ServedPage> {
  const { version, input, world, flows, log, verbose, token, tls, host, metrics = new Metrics() } = options;
  const analyst =
    options.analyst ??
    new ThreadAnalyst(world, (error) => {
      log.error(`a question failed: ${error instanceof Error ? error.message : String(error)}`, {
        stack: error instanceof Error ? error.stack : undefined,
      });
    });
  const status = new WorldStatus(input, analyst);
  const streams = new EventStreams(MOST_STREAMS);
  metrics.gauge('portcullis_event_streams', 'Open event streams.', () => streams.size);
  metrics.gauge('portcullis_input_version', 'Changes of the input so far.', () => input.state.version);
  metrics.gauge('portcullis_input_synced', 'Whether the input has been read.', () => Number(input.state.synced));
  let examples: readonly Example[] | undefined;
  const app = createApp({
    version,
    input,
    options: world,
    analyst,
    status,
    ...(flows === undefined ? {} : { flows }),
    examples: () => {
      examples ??= readExamples(options.examples);
      return examples;
    },
    files: new StaticFiles(options.page),
    guard: new Guard({
      hosts: options.allowedHosts,
      tls: tls !== undefined,
      ...(token === undefined ? {} : { token }),
    }),
    streams,
    metrics,
    log,
    verbose,
  });
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // What is no request that the application could be asked: an impossible host, for example.
    errorHandler: () => {
      const problem = { status: 400, title: 'malformed request', detail: 'this is no request' } as const;
      return problemResponse(problem, { ...SECURITY_HEADERS, connection: 'close' });
    },
  });
  let listening: Listening;
  try {
    listening = await listen((request, response) => void listener(request, response), options);
  } catch (error) {
    status.close();
    await analyst.close();
    throw error;
  }
  const { port, server } = listening;
  const reloader =
    tls !== undefined && options.tlsPaths !== undefined && 'setSecureContext' in server
      ? new TlsReloader(server as TlsServer, options.tlsPaths, tls, log)
      : undefined;
  return {
    port,
    url: `${tls === undefined ? 'http' : 'https'}://${urlHost(host)}:${port}/`,
    stop: async () => {
      reloader?.close();
      status.close();
      streams.stop();
      await listening.stop();
      await analyst.close();
    },
  };
}

/** How a browser on this machine names what listens on a host. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
