import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readManifests } from '../../src/manifest/index.ts';
import { Judge, Metrics, readTls, serveWebhook, type WebhookOptions } from '../../src/server/index.ts';
import { judged, reviewOf, send } from '../support/admission.ts';
import { sharedAuthority } from '../support/api-server.ts';
import type { Certificate } from '../support/pki.ts';
import { WORLD_OPTIONS } from '../support/server.ts';

const CLUSTER = `
{ apiVersion: v1, kind: Namespace, metadata: { name: shop } }
---
{ apiVersion: v1, kind: Pod, metadata: { name: web, namespace: shop, labels: { app: web } }, spec: { containers: [{ name: c }] } }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec: { containers: [{ name: c, ports: [{ name: sql, containerPort: 5432 }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  policyTypes: [Ingress]
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5432 }] }]
`;
const GUARDRAILS = `apiVersion: portcullis.dev/v1
kind: PolicyTest
assertions:
  - name: the outside does not reach the database
    from: internet
    to: shop/db
    expect: denied
  - { from: shop/web, to: shop/db, port: 5432, expect: allowed }
`;

type Rule = Readonly<Record<string, unknown>>;

function policy(name: string, ingress: readonly Rule[], extra: Rule = {}): Rule {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'shop', uid: 'b6b', managedFields: [{ manager: 'kubectl' }], ...extra },
    spec: { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'], ingress },
  };
}

const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };
const IGNORE_ALL = { 'portcullis.dev/lint-ignore': '*' };
const FROM_WEB = { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ protocol: 'TCP', port: 5432 }] };
const FROM_ALL = { ports: [{ protocol: 'TCP', port: 5432 }] };
const DB = policy('db', [FROM_WEB]);

const { authority } = sharedAuthority();
let certificate: Certificate;
let folder: string;

