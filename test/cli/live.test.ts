import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readInputs } from '../../src/kube/files.ts';
import { type ApiObject, ApiServer, sharedAuthority } from '../support/api-server.ts';
import { kubeconfigOf, TestFolder } from '../support/kubeconfig.ts';
import { type Outcome, portcullis, type RunOptions, WRONG } from './run-main.ts';

const SHOP = path.join(import.meta.dirname, '../../examples/shop');

let server: ApiServer;
let files: TestFolder;
let kubeconfig = '';

beforeAll(() => {
  files = new TestFolder();
});

afterAll(() => files.remove());

beforeEach(async () => {
  server = await ApiServer.start({ custom: true });
  server.load(await objectsOf(SHOP));
  kubeconfig = files.write('kubeconfig', kubeconfigOf(server));
});

afterEach(() => server.stop());

async function objectsOf(folder: string): Promise<ApiObject[]> {
  const { inputs } = await readInputs([folder], { stdin: process.stdin });
  return inputs
    .flatMap(({ content }) => parseAllDocuments(Buffer.from(content).toString()).map((document) => document.toJS()))
    .filter((value: ApiObject | null): value is ApiObject => value !== null && value.kind !== 'PolicyTest');
}

async function live(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return portcullis([...args, '--kubeconfig', kubeconfig], options);
}

describe('every command reads the cluster', () => {
  it('and answers as for the same objects in files', async () => {
    for (const args of [
      ['reach', '-o', 'json'],
      ['reach', '-n', 'shop', '-o', 'matrix'],
      ['exposure', '-o', 'md'],
      ['can', 'shop/deploy/frontend', 'shop/deploy/cart', '7070'],
      ['advise'],
    ]) {
      const fromFiles = await portcullis([...args, '-f', SHOP]);
      const fromCluster = await live(args);
      expect([args, fromCluster.code, fromCluster.stdout.replaceAll(/\(\S+\/examples\/\S+\) /g, '')]).toEqual([
        args,
        fromFiles.code,
        fromFiles.stdout.replaceAll(/\(\S+\/examples\/\S+\) /g, ''),
      ]);
    }
  });

  it('in the environment of kubectl too, and says which with -v', async () => {
    const { code, stderr } = await portcullis(['validate', '-v'], { env: { KUBECONFIG: kubeconfig } });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^read \d+ objects from context "test", https:\/\/127\.0\.0\.1:\d+\n/);
  });

  it('describes and lints what is there, without places in files', async () => {
    const described = await live(['describe', 'shop/cart']);
    expect([described.code, described.stderr]).toEqual([0, '']);
    expect(described.stdout).toMatch(/^Name: +cart\n/);
    const linted = await live(['lint', '--fail-on', 'never']);
    expect([linted.code, linted.stderr]).toEqual([0, '']);
    expect((await live(['lint', '--fix'])).stderr).toContain('--fix changes files: name them with -f');
    const explained = await live(['can', 'shop/deploy/frontend', 'shop/deploy/cart', '8080', '--explain']);
    expect(explained.code).toBe(1);
    expect(explained.stdout).not.toMatch(/undefined|\(\)/);
    expect((await live(['can', 'shop/deploy/frontend', 'shop/deploy/cart', '8080', '-o', 'json'])).code).toBe(1);
  });

  it('and names objects in diagnostics', async () => {
    for (const document of parseAllDocuments(WRONG)) server.set(document.toJS() as ApiObject);
    const { code, stdout } = await live(['validate']);
    expect(code).toBe(1);
    expect(stdout).toContain('NetworkPolicy shop/wrong: error: spec.ingress[0].ports[0].port: Invalid value: 0');
    const reach = await live(['reach']);
    expect([reach.code, reach.stdout]).toEqual([2, '']);
    expect((await live(['reach', '--skip-invalid'])).stderr).toContain('NetworkPolicy shop/wrong is left out');
  });

  it('and takes the CIDRs that the cluster took', async () => {
    server.set({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'old', namespace: 'shop' },
      spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '010.0.0.0/8' } }] }] },
    });
    expect((await live(['reach'])).code).toBe(0);
    expect((await live(['validate'])).code).toBe(1);
  });
});

