/** `serve --webhook` as a process: against files, and against a cluster that changes, goes away and comes back. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { SHOP } from '../cli/run-main.ts';
import { judged, reviewOf, send } from '../support/admission.ts';
import { type ApiObject, ApiServer, sharedAuthority } from '../support/api-server.ts';
import { kubeconfigOf } from '../support/kubeconfig.ts';
import { type Manifest, namespace, pod, policy } from '../support/manifests.ts';
import { endServed, type Serving, serve } from '../support/serve-command.ts';
import { ask } from '../support/server.ts';

const GUARDRAILS = `apiVersion: portcullis.dev/v1
kind: PolicyTest
assertions:
  - { name: the outside does not reach the database, from: internet, to: shop/db, expect: denied }
  - { from: shop/web, to: shop/db, port: 5432, expect: allowed }
`;
/** The first line of {@link GUARDRAILS} with an assertion. */
const BREACH = 'this change lets internet reach shop/db on 5432/TCP; guardrail guardrails.yaml line 4';

const SQL = [{ protocol: 'TCP', port: 5432 }];
const TO_DB = { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'] };
const DB = policy('shop/db', {
  ...TO_DB,
  ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: SQL }],
});
/** Lets everybody in. */
const OPEN = policy('shop/open', { ...TO_DB, ingress: [{ ports: SQL }] });

let place: string;
let cluster: ApiServer;

beforeEach(async () => {
  place = mkdtempSync(path.join(tmpdir(), 'portcullis-webhook-'));
  const { cert, key } = sharedAuthority().certificate;
  file('tls.crt', cert);
  file('tls.key', key);
  file('guardrails.yaml', GUARDRAILS);
  cluster = await ApiServer.start({ custom: true });
  load([
    namespace('shop'),
    pod('shop/web', { labels: { app: 'web' }, ips: ['10.0.0.1'] }),
    pod('shop/db', { labels: { app: 'db' }, ips: ['10.0.0.2'], ports: [{ name: 'sql', containerPort: 5432 }] }),
    DB,
  ]);
  file('kubeconfig', stringify(kubeconfigOf(cluster)));
});

afterEach(async () => {
  endServed();
  await cluster.stop();
  rmSync(place, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  writeFileSync(path.join(place, name), text);
  return path.join(place, name);
}

function load(manifests: readonly Manifest[]): void {
  cluster.load(manifests as unknown as ApiObject[]);
}

function set(manifest: Manifest): void {
  cluster.set(manifest as unknown as ApiObject);
}

interface Webhook extends Serving {
  readonly port: number;
}

/** Starts the command, and waits until the webhook listens. */
async function webhook(...args: readonly string[]): Promise<Webhook> {
  const serving = await serve(
    ...['-o', 'json', '--webhook', '--webhook-port', '0', '--webhook-host', '127.0.0.1'],
    ...['--webhook-cert', path.join(place, 'tls.crt'), '--webhook-key', path.join(place, 'tls.key')],
    ...['--guardrails', path.join(place, 'guardrails.yaml'), ...args],
  );
  const lines = (): readonly string[] => serving.stderr().split('\n');
  await until(() => lines().some((line) => line.includes('webhook listens')));
  const said = lines().find((line) => line.includes('webhook listens')) ?? '{}';
  return { ...serving, port: (JSON.parse(said) as { port: number }).port };
}

function live(...args: readonly string[]): Promise<Webhook> {
  return webhook('--kubeconfig', path.join(place, 'kubeconfig'), ...args);
}

/** Waits for what other events bring about; the test's own timeout bounds it. */
async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await happened())) await new Promise((resolve) => setImmediate(resolve));
}

async function isReady(port: number): Promise<boolean> {
  return (await send(port, '', { method: 'GET', at: '/readyz' })).status === 200;
}

/** Why a change is refused; undefined: it is not. */
async function denial(port: number, body: string): Promise<string | undefined> {
  const { allowed, status } = await judged(port, body);
  return allowed ? undefined : (status?.message ?? '');
}

