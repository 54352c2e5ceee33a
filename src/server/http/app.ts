import { OpenAPIHono, type RouteConfig, type RouteHandler } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { compress } from 'hono/compress';
import { HTTPException } from 'hono/http-exception';
import { findingsData } from '../../report/findings.ts';
import type { Analyst, AnalystOptions, Question } from '../analyst/question.ts';
import type { FlowFeed } from '../flows/flow-feed.ts';
import type { Example } from '../input/examples.ts';
import type { LiveInput } from '../input/live-input.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { EventStreams } from './event-stream.ts';
import { type Guard, SECURITY_HEADERS, WRONG_TOKEN } from './guard.ts';
import { ProblemError, problemResponse } from './problem.ts';
import * as routes from './routes.ts';
import type { StaticFiles } from './static-files.ts';
import { flowStream, worldStream } from './streams.ts';
import type { WorldStatus } from './world-status.ts';

/** Bytes of a request body: a diff carries a whole world. */
const LARGEST_BODY = 32 * 1024 * 1024;
/** Mistakes of a request that are told. */
const MOST_ISSUES = 20;
const API_VERSION = 'portcullis.dev/v1';
const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** What the API needs. */
export interface AppParts {
  readonly version: string;
  readonly input: LiveInput;
  readonly options: AnalystOptions;
  readonly analyst: Analyst;
  readonly status: WorldStatus;
  /** Absent when there is no flow log. */
  readonly flows?: FlowFeed;
  readonly examples: () => readonly Example[];
  readonly files: StaticFiles;
  readonly guard: Guard;
  readonly streams: EventStreams;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Whether each request is logged. */
  readonly verbose: boolean;
}

type App = OpenAPIHono;

/** The API and the page as one application. */
export function createApp(parts: AppParts): App {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = result.error.issues.slice(0, MOST_ISSUES).map(({ path, message }) => {
        return { path: path.join('.'), message };
      });
      const detail = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
      throw new ProblemError({ status: 400, title: 'malformed request', detail, errors });
    },
  });
  addGuards(app, parts);
  addInput(app, parts);
  addQuestions(app, parts);
  addOperation(app, parts);
  addErrors(app, parts);
  return app;
}

/** What of the API anybody may ask: nothing in it tells of the cluster. */
const PUBLIC = new Set(['/api/session', '/server.json', '/healthz', '/readyz']);

function addGuards(app: App, { guard, metrics, log, verbose }: AppParts): void {
  app.use(async (c, next) => {
    const started = performance.now();
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value);
    const milliseconds = performance.now() - started;
    metrics.request(c.req.method, routeOf(c), c.res.status, milliseconds / 1000);
    if (verbose) {
      const { status } = c.res;
      log.info(`${c.req.method} ${c.req.path} ${status}`, { status, milliseconds: Math.round(milliseconds) });
    }
  });
  app.use(async (c, next) => {
    const { headers } = c.req.raw;
    const foreign = guard.refuseForeign(headers, c.req.method);
    if (foreign !== undefined) return problemResponse(foreign, { connection: 'close' });
    const isApi = c.req.path.startsWith('/api/') || c.req.path === '/metrics';
    const unknown = isApi && !PUBLIC.has(c.req.path) ? guard.refuseUnknown(headers) : undefined;
    if (unknown !== undefined) return problemResponse(unknown, { 'www-authenticate': 'Bearer' });
    return next();
  });
  app.use(limitBody);
  app.use('/api/*', async (c, next) => {
    const type = c.req.header('content-type') ?? '';
    if (c.req.method === 'POST' && !/^application\/json *(?:;|$)/i.test(type)) {
      const detail = `the body must be application/json, not ${type === '' ? 'of no type' : JSON.stringify(type)}`;
      return problemResponse({ status: 415, title: 'not JSON', detail }, { connection: 'close' });
    }
    return next();
  });
  app.use('/api/*', compress());
}

/** Reads the body, as far as it may go, before anybody asks for it: length is checked where it is told and where not. */
const limitBody: MiddlewareHandler = async (c, next) => {
  const { method, raw } = c.req;
  if (method === 'GET' || method === 'HEAD') return next();
  const tooLarge = (): Response => {
    const detail = `a body may have ${LARGEST_BODY / 1024 / 1024} MiB`;
    return problemResponse({ status: 413, title: 'body too large', detail }, { connection: 'close' });
  };
  if (Number(c.req.header('content-length') ?? 0) > LARGEST_BODY) return tooLarge();
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of raw.body ?? []) {
      size += piece.length;
      if (size > LARGEST_BODY) return tooLarge();
      pieces.push(piece);
    }
  } catch {
    throw new ProblemError({ status: 400, title: 'malformed request', detail: 'the request broke off' });
  }
  Object.assign(c.req.bodyCache, { text: Promise.resolve(Buffer.concat(pieces).toString('utf8')) });
  return next();
};