describe('large clusters', () => {
  it('come in pages, also when the pages expire', async () => {
    server.load(
      Array.from({ length: 1200 }, (_, index) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `pod-${index}`, namespace: 'many', labels: { app: `a${index % 3}` } },
        spec: { containers: [] },
      })),
    );
    let pages = 0;
    server.onRequest = (target) => {
      if (/pods\?.*continue/.test(target) && ++pages <= 5) server.expire();
    };
    const { code, stdout } = await live([
      'reach',
      '-n',
      'many',
      '-o',
      'csv',
      '--by',
      'pod',
      '--to',
      'many/pod-0',
      '--no-external',
    ]);
    expect(code).toBe(0);
    expect(stdout.split('\r\n').filter((line) => line.startsWith('many/'))).toHaveLength(1199 * 3);
    expect(pages).toBeGreaterThan(3);
  });

  it('wait while the server is throttled or in trouble', async () => {
    server.faults.push({ on: /pods/, status: 429, times: 2, headers: { 'retry-after': '0' } });
    server.faults.push({ on: /namespaces/, action: 'truncate', times: 1 });
    server.faults.push({ on: /networkpolicies/, status: 503, times: 1, headers: { 'retry-after': '0' } });
    expect((await live(['reach'])).code).toBe(0);
  });
});

