import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { Counter, Histogram } from 'prom-client';
import { type Listening, listen } from '../http/listen.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { type TlsContent, type TlsPaths, TlsReloader } from '../tls-files.ts';
import type { Judge } from './judge.ts';
import { readReview, reviewResponse } from './review.ts';
import { denialMessage, fittingWarnings } from './verdict.ts';

/** Bytes of a review: two versions of an object of at most 1.5 MiB each, and what comes around them. */
const LARGEST_BODY = 8 * 1024 * 1024;
/** Where the API server sends reviews. */
export const WEBHOOK_PATH = '/validate';

/** How changes are answered. */
export interface WebhookOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsContent;
  readonly tlsPaths: TlsPaths;
  readonly judge: Judge;
  /** Milliseconds that a change may take. */
  readonly budget: number;
  /** What becomes of a change that could not be judged, or not within the budget. */
  readonly onError: 'allow' | 'deny';
  readonly log: Log;
  readonly metrics: Metrics;
  /** For tests. */
  readonly timeouts?: { readonly headers: number; readonly request: number };
}

/** A webhook that listens. */
export interface Webhook {
  readonly port: number;
  stop(): Promise<void>;
}

/** Serves the admission webhook. Rejects with `ListenError` where the port cannot be had. */
export async function serveWebhook(options: WebhookOptions): Promise<Webhook> {
  const { host, port, tls, tlsPaths, log, timeouts } = options;
  const listening: Listening = await listen(webhookListener(options), {
    host,
    port,
    tls,
    ...(timeouts === undefined ? {} : { timeouts }),
  });
  const reloader = new TlsReloader(listening.server as TlsServer, tlsPaths, tls, log);
  return {
    port: listening.port,
    stop: async () => {
      reloader.close();
      await listening.stop();
    },
  };
}

function webhookListener(options: WebhookOptions): RequestListener {
  const { judge, metrics, log } = options;
  const counts = webhookMetrics(metrics);
  metrics.gauge('portcullis_admission_ready', 'Whether the cluster is known.', () => Number(judge.ready));
  return (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    const answer = (status: number, body: string, type = 'text/plain'): void => send(response, status, body, type);
    if (path === WEBHOOK_PATH) {
      review(request, response, options, counts).catch((error: unknown) => {
        log.error(`a review failed: ${error instanceof Error ? error.message : String(error)}`);
        if (!response.headersSent) answer(500, 'internal error');
        else response.destroy();
      });
      return;
    }
    if (path !== '/healthz' && path !== '/readyz' && path !== '/metrics') answer(404, 'not found');
    else if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, 'method not allowed');
    else if (path === '/healthz') answer(200, 'ok');
    else if (path === '/readyz') answer(judge.ready ? 200 : 503, judge.ready ? 'ok' : 'the cluster is not known yet');
    else
      metrics.text().then(
        (text) => answer(200, text, metrics.contentType),
        () => answer(500, 'no metrics'),
      );
  };
}

interface Counts {
  readonly reviews: Counter<'operation' | 'outcome'>;
  readonly seconds: Histogram;
}

function webhookMetrics({ registry }: Metrics): Counts {
  const registers = [registry];
  return {
    reviews: new Counter({
      name: 'portcullis_admission_reviews_total',
      help: 'Changes by operation and outcome: allowed, denied, unjudged (not known, or not within the budget), malformed.',
      labelNames: ['operation', 'outcome'],
      registers,
    }),
    seconds: new Histogram({
      name: 'portcullis_admission_review_seconds',
      help: 'Time to judge a change.',
      buckets: [0.005, 0.02, 0.1, 0.5, 1, 2, 3, 5],
      registers,
    }),
  };
}

async function review(
  request: IncomingMessage,
  response: ServerResponse,
  { judge, budget, onError, log }: WebhookOptions,
  { reviews, seconds }: Counts,
): Promise<void> {
  const started = performance.now();
  const refuse = (status: number, reason: string): void => {
    reviews.inc({ operation: 'none', outcome: 'malformed' });
    send(response, status, reason, 'text/plain', { connection: 'close', ...(status === 405 ? { allow: 'POST' } : {}) });
  };
  if (request.method !== 'POST') return refuse(405, 'reviews are POSTed');
  if (!/^application\/json *(?:;|$)/i.test(request.headers['content-type'] ?? '')) {
    return refuse(415, 'reviews are application/json');
  }
  const body = await readBody(request);
  if (body === undefined) return refuse(413, `a review may have ${LARGEST_BODY / 1024 / 1024} MiB`);
  const read = readReview(body);
  if ('error' in read) return refuse(400, read.error);
  const { uid, what, operation, dryRun, change } = read;
  const reply = (denial: string | undefined, warnings: readonly string[], outcome: string): void => {
    reviews.inc({ operation, outcome });
    seconds.observe((performance.now() - started) / 1000);
    const fields = { uid, operation, dryRun, outcome, milliseconds: Math.round(performance.now() - started) };
    if (outcome !== 'allowed' || denial !== undefined) log.warn(`${operation} ${what}: ${denial ?? outcome}`, fields);
    else log.info(`${operation} ${what}: allowed`, fields);
    send(response, 200, JSON.stringify(reviewResponse(uid, denial, fittingWarnings(warnings))), 'application/json');
  };
  if (change === undefined) return reply(undefined, [], 'allowed');
  const { denials, warnings, decided, missing } = await judge.judge(change, budget);
  if (denials.length > 0) return reply(denialMessage(denials), warnings, 'denied');
  const partly = missing === undefined ? [] : [`portcullis did not look at everything: ${missing}`];
  if (decided) return reply(undefined, [...partly, ...warnings], 'allowed');
  const unjudged = `portcullis did not judge this change: ${missing ?? ''}`;
  if (onError === 'deny') return reply(unjudged, warnings, 'unjudged');
  return reply(undefined, [unjudged, ...warnings], 'unjudged');
}

/** Undefined when it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) return undefined;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > LARGEST_BODY) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(body);
}