function routeOf(c: Context): string {
  const { path } = c.req;
  if (path.startsWith('/api/examples/')) return '/api/examples/{name}';
  return ROUTES.some((route) => route.path === path) ? path : 'other';
}

const ROUTES: readonly RouteConfig[] = Object.values(routes);

/** Registers a route with its handler, which answers a response that the contract test compares with the document. */
function handle<R extends RouteConfig>(
  app: App,
  route: R,
  handler: (c: Parameters<RouteHandler<R>>[0]) => Response | Promise<Response>,
): void {
  app.openapi(route, handler as unknown as RouteHandler<R>);
}

function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(value), { headers: { ...JSON_HEADERS, ...headers } });
}

function addInput(app: App, parts: AppParts): void {
  const { input, options, status, flows, streams } = parts;
  handle(app, routes.worldRoute, async (c) => {
    const { text = true } = c.req.valid('query');
    const { version, digest, synced, files, problems } = input.state;
    const told = status.of(version);
    const etag = `"${digest}-${version}-${text ? 1 : 0}-${told === undefined ? 0 : 1}"`;
    const headers = { etag, 'cache-control': 'no-cache' };
    if (c.req.header('if-none-match') === etag) return new Response(null, { status: 304, headers });
    const world = {
      apiVersion: API_VERSION,
      kind: 'World',
      version,
      digest,
      mode: input.mode,
      synced,
      ...options,
      flows: flows !== undefined,
      files: text ? files : files.map((file) => ({ name: file.name, digest: file.digest })),
      ...(told === undefined ? {} : { summary: told.summary }),
      problems: [...findingsData(problems, true), ...(told?.problems ?? [])],
    };
    return json(world, headers);
  });
  handle(app, routes.fileRoute, (c) => {
    const { name } = c.req.valid('query');
    const file = input.state.files.find((one) => one.name === name);
    if (file === undefined) throw notFound(`the input has no file ${JSON.stringify(name)}`);
    return json(file);
  });
  handle(app, routes.eventsRoute, (c) => opened(c, worldStream(streams, input, status)));
  handle(app, routes.examplesRoute, () => {
    const examples = parts.examples().map(({ name, title, description, files }) => {
      return { name, title, description, files: files.length };
    });
    return json({ apiVersion: API_VERSION, kind: 'Examples', examples });
  });
  const exampleOf = (name: string): Response => {
    const found = parts.examples().find((one) => one.name === name);
    if (found === undefined) throw notFound(`there is no example ${JSON.stringify(name)}`);
    return json({ apiVersion: API_VERSION, kind: 'Example', name, files: found.files });
  };
  handle(app, routes.exampleRoute, (c) => exampleOf(c.req.valid('param').name));
  app.get('/api/examples/:first/:rest{.+}', (c) => exampleOf(`${c.req.param('first')}/${c.req.param('rest')}`));
  handle(app, routes.flowsRoute, (c) => {
    if (flows === undefined) throw notFound('the server has no flow log; --flows names one');
    return opened(c, flowStream(streams, flows));
  });
}

/** An event stream, or why there is none. A HEAD request gets no stream that nobody would read. */
function opened(c: Context, open: () => Response | undefined): Response {
  if (c.req.method === 'HEAD') return new Response(null, { headers: { 'content-type': 'text/event-stream' } });
  const response = open();
  if (response !== undefined) return response;
  throw new ProblemError({ status: 503, title: 'too many clients', detail: 'too many event streams are open' });
}