beforeAll(() => {
  certificate = authority.server(['localhost', '127.0.0.1']);
  folder = mkdtempSync(path.join(tmpdir(), 'portcullis-webhook-'));
  writeFileSync(path.join(folder, 'tls.crt'), certificate.cert);
  writeFileSync(path.join(folder, 'tls.key'), certificate.key);
  writeFileSync(path.join(folder, 'ca.crt'), authority.cert);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Running {
  readonly port: number;
  readonly judge: Judge;
  readonly log: readonly string[];
}

interface Setting {
  readonly guardrails?: string;
  readonly denyOn?: readonly string[];
  readonly cluster?: string;
  readonly options?: Partial<WebhookOptions>;
  readonly clientCa?: boolean;
}

async function start(setting: Setting = {}): Promise<Running> {
  const { guardrails = GUARDRAILS, denyOn = [], cluster = CLUSTER, options = {}, clientCa = false } = setting;
  const log: string[] = [];
  const note = (text: string): void => void log.push(text);
  const logger = { info: note, warn: note, error: note };
  const files = guardrails === '' ? [] : [{ name: 'payments.yaml', text: guardrails }];
  const judge = new Judge({ world: WORLD_OPTIONS, guardrails: files, denyOn }, logger, false);
  const { objects } = readManifests([{ name: 'cluster.yaml', content: cluster }]);
  judge.apply(objects.map((object) => ({ type: 'set', object })));
  judge.synced();
  const tlsPaths = {
    cert: path.join(folder, 'tls.crt'),
    key: path.join(folder, 'tls.key'),
    ...(clientCa ? { clientCa: path.join(folder, 'ca.crt') } : {}),
  };
  const webhook = await serveWebhook({
    host: '127.0.0.1',
    port: 0,
    tls: readTls(tlsPaths),
    tlsPaths,
    judge,
    budget: 30_000,
    onError: 'allow',
    log: logger,
    metrics: new Metrics(),
    ...options,
  });
  afterAll(() => webhook.stop());
  return { port: webhook.port, judge, log };
}

describe('guardrails', () => {
  let running: Running;
  beforeAll(async () => {
    running = await start();
  });

  test.each<[string, string, RegExp | undefined]>([
    ['a change that keeps them', reviewOf('UPDATE', policy('db', [FROM_WEB, FROM_WEB]), DB), undefined],
    [
      'a policy that opens the database',
      reviewOf('CREATE', policy('open', [FROM_ALL])),
      /^this change lets internet reach shop\/db on 5432\/TCP; guardrail payments\.yaml line 4$/,
    ],
    [
      'an update that opens it wider',
      reviewOf('UPDATE', policy('db', [{}]), DB),
      /^this change lets internet reach shop\/db on all ports; guardrail payments\.yaml line 4$/,
    ],
    [
      'a deletion that leaves it unprotected',
      reviewOf('DELETE', null, DB),
      /^this change lets internet reach shop\/db on all ports; guardrail payments\.yaml line 4$/,
    ],
    [
      'an update that cuts off who must reach it',
      reviewOf('UPDATE', policy('db', []), DB),
      /^this change stops shop\/web from reaching shop\/db on 5432\/TCP; guardrail payments\.yaml line 8$/,
    ],
    [
      'a ClusterNetworkPolicy that overrules the policy',
      reviewOf('CREATE', {
        apiVersion: 'policy.networking.k8s.io/v1alpha2',
        kind: 'ClusterNetworkPolicy',
        metadata: { name: 'open-all' },
        spec: {
          tier: 'Admin',
          priority: 10,
          subject: { namespaces: {} },
          ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }],
        },
      }),
      /^this change stops shop\/web from reaching shop\/db on 5432\/TCP; guardrail payments\.yaml line 8$/,
    ],
    [
      'an AdminNetworkPolicy that denies',
      reviewOf('CREATE', {
        apiVersion: 'policy.networking.k8s.io/v1alpha1',
        kind: 'AdminNetworkPolicy',
        metadata: { name: 'no' },
        spec: {
          priority: 10,
          subject: { namespaces: {} },
          ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }],
        },
      }),
      /^this change stops shop\/web/,
    ],
    ['the deletion of a policy that is not there', reviewOf('DELETE', null, policy('other', [FROM_ALL])), undefined],
    ['a change of the status', reviewOf('UPDATE', policy('db', [{}]), DB, { subResource: 'status' }), undefined],
    ['another kind', reviewOf('CREATE', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }), undefined],
  ])('%s', async (_what, body, denial) => {
    const { allowed, status } = await judged(running.port, body);
    if (denial === undefined) expect(`${allowed} ${status?.message ?? ''}`).toBe('true ');
    else {
      expect(status?.message).toMatch(denial);
      expect(status?.code).toBe(403);
      expect(allowed).toBe(false);
    }
  });

  test('change nothing: the same question has the same answer', async () => {
    const body = reviewOf('CREATE', policy('open', [FROM_ALL]), null, { dryRun: true });
    const first = await judged(running.port, body);
    expect(first.allowed).toBe(false);
    expect(await judged(running.port, body)).toEqual(first);
    // A denial or a dry run does not count as if it had happened: what follows is judged as before it.
    expect((await judged(running.port, reviewOf('UPDATE', DB, DB))).allowed).toBe(true);
  });

  test('follow the cluster', async () => {
    const { port, judge } = await start();
    expect((await judged(port, reviewOf('CREATE', policy('open', [FROM_ALL])))).allowed).toBe(false);
    judge.apply([{ type: 'remove', kind: 'Pod', namespace: 'shop', name: 'db' }]);
    const { allowed, warnings } = await judged(port, reviewOf('CREATE', policy('open', [FROM_ALL])));
    expect(allowed).toBe(true);
    expect(warnings).toContainEqual(expect.stringMatching(/^guardrail payments\.yaml line \d+ guards nothing: /));
  });
});