describe('what is forbidden', () => {
  it('and necessary is an error with the rules that are missing', async () => {
    server.deny('list', 'pods');
    server.deny('list', 'networkpolicies');
    const { code, stdout, stderr } = await live(['reach']);
    expect([code, stdout]).toEqual([2, '']);
    expect(
      stderr,
    ).toBe(`portcullis: error: context "test" may not list pods, networkpolicies.networking.k8s.io in all namespaces
  its ClusterRole lacks these rules:
  - apiGroups: [""]
    resources: [pods]
    verbs: [list]
  - apiGroups: ["networking.k8s.io"]
    resources: [networkpolicies]
    verbs: [list]
  or name one namespace with -n: then only that is read
`);
    // What is not read is not taken for what is not there.
    for (const args of [['lint'], ['advise'], ['diff', 'live', SHOP], ['reach', '--save', '/nowhere/part.json']]) {
      const outcome = await live([...args, '-n', 'shop']);
      expect([args, outcome.code, outcome.stdout]).toEqual([args, 2, '']);
      expect(outcome.stderr).toContain('may not list pods, networkpolicies.networking.k8s.io in all namespaces\n');
    }
  });

  it('in all namespaces but one is that one, with a warning', async () => {
    for (const plural of ['namespaces', 'pods', 'networkpolicies', 'services', 'deployments', 'statefulsets']) {
      server.deny('list', plural, 'cluster-wide');
    }
    const { code, stdout, stderr } = await live(['reach', '-n', 'shop', '-o', 'csv', '--no-external']);
    expect(code).toBe(0);
    expect(stderr).toContain(
      'warning: only namespace "shop" was read: context "test" may not list namespaces, pods, ' +
        'networkpolicies.networking.k8s.io in all namespaces\n' +
        '  help: connections with other namespaces are left out, and addresses of their pods count as outside the cluster\n',
    );
    const within = (text: string): string[] => text.split('\r\n').filter((line) => /^shop\/\S+,shop\//.test(line));
    const all = await portcullis(['reach', '-n', 'shop', '-o', 'csv', '--no-external', '-f', SHOP]);
    expect(stdout.split('\r\n').slice(1, -1)).toEqual(within(all.stdout));
    expect(within(all.stdout)).not.toEqual([]);
    // Programs see it in the document, and only then.
    for (const args of [
      ['reach', '-o', 'json'],
      ['reach', '-o', 'yaml'],
      ['exposure', '-o', 'json'],
      ['can', 'frontend', 'cart', '-o', 'json'],
    ]) {
      const one = await live([...args, '-n', 'shop']);
      const whole = await portcullis([...args, '-n', 'shop', '-f', SHOP]);
      expect(parse(one.stdout)).toMatchObject({ onlyNamespace: 'shop' });
      expect(parse(whole.stdout)).not.toHaveProperty('onlyNamespace');
    }
    const described = await live(['describe', '-n', 'shop']);
    expect(described.stdout).toBe((await portcullis(['describe', '-n', 'shop', '-f', SHOP])).stdout);

    const absent = await live(['reach', '-n', 'shpo']);
    expect([absent.code, absent.stdout]).toEqual([2, '']);
    expect(absent.stderr).toContain('context "test" has no namespace "shpo"');
    server.deny('get', 'namespaces');
    expect((await live(['reach', '-n', 'shop'])).stderr).toContain(
      'may not get namespaces: its labels are taken to be kubernetes.io/metadata.name only',
    );
    server.deny('list', 'pods');
    const refused = await live(['reach', '-n', 'shop']);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain(
      'context "test" may not list pods in namespace "shop" either\n  its Role lacks this rule:',
    );
  });

  it('of the policies of the cluster is an error for one namespace too', async () => {
    server.deny('list', 'pods', 'cluster-wide');
    server.deny('list', 'clusternetworkpolicies');
    const { code, stderr } = await live(['reach', '-n', 'shop']);
    expect(code).toBe(2);
    expect(stderr).toContain('may not list clusternetworkpolicies.policy.networking.k8s.io in all namespaces');
  });

  it('and not necessary is a warning', async () => {
    server.deny('list', 'nodes');
    server.deny('list', 'cronjobs');
    const { code, stderr } = await live(['reach', '-o', 'csv']);
    expect(code).toBe(0);
    expect(stderr).toContain(
      'warning: may not list nodes: policies about nodes match none, and hostNetwork pods have no node\n' +
        '  help: RBAC rule: { apiGroups: [""], resources: [nodes], verbs: [list] }\n',
    );
    expect(stderr).toContain('may not list cronjobs.batch');
  });
});

describe('what goes wrong', () => {
  it.each<[string, () => readonly string[], RegExp]>([
    [
      'no such context',
      () => ['--context', 'tests'],
      /no context "tests" in the kubeconfig .*\n {2}did you mean test\?\n/,
    ],
    [
      'a server that is gone',
      () => ['--kubeconfig', files.write('gone', kubeconfigOf('https://127.0.0.1:1'))],
      /cannot reach the API server https:\/\/127\.0\.0\.1:1: the connection is refused/,
    ],
    [
      'wrong credentials',
      () => ['--kubeconfig', files.write('no', kubeconfigOf(server, { token: 'x' }))],
      /does not accept the credentials of context "test"/,
    ],
    [
      'no plugin',
      () => ['--kubeconfig', files.write('exec', kubeconfigOf(server, { exec: { command: 'nope' } }))],
      /the credential plugin "nope" of user "tester" is not installed/,
    ],
    ['no kubeconfig', () => ['--kubeconfig', '/nowhere'], /cannot read the kubeconfig \/nowhere: no such file/],
  ])('%s is one message and exit code 2', async (_, args, message) => {
    const { code, stdout, stderr } = await portcullis(['reach', '--kubeconfig', kubeconfig, ...args()]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^portcullis: error: /);
    expect(stderr).not.toContain('    at ');
  });

  it('is told of a server that always fails', async () => {
    server.faults.push({ on: /replicasets/, status: 500, headers: { 'retry-after': '0' } });
    const { code, stderr } = await live(['reach']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/answers 500 to \/apis\/apps\/v1\/replicasets: a fault of the test\n/);
  });

  it('is told of a client certificate that expired', async () => {
    const { cert, key } = sharedAuthority().authority.client('late', -1);
    const pem = (content: string): string => Buffer.from(content).toString('base64');
    const user = { 'client-certificate-data': pem(cert), 'client-key-data': pem(key) };
    const { code, stderr } = await portcullis([
      'reach',
      '--kubeconfig',
      files.write('late', kubeconfigOf(server, user)),
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/the client certificate of context "test" expired on \d{4}-\d\d-\d\d\n/);
  });
});

describe('--save', () => {
  it.each(['json', 'yaml'])('stores a snapshot as %s that -f reads to the same result', async (format) => {
    server.set({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'secretive',
        namespace: 'shop',
        labels: { app: 'cart', version: '1e3', ok: 'true' },
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"env":"hunter2"}' },
        managedFields: [{ manager: 'kubectl' }],
      },
      spec: {
        containers: [{ name: 'c', env: [{ name: 'PASSWORD', value: 'hunter2' }], ports: [{ containerPort: 7070 }] }],
      },
      status: { phase: 'Running', podIP: '10.0.0.7' },
    });
    const file = path.join(files.path, `snapshot.${format}`);
    const saved = await live(['reach', '-o', 'json', '--save', file]);
    expect(saved.code).toBe(0);
    expect(saved.stderr).toMatch(/^saved \d+ objects in /);
    const read = await portcullis(['reach', '-o', 'json', '-f', file]);
    expect(read.stdout).toBe(saved.stdout);
    expect(read.stderr).toBe('');
    expect(readFileSync(file, 'utf8')).not.toContain('hunter2');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('stores what leads in from outside, and how many replicas there are', async () => {
    server.load(await objectsOf(path.join(SHOP, '../ingress')));
    const file = path.join(files.path, 'routes.json');
    const saved = await live(['exposure', '--save', file]);
    expect([saved.code, saved.stdout]).toEqual([0, expect.stringContaining('HTTPRoute')]);
    expect((await portcullis(['exposure', '-f', file])).stdout).toBe(saved.stdout);
    expect(readFileSync(file, 'utf8')).toContain('"replicas"');
  });

  it('needs a cluster and a place', async () => {
    expect((await portcullis(['reach', '-f', SHOP, '--save', 'x'])).stderr).toContain('leave one out');
    expect((await portcullis(['diff', SHOP, SHOP, '--save', 'x'])).stderr).toContain('--save needs live');
    expect(await live(['reach', '-f', SHOP])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--kubeconfig names a cluster, and -f names files: leave one out'),
    });
    expect(await portcullis(['diff', SHOP, SHOP, '--context', 'test'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--context names a cluster, and neither side is live'),
    });
    const { code, stderr } = await live(['reach', '--save', '/nowhere/x.json']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('cannot write /nowhere/x.json')]);
  });
});

describe('diff', () => {
  it('takes the cluster on either side', async () => {
    expect(await live(['diff', 'live', SHOP])).toMatchObject({ code: 0, stderr: '' });
    expect(await live(['diff', 'live', 'live'])).toMatchObject({ code: 0, stderr: '' });
    const requests = server.requests.length;
    server.delete('NetworkPolicy', 'shop', 'cart');
    const { code, stdout } = await live(['diff', SHOP, 'live', '-o', 'json']);
    expect(code).toBe(1);
    expect(JSON.stringify(JSON.parse(stdout).changes)).toContain('"name":"cart"');
    expect(server.requests.length).toBeGreaterThan(requests);
  });

  it('shows what applying files to the cluster would change', async () => {
    const policy = files.write('apply/cart.yaml', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'cart', namespace: 'shop' },
      spec: { podSelector: { matchLabels: { app: 'cart' } }, policyTypes: ['Ingress'] },
    });
    const { code, stdout } = await live([
      'diff',
      'live',
      `live+${policy}`,
      '-o',
      'json',
      '--save',
      path.join(files.path, 'both.json'),
    ]);
    expect(code).toBe(1);
    const { changes } = JSON.parse(stdout) as { changes: { change: string; to: string }[] };
    expect(new Set(changes.map(({ change, to }) => `${change} ${to}`))).toEqual(
      new Set(['removed data/redis[StatefulSet]', 'removed shop/cart[Deployment]']),
    );
    expect((await live(['diff', 'live', 'live+'])).stderr).toContain('live+ wants files after it');
  });
});

