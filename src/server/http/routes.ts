/** The operations of the API as data: the OpenAPI document is made from these, and requests are checked by them. */

import { createRoute, z } from '@hono/zod-openapi';
import * as schemas from './schemas.ts';

const PROBLEM_TEXTS = {
  400: 'The request is malformed.',
  401: 'The server wants a token, and none or a wrong one came.',
  403: 'The request comes from a page of another origin.',
  404: 'There is no such thing.',
  413: 'The body is too large.',
  415: 'The body is not declared as JSON.',
  421: 'The server does not answer for this host.',
  422: 'The input, or what was sent, is invalid; `findings` say where.',
  503: 'No answer at the moment: too much to compute, or too many clients.',
} as const;

type ProblemStatus = keyof typeof PROBLEM_TEXTS;

function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

function problems<S extends ProblemStatus>(...statuses: readonly S[]) {
  const content = { 'application/problem+json': { schema: schemas.problem } };
  // Of every operation: who asks is looked at first.
  const all: ProblemStatus[] = [403, 421, ...statuses];
  return Object.fromEntries(all.map((status) => [status, { description: PROBLEM_TEXTS[status], content }])) as Record<
    S,
    { readonly description: string; readonly content: typeof content }
  >;
}

function body<T extends z.ZodType>(schema: T) {
  return { body: { required: true, content: { 'application/json': { schema } } } };
}

function events(description: string) {
  return { description, content: { 'text/event-stream': { schema: z.string() } } };
}

const QUESTIONS = ['Questions'];
const INPUT = ['Input'];
const OPERATION = ['Operation'];

export const worldRoute = createRoute({
  method: 'get',
  path: '/api/world',
  operationId: 'getWorld',
  tags: INPUT,
  summary: 'the input: files with their text, what is wrong with them, how they are read',
  request: { query: schemas.worldQuery },
  responses: {
    200: json(schemas.world, 'The input as it is now.'),
    304: { description: 'The input is as the client knows it (`If-None-Match`).' },
    ...problems(400, 401, 503),
  },
});

export const fileRoute = createRoute({
  method: 'get',
  path: '/api/file',
  operationId: 'getFile',
  tags: INPUT,
  summary: 'one file of the input',
  request: { query: schemas.fileQuery },
  responses: { 200: json(schemas.file, 'The file.'), ...problems(400, 401, 404) },
});

export const eventsRoute = createRoute({
  method: 'get',
  path: '/api/events',
  operationId: 'watchWorld',
  tags: INPUT,
  summary: 'changes of the input, as server-sent events',
  description:
    'Event `world`, at once and at every change: `{ version, digest, synced, files: [{ name, digest }] }`, always the whole list. Event `status`: `{ version, summary, problems }`.',
  responses: { 200: events('Events until the client goes or the server stops.'), ...problems(401, 503) },
});

export const examplesRoute = createRoute({
  method: 'get',
  path: '/api/examples',
  operationId: 'listExamples',
  tags: INPUT,
  summary: 'worlds to begin with',
  responses: { 200: json(schemas.examples, 'By name.'), ...problems(401) },
});

export const exampleRoute = createRoute({
  method: 'get',
  path: '/api/examples/{name}',
  operationId: 'getExample',
  tags: INPUT,
  summary: 'one of them, with its files',
  description: 'A slash in the name is written as it is or as `%2F`.',
  request: { params: z.object({ name: z.string().openapi({ param: { name: 'name', in: 'path' } }) }) },
  responses: { 200: json(schemas.example, 'The files.'), ...problems(401, 404) },
});

export const reachRoute = createRoute({
  method: 'get',
  path: '/api/reach',
  operationId: 'reach',
  tags: QUESTIONS,
  summary: 'who reaches whom, on what ports',
  request: { query: schemas.reachQuery },
  responses: { 200: json(schemas.reachability, 'As `reach -o json`.'), ...problems(400, 401, 404, 422, 503) },
});

export const canRoute = createRoute({
  method: 'get',
  path: '/api/can',
  operationId: 'can',
  tags: QUESTIONS,
  summary: 'may one endpoint connect to another?',
  request: { query: schemas.canQuery },
  responses: { 200: json(schemas.verdict, 'As `can -o json`.'), ...problems(400, 401, 404, 422, 503) },
});

