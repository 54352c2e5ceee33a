import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect as connectSocket, createServer as createSocket, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ApiServer, sharedAuthority } from '../../../test/support/api-server.ts';
import { kubeconfigOf, TestFolder, TOKEN_USER } from '../../../test/support/kubeconfig.ts';
import { Authority } from '../../../test/support/pki.ts';
import { getJson } from '../live/api.ts';
import { ClusterError } from './cluster-error.ts';
import { type ConnectOptions, connect, connectInCluster } from './connect.ts';
import type { Connection } from './connection.ts';
import { proxyFor } from './proxy.ts';

let server: ApiServer;
let folder: TestFolder;
const open: Connection[] = [];

beforeAll(async () => {
  server = await ApiServer.start();
  folder = new TestFolder();
});

afterAll(async () => {
  await server.stop();
  folder.remove();
});

afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
  server.faults.length = 0;
});

function opened(options: ConnectOptions): Connection {
  const connection = connect({ env: {}, ...options });
  open.push(connection);
  return connection;
}

async function asked(options: ConnectOptions): Promise<string> {
  const value = await getJson(opened(options), '/api/v1/namespaces', { attempts: 1 });
  return (value as { readonly kind: string }).kind;
}

async function failure(action: () => unknown): Promise<ClusterError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof ClusterError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

const pem = (content: string): string => Buffer.from(content).toString('base64');

describe('credentials', () => {
  it('may be a token, a token file, a client certificate as data and as files, a name with password', async () => {
    const client = sharedAuthority().authority.client('jane');
    folder.write('certs/jane.crt', client.cert);
    folder.write('certs/jane.key', client.key);
    folder.write('certs/ca.crt', sharedAuthority().authority.cert);
    folder.write('certs/token', 'secret\n');
    const files = { 'certificate-authority-data': undefined, 'certificate-authority': 'certs/ca.crt' };
    const users = [
      [TOKEN_USER, {}],
      [{ tokenFile: 'certs/token' }, files],
      [{ 'client-certificate-data': pem(client.cert), 'client-key-data': pem(client.key) }, {}],
      [{ 'client-certificate': 'certs/jane.crt', 'client-key': 'certs/jane.key' }, files],
      [{ username: 'admin', password: 'password' }, {}],
    ] as const;
    for (const [index, [user, cluster]] of users.entries()) {
      const kubeconfig = folder.write(`user${index}`, kubeconfigOf(server, user, cluster));
      expect(await asked({ kubeconfig })).toBe('NamespaceList');
    }
  });

  it('of a plugin are asked for again when they are refused', async () => {
    folder.write('token', 'secret');
    const script =
      '#!/bin/sh\ncat <<X\n{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"$(cat "$FOLDER/token")","expirationTimestamp":"2999-01-01T00:00:00Z"}}\nX\necho "$KUBERNETES_EXEC_INFO" >> "$FOLDER/info"\n';
    folder.write('bin/plugin', script, 0o755);
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './bin/plugin',
      provideClusterInfo: true,
      env: [{ name: 'FOLDER', value: folder.path }],
    };
    const kubeconfig = folder.write('exec', kubeconfigOf(server, { exec }));
    const connection = opened({ kubeconfig });
    const ask = async (): Promise<unknown> => getJson(connection, '/api/v1/namespaces', { attempts: 1 });
    await expect(ask()).resolves.toMatchObject({ kind: 'NamespaceList' });
    await ask();
    server.tokens.delete('secret');
    server.tokens.add('newer');
    folder.write('token', 'newer');
    await expect(ask()).resolves.toMatchObject({ kind: 'NamespaceList' });
    server.tokens.add('secret');
    const told = readFileSync(`${folder.path}/info`, 'utf8').trim().split('\n');
    expect(told).toHaveLength(2);
    expect(JSON.parse(told[0] ?? '')).toMatchObject({
      spec: { interactive: false, cluster: { server: `${server.url}/` } },
    });
  });

  it('of a plugin that is missing or fails are a precise error', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'no-such-plugin',
      installHint: 'get it at\nexample.com',
    };
    const missing = await failure(() => asked({ kubeconfig: folder.write('missing', kubeconfigOf(server, { exec })) }));
    expect(missing.message).toBe('the credential plugin "no-such-plugin" of user "tester" is not installed');
    expect(missing.hints).toEqual(['get it at', 'example.com']);
    folder.write('bin/failing', '#!/bin/sh\necho "please sign in" >&2\nexit 1\n', 0o755);
    const failing = { ...exec, command: 'bin/failing' };
    const failed = await failure(() =>
      asked({ kubeconfig: folder.write('failing', kubeconfigOf(server, { exec: failing })) }),
    );
    expect(failed.message).toContain('bin/failing" of user "tester" failed: please sign in');
  });

  it('that the server refuses are an error after a second try', async () => {
    const before = server.requests.length;
    const error = await failure(() =>
      asked({ kubeconfig: folder.write('wrong', kubeconfigOf(server, { token: 'no' })) }),
    );
    expect(error.code).toBe('unauthorized');
    expect(error.message).toBe(`${server.url} does not accept the credentials of context "test"`);
    expect(server.requests.length - before).toBe(2);
  });

  it('that have expired are told as such', async () => {
    const { cert, key } = sharedAuthority().authority.client('late', -1);
    const user = { 'client-certificate-data': pem(cert), 'client-key-data': pem(key) };
    const error = await failure(() => asked({ kubeconfig: folder.write('late', kubeconfigOf(server, user)) }));
    expect(error.code).toBe('unauthorized');
    expect([error.message, ...error.hints].join('\n')).toMatch(
      /the client certificate of context "test" expired on 20\d\d-\d\d-\d\d/,
    );
  });
});

