import { text } from 'node:stream/consumers';
import { type Clock, systemClock } from '../clock.ts';
import { ClusterError, type ClusterErrorCode, networkError } from '../connect/cluster-error.ts';
import type { Connection, RequestSettings } from '../connect/connection.ts';

/** How hard to try, and how long to wait between. */
export interface PatienceOptions {
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** How often a request is sent at most when the server is throttled or in trouble. */
  readonly attempts?: number;
}

const ATTEMPTS = 5;
/** First pause after trouble, doubled each time; milliseconds. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const TROUBLE = new Set([429, 500, 502, 503, 504]);

/** The connection ended before the answer did; the last is that of a compressed answer. */
const CUT = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'Z_BUF_ERROR']);

/** What the API server says instead of what was asked for. */
export interface Status {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  /** With 410 on a page of a list: goes on from there, with newer objects. */
  readonly continue?: string;
  readonly retryAfterMs?: number;
}

/** The server answered something else than 200. */
export class StatusError extends ClusterError {
  readonly status: Status;

  constructor(code: ClusterErrorCode, message: string, status: Status, hints: readonly string[] = []) {
    super(code, message, hints);
    this.name = 'StatusError';
    this.status = status;
  }
}

/**
 * The JSON that a path answers with. Throttling, trouble of the server and connections that are cut are waited out a few
 * times. Rejects with {@link ClusterError}, for answers with {@link StatusError}.
 */
export async function getJson(
  connection: Connection,
  path: string,
  { clock = systemClock, signal, attempts = ATTEMPTS }: PatienceOptions = {},
): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(connection, path, signal === undefined ? {} : { signal });
    } catch (error) {
      const pause = pauseAfter(error, attempt);
      if (pause === undefined || attempt >= attempts) throw error;
      await wait(pause, clock, signal);
    }
  }
}

async function once(connection: Connection, path: string, settings: RequestSettings): Promise<unknown> {
  const { status, headers, body } = await connection.get(path, settings);
  const content = await text(body).catch((error: unknown) => {
    if (settings.signal?.aborted === true) throw new ClusterError('aborted', 'stopped', [], error);
    throw networkError(connection.server, error);
  });
  const value = parse(content);
  if (status !== 200) throw statusError(connection, path, statusOf(status, headers, value ?? content));
  if (value !== undefined) return value;
  const type = headers['content-type'] ?? 'nothing';
  const message = `${connection.server} answers ${path} with ${type}, not with JSON: is it an API server?`;
  throw new ClusterError('server', message);
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

/** Milliseconds until it makes sense to ask again; undefined when it makes none. */
function pauseAfter(error: unknown, attempt: number): number | undefined {
  const doubled = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  if (error instanceof StatusError) {
    return TROUBLE.has(error.status.code) ? (error.status.retryAfterMs ?? doubled) : undefined;
  }
  const cause = error instanceof ClusterError ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return CUT.has(cause?.code ?? '') ? doubled : undefined;
}

/** Waits. Rejects with {@link ClusterError} `aborted` when the signal comes first. */
export function wait(milliseconds: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      cancel();
      reject(new ClusterError('aborted', 'stopped'));
    };
    const cancel = clock.after(milliseconds, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

/** What the server says, from the body of an answer or from an event of a watch. */
export function statusOf(
  code: number,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: unknown,
): Status {
  const fields = isFields(body) ? body : {};
  const metadata = isFields(fields['metadata']) ? fields['metadata'] : {};
  const details = isFields(fields['details']) ? fields['details'] : {};
  const seconds = Number(headers['retry-after'] ?? details['retryAfterSeconds'] ?? Number.NaN);
  const next = metadata['continue'];
  const message = typeof fields['message'] === 'string' ? fields['message'] : firstLine(body);
  return {
    code: typeof fields['code'] === 'number' ? fields['code'] : code,
    reason: typeof fields['reason'] === 'string' ? fields['reason'] : '',
    message,
    ...(typeof next === 'string' && next !== '' ? { continue: next } : {}),
    ...(Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}),
  };
}

function firstLine(body: unknown): string {
  return typeof body === 'string' ? (body.trim().split('\n', 1)[0]?.slice(0, 200) ?? '') : '';
}

/** The error that an answer other than 200 is. */
export function statusError(connection: Connection, path: string, status: Status): StatusError {
  const { code, message } = status;
  switch (code) {
    case 401:
      return new StatusError(
        'unauthorized',
        `${connection.server} does not accept the credentials of ${connection.name}`,
        status,
        ['a token or client certificate may have expired: sign in again'],
      );
    case 403:
      return new StatusError('forbidden', `${connection.name} is not allowed to: ${message}`, status);
    case 404:
      return new StatusError('not-found', `${connection.server} has no ${path.replace(/\?.*/, '')}`, status);
    case 410:
      return new StatusError('expired', message, status);
    case 429:
      return new StatusError('throttled', `${connection.server} has too much to do: ${message}`, status);
    default: {
      const said = message === '' ? '' : `: ${message}`;
      return new StatusError(
        'server',
        `${connection.server} answers ${code} to ${path.replace(/\?.*/, '')}${said}`,
        status,
      );
    }
  }
}

/** Whether a value is a JSON object. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
