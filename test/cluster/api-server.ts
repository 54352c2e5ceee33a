import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { portcullis } from '../cli/run-main.ts';
import { fileText } from '../deploy/manifests.ts';
import { root } from '../package/run.ts';
import { AgentRun, NODE } from '../support/agent-run.ts';
import { admitting } from '../support/agent-tour.ts';
import { run } from '../support/kernel.ts';
import { KubeApiserver } from '../support/kube-apiserver.ts';
import { TestFolder } from '../support/kubeconfig.ts';
import { type Manifest, namespace, node, policy } from '../support/manifests.ts';

const SHOP = path.join(root, 'examples/shop');
const PROGRAM = path.join(root, 'bin/portcullis');
/** Kinds of operators that a cluster may lack. */
const NOT_SERVED = ['PodMonitor', 'PrometheusRule', 'Certificate', 'Issuer', 'Kustomization', 'PolicyTest'];

let server: KubeApiserver;
let files: TestFolder;

beforeAll(async () => {
  files = new TestFolder();
  server = await KubeApiserver.start();
});

afterAll(() => {
  server?.stop();
  files.remove();
});

/** The objects in the YAML files below a folder of the checkout. */
function objectsBelow(folder: string): Manifest[] {
  const names = readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).sort();
  return names
    .filter((name) => name.endsWith('.yaml') && !name.startsWith('expected'))
    .flatMap((name) => parseAllDocuments(fileText(path.join(folder, name))))
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null && !NOT_SERVED.includes(String(object['kind'])))
    .filter((object) => object !== null);
}

describe('manifests of deploy/', () => {
  test.each([
    'deploy/kustomize/base',
    'deploy/kustomize/monitoring',
    'deploy/kustomize/cleanup',
    'deploy/webhook/base',
  ])('%s has no field that the server does not know, and no warning', async (folder) => {
    const objects = objectsBelow(folder);
    expect(objects.length).toBeGreaterThan(1);
    await server.load([namespace('portcullis'), namespace('kube-system')]);
    for (const object of objects) {
      const metadata = object['metadata'] as Record<string, unknown>;
      const placed = { ...object, metadata: { namespace: 'portcullis', ...metadata } };
      const { status, warnings, body } = await server.apply(placed, '&dryRun=All');
      expect([status < 300, warnings, body['message']], JSON.stringify(metadata)).toEqual([true, [], undefined]);
    }
  });
});

describe('commands read the cluster', () => {
  beforeAll(() => server.load(objectsBelow('examples/shop')));

  test.each([
    [['reach', '-n', 'shop', '-o', 'matrix']],
    [['can', 'shop/deploy/frontend', 'shop/deploy/cart', '7070']],
    [['exposure', '-n', 'shop', '-o', 'md']],
  ])('%s answers as for the same objects in files', async (args) => {
    const fromFiles = await portcullis([...args, '-f', SHOP]);
    const live = await portcullis([...args, '--kubeconfig', server.kubeconfig()]);
    const placeless = (text: string): string => text.replaceAll(/ ?\(\S*examples\/\S+\)/g, '');
    expect([live.stderr, live.code, live.stdout]).toEqual(['', fromFiles.code, placeless(fromFiles.stdout)]);
  });

  test('and a cluster saved is the cluster, of which a change to files differs', async () => {
    const saved = path.join(files.path, 'saved.yaml');
    const live = ['--kubeconfig', server.kubeconfig()];
    expect(await portcullis(['reach', '-n', 'shop', ...live, '--save', saved])).toMatchObject({ code: 0 });
    const same = await portcullis(['diff', 'live', saved, ...live]);
    expect([same.code, same.stderr]).toEqual([0, '']);
    expect((await portcullis(['validate', '--strict', '-f', saved])).code).toBe(0);
    const more = files.write('more/open.yaml', policy('shop/open', { podSelector: {}, ingress: [{}] }));
    const opened = await portcullis(['diff', 'live', `live+${more}`, ...live]);
    expect([opened.code, opened.stdout]).toEqual([1, expect.stringContaining('opened')]);
  });
});

