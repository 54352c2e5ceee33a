import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, isIP } from 'node:net';
import { dirname } from 'node:path';
import type { AgentMetrics } from './metrics.ts';

/** What the agent says of itself as JSON on `/statusz`. Fields may be added, none renamed. */
export interface AgentStatus {
  readonly node: string;
  /** The kernel holds the current state. */
  readonly ready: boolean;
  /** Digest of the files whose state the kernel enforces; absent when the cluster is read from the API. */
  readonly digest?: string;
  /** Why not ready, in words. */
  readonly reason?: string;
  readonly audit: boolean;
  readonly strict: boolean;
  readonly pods: { readonly local: number; readonly isolated: number; readonly known: number };
  readonly policies: number;
  /** Errors of the input that keep something out of force, and the first few of them with their places. */
  readonly problems: { readonly number: number; readonly first: readonly string[] };
  readonly version: string;
  readonly pid: number;
}

/** Where to listen. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * Reads `HOST:PORT`, `[ADDRESS]:PORT`, `:PORT` (all addresses) or `unix:PATH`; undefined when it is none of them. Brackets
 * may stand around an address of either family, so that manifests need not know which one their nodes have.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text.startsWith('unix:')) return text.length > 5 ? { path: text.slice(5) } : undefined;
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  const host = match[1] ?? match[2] ?? '';
  if (port > 65_535 || (match[1] !== undefined && isIP(match[1]) === 0)) return undefined;
  return { host: host === '' ? '::' : host, port };
}

/** What an endpoint answers from. */
export interface EndpointContext {
  readonly status: () => AgentStatus;
  /** Why the process should be restarted; undefined when it is well. */
  readonly unhealthy: () => string | undefined;
  readonly metrics: AgentMetrics;
  /** Called before metrics are read. */
  readonly refresh: () => Promise<void>;
}

/** The agent's HTTP server: `/healthz`, `/readyz`, `/metrics`, `/statusz`; nothing else, and GET only. */
export class Endpoint {
  readonly #server: Server;
  readonly #address: ListenAddress;

  private constructor(server: Server, address: ListenAddress) {
    this.#server = server;
    this.#address = address;
  }

  /** Rejects when the address cannot be had. A socket file that no process listens on is replaced. */
  static async open(address: ListenAddress, context: EndpointContext): Promise<Endpoint> {
    const server = createServer(
      { requestTimeout: 10_000, headersTimeout: 5000, maxHeaderSize: 8192 },
      (request, response) => {
        answer(request, response, context).catch((error: unknown) => {
          if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
          response.end(`${error instanceof Error ? error.message : String(error)}\n`);
        });
      },
    );
    server.maxConnections = 64;
    if ('path' in address) {
      // The system would say that it is forbidden.
      const folder = dirname(address.path);
      if (!existsSync(folder)) throw new Error(`there is no directory ${folder} for ${address.path}`);
      await removeStaleSocket(address.path);
    }
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, () => {
        server.off('error', reject);
        // A connection that could not be accepted is one that asks again.
        server.on('error', () => undefined);
        resolve();
      });
    });
    return new Endpoint(server, address);
  }

  /** `http://HOST:PORT`, or `unix:PATH`. */
  get url(): string {
    if ('path' in this.#address) return `unix:${this.#address.path}`;
    const bound = this.#server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : this.#address.port;
    const { host } = this.#address;
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Anything else of that name stays, and listening fails. */
async function removeStaleSocket(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  if (code === 'ECONNREFUSED') unlinkSync(path);
}

async function answer(request: IncomingMessage, response: ServerResponse, context: EndpointContext): Promise<void> {
  const send = (code: number, body: string, type = 'text/plain; charset=utf-8'): void => {
    response.writeHead(code, {
      'content-type': type,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    send(405, 'only GET\n');
    return;
  }
  switch (request.url?.split('?')[0]) {
    case '/healthz': {
      const reason = context.unhealthy();
      send(reason === undefined ? 200 : 500, `${reason ?? 'ok'}\n`);
      break;
    }
    case '/readyz': {
      const { ready, reason } = context.status();
      send(ready ? 200 : 503, `${ready ? 'ok' : (reason ?? 'not ready')}\n`);
      break;
    }
    case '/metrics':
      await context.refresh();
      send(200, await context.metrics.registry.metrics(), context.metrics.registry.contentType);
      break;
    case '/statusz':
      send(200, `${JSON.stringify(context.status())}\n`, 'application/json');
      break;
    default:
      send(404, 'there are /healthz, /readyz, /metrics and /statusz\n');
  }
}
