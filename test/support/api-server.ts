import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { compareCodePoints } from '../../src/model/text.ts';
import { Authority, type Certificate } from './pki.ts';

/** An object as in a manifest. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

type StoredObject = ApiObject & { readonly metadata: { readonly uid: string; readonly resourceVersion: string } };

/** A kind that the server knows. */
interface ApiResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** What a request that a {@link Fault} matches gets instead of its answer. */
export interface Fault {
  /** Matched against path and query. */
  readonly on: RegExp;
  /** How many requests it holds for; all when absent. */
  times?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** `disconnect` before any answer, `truncate` after half of it, `hang` without any. */
  readonly action?: 'disconnect' | 'truncate' | 'hang';
}

/** A watch that is open. */
interface Watch {
  readonly resource: ApiResource;
  readonly namespace: string | undefined;
  readonly selector: string | undefined;
  readonly bookmarks: boolean;
  readonly response: ServerResponse;
  /** Keys of the objects that the client knows, for selectors. */
  readonly known: Set<string>;
}

interface LogEntry {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: string;
  readonly object: StoredObject;
  readonly before: StoredObject | undefined;
}

/** How {@link ApiServer} is started. */
export interface ApiServerOptions {
  /** Plain HTTP. */
  readonly insecure?: boolean;
  /** The certificate of the server, when it is not to be the usual one. */
  readonly certificate?: Certificate;
  /** Address to listen on; 127.0.0.1. */
  readonly host?: string;
  /** Custom resources of policy.networking.k8s.io and gateway.networking.k8s.io. */
  readonly custom?: boolean;
  /** Watch events are written in pieces of so many bytes. */
  readonly pieces?: number;
}

let shared: { readonly authority: Authority; readonly certificate: Certificate } | undefined;

/** The authority of all test servers of this process, with the certificate that they use. */
export function sharedAuthority(): { readonly authority: Authority; readonly certificate: Certificate } {
  if (shared === undefined) {
    const authority = new Authority();
    shared = { authority, certificate: authority.server(['localhost', '127.0.0.1', '::1', 'api.test']) };
  }
  return shared;
}

function builtIn(
  group: string,
  version: string,
  kinds: Readonly<Record<string, string>>,
  namespaced = true,
): ApiResource[] {
  return Object.entries(kinds).map(([kind, plural]) => ({ group, version, plural, kind, namespaced }));
}

const GATEWAY = 'gateway.networking.k8s.io';
const POLICY = 'policy.networking.k8s.io';
const BUILT_IN: readonly ApiResource[] = [
  ...builtIn('', 'v1', { Namespace: 'namespaces', Node: 'nodes' }, false),
  ...builtIn('', 'v1', { Pod: 'pods', Service: 'services', ReplicationController: 'replicationcontrollers' }),
  ...builtIn('apps', 'v1', {
    Deployment: 'deployments',
    ReplicaSet: 'replicasets',
    StatefulSet: 'statefulsets',
    DaemonSet: 'daemonsets',
  }),
  ...builtIn('batch', 'v1', { Job: 'jobs', CronJob: 'cronjobs' }),
  ...builtIn('networking.k8s.io', 'v1', { NetworkPolicy: 'networkpolicies', Ingress: 'ingresses' }),
];
const CUSTOM: readonly ApiResource[] = [
  ...builtIn(POLICY, 'v1alpha2', { ClusterNetworkPolicy: 'clusternetworkpolicies' }, false),
  ...builtIn(
    POLICY,
    'v1alpha1',
    { AdminNetworkPolicy: 'adminnetworkpolicies', BaselineAdminNetworkPolicy: 'baselineadminnetworkpolicies' },
    false,
  ),
  ...builtIn(GATEWAY, 'v1', { Gateway: 'gateways', HTTPRoute: 'httproutes', GRPCRoute: 'grpcroutes' }),
  ...builtIn(GATEWAY, 'v1alpha3', { TLSRoute: 'tlsroutes' }),
  ...builtIn(GATEWAY, 'v1alpha2', { TCPRoute: 'tcproutes', UDPRoute: 'udproutes', TLSRoute: 'tlsroutes' }),
  ...builtIn(GATEWAY, 'v1beta1', { ReferenceGrant: 'referencegrants' }),
];