describe('against files', () => {
  test('judges in a thread, by guardrails that change', async () => {
    for (const [name, text] of Object.entries(SHOP)) file(name, text);
    const guardrails = file(
      'guardrails.yaml',
      'apiVersion: portcullis.dev/v1\nkind: PolicyTest\nassertions:\n  - { from: internet, to: shop/cart, expect: denied }\n',
    );
    const inputs = Object.keys(SHOP).flatMap((name) => ['-f', path.join(place, name)]);
    const { port, child, ended } = await webhook(...inputs);
    const open = reviewOf('CREATE', policy('shop/open', { podSelector: {}, ingress: [{}] }));
    expect(await denial(port, open)).toBe(
      'this change lets internet reach shop/cart on all ports; guardrail guardrails.yaml line 4',
    );
    writeFileSync(guardrails, readFileSync(guardrails, 'utf8').replace('denied', 'allowed'));
    await until(async () => (await denial(port, open)) === undefined);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

describe('against a cluster', () => {
  test('a change is judged on what the cluster is at the moment', async () => {
    const { port, url } = await live();
    await until(() => isReady(port));
    const open = reviewOf('CREATE', OPEN);
    expect(await denial(port, open)).toBe(BREACH);
    expect(await denial(port, reviewOf('UPDATE', DB, DB))).toBeUndefined();

    const admin = {
      apiVersion: 'policy.networking.k8s.io/v1alpha1',
      kind: 'AdminNetworkPolicy',
      metadata: { name: 'closed' },
      spec: { priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] },
    };
    // It cuts web off: that guardrail fails already, and the next change does not make it worse.
    const isCutOff = async (): Promise<boolean> => {
      const { warnings = [] } = await judged(port, reviewOf('UPDATE', DB, DB));
      return warnings.some((text) => text.startsWith('guardrail guardrails.yaml line 5 fails already'));
    };
    set(admin);
    await until(isCutOff);
    cluster.delete('AdminNetworkPolicy', undefined, 'closed');
    await until(async () => !(await isCutOff()));

    // The database moves to other labels: the policy opens nothing that is guarded any more.
    set(pod('shop/db', { labels: { app: 'database' }, ips: ['10.0.0.2'] }));
    await until(async () => (await denial(port, open)) === undefined);
    set(pod('shop/db', { labels: { app: 'db' }, ips: ['10.0.0.2'] }));
    await until(async () => (await denial(port, open)) === BREACH);
    // The page knows the same cluster.
    const can = await ask(`${url}api/can?from=shop/web&to=shop/db&port=5432`);
    expect(JSON.parse(can.text)).toMatchObject({ allowed: true });
  });

  test('judging changes nothing, also not a dry run', async () => {
    const { port, url } = await live();
    await until(() => isReady(port));
    const world = async (): Promise<string> => (await ask(`${url}api/world`)).text;
    // The page's own understanding of the world comes after it, and is a part of the answer.
    await until(async () => (await world()).includes('"summary"'));
    const [before, requests] = [await world(), [...cluster.requests]];
    for (const more of [{ dryRun: true }, { dryRun: false }]) {
      expect(await denial(port, reviewOf('CREATE', OPEN, null, more))).toBe(BREACH);
      expect(await denial(port, reviewOf('DELETE', null, OPEN, more))).toBeUndefined();
    }
    const harmless = policy('shop/web', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{}] });
    expect(await denial(port, reviewOf('CREATE', harmless, null, { dryRun: true }))).toBeUndefined();
    expect(await world()).toBe(before);
    expect(cluster.requests).toEqual(requests);
  });

  test.each(['allow', 'deny'] as const)('that was never reached leaves changes unjudged: %s', async (onError) => {
    const { port: closed } = cluster;
    await cluster.stop();
    const { port, stderr } = await live('--on-error', onError);
    const { allowed, warnings, status } = await judged(port, reviewOf('CREATE', OPEN));
    expect(allowed).toBe(onError === 'allow');
    expect(status?.message ?? warnings?.[0]).toBe('portcullis did not judge this change: the cluster is not known yet');
    expect(await isReady(port)).toBe(false);
    await until(() => /cannot reach|ECONNREFUSED/.test(stderr()));
    await cluster.listen(closed);
    await until(() => isReady(port));
    expect(await denial(port, reviewOf('CREATE', OPEN))).toBe(BREACH);
  });

  test('that goes away is judged as it was, and followed again when it is back', async () => {
    const { port, stderr } = await live();
    await until(() => isReady(port));
    const { port: closed } = cluster;
    await cluster.stop();
    await until(() => /what was read of it before stays in force/.test(stderr()));
    expect(await denial(port, reviewOf('CREATE', OPEN))).toBe(BREACH);
    expect(await denial(port, reviewOf('UPDATE', DB, DB))).toBeUndefined();
    expect(await isReady(port)).toBe(true);
    // What happened meanwhile is known once it is back.
    cluster.delete('Pod', 'shop', 'db');
    await cluster.listen(closed);
    await until(async () => (await denial(port, reviewOf('CREATE', OPEN))) === undefined);
  });

  test('of which more is to be judged than there is time for', async () => {
    const crowd = Array.from({ length: 1500 }, (_, at) =>
      pod(`n${at % 50}/p${at}`, { labels: { app: `a${at % 300}` }, ips: [`10.1.${at >> 8}.${at & 255}`] }),
    );
    const policies = Array.from({ length: 300 }, (_, at) =>
      policy(`n${at % 50}/p${at}`, { podSelector: { matchLabels: { app: `a${at}` } }, ingress: [] }),
    );
    load([...crowd, ...policies]);
    const hurried = await live('--webhook-timeout', '0.001', '--on-error', 'deny');
    await until(() => isReady(hurried.port));
    expect(await denial(hurried.port, reviewOf('CREATE', OPEN))).toBe(
      'portcullis did not judge this change: judging was not done within 0.001 s',
    );
    const patient = await live();
    await until(() => isReady(patient.port));
    expect(await denial(patient.port, reviewOf('CREATE', OPEN))).toBe(BREACH);
  });
});
