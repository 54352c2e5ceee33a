import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { FlowFeed, LiveInput } from '../../src/server/index.ts';
import { SHOP, WRONG } from '../cli/run-main.ts';
import { ask, type Reply, startServer, type TestServer, textsIn } from '../support/server.ts';

interface Schema {
  readonly [key: string]: unknown;
}
interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Schema };
}

const TOKEN = 'a-token-of-the-contract-test';
const SPEC = `apiVersion: portcullis.dev/v1
kind: PolicyTest
assertions:
  - { from: shop/web, to: shop/cart, port: 7070, expect: allowed }
  - { from: shop/web, to: shop/cart, port: 8080, expect: allowed }
`;
const FLOW =
  '{"source":{"namespace":"shop","pod":"web"},"destination":{"namespace":"shop","pod":"cart"},"protocol":"TCP","port":7070}';

const OPEN_CART = SHOP['cart.yaml'].replace('port: 7070', 'port: 8080');
const POST = { method: 'POST', headers: { 'content-type': 'application/json' } };
const json = (body: unknown) => ({ ...POST, body: JSON.stringify(body) });

/** Which server is asked: one with a flow log, one that wants a token, one whose input is wrong, one that is not ready. */
type Which = 'open' | 'token' | 'wrong' | 'starting' | 'full';
type Case = [status: number, target: string, which: Which, request?: NonNullable<Parameters<typeof ask>[1]>];

const FOREIGN = { headers: { origin: 'http://elsewhere.example' } };
const REBOUND = { headers: { host: 'elsewhere.example' } };

/** `METHOD path?query`, and what comes of it. */
const CASES: readonly Case[] = [
  [200, 'GET /api/world', 'open'],
  [200, 'GET /api/world?text=false', 'open'],
  [200, 'GET /api/world', 'wrong'],
  [200, 'GET /api/world', 'starting'],
  [400, 'GET /api/world?text=perhaps', 'open'],
  [200, 'GET /api/file?name=pods.yaml', 'open'],
  [400, 'GET /api/file', 'open'],
  [404, 'GET /api/file?name=../../etc/passwd', 'open'],
  [200, 'GET /api/examples', 'open'],
  [200, 'GET /api/examples/shop', 'open'],
  [200, 'GET /api/examples/recipes%2F01-deny-all-traffic-to-an-application', 'open'],
  [404, 'GET /api/examples/nope', 'open'],
  [200, 'GET /api/reach', 'open'],
  [200, 'GET /api/reach?grouped=true&by=pod&namespace=shop,other&selector=app%3Dcart&external=false', 'open'],
  [200, 'GET /api/reach?skipInvalid=true', 'wrong'],
  [400, 'GET /api/reach?port=0', 'open'],
  [400, 'GET /api/reach?frm=shop/web', 'open'],
  [400, 'GET /api/reach?selector=a%3D%3D%3Db', 'open'],
  [404, 'GET /api/reach?from=shop/wbe', 'open'],
  [422, 'GET /api/reach', 'wrong'],
  [503, 'GET /api/reach', 'starting'],
  [503, 'POST /api/test', 'starting', json({ files: [] })],
  [200, 'GET /api/can?from=shop/web&to=shop/cart&port=7070&explain=true', 'open'],
  [200, 'GET /api/can?from=shop/web&to=shop/cart&port=8080&explain=true', 'open'],
  [200, 'GET /api/can?from=shop/web&to=shop/cart', 'open'],
  [200, 'GET /api/can?from=internet&to=shop/cart&port=1-100/UDP', 'open'],
  [400, 'GET /api/can?from=shop/web', 'open'],
  [404, 'GET /api/can?from=shop/web&to=shop/crat', 'open'],
  [422, 'GET /api/can?from=shop/web&to=shop/cart', 'wrong'],
  [200, 'GET /api/exposure', 'open'],
  [200, 'GET /api/exposure?direction=ingress&externalOnly=true&by=pod', 'open'],
  [400, 'GET /api/exposure?direction=up', 'open'],
  [422, 'GET /api/exposure', 'wrong'],
  [200, 'GET /api/lint', 'open'],
  [200, 'GET /api/lint', 'wrong'],
  [400, 'GET /api/lint?select=no-such-rule', 'open'],
  [200, 'GET /api/validate', 'open'],
  [200, 'GET /api/validate', 'wrong'],
  [200, 'POST /api/diff', 'open', json({ files: [{ name: 'cart.yaml', text: OPEN_CART }], overlay: true })],
  [200, 'POST /api/diff', 'open', json({ files: [], overlay: true, remove: ['cart.yaml'] })],
  [400, 'POST /api/diff', 'open', { ...POST, body: '{"files": [' }],
  [400, 'POST /api/diff', 'open', json({ files: [{ name: 'a.yaml' }] })],
  [400, 'POST /api/diff', 'open', json({ files: [], overlaid: true })],
  [404, 'POST /api/diff', 'open', json({ files: [], overlay: true, from: 'shop/nobody' })],
  [415, 'POST /api/diff', 'open', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{"files":[]}' }],
  [422, 'POST /api/diff', 'open', json({ files: [{ name: 'wrong.yaml', text: WRONG }] })],
  [200, 'POST /api/test', 'open', json({ files: [{ name: 'spec.yaml', text: SPEC }] })],
  [400, 'POST /api/test', 'open', json([])],
  [415, 'POST /api/test', 'open', { method: 'POST', body: '{}' }],
  [422, 'POST /api/test', 'open', json({ files: [{ name: 'spec.yaml', text: 'kind: PolicyTest\nassertions: 3\n' }] })],
  [200, 'POST /api/advise', 'open', json({ flows: FLOW, namespaces: ['shop'] })],
  [200, 'POST /api/advise', 'open', json({})],
  [200, 'POST /api/advise', 'open', json({ source: 'services' })],
  [400, 'POST /api/advise', 'token', { ...json({}), headers: { ...POST.headers, authorization: `Bearer ${TOKEN}` } }],
  [415, 'POST /api/advise', 'open', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'from,to' }],
  [422, 'POST /api/advise', 'open', json({ flows: 'from,to\n' })],
  [404, 'GET /api/flows', 'wrong'],
  [404, 'POST /api/session', 'open', json({ token: TOKEN })],
  [204, 'POST /api/session', 'token', json({ token: TOKEN })],
  [400, 'POST /api/session', 'token', json({ token: 3 })],
  [401, 'POST /api/session', 'token', json({ token: 'another-token-than-that' })],
  [415, 'POST /api/session', 'token', { method: 'POST', body: 'token' }],
  [204, 'DELETE /api/session', 'token'],
  [200, 'GET /api/openapi.json', 'open'],
  [200, 'GET /server.json', 'token'],
  [200, 'GET /healthz', 'token'],
  [200, 'GET /readyz', 'token'],
  [503, 'GET /readyz', 'starting'],
  [200, 'GET /metrics', 'open'],
];