describe('a guardrail that fails already', () => {
  const open = stringify(policy('open', [FROM_ALL]));
  let running: Running;
  beforeAll(async () => {
    running = await start({ cluster: `${CLUSTER}---\n${open}` });
  });

  test('is a warning where the change does not make it worse', async () => {
    const { allowed, warnings } = await judged(
      running.port,
      reviewOf('UPDATE', policy('db', [FROM_WEB, FROM_WEB]), DB),
    );
    expect(allowed).toBe(true);
    expect(warnings).toContain(
      'guardrail payments.yaml line 4 fails already, with or without this change: the outside does not reach the database',
    );
  });

  test('denies a change that makes it worse', async () => {
    const wider = policy('wider', [{ ports: [{ protocol: 'TCP', port: 22 }] }]);
    const { allowed, status } = await judged(running.port, reviewOf('CREATE', wider));
    expect(status?.message).toBe('this change lets internet reach shop/db on 22/TCP; guardrail payments.yaml line 4');
    expect(allowed).toBe(false);
  });

  test('lets the change through that mends it', async () => {
    const { allowed } = await judged(running.port, reviewOf('DELETE', null, policy('open', [FROM_ALL])));
    expect(allowed).toBe(true);
  });
});

describe('lint', () => {
  const typo = policy('typo', [{ from: [{ podSelector: { matchLabels: { app: 'wbe' } } }], ports: [{ port: 5432 }] }]);

  test('warns of what it finds in the changed policy', async () => {
    const { port } = await start();
    const { allowed, warnings } = await judged(port, reviewOf('CREATE', typo));
    expect(allowed).toBe(true);
    expect(warnings).toContainEqual(expect.stringMatching(/wbe.*\[(?:label-typo|peer-selects-nothing)\]$/));
  });

  test.each([['label-typo,peer-selects-nothing'], ['warning'], ['info']])(
    'denies with --deny-on %s',
    async (denyOn) => {
      const { port } = await start({ denyOn: [denyOn] });
      const { allowed, status } = await judged(port, reviewOf('CREATE', typo));
      expect(status?.message).toMatch(/wbe/);
      expect(allowed).toBe(false);
    },
  );

  test('an annotation keeps warnings back, not denials', async () => {
    const silent = policy('typo', typo['spec'] === undefined ? [] : ((typo['spec'] as Rule)['ingress'] as Rule[]), {
      annotations: IGNORE_ALL,
    });
    const lenient = await judged((await start()).port, reviewOf('CREATE', silent));
    expect(lenient.warnings ?? []).toEqual([]);
    const strict = await judged((await start({ denyOn: ['warning'] })).port, reviewOf('CREATE', silent));
    expect(strict.allowed).toBe(false);
  });

  test('an annotation does not make old what was there before', async () => {
    const { kind, apiVersion, spec } = typo;
    const silent = { kind, apiVersion, spec, metadata: { name: 'typo', namespace: 'shop', annotations: IGNORE_ALL } };
    const { port } = await start({ denyOn: ['warning'], cluster: `${CLUSTER}---\n${stringify(silent)}` });
    expect(await judged(port, reviewOf('UPDATE', silent, silent))).not.toHaveProperty('status');
  });

  test('a harmless policy is not denied where the namespace has a default deny', async () => {
    const guard = stringify({ ...policy('guard', []), spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } });
    const { port } = await start({ denyOn: ['info'], cluster: `${CLUSTER}---\n${guard}` });
    const web = { ...policy('web', [{ from: [{ podSelector: { matchLabels: { app: 'db' } } }] }]) };
    const spec = { ...(web['spec'] as Rule), podSelector: { matchLabels: { app: 'web' } } };
    expect(await judged(port, reviewOf('CREATE', { ...web, spec }))).not.toHaveProperty('status');
  });

  test('what was there before the change does not deny it', async () => {
    const { port } = await start({ denyOn: ['warning'] });
    const { allowed, warnings } = await judged(port, reviewOf('UPDATE', typo, typo));
    expect(allowed).toBe(true);
    expect(warnings).toContainEqual(expect.stringMatching(/wbe/));
  });

  test('warnings stay within the limits of the API server', async () => {
    const rules = Array.from({ length: 100 }, (_, at) => ({
      from: [{ podSelector: { matchLabels: { app: `nobody-with-a-long-name-${at}-${'x'.repeat(30)}` } } }],
    }));
    const { port } = await start({ guardrails: '' });
    const { warnings = [] } = await judged(port, reviewOf('CREATE', policy('many', rules)));
    expect(warnings.length).toBeGreaterThan(5);
    expect(warnings.reduce((sum, warning) => sum + warning.length, 0)).toBeLessThanOrEqual(4096);
    expect(warnings.at(-1)).toMatch(/^and \d+ more warnings: portcullis lint tells them all$/);
  });
});