describe('completion', () => {
  it.each<[readonly string[], readonly string[]]>([
    [['reach', '-n', 'pay'], ['payments']],
    [
      ['describe', 'shop/ca'],
      ['shop/cart', 'shop/catalog'],
    ],
    [
      ['can', 'shop/deploy/ca'],
      ['shop/deploy/cart', 'shop/deploy/catalog'],
    ],
  ])('%j finds names of the cluster', async (words, expected) => {
    const { stdout } = await portcullis(['complete', '--', ...words], { env: { KUBECONFIG: kubeconfig } });
    const names = stdout.split('\n').filter((line) => line.includes('\t'));
    expect(names.map((line) => line.split('\t')[0])).toEqual(expected);
  });

  it('reads no more than it needs, and finds nothing where there is no cluster', async () => {
    await portcullis(['complete', '--', 'reach', '-n', ''], { env: { KUBECONFIG: kubeconfig } });
    expect(server.requests).toEqual(['/api/v1/namespaces?limit=500']);
    const gone = files.write('gone', kubeconfigOf('https://127.0.0.1:1'));
    const { code, stdout, stderr } = await portcullis(['complete', '--', 'reach', '--kubeconfig', gone, '-n', '']);
    expect([code, stdout, stderr]).toEqual([0, ':4\n', '']);
  });
});

describe('the built program', () => {
  const BIN = path.join(import.meta.dirname, '../../bin');

  async function spawned(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<Outcome> {
    const child = spawn(process.execPath, [path.join(BIN, program), ...args], { env: { ...process.env, ...env } });
    child.stdin.end();
    const [stdout, stderr, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1))),
    ]);
    return { code, stdout, stderr };
  }

  it('reads a cluster with a token, a client certificate and a plugin, also as a plugin of kubectl', async () => {
    const { cert, key } = sharedAuthority().authority.client('jane');
    const pem = (content: string): string => Buffer.from(content).toString('base64');
    const token = JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'secret' },
    });
    files.write('bin/credentials', `#!/bin/sh\necho '${token}'\n`, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'bin/credentials', args: [] };
    const expected = await portcullis(['reach', '-f', SHOP, '-o', 'json']);
    const args = ['reach', '-o', 'json'];
    for (const user of [
      { token: 'secret' },
      { 'client-certificate-data': pem(cert), 'client-key-data': pem(key) },
      { exec },
    ]) {
      const KUBECONFIG = files.write('by-user', kubeconfigOf(server, user));
      const outcome = await spawned('kubectl-portcullis', args, { KUBECONFIG });
      expect(outcome).toEqual({ code: 0, stdout: expected.stdout, stderr: '' });
    }
    const KUBECONFIG = files.write('other', kubeconfigOf('https://127.0.0.1:1'));
    const refused = await spawned('portcullis', args, { KUBECONFIG });
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toBe(
      'portcullis: error: cannot reach the API server https://127.0.0.1:1: the connection is refused: is the API server running?\n',
    );
  });
});