/** Statuses that cannot be asked for here; each has a test of its own. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['503', 'answers that take too long: test/server/thread.test.ts'],
  ['413', 'bodies of 100 MB: test/server/hostile.test.ts'],
  ['304', 'asked for below'],
]);

let servers: Record<Which, TestServer>;
let document: Document;
const seen = new Map<string, Set<string>>();

/** A schema in which every object has only the fields that are documented: what is answered beyond is found. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, closed(inner)]));
  const isObject = copy['type'] === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return isObject ? { ...copy, additionalProperties: false } : copy;
}

const validators = new Map<string, ValidateFunction>();

function validatorOf(schema: Schema): ValidateFunction {
  const key = JSON.stringify(schema);
  let validate = validators.get(key);
  if (validate === undefined) {
    // `$ref`s of the document point at its components; allOf of a closed and an extended object would contradict itself.
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    const components = flattened(document.components.schemas);
    validate = ajv.compile({
      ...(closed(inlined(schema, components)) as object),
      components: { schemas: closed(components) },
    });
    validators.set(key, validate);
  }
  return validate;
}

/** `allOf: [{ $ref }, { properties }]`, as extended objects are written, as one object. */
function flattened(schemas: Schema): Schema {
  const merge = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(merge);
    if (typeof value !== 'object' || value === null) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, merge(inner)]));
    const parts = copy['allOf'];
    if (!Array.isArray(parts)) return copy;
    const objects = parts.map((part: Schema) =>
      typeof part['$ref'] === 'string' ? (merge(schemas[part['$ref'].split('/').pop() as string]) as Schema) : part,
    );
    const properties = Object.assign({}, ...objects.map((part: Schema) => part['properties'] ?? {})) as object;
    const required = [...new Set(objects.flatMap((part: Schema) => (part['required'] as string[] | undefined) ?? []))];
    return { type: 'object', properties, required };
  };
  return merge(schemas) as Schema;
}

function inlined(schema: Schema, components: Schema): unknown {
  return 'allOf' in schema ? flattened({ ...components, it: schema })['it'] : schema;
}