describe('what cannot be judged', () => {
  const changed = reviewOf('CREATE', policy('open', [FROM_ALL]));

  test.each(['allow', 'deny'] as const)('is answered as --on-error %s says', async (onError) => {
    const { port } = await start({ options: { onError, budget: 0 } });
    const { allowed, warnings, status } = await judged(port, changed);
    expect(allowed).toBe(onError === 'allow');
    expect(status?.message ?? warnings?.[0]).toMatch(
      /^portcullis did not judge this change: judging was not done within 0 s/,
    );
  });

  test('the cluster is not known yet', async () => {
    const judge = new Judge({ world: WORLD_OPTIONS, guardrails: [], denyOn: [] }, QUIET, false);
    const { port } = await start({ options: { judge } });
    const { allowed, warnings } = await judged(port, changed);
    expect([allowed, warnings]).toEqual([true, ['portcullis did not judge this change: the cluster is not known yet']]);
    expect((await send(port, '', { method: 'GET', at: '/readyz' })).status).toBe(503);
    judge.synced();
    expect((await send(port, '', { method: 'GET', at: '/readyz' })).status).toBe(200);
  });

  test('a policy of a form that is not known', async () => {
    const { port } = await start();
    const odd = { ...policy('odd', []), spec: { podSelector: 3 } };
    const { allowed, warnings } = await judged(port, reviewOf('CREATE', odd));
    expect(allowed).toBe(true);
    expect(warnings?.[0]).toMatch(/^portcullis did not judge this change: object cannot be read: spec\.podSelector: /);
  });
});

describe('where a policy is, and what it is', () => {
  test('an object that names no namespace is in that of the request', async () => {
    const { port } = await start();
    const { namespace: _, ...metadata } = policy('open', [FROM_ALL])['metadata'] as Rule;
    const nameless = { ...policy('open', [FROM_ALL]), metadata };
    const elsewhere = await judged(port, reviewOf('CREATE', nameless, null, { namespace: 'default' }));
    expect(elsewhere.allowed).toBe(true);
    const here = await judged(port, reviewOf('CREATE', nameless, null, { namespace: 'shop' }));
    expect(here.status?.message).toMatch(/^this change lets internet reach shop\/db/);
  });

  test.each([
    ['crd.projectcalico.org/v1', 'NetworkPolicy'],
    ['projectcalico.org/v3', 'NetworkPolicy'],
    ['networking.k8s.io/v1', 'AdminNetworkPolicy'],
    ['', 'constructor'],
  ])('%s %s is let through, nothing passing unjudged', async (apiVersion, kind) => {
    const { port } = await start({ options: { onError: 'deny' } });
    const other = { apiVersion, kind, metadata: { name: 'x', namespace: 'shop' }, spec: { order: 1 } };
    const { allowed, warnings } = await judged(port, reviewOf('CREATE', other));
    expect([allowed, warnings]).toEqual([true, undefined]);
  });

  test.each(['allow', 'deny'] as const)('what is nested too deeply is answered as --on-error %s', async (onError) => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = reviewOf('CREATE', { ...policy('deep', []), spec: '@' }).replace('"@"', deep);
    for (const threaded of [true, false]) {
      const judge = new Judge({ world: WORLD_OPTIONS, guardrails: [], denyOn: [] }, QUIET, threaded);
      judge.synced();
      const { port } = await start({ options: { onError, judge } });
      const { allowed, warnings, status } = await judged(port, body);
      expect(allowed).toBe(onError === 'allow');
      expect(status?.message ?? warnings?.[0]).toMatch(/^portcullis did not judge this change: /);
      await judge.close();
    }
  });
});