export const exposureRoute = createRoute({
  method: 'get',
  path: '/api/exposure',
  operationId: 'exposure',
  tags: QUESTIONS,
  summary: 'what each workload admits, also of pods that do not exist yet',
  request: { query: schemas.exposureQuery },
  responses: { 200: json(schemas.exposure, 'As `exposure -o json`.'), ...problems(400, 401, 422, 503) },
});

export const lintRoute = createRoute({
  method: 'get',
  path: '/api/lint',
  operationId: 'lint',
  tags: QUESTIONS,
  summary: 'mistakes and smells in policies',
  request: { query: schemas.lintQuery },
  responses: { 200: json(schemas.findings, 'As `lint -o json`.'), ...problems(400, 401, 503) },
});

export const validateRoute = createRoute({
  method: 'get',
  path: '/api/validate',
  operationId: 'validate',
  tags: QUESTIONS,
  summary: 'what the API server would say of every policy',
  responses: { 200: json(schemas.findings, 'As `validate -o json`.'), ...problems(401, 503) },
});

export const diffRoute = createRoute({
  method: 'post',
  path: '/api/diff',
  operationId: 'diff',
  tags: QUESTIONS,
  summary: 'how reachability changes from the input to what is sent',
  request: body(schemas.diffBody),
  responses: {
    200: json(schemas.diff, 'As `diff -o json`: old is the input, new what was sent.'),
    ...problems(400, 401, 404, 413, 415, 422, 503),
  },
});

export const testRoute = createRoute({
  method: 'post',
  path: '/api/test',
  operationId: 'test',
  tags: QUESTIONS,
  summary: 'do assertions about reachability hold?',
  request: body(schemas.testBody),
  responses: { 200: json(schemas.testResult, 'As `test -o json`.'), ...problems(400, 401, 413, 415, 422, 503) },
});

export const adviseRoute = createRoute({
  method: 'post',
  path: '/api/advise',
  operationId: 'advise',
  tags: QUESTIONS,
  summary: 'least-privilege policies from a flow log, or from Services',
  request: body(schemas.adviseBody),
  responses: {
    200: json(schemas.advice, 'Policies as YAML, checked by the engine.'),
    ...problems(400, 401, 413, 415, 422, 503),
  },
});

export const flowsRoute = createRoute({
  method: 'get',
  path: '/api/flows',
  operationId: 'watchFlows',
  tags: INPUT,
  summary: 'the flow log as it grows, as server-sent events',
  description:
    'The last 1,000 lines first. Event `flow`: a line of the log. Event `lost`: `{ lines }` were skipped since the client is slow. Event `problem`: `{ message }`, the log cannot be read.',
  responses: { 200: events('Events until the client goes or the server stops.'), ...problems(401, 404, 503) },
});

export const startSessionRoute = createRoute({
  method: 'post',
  path: '/api/session',
  operationId: 'startSession',
  tags: OPERATION,
  summary: 'exchanges the token for a cookie',
  request: body(schemas.sessionBody),
  responses: { 204: { description: 'The cookie is set.' }, ...problems(400, 401, 404, 413, 415) },
});

export const endSessionRoute = createRoute({
  method: 'delete',
  path: '/api/session',
  operationId: 'endSession',
  tags: OPERATION,
  summary: 'ends the session',
  responses: { 204: { description: 'The cookie is gone.' }, ...problems() },
});

export const documentRoute = createRoute({
  method: 'get',
  path: '/api/openapi.json',
  operationId: 'getDocument',
  tags: OPERATION,
  summary: 'this document',
  responses: { 200: json(z.looseObject({ openapi: z.string() }), 'OpenAPI 3.1.'), ...problems(401) },
});

export const serverRoute = createRoute({
  method: 'get',
  path: '/server.json',
  operationId: 'getServer',
  tags: OPERATION,
  summary: 'tells the page that there is a server behind it',
  responses: { 200: json(schemas.serverInfo, 'The server.'), ...problems() },
});

export const healthRoute = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  tags: OPERATION,
  summary: 'the process lives',
  responses: { 200: json(schemas.health, 'It does.'), ...problems() },
});

export const readyRoute = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'getReadiness',
  tags: OPERATION,
  summary: 'the input has been read',
  responses: {
    200: json(schemas.health, 'It has.'),
    ...problems(503),
    503: { description: 'Not yet.', content: { 'application/json': { schema: schemas.health } } },
  },
});

export const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  tags: OPERATION,
  summary: 'metrics for Prometheus',
  responses: {
    200: { description: 'Text format.', content: { 'text/plain': { schema: z.string() } } },
    ...problems(401),
  },
});