/**
 * An API server with objects in memory, over real HTTPS: lists with pages, watches with bookmarks, optimistic versions,
 * 401, 403, 410 and 429 as the real one answers them, and faults on demand. Listens on loopback only.
 */
export class ApiServer {
  /** Every request as `path?query`, in the order it came. */
  readonly requests: string[] = [];
  /** The headers that came with them. */
  readonly headers: IncomingMessage['headers'][] = [];
  /** Bearer tokens that are let in. */
  readonly tokens: Set<string> = new Set(['secret']);
  /** Faults in the order in which they are tried. */
  readonly faults: Fault[] = [];
  /** Called after every request was answered or its watch begun. */
  onRequest: (path: string) => void = () => undefined;
  /** Called after the connection of a watch was closed. */
  onWatchEnd: () => void = () => undefined;
  readonly #options: ApiServerOptions;
  readonly #server: Server;
  readonly #resources: readonly ApiResource[];
  readonly #objects = new Map<string, Map<string, StoredObject>>();
  readonly #watches = new Set<Watch>();
  readonly #sockets = new Set<Socket>();
  readonly #pages = new Map<string, { readonly rest: readonly StoredObject[]; readonly version: number }>();
  readonly #denied = new Map<string, 'anywhere' | 'cluster-wide'>();
  #log: LogEntry[] = [];
  #version = 100;
  #oldest = 100;
  #uid = 0;