describe('the service account of a pod', () => {
  it('is used without a kubeconfig, and a new token counts at once', async () => {
    folder.write('account/token', 'secret');
    folder.write('account/ca.crt', sharedAuthority().authority.cert);
    folder.write('account/namespace', 'portcullis');
    const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(server.port) };
    const serviceAccount = `${folder.path}/account`;
    const connection = opened({ env, serviceAccount });
    expect(connection.namespace).toBe('portcullis');
    await expect(getJson(connection, '/api/v1/namespaces')).resolves.toMatchObject({ kind: 'NamespaceList' });
    folder.write('account/token', 'rotated');
    server.tokens.add('rotated');
    server.tokens.delete('secret');
    await expect(getJson(connection, '/api/v1/namespaces')).resolves.toMatchObject({ kind: 'NamespaceList' });
    server.tokens.add('secret');
    expect(() => connectInCluster({ env: {} })).toThrow('this is no pod');
  });

  it('may be at an IPv6 address', async () => {
    const v6 = await ApiServer.start({ host: '::1' });
    const env = { KUBERNETES_SERVICE_HOST: '::1', KUBERNETES_SERVICE_PORT: String(v6.port) };
    folder.write('account/token', 'secret');
    const connection = opened({ env, serviceAccount: `${folder.path}/account` });
    expect(connection.server).toBe(`https://[::1]:${v6.port}`);
    await expect(getJson(connection, '/api/v1/namespaces')).resolves.toMatchObject({ kind: 'NamespaceList' });
    connection.close();
    await v6.stop();
  });
});

