import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SHOP } from '../cli/run-main.ts';
import { ask, startServer, type TestServer } from '../support/server.ts';

const MB = 1024 * 1024;
const JSON_POST = { method: 'POST', headers: { 'content-type': 'application/json' } };
/** What no answer to a stranger may hold. */
const INNARDS = /node_modules|\.ts:\d|\.js:\d|^\s+at /m;

let server: TestServer;
let impatient: TestServer;

beforeAll(async () => {
  server = await startServer(SHOP);
  impatient = await startServer(SHOP, { timeouts: { headers: 100, request: 200 } });
});

afterAll(() => {
  // Whatever was sent: no failure inside.
  for (const { log } of [server, impatient]) expect(log.filter(({ level }) => level === 'error')).toEqual([]);
});

/** Sends bytes as they are, and reads until the other end hangs up. */
function raw(port: number, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket: Socket = connect(port, '127.0.0.1', () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      text += piece;
    });
    // The other end may cut off what is still being sent.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

describe('requests of strangers are refused', () => {
  test.each([
    ['another name', { headers: { host: 'attacker.example' } }, 421],
    ['another name with our port', { headers: { host: 'attacker.example:8088' } }, 421],
    ['a name that begins like ours', { headers: { host: 'localhost.attacker.example' } }, 421],
    ['an address with a name behind', { headers: { host: '127.0.0.1.nip.example' } }, 421],
    ['two names', { headers: { host: 'localhost, attacker.example' } }, 400],
    ['a page of another site', { headers: { origin: 'https://attacker.example' } }, 403],
    ['a page of another port', { headers: { origin: 'http://127.0.0.1:1' } }, 403],
    ['a page without an origin of its own', { headers: { origin: 'null' } }, 403],
    ['a page that says so', { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } }, 403],
    ['a page of the same site', { headers: { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' } }, 403],
    [
      'a form of another site',
      { ...JSON_POST, headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } },
      403,
    ],
  ])('%s', async (_who, request, status) => {
    const reply = await ask(`${server.url}api/world`, request);
    expect(reply.status).toBe(status);
    expect(reply.headers['access-control-allow-origin']).toBeUndefined();
    expect(JSON.parse(reply.text)).toMatchObject({ status });
  });

  test.each([
    ['by address', {}],
    ['by name', { headers: { host: 'localhost:8088' } }],
    ['by an IPv6 address', { headers: { host: '[::1]:8088' } }],
    ['from the page itself', { headers: { 'sec-fetch-site': 'same-origin' } }],
    ['typed into the browser', { headers: { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' } }],
  ])('those of the user are not: %s', async (_how, request) => {
    expect((await ask(`${server.url}api/world`, request)).status).toBe(200);
  });

  test.each(['GET /api/world HTTP/1.1\r\nhost:\r\n', 'GET /api/world HTTP/1.1\r\n', 'GET /api/world HTTP/1.0\r\n'])(
    'no name: %j',
    async (head) => {
      const answer = await raw(server.port, `${head}connection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 (?:400|421) /);
      expect(answer).not.toContain('"World"');
    },
  );

  test('a preflight of another site gets no leave', async () => {
    const headers = { origin: 'https://attacker.example', 'access-control-request-method': 'POST' };
    const { status, headers: answered } = await ask(`${server.url}api/diff`, { method: 'OPTIONS', headers });
    expect(status).toBe(403);
    expect(Object.keys(answered).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('every answer has the headers that keep pages apart', () => {
  test.each(['api/world', 'healthz', 'nothing-here', 'api/can'])('%s', async (path) => {
    const { headers } = await ask(server.url + path);
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("worker-src 'self';");
    expect(policy).not.toMatch(/unsafe|\*|https?:|(?:script|style|worker)-src[^;]*blob:/);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
    });
  });
});

describe('a token', () => {
  const token = 'correct-horse-battery-staple';
  test.each<[string, Record<string, string>, RegExp]>([
    ['that is missing', {}, /^send the token as `Authorization/],
    ['of another form', { authorization: 'Basic Zm9vOmJhcg==' }, /^send the token as/],
    ['that is wrong', { authorization: `Bearer ${token}r` }, /^this is not the token of the server$/],
    ['whose session has ended', { cookie: 'portcullis-session=gone' }, /^the session has ended: send the token as/],
  ])('%s is answered as that', async (_what, headers, detail) => {
    const { url } = await startServer({}, { token });
    const { status, text } = await ask(`${url}api/world`, { headers });
    expect(status).toBe(401);
    expect((JSON.parse(text) as { detail: string }).detail).toMatch(detail);
  });
});

describe('paths lead nowhere else', () => {
  test.each([
    '/../../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/../../package.json',
    '/..\\..\\etc\\passwd',
    '/%00',
    '/%',
    '/%c0%ae%c0%ae/etc/passwd',
    '//etc/passwd',
    '/api/examples/..%2F..%2Fpackage.json',
    '/api/examples/../../package.json',
    '/api/file?name=/etc/passwd',
    '/api/file?name=../package.json',
  ])('%s', async (path) => {
    const { status, text } = await ask(server.url, { path });
    expect([400, 404]).toContain(status);
    expect(text).not.toMatch(/root:|"name": "portcullis"/);
    expect(text).not.toMatch(INNARDS);
  });
});

describe('methods', () => {
  test.each([
    ['PUT', 'api/world', 'GET, HEAD'],
    ['DELETE', 'api/world', 'GET, HEAD'],
    ['GET', 'api/diff', 'POST'],
    ['PATCH', 'api/session', 'POST, DELETE'],
    ['POST', 'healthz', 'GET, HEAD'],
  ])('%s %s is not allowed', async (method, path, allow) => {
    const reply = await ask(server.url + path, { method });
    expect(reply.status).toBe(405);
    expect(reply.headers.allow).toBe(allow);
  });

  test('HEAD answers no body, and opens no stream', async () => {
    for (const path of ['api/world', 'api/events']) {
      const { status, text } = await ask(server.url + path, { method: 'HEAD' });
      expect([path, status, text]).toEqual([path, 200, '']);
    }
    const { text } = await ask(`${server.url}metrics`);
    expect(text).toContain('portcullis_event_streams 0');
  });
});

describe('too much', () => {
  test('a body of 100 MB that says so is refused before it is sent', async () => {
    const head = `POST /api/diff HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${100 * MB}\r\n\r\n`;
    expect(await raw(server.port, head)).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('a body of 100 MB that does not say so is cut off, and not kept', async () => {
    const before = process.memoryUsage().rss;
    const head =
      'POST /api/diff HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    const piece = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MB, ' '), Buffer.from('\r\n')]);
    const answer = await raw(server.port, head, ...Array.from({ length: 100 }, () => piece));
    expect(answer === '' || /^HTTP\/1\.1 413 /.test(answer)).toBe(true);
    // The pieces are one buffer here: what grows is what the server keeps.
    expect((process.memoryUsage().rss - before) / MB).toBeLessThan(150);
    expect((await ask(`${server.url}healthz`)).status).toBe(200);
  });

  test('headers', async () => {
    const reply = await raw(server.port, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`);
    expect(reply).toMatch(/^HTTP\/1\.1 431 /);
    expect(reply).toContain('application/problem+json');
  });

  test('an address', async () => {
    expect(await raw(server.port, `GET /${'y'.repeat(100_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  test('event streams', async () => {
    const open: AbortController[] = [];
    // All are kept: a response that nobody holds is hung up by the garbage collector.
    const responses: Response[] = [];
    for (let at = 0; at < 70; at++) {
      const hangUp = new AbortController();
      open.push(hangUp);
      responses.push(await fetch(`${server.url}api/events`, { signal: hangUp.signal }));
    }
    const statuses = responses.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(64);
    expect(new Set(statuses.slice(64))).toEqual(new Set([503]));
    for (const hangUp of open) hangUp.abort();
    // Those that went make room again.
    let { text } = await ask(`${server.url}metrics`);
    while (!text.includes('portcullis_event_streams 0')) ({ text } = await ask(`${server.url}metrics`));
  });
});

describe('too slow', () => {
  test.each([
    ['no request at all', ''],
    ['half a header', 'GET /api/world HTTP/1.1\r\nhost: loc'],
    [
      'half a body',
      'POST /api/diff HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    ],
  ])('%s', async (_what, text) => {
    const answer = await raw(impatient.port, text);
    expect(answer === '' || /^HTTP\/1\.1 408 /.test(answer)).toBe(true);
    expect((await ask(`${impatient.url}healthz`)).status).toBe(200);
  });
});

describe('no HTTP', () => {
  test.each([
    ['garbage', '\u0000\u0001\u0002\r\n\r\n'],
    ['TLS', Buffer.from('160301020001000001fc0303', 'hex')],
    ['two lengths', 'POST /api/diff HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd'],
    [
      'a length and pieces',
      'POST /api/diff HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('%s', async (_what, bytes) => {
    const answer = await raw(server.port, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).not.toMatch(INNARDS);
  });
});

describe('bodies that mean nothing', () => {
  const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
  const deepYaml = `a: ${'['.repeat(100_000)}`;
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${Array.from('bcdefghij', (name, at) => {
    const before = 'abcdefghij'[at];
    return `${name}: &${name} [${`*${before}, `.repeat(9)}]`;
  }).join('\n')}`;
  const file = (text: string): string => JSON.stringify({ files: [{ name: 'it.yaml', text }] });

  test.each([
    ['no JSON', '{"files":', 400],
    ['no UTF-8', '\ufffd\ufffd', 400],
    ['a number', '3', 400],
    ['null', 'null', 400],
    ['deep JSON', deep, 400],
    ['deep JSON in a field', `{"files":${deep}}`, 400],
    ['a prototype', '{"__proto__":{"files":[]},"constructor":1}', 400],
    ['broken YAML', file('a: [b'), 422],
    ['deep YAML', file(deepYaml), 422],
    ['a YAML bomb', file(bomb), 422],
    ['binary', file('\u0000\u0001\u0002'), 422],
    ['a template', file('{{ .Values.x }}'), 422],
    ['a tag', file('a: !!js/function "function () {}"'), 422],
  ])('%s', async (_what, body, status) => {
    const reply = await ask(`${server.url}api/diff`, { ...JSON_POST, body });
    expect(`${reply.status} ${reply.status === status ? '' : reply.text.slice(0, 300)}`).toBe(`${status} `);
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.text).not.toMatch(INNARDS);
  });

  test('broken YAML is told with its place and a caret', async () => {
    const text = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a]\n';
    const reply = await ask(`${server.url}api/diff`, { ...JSON_POST, body: file(text) });
    const { findings } = JSON.parse(reply.text) as { findings: { source: object; caret: string }[] };
    expect(findings[0]).toMatchObject({ source: { file: 'it.yaml', line: 3 } });
    expect(findings[0]?.caret).toMatch(/^ {2}3 \| metadata: \{name: a\]\n {4}\| +\^/);
  });
});
