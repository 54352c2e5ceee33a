import { X509Certificate } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ClusterError, networkError } from './cluster-error.ts';
import { bareHost, effectivePort, TunnelAgent } from './proxy.ts';
import type { Target, TlsIdentity } from './target.ts';

/** A server that says nothing for this long is given up, in milliseconds. */
const SILENCE_MS = 60_000;
const KEEP_ALIVE_MS = 15_000;
const USER_AGENT = 'portcullis';

/** An answer whose body is still to be read; reading to the end, or destroying it, frees the connection. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readable;
}

/** How one request is made. */
export interface RequestSettings {
  readonly signal?: AbortSignal;
  /** Longest time without a byte, in milliseconds. */
  readonly silenceMs?: number;
  /** Whether the server may compress; not for what is read while it comes. */
  readonly compressed?: boolean;
}

/** A way to ask one API server. */
export interface Connection {
  /** For messages: `context "kind"`. */
  readonly name: string;
  readonly server: string;
  /** Of the context. */
  readonly namespace: string;
  /**
   * `GET`s a path with query. Answers of any status are answers; a 401 is tried once more with credentials that are read
   * anew. Rejects with {@link ClusterError} when there is none.
   */
  get(path: string, settings?: RequestSettings): Promise<ApiResponse>;
  /** Closes what is open and idle. */
  close(): void;
}

/** Connects to a server when first asked. */
export function connectionTo(target: Target): Connection {
  return new HttpConnection(target);
}

class HttpConnection implements Connection {
  readonly name: string;
  readonly server: string;
  readonly namespace: string;
  readonly #target: Target;
  #agent: { readonly key: string; readonly made: Promise<HttpAgent> } | undefined;
  /** Agents of earlier credentials whose requests may be under way. */
  readonly #retired = new Set<HttpAgent>();

  constructor(target: Target) {
    this.#target = target;
    this.name = target.name;
    this.server = target.server.origin + target.server.pathname.replace(/\/$/, '');
    this.namespace = target.namespace;
  }

  async get(path: string, settings: RequestSettings = {}): Promise<ApiResponse> {
    const first = await this.#send(path, settings, false);
    if (first.status !== 401) return first;
    first.body.destroy();
    const second = await this.#send(path, settings, true);
    const { tls } = second;
    const expired = second.status === 401 && tls.cert !== undefined ? expiry(tls.cert) : undefined;
    if (expired === undefined) return second;
    second.body.destroy();
    throw new ClusterError('unauthorized', `the client certificate of ${this.name} expired on ${expired}`);
  }

