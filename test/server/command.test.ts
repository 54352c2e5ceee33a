/** The built command as a process: addresses, signals, threads, files that change. */

import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { SHOP } from '../cli/run-main.ts';
import { root } from '../package/run.ts';
import { type ApiObject, ApiServer } from '../support/api-server.ts';
import { kubeconfigOf } from '../support/kubeconfig.ts';
import { endServed, serve } from '../support/serve-command.ts';
import { ask, readEvents } from '../support/server.ts';

let place: string;

beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'portcullis-serve-'));
  for (const [name, text] of Object.entries(SHOP)) writeFileSync(path.join(place, name), text);
});

afterEach(() => {
  endServed();
  rmSync(place, { recursive: true, force: true });
});

/** Runs `portcullis serve` that is to end by itself at once; one that goes on is ended, and then has no code. */
function refused(...args: readonly string[]): {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const options = { cwd: root, encoding: 'utf8', timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/portcullis', 'serve', ...args], options);
  return { code: status, stdout, stderr };
}

function can(url: string, port: number): Promise<boolean> {
  return ask(`${url}api/can?from=shop/web&to=shop/cart&port=${port}`).then(
    ({ text }) => (JSON.parse(text) as { allowed: boolean }).allowed,
  );
}

describe('files', () => {
  test('that change are seen at once', async () => {
    const { url } = await serve('-f', place);
    expect([await can(url, 7070), await can(url, 8080)]).toEqual([true, false]);
    const events = readEvents(`${url}api/events`);
    const world = async (): Promise<{ version: number; files: { name: string; digest: string }[] }> => {
      for (;;) {
        const { value, done } = await events.next();
        if (done === true) throw new Error('the stream ended');
        if (value.event === 'world') return JSON.parse(value.data);
      }
    };
    const before = await world();
    expect(before.files.map(({ name }) => path.basename(name))).toEqual(['cart.yaml', 'pods.yaml']);
    const next = path.join(place, '.next');
    writeFileSync(next, SHOP['cart.yaml'].replace('7070', '8080'));
    renameSync(next, path.join(place, 'cart.yaml'));
    const after = await world();
    expect(after.version).toBeGreaterThan(before.version);
    expect(after.files[0]?.digest).not.toBe(before.files[0]?.digest);
    expect(after.files[1]?.digest).toBe(before.files[1]?.digest);
    expect([await can(url, 7070), await can(url, 8080)]).toEqual([false, true]);
    await events.return();
  });

  test('that cannot be read any more leave what was read', async () => {
    const { url } = await serve('-f', place);
    const events = readEvents(`${url}api/events`);
    await events.next();
    rmSync(place, { recursive: true });
    for (;;) {
      const { text } = await ask(`${url}api/world?text=false`);
      const { problems, files } = JSON.parse(text) as { problems: { message: string }[]; files: unknown[] };
      expect(files).toHaveLength(2);
      if (problems.some(({ message }) => message.includes('no such file'))) break;
      await events.next();
    }
    expect(await can(url, 7070)).toBe(true);
    await events.return();
  });

  test('without any there is an empty world, and examples', async () => {
    const { url } = await serve('--empty');
    const world = JSON.parse((await ask(`${url}api/world`)).text) as object;
    expect(world).toMatchObject({ mode: 'empty', synced: true, files: [] });
    const { examples } = JSON.parse((await ask(`${url}api/examples`)).text) as { examples: { name: string }[] };
    expect(examples.map(({ name }) => name)).toContain('shop');
  });
});

describe('a live cluster', () => {
  const policy = (port: number): ApiObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: {
      podSelector: { matchLabels: { app: 'cart' } },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ protocol: 'TCP', port }] }],
    },
  });

  test('is watched, and shown as texts', async () => {
    const cluster = await ApiServer.start({ custom: true });
    try {
      const pods = parseAllDocuments(SHOP['pods.yaml']).map((document) => document.toJS() as ApiObject);
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
      const service = { selector: { app: 'cart' }, ports: [{ port: 80, targetPort: 7070 }] };
      const backend = { service: { name: 'cart', port: { number: 80 } } };
      const ofShop = { name: 'cart', namespace: 'shop' };
      cluster.load([
        namespace,
        ...pods,
        policy(7070),
        { apiVersion: 'v1', kind: 'Service', metadata: ofShop, spec: service },
        { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: ofShop, spec: { defaultBackend: backend } },
      ]);
      const kubeconfig = path.join(place, 'kubeconfig');
      writeFileSync(kubeconfig, stringify(kubeconfigOf(cluster)));
      const { url, child, ended } = await serve('--kubeconfig', kubeconfig, '-q');
      const events = readEvents(`${url}api/events`);
      const isOpen = async (port: number): Promise<void> => {
        const { text } = await ask(`${url}api/can?from=shop/web&to=shop/cart&port=${port}`);
        if ((JSON.parse(text) as { allowed?: boolean }).allowed === true) return;
        await events.next();
        await isOpen(port);
      };
      await isOpen(7070);
      const world = JSON.parse((await ask(`${url}api/world`)).text) as { mode: string; files: { name: string }[] };
      expect(world.mode).toBe('cluster');
      expect(world.files.map(({ name }) => name)).toEqual(['shop/objects.json', 'shop/policies.yaml']);
      expect((await ask(`${url}api/exposure`)).text).toContain(
        '"exposedBy":[{"object":{"kind":"Ingress","namespace":"shop","name":"cart"',
      );
      cluster.set(policy(8080));
      await isOpen(8080);
      expect(await can(url, 7070)).toBe(false);
      expect((await ask(`${url}readyz`)).status).toBe(200);
      expect(cluster.requests.filter((request) => /secrets|configmaps/.test(request))).toEqual([]);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      await events.return();
    } finally {
      await cluster.stop();
    }
  });
});