/** A definition of the kind, without the schema that the real one has. */
const CLUSTER_NETWORK_POLICIES: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: 'clusternetworkpolicies.policy.networking.k8s.io',
    annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' },
  },
  spec: {
    group: 'policy.networking.k8s.io',
    names: {
      kind: 'ClusterNetworkPolicy',
      plural: 'clusternetworkpolicies',
      singular: 'clusternetworkpolicy',
      listKind: 'ClusterNetworkPolicyList',
    },
    scope: 'Cluster',
    versions: [
      {
        name: 'v1alpha2',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

describe('the agent follows the cluster', () => {
  test('with the rights of its ClusterRole, cluster-wide policies too, with real packets', async () => {
    await server.load([CLUSTER_NETWORK_POLICIES]);
    await server.load(objectsBelow('deploy/kustomize/base'));
    const token = await server.token('kube-system', 'portcullis-agent');
    const agent = new AgentRun(asInPod(token));
    try {
      run('ip', ['link', 'add', 'pcapi', 'type', 'veth', 'peer', 'name', 'api0', 'netns', agent.node]);
      run('ip', ['addr', 'add', '10.98.0.1/30', 'dev', 'pcapi']);
      run('ip', ['link', 'set', 'pcapi', 'up']);
      run('ip', ['-n', agent.node, 'addr', 'add', '10.98.0.2/30', 'dev', 'api0']);
      run('ip', ['-n', agent.node, 'link', 'set', 'api0', 'up']);
      run('ip', ['-n', agent.node, 'route', 'add', '10.99.0.0/24', 'via', '10.98.0.1']);
      await agent.serve();
      await server.load([node(NODE, '10.98.0.2'), ...admitting(80).map(withContainer)]);
      agent.startFrom([]);
      await agent.ready();
      const reached = async (): Promise<boolean[]> => [await agent.reaches(80), await agent.reaches(81)];
      expect(await reached()).toEqual([true, false]);

      const port81 = admitting(81).filter(({ kind }) => kind === 'NetworkPolicy');
      await server.load(port81);
      await agent.until(async () => await agent.reaches(81));
      expect(await reached()).toEqual([false, true]);

      const deny = {
        apiVersion: 'policy.networking.k8s.io/v1alpha2',
        kind: 'ClusterNetworkPolicy',
        metadata: { name: 'deny' },
        spec: {
          tier: 'Admin',
          priority: 1,
          subject: { namespaces: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } },
          ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }],
        },
      };
      // A definition is served a moment after it is there.
      while ((await server.apply(deny)).status === 404) await pause(100);
      await agent.until(async () => !(await agent.reaches(81)));
      await server.delete(deny);
      await agent.until(async () => await agent.reaches(81));

      await server.interrupt();
      expect(await reached()).toEqual([false, true]);
      expect((await agent.ask('/readyz')).code).toBe(200);
      await server.resume();
      await server.load(admitting(80).filter(({ kind }) => kind === 'NetworkPolicy'));
      await agent.until(async () => await agent.reaches(80));
      expect(await reached()).toEqual([true, false]);
      const { code, log } = await agent.stop();
      const errors = log.split('\n').filter((line) => /"level":[56]0/.test(line));
      // After it come others: a server that has just come back refuses for a moment, even for want of rights.
      expect([code, errors[0]]).toEqual([0, expect.stringContaining('cannot reach the API server')]);
    } finally {
      agent.close();
    }
  });
});

describe('the webhook judges what the API server asks it', () => {
  test('denies, warns and lets pass, dry runs too', async () => {
    const { cert, key } = server.serving();
    const guardrails = files.write('guardrails.yaml', {
      apiVersion: 'portcullis.dev/v1',
      kind: 'PolicyTest',
      assertions: [{ name: 'redis is closed', from: 'internet', to: 'data/redis', expect: 'denied' }],
    });
    const words = [
      ...['serve', '--port', '0', '--webhook', '--webhook-host', '127.0.0.1', '--webhook-port', '9443'],
      ...['--webhook-cert', files.write('tls.crt', cert), '--webhook-key', files.write('tls.key', key)],
      ...['--guardrails', guardrails, '--kubeconfig', server.kubeconfig()],
    ];
    const child = spawn(process.execPath, [PROGRAM, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said = text(child.stderr);
    try {
      const hooks = objectsBelow('deploy/webhook/base').filter(({ kind }) => kind === 'ValidatingWebhookConfiguration');
      await server.load(hooks.map((object) => atAddress(object, 'https://127.0.0.1:9443/validate', server.ca)));
      const open = policy('data/open', { podSelector: { matchLabels: { app: 'redis' } }, ingress: [{}] });
      const closed = policy('data/closed', { podSelector: { matchLabels: { app: 'rediss' } }, ingress: [] });
      // The server takes up a new configuration when it has seen it, and the webhook when it has read the cluster.
      let answer = await server.apply(open, '&dryRun=All');
      while (answer.status < 300) {
        expect(child.exitCode).toBeNull();
        await pause(200);
        answer = await server.apply(open, '&dryRun=All');
      }
      expect(answer.body['message']).toMatch(
        /admission webhook "policies\.portcullis\.dev" denied the request: this change lets internet reach data\/redis .*guardrail guardrails\.yaml line \d+/,
      );
      expect(answer.status).toBe(403);
      expect((await server.apply(open)).status).toBe(403);
      const warned = await server.apply(closed);
      expect([warned.status, warned.warnings]).toEqual([
        201,
        expect.arrayContaining([expect.stringContaining('policy-selects-no-pod')]),
      ]);
      const among = policy('data/among', { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] });
      expect(await server.apply(among)).toMatchObject({ status: 201 });
    } finally {
      child.kill('SIGTERM');
      await said;
    }
  });
});

/** Runs a program with the files and the environment that a kubelet gives a pod with a ServiceAccount. */
function asInPod(token: string): string[] {
  const { ca } = server;
  const script = `mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount
    cd /run/secrets/kubernetes.io/serviceaccount && printf %s "$1" > token && printf %s "$2" > ca.crt && cd /
    printf kube-system > /run/secrets/kubernetes.io/serviceaccount/namespace
    shift 2; exec "$@"`;
  const environment = [`KUBERNETES_SERVICE_HOST=${server.host}`, `KUBERNETES_SERVICE_PORT=${server.port}`];
  return ['unshare', '--mount', 'env', '-u', 'KUBECONFIG', ...environment, 'sh', '-c', script, 'sh', token, ca];
}

/** Pods of a real cluster have containers with images. */
function withContainer(object: Manifest): Manifest {
  if (object['kind'] !== 'Pod') return object;
  return {
    ...object,
    spec: { ...(object['spec'] as object), containers: [{ name: 'main', image: 'example.com/none' }] },
  };
}

function atAddress(object: Manifest, url: string, ca: string): Manifest {
  const [hook] = object['webhooks'] as Record<string, unknown>[];
  return { ...object, webhooks: [{ ...hook, clientConfig: { url, caBundle: Buffer.from(ca).toString('base64') } }] };
}
