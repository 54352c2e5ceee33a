import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

/** Milliseconds in which a client must have sent its headers, and its whole request. */
const HEADERS_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 60_000;
const KEEP_ALIVE = 5_000;
const LARGEST_HEADERS = 16 * 1024;
const MOST_CONNECTIONS = 512;
/** Milliseconds that requests have to end when the server stops. */
const GRACE = 2_000;

/** Where to listen and how. */
export interface ListenOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Absent: without TLS. */
  readonly tls?: TlsServerOptions;
  /** For tests: shorter times for slow clients. */
  readonly timeouts?: { readonly headers: number; readonly request: number };
}

/** The port cannot be listened on. */
export class ListenError extends Error {
  /** As the system gives it: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, … */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ListenError';
    this.code = code;
  }
}

/** A server that listens. */
export interface Listening {
  readonly server: Server;
  readonly port: number;
  /** Takes no more connections, lets requests end for a moment, then cuts what is left. */
  stop(): Promise<void>;
}

/** Listens, with bounds that keep slow and greedy clients from holding the server. Rejects with {@link ListenError}. */
export async function listen(listener: RequestListener, options: ListenOptions): Promise<Listening> {
  const { host, port, tls, timeouts = { headers: HEADERS_TIMEOUT, request: REQUEST_TIMEOUT } } = options;
  const bounds = {
    headersTimeout: timeouts.headers,
    requestTimeout: timeouts.request,
    keepAliveTimeout: KEEP_ALIVE,
    connectionsCheckingInterval: Math.min(1000, timeouts.headers),
    maxHeaderSize: LARGEST_HEADERS,
  };
  const server: Server =
    tls === undefined ? createServer(bounds, listener) : createTlsServer({ ...bounds, ...tls }, listener);
  server.maxConnections = MOST_CONNECTIONS;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else socket.end(rawProblem(error.code));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen({ host, port }, resolve);
  });
  server.on('error', () => undefined);
  return { server, port: (server.address() as AddressInfo).port, stop: () => stop(server) };
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), GRACE);
  await closed;
  clearTimeout(timer);
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no host of that name',
};

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const code = error.code ?? 'other';
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new ListenError(code, `cannot listen on ${where}: ${REASONS[code] ?? error.message}`, { cause: error });
}

/** The answer to what is no request that could be handed on. */
function rawProblem(code: string | undefined): string {
  const [status, title, detail] =
    code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'headers too large', `headers may have ${LARGEST_HEADERS} bytes`]
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'too slow', 'the request did not arrive in time']
        : ['400 Bad Request', 'malformed request', 'this is no HTTP request'];
  const body = `${JSON.stringify({ type: 'about:blank', status: Number(status.slice(0, 3)), title, detail })}\n`;
  const head = ['content-type: application/problem+json', `content-length: ${Buffer.byteLength(body)}`];
  return [`HTTP/1.1 ${status}`, ...head, 'connection: close', '', body].join('\r\n');
}