  private constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#resources = options.custom === true ? [...BUILT_IN, ...CUSTOM] : BUILT_IN;
    const listener = (request: IncomingMessage, response: ServerResponse): void => this.#answer(request, response);
    if (options.insecure === true) this.#server = createServer(listener);
    else {
      const { authority, certificate } = sharedAuthority();
      const { cert, key } = options.certificate ?? certificate;
      this.#server = createTlsServer(
        { cert, key, ca: authority.cert, requestCert: true, rejectUnauthorized: false },
        listener,
      );
    }
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Starts a server on a free port. */
  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    const server = new ApiServer(options);
    await server.listen(0);
    return server;
  }

  /** Listens again after {@link stop}. */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, this.#options.host ?? '127.0.0.1', resolve);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    const host = this.#options.host ?? '127.0.0.1';
    return `${this.#options.insecure === true ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  /** Watches that are open, of one plural or of all. */
  watches(plural?: string): number {
    return [...this.#watches].filter(({ resource }) => plural === undefined || resource.plural === plural).length;
  }

  /** Stops listening and cuts every connection. The objects stay. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.disconnect();
    await closed;
  }

  /** Cuts every connection. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#watches.clear();
  }

  /** Creates or replaces an object, with a new version and, when it is new, a new uid. */
  set(object: ApiObject): void {
    const resource = this.#resourceOf(object);
    const objects = this.#of(resource.plural);
    const key = keyOf(object);
    const before = objects.get(key);
    const version = ++this.#version;
    const uid = before?.metadata.uid ?? `uid-${++this.#uid}`;
    const metadata = { ...object.metadata, uid, resourceVersion: String(version) };
    const stored: StoredObject = { ...object, metadata };
    objects.set(key, stored);
    this.#record({
      version,
      type: before === undefined ? 'ADDED' : 'MODIFIED',
      resource: resource.plural,
      object: stored,
      before,
    });
  }

  /** Creates many objects at once, without telling watches one by one. */
  load(objects: Iterable<ApiObject>): void {
    for (const object of objects) {
      const resource = this.#resourceOf(object);
      const version = ++this.#version;
      const metadata = { ...object.metadata, uid: `uid-${++this.#uid}`, resourceVersion: String(version) };
      this.#of(resource.plural).set(keyOf(object), { ...object, metadata });
    }
    this.#oldest = this.#version;
    this.#log = [];
  }

  delete(kind: string, namespace: string | undefined, name: string): void {
    const resource = this.#resources.find((one) => one.kind === kind);
    if (resource === undefined) throw new Error(`no kind ${kind}`);
    const objects = this.#of(resource.plural);
    const key = `${namespace ?? ''}/${name}`;
    const before = objects.get(key);
    if (before === undefined) throw new Error(`no ${kind} ${key}`);
    objects.delete(key);
    const version = ++this.#version;
    const object: StoredObject = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } };
    this.#record({ version, type: 'DELETED', resource: resource.plural, object, before });
  }

  /** RBAC that lacks a verb on a resource, or allows it by Roles of namespaces only. */
  deny(verb: 'get' | 'list' | 'watch', plural: string, where: 'anywhere' | 'cluster-wide' = 'anywhere'): void {
    this.#denied.set(`${verb} ${plural}`, where);
  }

  allow(verb: 'get' | 'list' | 'watch', plural: string): void {
    this.#denied.delete(`${verb} ${plural}`);
  }

  /** Forgets the past: pages and watches from before get 410. */
  expire(): void {
    this.#oldest = ++this.#version;
    this.#log = [];
  }

  /** Sends a bookmark to every watch that wants them. */
  bookmark(): void {
    for (const watch of this.#watches) {
      if (!watch.bookmarks) continue;
      const { kind, group, version } = watch.resource;
      const object = {
        kind,
        apiVersion: group === '' ? version : `${group}/${version}`,
        metadata: { resourceVersion: String(this.#version) },
      };
      this.#write(watch.response, { type: 'BOOKMARK', object });
    }
  }

  /** Sends something to every watch of a resource, as it is. */
  inject(plural: string, text: string): void {
    for (const { resource, response } of this.#watches) if (resource.plural === plural) response.write(text);
  }

  /** Ends watches in order, as the server does after their time. */
  endWatches(plural?: string): void {
    for (const watch of this.#watches) {
      if (plural !== undefined && watch.resource.plural !== plural) continue;
      watch.response.end();
      this.#watches.delete(watch);
    }
  }

  #resourceOf({ kind, apiVersion }: ApiObject): ApiResource {
    const found = this.#resources.find(
      (one) => one.kind === kind && (one.group === '' ? one.version : `${one.group}/${one.version}`) === apiVersion,
    );
    if (found === undefined) throw new Error(`the server has no ${apiVersion} ${kind}`);
    return found;
  }

  #of(plural: string): Map<string, StoredObject> {
    let objects = this.#objects.get(plural);
    if (objects === undefined) {
      objects = new Map();
      this.#objects.set(plural, objects);
    }
    return objects;
  }

  #record(entry: LogEntry): void {
    this.#log.push(entry);
    for (const watch of this.#watches) if (watch.resource.plural === entry.resource) this.#tell(watch, entry);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const target = request.url ?? '/';
    this.requests.push(target);
    this.headers.push(request.headers);
    try {
      this.#route(new Exchange(request, response), target);
    } finally {
      this.onRequest(target);
    }
  }

  #route(exchange: Exchange, target: string): void {
    const { request, response } = exchange;
    const fault = this.faults.find(({ on }) => on.test(target));
    if (fault !== undefined) {
      if (fault.times !== undefined && --fault.times === 0) this.faults.splice(this.faults.indexOf(fault), 1);
      if (fault.action === 'disconnect') {
        request.socket.destroy();
        return;
      }
      if (fault.action === 'hang') return;
      if (fault.action !== 'truncate') {
        const { status = 500, body } = fault;
        exchange.send(status, body ?? statusBody(status, 'Faulty', 'a fault of the test'), fault.headers);
        return;
      }
      response.write('{"kind":"List","items":[', () => request.socket.destroy());
      return;
    }
    const user = this.#user(request);
    if (user === undefined) {
      exchange.send(401, statusBody(401, 'Unauthorized', 'Unauthorized'));
      return;
    }
    const url = new URL(target, 'https://server');
    const [, single] = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(url.pathname) ?? [];
    if (single !== undefined) {
      this.#getNamespace(exchange, single, user);
      return;
    }
    const [, group = '', version = '', namespace, plural = ''] =
      /^\/(?:api|apis\/([^/]+))(?:\/([^/]+))?(?:\/namespaces\/([^/]+)(?=\/))?(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    const isCore = url.pathname.startsWith('/api/');
    const offered = this.#resources.filter((one) => one.group === group && (isCore || group !== ''));
    if (plural === '') {
      this.#discovery(exchange, group, version, offered);
      return;
    }
    const resource = offered.find((one) => one.version === version && one.plural === plural);
    if (resource === undefined) {
      exchange.send(404, NOT_FOUND);
      return;
    }
    const watching = url.searchParams.get('watch') === 'true' || url.searchParams.get('watch') === '1';
    const verb = watching ? 'watch' : 'list';
    const denied = this.#denied.get(`${verb} ${plural}`);
    if (denied === 'anywhere' || (denied !== undefined && namespace === undefined)) {
      const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
      const message = `${plural}${group === '' ? '' : `.${group}`} is forbidden: User "${user}" cannot ${verb} resource "${plural}" in API group "${group}" ${where}`;
      exchange.send(403, statusBody(403, 'Forbidden', message));
      return;
    }
    if (watching) this.#watch(exchange, resource, namespace, url.searchParams);
    else this.#list(exchange, resource, namespace, url.searchParams);
  }

  #getNamespace(exchange: Exchange, name: string, user: string): void {
    const message = `namespaces "${name}" is forbidden: User "${user}" cannot get resource "namespaces" in API group "" in the namespace "${name}"`;
    const found = this.#of('namespaces').get(`/${name}`);
    if (this.#denied.has('get namespaces')) exchange.send(403, statusBody(403, 'Forbidden', message));
    else if (found === undefined) exchange.send(404, NOT_FOUND);
    else exchange.send(200, found);
  }

  #user(request: IncomingMessage): string | undefined {
    const { authorization = '' } = request.headers;
    if (authorization.startsWith('Bearer ')) {
      return this.tokens.has(authorization.slice(7)) ? 'bearer' : undefined;
    }
    if (authorization.startsWith('Basic ')) {
      return Buffer.from(authorization.slice(6), 'base64').toString() === 'admin:password' ? 'admin' : undefined;
    }
    const socket = request.socket as TLSSocket;
    if (socket.authorized !== true) return undefined;
    const { subject } = socket.getPeerCertificate();
    return (subject as { readonly CN?: string } | undefined)?.CN;
  }

  #discovery(exchange: Exchange, group: string, version: string, offered: readonly ApiResource[]): void {
    const versions = [...new Set(offered.map((one) => one.version))];
    if (offered.length === 0 || (version !== '' && !versions.includes(version))) {
      exchange.send(404, NOT_FOUND);
      return;
    }
    if (version === '') {
      const listed = versions.map((one) => ({ groupVersion: `${group}/${one}`, version: one }));
      exchange.send(200, { kind: 'APIGroup', apiVersion: 'v1', name: group, versions: listed });
      return;
    }
    const resources = offered
      .filter((one) => one.version === version)
      .map(({ plural, kind, namespaced }) => ({ name: plural, kind, namespaced, verbs: ['list', 'watch'] }));
    exchange.send(200, { kind: 'APIResourceList', groupVersion: `${group}/${version}`, resources });
  }

  #list(exchange: Exchange, resource: ApiResource, namespace: string | undefined, query: URLSearchParams): void {
    const limit = Number(query.get('limit') ?? 0);
    const token = query.get('continue');
    let rest: readonly StoredObject[];
    let version = this.#version;
    if (token !== null) {
      const page = this.#pages.get(token);
      if (page === undefined || page.version < this.#oldest) {
        this.#expiredPage(exchange, token, resource);
        return;
      }
      rest = page.rest;
      version = page.version;
    } else {
      rest = this.#selected(resource, namespace, query.get('fieldSelector') ?? undefined);
    }
    const items = limit === 0 ? rest : rest.slice(0, limit);
    const left = rest.slice(items.length);
    const metadata: Record<string, unknown> = { resourceVersion: String(version) };
    if (left.length > 0) {
      const next = `${this.#pages.size + 1}:${items.map(keyOf).at(-1)}`;
      this.#pages.set(next, { rest: left, version });
      metadata['continue'] = next;
      metadata['remainingItemCount'] = left.length;
    }
    const { group, version: apiVersion, kind } = resource;
    const bare = items.map(({ apiVersion: _a, kind: _k, ...item }) => item);
    exchange.send(200, {
      kind: `${kind}List`,
      apiVersion: group === '' ? apiVersion : `${group}/${apiVersion}`,
      metadata,
      items: bare,
    });
  }

  /** As the real one: with a token that goes on from the last key, with what is there now. */
  #expiredPage(exchange: Exchange, token: string, resource: ApiResource): void {
    const last = token.replace(/^\d+:/, '');
    const rest = this.#selected(resource, undefined, undefined).filter(
      (object) => compareCodePoints(keyOf(object), last) > 0,
    );
    const next = `${this.#pages.size + 1}:${last}`;
    this.#pages.set(next, { rest, version: this.#version });
    const message = 'The provided continue parameter is too old to display a consistent list result.';
    exchange.send(410, { ...statusBody(410, 'Expired', message), metadata: { continue: next } });
  }

  #selected(resource: ApiResource, namespace: string | undefined, selector: string | undefined): StoredObject[] {
    return [...this.#of(resource.plural)]
      .filter(([, object]) => namespace === undefined || object.metadata.namespace === namespace)
      .filter(([, object]) => selects(selector, object))
      .sort(([a], [b]) => compareCodePoints(a, b))
      .map(([, object]) => object);
  }

  #watch(exchange: Exchange, resource: ApiResource, namespace: string | undefined, query: URLSearchParams): void {
    const { request, response } = exchange;
    const since = Number(query.get('resourceVersion') ?? 0);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (since < this.#oldest) {
      const status = statusBody(410, 'Expired', `too old resource version: ${since} (${this.#oldest})`);
      this.#write(response, { type: 'ERROR', object: status });
      response.end();
      return;
    }
    const selector = query.get('fieldSelector') ?? undefined;
    const watch: Watch = {
      resource,
      namespace,
      selector,
      bookmarks: query.get('allowWatchBookmarks') === 'true',
      response,
      known: new Set(),
    };
    // What the client knows: everything that matched at its version.
    for (const [key, object] of this.#of(resource.plural)) {
      const entry = this.#log.find(
        (one) => one.version > since && one.resource === resource.plural && keyOf(one.object) === key,
      );
      const then = entry === undefined ? object : entry.before;
      if (then !== undefined && selects(selector, then)) watch.known.add(key);
    }
    for (const entry of this.#log) {
      if (
        entry.version > since &&
        entry.resource === resource.plural &&
        entry.type === 'DELETED' &&
        entry.before !== undefined
      ) {
        if (selects(selector, entry.before)) watch.known.add(keyOf(entry.object));
      }
    }
    for (const entry of this.#log) {
      if (entry.version > since && entry.resource === resource.plural) this.#tell(watch, entry);
    }
    this.#watches.add(watch);
    request.socket.on('close', () => {
      this.#watches.delete(watch);
      this.onWatchEnd();
    });
  }

  #tell(watch: Watch, { type, object }: LogEntry): void {
    const key = keyOf(object);
    if (watch.namespace !== undefined && object.metadata.namespace !== watch.namespace) return;
    const matches = type !== 'DELETED' && selects(watch.selector, object);
    const known = watch.known.has(key);
    if (!matches && !known) return;
    if (matches) watch.known.add(key);
    else watch.known.delete(key);
    const told = !matches ? 'DELETED' : known ? 'MODIFIED' : 'ADDED';
    this.#write(watch.response, { type: told, object });
  }

  #write(response: ServerResponse, event: unknown): void {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    const size = this.#options.pieces ?? line.length;
    for (let at = 0; at < line.length; at += size) response.write(line.subarray(at, at + size));
  }
}