describe('a flow log', () => {
  const line = (port: number): string =>
    `{"source":{"namespace":"shop","pod":"web"},"destination":{"namespace":"shop","pod":"cart"},"protocol":"TCP","port":${port}}\n`;

  test('is followed as it grows, through rotation and truncation', async () => {
    const log = path.join(place, 'flows.jsonl');
    writeFileSync(log, line(1) + line(2));
    const { url } = await serve('-f', path.join(place, 'pods.yaml'), '--flows', log);
    const events = readEvents(`${url}api/flows`);
    const ports: number[] = [];
    const readUntil = async (count: number): Promise<void> => {
      while (ports.length < count) {
        const { value } = await events.next();
        if (value?.event === 'flow') ports.push((JSON.parse(value.data) as { port: number }).port);
      }
    };
    await readUntil(2);
    appendFileSync(log, line(3).slice(0, 40));
    appendFileSync(log, line(3).slice(40));
    await readUntil(3);
    renameSync(log, `${log}.1`);
    writeFileSync(log, line(4));
    await readUntil(4);
    writeFileSync(log, '');
    appendFileSync(log, line(5));
    await readUntil(5);
    expect(ports).toEqual([1, 2, 3, 4, 5]);
    await events.return();
    const advice = await ask(`${url}api/advise`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(JSON.parse(advice.text)).toMatchObject({
      kind: 'Advice',
      policies: expect.arrayContaining([expect.objectContaining({ namespace: 'shop' })]),
    });
  });
});

test('several flow logs are shown as one, each as it grows', async () => {
  const line = (node: string, second: number): string => `{"time":"2026-03-01T10:00:0${second}.000Z","node":"${node}"}`;
  const logs = ['one', 'two'].map((name) => path.join(place, `${name}.jsonl`)) as [string, string];
  writeFileSync(logs[0], `${line('one', 1)}\n${line('one', 3)}\n`);
  writeFileSync(logs[1], `${line('two', 2)}\n`);
  const { url } = await serve('-f', path.join(place, 'pods.yaml'), ...logs.flatMap((log) => ['--flows', log]));
  const events = readEvents(`${url}api/flows`);
  const next = async (): Promise<string | undefined> => {
    const { value } = await events.next();
    return value?.event === 'flow' ? value.data : next();
  };
  expect([await next(), await next(), await next()]).toEqual([line('one', 1), line('two', 2), line('one', 3)]);
  for (const [log, text] of [
    [logs[1], line('two', 5)],
    [logs[0], line('one', 4)],
  ] as const) {
    appendFileSync(log, `${text}\n`);
    expect(await next()).toBe(text);
  }
  await events.return();
});

describe('starting', () => {
  test('a port that is taken is told with another to take', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const { code, stderr } = refused('--empty', '--port', String(port));
    taken.close();
    expect(stderr).toBe(
      `portcullis: error: cannot listen on 127.0.0.1:${port}: it is in use\n  --port ${port + 1} for another, --port 0 for any that is free\n`,
    );
    expect(code).toBe(2);
  });

  test.each<[readonly string[], RegExp]>([
    [['--host', '0.0.0.0'], /--host 0\.0\.0\.0 lets others ask: say who may\n {2}--auth-token-file FILE/],
    [['--port', '70000'], /--port "70000" is not a port/],
    [['--tls-cert', 'x'], /--tls-cert and --tls-key go together/],
    [['--client-ca', 'x'], /--client-ca needs/],
    [['--tls-cert', 'package.json', '--tls-key', 'package.json'], /not a certificate and its key in PEM/],
    [['--auth-token-file', 'no-such-file'], /cannot read no-such-file/],
    [['--auth-token-file', 'LICENSE'], /a token is one word of at least 16 characters\n {2}openssl rand/],
    [['-f', 'no-such-folder'], /cannot read no-such-folder: no such file or directory/],
    [['--resolve', 'package.json'], /package\.json:1: /],
    [['--webhook', '-f', 'examples/shop'], /--webhook needs --webhook-cert and --webhook-key/],
    [['--empty', '-f', 'examples/shop'], /--empty begins without input/],
    [['--context', 'nowhere'], /context/],
    [['--guardrails', 'x'], /--guardrails needs --webhook/],
    [['--empty', '--flows', 'f.jsonl', '--flows', 'http://['], /--flows "http:\/\/\[" is not an address/],
    [['--export', 'x', '--flows', 'f.jsonl'], /--export writes what -f names: leave --flows out/],
    [['--export', 'x', '-f', 'no-such-folder'], /cannot read no-such-folder/],
    [['--export', 'src'], /src is not empty|this build has no page/],
  ])('%j is told', (args, message) => {
    const { code, stderr, stdout } = refused('--port', '0', ...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/ at .*:\d+:\d+/);
    expect(`${code}${stdout}`).toBe('2');
  });

  test('a token opens what is closed without it', async () => {
    const file = path.join(place, 'token');
    writeFileSync(file, 'correct-horse-battery-staple\n', { mode: 0o600 });
    const { url } = await serve('-f', place, '--auth-token-file', file);
    const cookieOf = (value: string | undefined): Record<string, string> =>
      value === undefined ? {} : { cookie: value };
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await ask(`${url}api/world`, { headers })).status;
    expect(await status({})).toBe(401);
    expect(await status({ authorization: 'Bearer wrong-horse-battery-staple' })).toBe(401);
    expect(await status({ authorization: 'Bearer correct-horse-battery-staple' })).toBe(200);
    const session = await ask(`${url}api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"token":"correct-horse-battery-staple"}',
    });
    const [cookie = ''] = session.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(await status(cookieOf(cookie.split(';')[0]))).toBe(200);
    await ask(`${url}api/session`, { method: 'DELETE', headers: cookieOf(cookie.split(';')[0]) });
    expect(await status(cookieOf(cookie.split(';')[0]))).toBe(401);
  });
});

describe('stopping', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s closes open streams and ends with 0', async (signal) => {
    const { child, url, ended, stderr } = await serve('-f', place);
    const events = readEvents(`${url}api/events`);
    await events.next();
    const rest = (async () => {
      for await (const _ of events);
    })();
    child.kill(signal);
    expect(await ended).toBe(0);
    await rest;
    expect(stderr()).toBe('');
  });
});