function addQuestions(app: App, { analyst, flows, input }: AppParts): void {
  const ask = async (question: Question): Promise<Response> => {
    // What is not read yet must not look like a cluster without policies.
    if (!input.state.synced) {
      throw new ProblemError({ status: 503, title: 'not ready', detail: 'the input has not been read yet' });
    }
    const answer = await analyst.ask(question);
    if ('refusal' in answer) throw new ProblemError(answer.refusal);
    return new Response(answer.body, { headers: JSON_HEADERS });
  };
  handle(app, routes.reachRoute, (c) => {
    const { namespace: namespaces, ...query } = c.req.valid('query');
    return ask({ op: 'reach', namespaces, ...query });
  });
  handle(app, routes.canRoute, (c) => ask({ op: 'can', ...c.req.valid('query') }));
  handle(app, routes.exposureRoute, (c) => {
    const { namespace: namespaces, ...query } = c.req.valid('query');
    return ask({ op: 'exposure', namespaces, ...query });
  });
  handle(app, routes.lintRoute, (c) => ask({ op: 'lint', ...c.req.valid('query') }));
  handle(app, routes.validateRoute, () => ask({ op: 'validate' }));
  handle(app, routes.diffRoute, (c) => ask({ op: 'diff', ...c.req.valid('json') }));
  handle(app, routes.testRoute, (c) => ask({ op: 'test', ...c.req.valid('json') }));
  handle(app, routes.adviseRoute, (c) => {
    const { source = 'flows', flows: sent, ...rest } = c.req.valid('json');
    if (source === 'services') return ask({ op: 'advise', ...rest });
    if (sent !== undefined) return ask({ op: 'advise', ...rest, flows: { name: 'flows', text: sent } });
    if (flows === undefined) {
      throw new ProblemError({
        status: 400,
        title: 'no flow log',
        detail: 'send `flows`, or `"source": "services"`: the server has no flow log of its own',
      });
    }
    const text = flows
      .recent()
      .map((line) => line.text)
      .join('\n');
    return ask({ op: 'advise', ...rest, flows: { name: 'flows', text } });
  });
}

function addOperation(app: App, parts: AppParts): void {
  const { guard, input, version, metrics } = parts;
  handle(app, routes.startSessionRoute, (c) => {
    if (!guard.needsToken) throw notFound('this server wants no token');
    if (!guard.isToken(c.req.valid('json').token)) {
      throw new ProblemError(WRONG_TOKEN);
    }
    return new Response(null, { status: 204, headers: { 'set-cookie': guard.startSession() } });
  });
  handle(app, routes.endSessionRoute, (c) => {
    return new Response(null, { status: 204, headers: { 'set-cookie': guard.endSession(c.req.raw.headers) } });
  });
  let document: string | undefined;
  handle(app, routes.documentRoute, () => {
    document ??= JSON.stringify(openApiDocument(app, version));
    return new Response(document, { headers: { ...JSON_HEADERS, 'cache-control': 'no-cache' } });
  });
  handle(app, routes.serverRoute, () => json({ server: true, version }));
  handle(app, routes.healthRoute, () => json({ status: 'ok' }));
  handle(app, routes.readyRoute, () => {
    if (input.state.synced) return json({ status: 'ok' });
    return new Response(JSON.stringify({ status: 'starting' }), { status: 503, headers: JSON_HEADERS });
  });
  handle(app, routes.metricsRoute, async () => {
    return new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } });
  });
}

/** The OpenAPI 3.1 document of the API. */
export function openApiDocument(app: App, version: string): ReturnType<App['getOpenAPI31Document']> {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Portcullis',
      version,
      description: 'Questions about the network policies that `portcullis serve` was given.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
  });
}

function addErrors(app: App, { files, log }: AppParts): void {
  app.notFound(async (c) => {
    const { method, path } = c.req;
    const allowed = ROUTES.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
    const isRead = method === 'GET' || method === 'HEAD';
    const file = isRead ? await files.respond(path, c.req.raw.headers) : undefined;
    if (file !== undefined) return file;
    if (allowed.length > 0 || (!isRead && files.has(path))) {
      const methods = allowed.length > 0 ? allowed : ['GET'];
      const detail = `${method} is not a method of ${path}: ${methods.join(', ')}`;
      return problemResponse(
        { status: 405, title: 'method not allowed', detail },
        { allow: methods.includes('GET') ? [...methods, 'HEAD'].join(', ') : methods.join(', '), connection: 'close' },
      );
    }
    const detail =
      path === '/' && files.isEmpty
        ? 'this build has no page; the API is described at /api/openapi.json'
        : 'there is nothing here; the API is described at /api/openapi.json';
    return problemResponse({ status: 404, title: 'not found', detail });
  });
  app.onError((error, c) => {
    if (error instanceof ProblemError) return problemResponse(error.problem);
    if (error instanceof HTTPException && error.status < 500) {
      return problemResponse({ status: 400, title: 'malformed request', detail: error.message });
    }
    // The client learns that it failed, the log why.
    log.error(`${c.req.method} ${c.req.path} failed: ${error.message}`, { stack: error.stack });
    return problemResponse({ status: 500, title: 'internal error', detail: 'this is a bug; the log has more' });
  });
}

function notFound(detail: string): ProblemError {
  return new ProblemError({ status: 404, title: 'not found', detail });
}