  close(): void {
    const { made } = this.#agent ?? {};
    // An agent that could not be made has nothing to close; whoever asked for it was told.
    made?.then((agent) => agent.destroy()).catch(() => undefined);
    this.#agent = undefined;
    for (const agent of this.#retired) agent.destroy();
    this.#retired.clear();
  }

  async #send(
    path: string,
    settings: RequestSettings,
    rejected: boolean,
  ): Promise<ApiResponse & { readonly tls: TlsIdentity }> {
    const { server, credentials } = this.#target;
    const { headers, tls } = await credentials.call(this.#target, rejected);
    const { signal, silenceMs = SILENCE_MS, compressed = true } = settings;
    if (signal?.aborted === true) throw new ClusterError('aborted', 'stopped');
    const options: RequestOptions = {
      host: bareHost(server),
      port: effectivePort(server),
      path: server.pathname.replace(/\/$/, '') + path,
      method: 'GET',
      agent: await this.#agentFor(tls),
      headers: {
        host: server.host,
        accept: 'application/json',
        'user-agent': USER_AGENT,
        ...(compressed ? { 'accept-encoding': 'gzip' } : {}),
        ...headers,
      },
      ...(signal === undefined ? {} : { signal }),
    };
    const response = await this.#exchangeAgain(options, silenceMs, tls).catch((error: unknown) => {
      if (signal?.aborted === true) throw new ClusterError('aborted', 'stopped', [], error);
      throw networkError(this.server, error);
    });
    return { ...response, tls };
  }

  /** Kept connections that the server has just closed are passed over: the last one is new. */
  async #exchangeAgain(options: RequestOptions, silenceMs: number, tls: TlsIdentity): Promise<ApiResponse> {
    for (;;) {
      try {
        return await this.#exchange(options, silenceMs, tls);
      } catch (error) {
        if (!(error instanceof StaleConnectionError)) throw error;
      }
    }
  }

  #exchange(options: RequestOptions, silenceMs: number, tls: TlsIdentity): Promise<ApiResponse> {
    return new Promise((resolve, reject) => {
      const request = (this.#target.server.protocol === 'https:' ? httpsRequest : httpRequest)(options);
      request.setTimeout(silenceMs, () => {
        request.destroy(Object.assign(new Error('it does not answer'), { code: 'ETIMEDOUT' }));
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(stale ? new StaleConnectionError(error) : explained(error, tls));
      });
      request.on('response', (message) => {
        const { statusCode: status = 0, headers } = message;
        const gzip = headers['content-encoding'] === 'gzip';
        const body = gzip ? message.pipe(createGunzip()) : message;
        if (gzip) message.on('error', (error) => (body as ReturnType<typeof createGunzip>).destroy(error));
        resolve({ status, headers, body });
      });
      request.end();
    });
  }

  async #agentFor(tls: TlsIdentity): Promise<HttpAgent> {
    const key = JSON.stringify([tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized].map(String));
    const before = this.#agent;
    if (before?.key === key) return before.made;
    const made = this.#newAgent(tls);
    this.#agent = { key, made };
    // Requests that are under way keep their connections; new ones are made with the new identity.
    if (before !== undefined) this.#retire(await before.made);
    return made;
  }

  #retire(agent: HttpAgent): void {
    agent.maxFreeSockets = 0;
    for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
    for (const earlier of this.#retired) if (Object.keys(earlier.sockets).length === 0) this.#retired.delete(earlier);
    this.#retired.add(agent);
  }

  async #newAgent(tls: TlsIdentity): Promise<HttpAgent> {
    const { server, proxy } = this.#target;
    const keep = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS };
    const host = bareHost(server);
    // Names are verified against the certificate; addresses are too, but are never told to the server.
    const servername = tls.servername ?? (isIP(host) === 0 ? host : '');
    const options = { ...keep, ...tls, servername };
    if (proxy === undefined)
      return server.protocol === 'http:' ? new HttpAgent(keep) : new HttpsAgent({ ...keep, ...tls });
    if (!proxy.protocol.startsWith('socks')) return new TunnelAgent(proxy, server, { ...options, host });
    const { KubeConfig } = await import('@kubernetes/client-node');
    const client = new KubeConfig();
    client.loadFromClusterAndUser(
      { name: 'cluster', server: server.href, skipTLSVerify: tls.rejectUnauthorized === false, proxyUrl: proxy.href },
      { name: 'user' },
    );
    const made: Record<string, unknown> = { ...options };
    await client.applyToHTTPSOptions(made as Parameters<typeof client.applyToHTTPSOptions>[0]);
    return made['agent'] as HttpAgent;
  }
}

/** The server closed a kept connection before it saw the request. */
class StaleConnectionError extends Error {
  readonly code = 'stale-connection';

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'StaleConnectionError';
  }
}

/** A server that refuses a client certificate seldom says why; the certificate itself often does. */
function explained(error: Error, { cert }: TlsIdentity): Error {
  const expired = cert === undefined ? undefined : expiry(cert);
  const { code = '' } = error as NodeJS.ErrnoException;
  if (expired === undefined || !/^ERR_SSL|ECONNRESET|EPIPE/.test(code)) return error;
  return new ClusterError('unauthorized', `the client certificate expired on ${expired}`, [], error);
}

/** When a certificate expired; undefined while it is good, or is none. */
function expiry(cert: string | Buffer): string | undefined {
  try {
    const { validTo } = new X509Certificate(cert);
    return Date.parse(validTo) < Date.now() ? new Date(validTo).toISOString().slice(0, 10) : undefined;
  } catch {
    return undefined;
  }
}