/** The operation of a request, by method and path with templates. */
function operationOf(
  method: string,
  path: string,
): { readonly operation: Operation; readonly template: string } | undefined {
  for (const [template, operations] of Object.entries(document.paths)) {
    const pattern = new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`);
    const operation = operations[method.toLowerCase()];
    if (pattern.test(path) && operation !== undefined) return { operation, template };
  }
  return undefined;
}

function check(method: string, path: string, reply: Reply): void {
  const found = operationOf(method, path);
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`);
  const { operation } = found;
  const { operationId } = operation;
  seen.set(operationId, (seen.get(operationId) ?? new Set()).add(String(reply.status)));
  const response = operation.responses[String(reply.status)];
  expect(response, `${operationId} does not document ${reply.status}: ${reply.text}`).toBeDefined();
  const type = reply.headers['content-type']?.split(';')[0];
  const content = response?.content;
  if (content === undefined) {
    expect(reply.text, `${operationId} ${reply.status} has no content in the document`).toBe('');
    return;
  }
  expect(Object.keys(content), operationId).toContain(type);
  if (type === undefined || !type.endsWith('json')) return;
  const validate = validatorOf(content[type]?.schema as Schema);
  const ok = validate(JSON.parse(reply.text));
  expect(validate.errors ?? [], `${operationId} ${reply.status}: ${reply.text.slice(0, 2000)}`).toEqual([]);
  expect(ok).toBe(true);
}

beforeAll(async () => {
  const shop = { ...SHOP };
  const flows = new FlowFeed();
  flows.add(FLOW);
  const starting = await startServer({}, { input: new LiveInput('files') });
  servers = {
    open: await startServer(shop, { flows }),
    token: await startServer(shop, { token: TOKEN }),
    wrong: await startServer({ ...shop, 'wrong.yaml': WRONG }),
    starting,
    full: await startServer(await textsIn('examples/shop')),
  };
  document = JSON.parse((await ask(`${servers.open.url}api/openapi.json`)).text) as Document;
});

describe('every answer is as the OpenAPI document says', () => {
  test.each(CASES)('%i %s (%s)', async (...[status, target, which, request = {}]: Case) => {
    const [method = '', url = ''] = target.split(' ');
    const reply = await ask(servers[which].url + url.slice(1), { ...request, method });
    expect(`${reply.status} ${reply.status === status ? '' : reply.text}`.trim()).toBe(`${status}`);
    check(method, url.split('?')[0] as string, reply);
  });

  test.each(['/api/reach', '/api/reach?grouped=true', '/api/exposure', '/api/lint', '/api/validate', '/api/world'])(
    'of the whole shop: %s',
    async (url) => {
      const reply = await ask(servers.full.url + url.slice(1));
      expect(reply.status).toBe(200);
      check('GET', url.split('?')[0] as string, reply);
    },
  );

  test('event streams', async () => {
    for (const path of ['/api/events', '/api/flows']) {
      const response = await fetch(servers.open.url + path.slice(1));
      const headers = { 'content-type': response.headers.get('content-type') ?? '' };
      check('GET', path, { status: response.status, headers, text: '' });
      await response.body?.cancel();
    }
  });

  test('a world that the client has already', async () => {
    const { headers } = await ask(`${servers.open.url}api/world`);
    const again = await ask(`${servers.open.url}api/world`, { headers: { 'if-none-match': headers.etag ?? '' } });
    expect(again.status).toBe(304);
    check('GET', '/api/world', again);
  });
});

describe('who may not ask is told so by every operation', () => {
  const operations = (): [string, string, Operation][] =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
        method.toUpperCase(),
        path.replace('{name}', 'shop'),
        operation,
      ]),
    );

  test.each([
    [421, REBOUND, 'open'],
    [403, FOREIGN, 'open'],
  ] as const)('%i', async (status, request, which) => {
    for (const [method, path] of operations()) {
      const reply = await ask(servers[which].url + path.slice(1), { ...request, method });
      expect(`${method} ${path} ${reply.status}`).toBe(`${method} ${path} ${status}`);
      check(method, path, reply);
    }
  });

  test('401, where the document says so', async () => {
    for (const [method, path, { operationId, responses }] of operations()) {
      if (operationId === 'startSession') continue;
      const reply = await fetch(servers.token.url + path.slice(1), {
        method,
        ...(method === 'POST' ? { headers: POST.headers, body: '{}' } : {}),
      });
      const text = await reply.text();
      expect(`${operationId} ${reply.status === 401}`).toBe(`${operationId} ${'401' in responses}`);
      const headers = { 'content-type': reply.headers.get('content-type') ?? '' };
      if (reply.status === 401) check(method, path, { status: 401, headers, text });
    }
  });
});

describe('the document', () => {
  test('is OpenAPI 3.1 and has every operation once', () => {
    expect(document.openapi).toBe('3.1.0');
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((one) => one.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(21);
  });

  test('promises nothing that was not seen above', () => {
    const unseen = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ operationId, responses }) =>
        Object.keys(responses)
          .filter((status) => !ELSEWHERE.has(status) && seen.get(operationId)?.has(status) !== true)
          .map((status) => `${operationId} ${status}`),
      );
    expect(unseen).toEqual([]);
  });
});