describe('what is no review is refused', () => {
  let running: Running;
  beforeAll(async () => {
    running = await start();
  });

  const good = reviewOf('UPDATE', DB, DB);
  test.each<[number, string, RegExp, string, Parameters<typeof send>[2]]>([
    [400, 'no JSON', /not JSON/, '{"apiVersion":', {}],
    [400, 'nothing', /not JSON/, '', {}],
    [400, 'another document', /no AdmissionReview/, '{"kind":"Pod"}', {}],
    [400, 'v1beta1', /apiVersion/, good.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'), {}],
    [400, 'no request', /request/, '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', {}],
    [400, 'an operation that there is not', /operation/, good.replace('"UPDATE"', '"PATCH"'), {}],
    [400, 'deep nesting', /no AdmissionReview/, `${'['.repeat(100_000)}${']'.repeat(100_000)}`, {}],
    [415, 'another type', /application\/json/, good, { type: 'text/plain' }],
    [415, 'a form', /application\/json/, good, { type: 'application/x-www-form-urlencoded' }],
    [405, 'a GET', /POST/, '', { method: 'GET' }],
    [413, 'a body of 9 MB', /8 MiB/, ' '.repeat(9 * 1024 * 1024), {}],
    [404, 'another path', /not found/, good, { at: '/mutate' }],
    [405, 'a POST to health', /not allowed/, good, { at: '/healthz' }],
  ])('%i: %s', async (status, _what, text, body, options) => {
    const answer = await send(running.port, body, options);
    expect(answer.text).toMatch(text);
    expect(answer.text).not.toMatch(/ at |\.ts:|node_modules/);
    expect(answer.status).toBe(status);
  });

  test('and counted', async () => {
    await send(running.port, 'x');
    const { text } = await send(running.port, '', { method: 'GET', at: '/metrics' });
    expect(text).toMatch(/portcullis_admission_reviews_total\{operation="none",outcome="malformed"\} [1-9]/);
    expect(text).toContain('portcullis_admission_ready 1');
  });
});

describe('TLS', () => {
  test('a client without a certificate is refused where one is wanted', async () => {
    const { port } = await start({ clientCa: true });
    const body = reviewOf('UPDATE', DB, DB);
    await expect(send(port, body)).rejects.toThrow(/certificate|ECONNRESET|EPIPE/);
    const { status } = await send(port, body, { client: authority.client('kube-apiserver') });
    expect(status).toBe(200);
  });

  test('a new certificate is served without dropping connections', async () => {
    const { port, log } = await start();
    const open = await connected(port);
    const before = serialOf(open);
    const fresh = authority.server(['localhost', '127.0.0.1']);
    // One after the other, as tools do it: in between they do not fit together.
    writeFileSync(path.join(folder, 'tls.crt'), fresh.cert);
    writeFileSync(path.join(folder, 'tls.key'), fresh.key);
    await until(() => log.some((line) => line.includes('read anew')));
    const later = await connected(port);
    expect(serialOf(later)).not.toBe(before);
    later.destroy();
    open.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    let text = '';
    for await (const piece of open) text += String(piece);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  test('a certificate that is wrong changes nothing', async () => {
    const { port, log } = await start();
    writeFileSync(path.join(folder, 'tls.crt'), 'no certificate');
    await until(() => log.some((line) => line.includes('stays as it was')));
    expect((await send(port, reviewOf('UPDATE', DB, DB))).status).toBe(200);
    writeFileSync(path.join(folder, 'tls.crt'), certificate.cert);
    writeFileSync(path.join(folder, 'tls.key'), certificate.key);
  });
});

function connected(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ port, host: '127.0.0.1', ca: authority.cert }, () => resolve(socket));
    socket.once('error', reject);
  });
}

function serialOf(socket: TLSSocket): string {
  return socket.getPeerCertificate().serialNumber;
}

/** Waits for what other events bring about; the test's own timeout bounds it. */
async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setImmediate(resolve));
}