describe('which kubeconfig', () => {
  it('is the named one, then those of the environment merged, then the one at home', async () => {
    const one = folder.write('one', {
      'current-context': 'test',
      contexts: (kubeconfigOf(server) as { contexts: unknown })['contexts'],
    });
    const two = folder.write('two', { ...kubeconfigOf(server), 'current-context': 'other', contexts: [] });
    expect(await asked({ env: { KUBECONFIG: `${folder.path}/nowhere:${one}:${two}` } })).toBe('NamespaceList');
    folder.write('home/.kube/config', kubeconfigOf(server));
    expect(await asked({ env: { HOME: `${folder.path}/home` } })).toBe('NamespaceList');
  });

  it.each<[string, object, ConnectOptions, RegExp]>([
    [
      'no context',
      { ...kubeconfigOf('https://x'), 'current-context': '' },
      {},
      /has no current context\n--context names one: test/,
    ],
    [
      'unknown context',
      kubeconfigOf('https://x'),
      { context: 'tset' },
      /no context "tset" in the kubeconfig .*\ndid you mean test\?/,
    ],
    [
      'unknown context, none near',
      kubeconfigOf('https://x'),
      { context: 'production' },
      /no context "production".*\nthere are test/,
    ],
    [
      'no cluster',
      { ...kubeconfigOf('https://x'), clusters: [] },
      {},
      /context "test" of .* names the cluster "test", which is not there/,
    ],
    ['no user', { ...kubeconfigOf('https://x'), users: [] }, {}, /names the user "test/],
    ['no server', kubeconfigOf(''), {}, /cluster "test" of .* has no server/],
    ['a server that is none', kubeconfigOf('ftp://x'), {}, /has the server "ftp:\/\/x", which is no URL/],
    [
      'a proxy that is none',
      kubeconfigOf('https://x', {}, { 'proxy-url': 'gopher://x' }),
      {},
      /the proxy "gopher:\/\/x" \(proxy-url of the kubeconfig\)/,
    ],
    [
      'half a client certificate',
      kubeconfigOf('https://x', { 'client-certificate-data': 'eA==' }),
      {},
      /a client certificate but no client key/,
    ],
    [
      'a missing file',
      kubeconfigOf('https://x', { tokenFile: 'gone' }),
      {},
      /cannot read the tokenFile of "tester": .*\/gone: no such file/,
    ],
  ])('with %s is an error', async (_, content, options, message) => {
    const kubeconfig = folder.write('broken', content as Readonly<Record<string, unknown>>);
    const error = await failure(() => asked({ kubeconfig, ...options }));
    expect([error.message, ...error.hints].join('\n')).toMatch(message);
    expect(error.code).toBe('config');
  });

  it('that cannot be parsed or found is an error', async () => {
    const broken = folder.write('yaml', 'contexts: [\n');
    expect((await failure(() => asked({ kubeconfig: broken }))).message).toMatch(
      /the kubeconfig .* is malformed: .*line 2/,
    );
    const gone = `${folder.path}/gone`;
    expect((await failure(() => asked({ kubeconfig: gone }))).message).toBe(
      `cannot read the kubeconfig ${gone}: no such file`,
    );
    expect((await failure(() => asked({}))).message).toBe('there is no kubeconfig and this is no pod of a cluster');
  });
});

describe('the server', () => {
  it('that does not answer is unreachable', async () => {
    const gone = await ApiServer.start();
    const { url } = gone;
    await gone.stop();
    const error = await failure(() => asked({ kubeconfig: folder.write('gone-server', kubeconfigOf(url)) }));
    expect(error.code).toBe('unreachable');
    expect(error.message).toBe(
      `cannot reach the API server ${url}: the connection is refused: is the API server running?`,
    );
    const unknown = await failure(() =>
      asked({ kubeconfig: folder.write('dns', kubeconfigOf('https://no.such.host.invalid')) }),
    );
    expect(unknown.message).toMatch(/cannot reach the API server https:\/\/no\.such\.host\.invalid: its name/);
  });

  it('with a certificate that is not right is not trusted', async () => {
    const { authority } = sharedAuthority();
    const foreign = new Authority('another authority').server(['127.0.0.1']);
    for (const [certificate, message] of [
      [foreign, /signed by/],
      [authority.server(['127.0.0.1'], -1), /its certificate has expired/],
      [authority.server(['elsewhere.test']), /does not match|IP: 127\.0\.0\.1 is not in/],
    ] as const) {
      const untrusted = await ApiServer.start({ certificate });
      const error = await failure(() => asked({ kubeconfig: folder.write('untrusted', kubeconfigOf(untrusted)) }));
      expect(error.code).toBe('certificate');
      expect(error.message).toMatch(message);
      const skip = { 'insecure-skip-tls-verify': true, 'certificate-authority-data': undefined };
      expect(await asked({ kubeconfig: folder.write('skip', kubeconfigOf(untrusted, TOKEN_USER, skip)) })).toBe(
        'NamespaceList',
      );
      for (const connection of open.splice(0)) connection.close();
      await untrusted.stop();
    }
  });

  it('may be known by another name', async () => {
    const certificate = sharedAuthority().authority.server(['elsewhere.test']);
    const other = await ApiServer.start({ certificate });
    const kubeconfig = folder.write('sni', kubeconfigOf(other, TOKEN_USER, { 'tls-server-name': 'elsewhere.test' }));
    expect(await asked({ kubeconfig })).toBe('NamespaceList');
    for (const connection of open.splice(0)) connection.close();
    await other.stop();
  });

  it('may be plain HTTP, as that of kubectl proxy', async () => {
    const plain = await ApiServer.start({ insecure: true });
    expect(await asked({ kubeconfig: folder.write('plain', kubeconfigOf(plain)) })).toBe('NamespaceList');
    for (const connection of open.splice(0)) connection.close();
    await plain.stop();
  });

  it('may be below a path', async () => {
    const below = folder.write('below', kubeconfigOf(`${server.url}/k8s/clusters/one/`));
    expect((await failure(() => asked({ kubeconfig: below }))).code).toBe('not-found');
    expect(server.requests.at(-1)).toBe('/k8s/clusters/one/api/v1/namespaces');
  });

  it('that is none is an error', async () => {
    server.faults.push({ on: /namespaces/, status: 200, body: '<html>sign in</html>' });
    const error = await failure(() => asked({ kubeconfig: folder.write('html', kubeconfigOf(server)) }));
    expect(error.message).toMatch(
      /answers \/api\/v1\/namespaces with text\/plain, not with JSON: is it an API server\?/,
    );
  });

  it('that closed a kept connection is asked over a new one', async () => {
    const connection = opened({ kubeconfig: folder.write('stale', kubeconfigOf(server)) });
    const ask = async (): Promise<unknown> => getJson(connection, '/api/v1/namespaces', { attempts: 1 });
    await Promise.all([ask(), ask(), ask()]);
    server.faults.push({ on: /namespaces/, action: 'disconnect', times: 3 });
    await expect(ask()).resolves.toMatchObject({ kind: 'NamespaceList' });
    // A new connection that is cut is no matter of keeping.
    for (const one of open.splice(0)) one.close();
    server.faults.push({ on: /namespaces/, action: 'disconnect', times: 1 });
    const fresh = opened({ kubeconfig: folder.write('stale', kubeconfigOf(server)) });
    expect((await failure(() => getJson(fresh, '/api/v1/namespaces', { attempts: 1 }))).message).toContain('was cut');
  });

  it('keeps connections', async () => {
    const connection = opened({ kubeconfig: folder.write('keep', kubeconfigOf(server)) });
    const ports = new Set<unknown>();
    for (let round = 0; round < 3; round++) {
      const { body } = await connection.get('/api/v1/namespaces');
      ports.add((body as unknown as { readonly socket: Socket }).socket.localPort);
      await text(body);
    }
    expect(ports.size).toBe(1);
  });
});

describe('proxies', () => {
  let proxy: Server;
  let seen: string[] = [];
  let auth: string | undefined;

  beforeAll(async () => {
    proxy = createServer();
    proxy.on('connect', (request, client: Socket) => {
      seen.push(request.url ?? '');
      auth = request.headers['proxy-authorization'];
      if (request.url === 'refused.test:443') {
        client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
        return;
      }
      const upstream = connectSocket(server.port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        client.pipe(upstream).pipe(client);
      });
      upstream.on('error', () => client.destroy());
      client.on('error', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => {
    proxy.close();
  });

  afterEach(() => {
    seen = [];
  });

  it('of the kubeconfig and of the environment are used', async () => {
    const url = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const named = kubeconfigOf(server, TOKEN_USER, { 'proxy-url': `http://user:pass%20word@${url}` });
    expect(await asked({ kubeconfig: folder.write('proxied', named) })).toBe('NamespaceList');
    expect([seen, auth]).toEqual([
      [`127.0.0.1:${server.port}`],
      `Basic ${Buffer.from('user:pass word').toString('base64')}`,
    ]);
    const kubeconfig = folder.write('by-env', kubeconfigOf('https://api.test'));
    expect(await asked({ kubeconfig, env: { HTTPS_PROXY: `http://${url}` } })).toBe('NamespaceList');
    expect(seen.at(-1)).toBe('api.test:443');
  });

  it('may speak SOCKS', async () => {
    const socks = createSocket((client) => {
      let greeted = false;
      client.on('error', () => client.destroy());
      client.on('data', function answer(bytes: Buffer) {
        if (!greeted) {
          greeted = true;
          client.write(Buffer.from([5, 0]));
          return;
        }
        client.off('data', answer);
        seen.push(`socks ${bytes[0]} ${bytes[1]}`);
        const upstream = connectSocket(server.port, '127.0.0.1', () => {
          client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          client.pipe(upstream).pipe(client);
        });
        upstream.on('error', () => client.destroy());
      });
    });
    await new Promise<void>((resolve) => socks.listen(0, '127.0.0.1', resolve));
    const proxyUrl = `socks5://127.0.0.1:${(socks.address() as AddressInfo).port}`;
    const named = kubeconfigOf(server, TOKEN_USER, { 'proxy-url': proxyUrl });
    expect(await asked({ kubeconfig: folder.write('socks', named) })).toBe('NamespaceList');
    expect(seen).toEqual(['socks 5 1']);
    for (const connection of open.splice(0)) connection.close();
    socks.close();
  });

  it('that refuse or are not there are named', async () => {
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const refused = folder.write('refused', kubeconfigOf('https://refused.test', TOKEN_USER, { 'proxy-url': url }));
    expect((await failure(() => asked({ kubeconfig: refused }))).message).toMatch(
      /the proxy 127\.0\.0\.1:\d+ does not connect to refused\.test:443: 403/,
    );
    const gone = kubeconfigOf('https://api.test', TOKEN_USER, { 'proxy-url': 'http://127.0.0.1:1' });
    expect((await failure(() => asked({ kubeconfig: folder.write('gone-proxy', gone) }))).message).toBe(
      'cannot reach the proxy 127.0.0.1:1: the connection is refused',
    );
  });

  it.each<[string, string, boolean]>([
    ['https://api.example.com', '', true],
    ['https://api.example.com', 'example.com', false],
    ['https://api.example.com', '.example.com', false],
    ['https://example.com', '.example.com', true],
    ['https://notexample.com', 'example.com', true],
    ['https://api.example.com', 'other.com, api.EXAMPLE.com', false],
    ['https://api.example.com:6443', 'example.com:443', true],
    ['https://api.example.com:6443', 'example.com:6443', false],
    ['https://10.1.2.3', '10.0.0.0/8', false],
    ['https://11.1.2.3', '10.0.0.0/8', true],
    ['https://10.1.2.3', '10.1.2.3', false],
    ['https://[fd00::1]', 'fd00::/8', false],
    ['https://[fd00::1]', 'fd00::1', false],
    ['https://api.example.com', '*', false],
    ['https://localhost', '', false],
    ['https://127.0.0.1', '', false],
    ['https://[::1]', '', false],
  ])('for %s with NO_PROXY=%s: %s', (url, NO_PROXY, proxied) => {
    const env = { HTTPS_PROXY: 'proxy.test:3128', NO_PROXY };
    expect(proxyFor(new URL(url), undefined, env)?.href).toBe(proxied ? 'http://proxy.test:3128/' : undefined);
  });
});