/** One request and its answer. */
class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
  }

  /** Answers with JSON, or with plain text; large answers are compressed as the real server does. */
  send(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    const content = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const gzip = content.length > 128 * 1024 && this.request.headers['accept-encoding'] === 'gzip';
    const type = typeof body === 'string' ? 'text/plain' : 'application/json';
    this.response.writeHead(status, {
      'content-type': type,
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
      ...headers,
    });
    this.response.end(gzip ? gzipSync(content, { level: 1 }) : content);
  }
}

function keyOf({ metadata }: ApiObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** `status.phase!=Failed,spec.nodeName=a`. */
function selects(selector: string | undefined, object: ApiObject): boolean {
  return (selector ?? '').split(',').every((term) => {
    const [, path = '', operator = '', value = ''] = /^([^!=]+)(!=|==?)(.*)$/.exec(term) ?? [];
    if (path === '') return true;
    let found: unknown = object;
    for (const step of path.split('.')) found = (found as Readonly<Record<string, unknown>> | undefined)?.[step];
    return (String(found ?? '') === value) === (operator !== '!=');
  });
}

function statusBody(code: number, reason: string, message: string): Readonly<Record<string, unknown>> {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

const NOT_FOUND = statusBody(404, 'NotFound', 'the server could not find the requested resource');
