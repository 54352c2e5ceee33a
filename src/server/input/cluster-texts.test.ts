import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifests } from '../../manifest/index.ts';
import type { KubeObject } from '../../model/types.ts';
import { LocalAnalyst } from '../analyst/local.ts';
import { ClusterTexts } from './cluster-texts.ts';
import { type InputFile, inputFile, LiveInput } from './live-input.ts';

const OPTIONS = { defaultNamespace: 'default', strict: true, podCidrs: [], hosts: [] };

const CLUSTER = `
{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { team: 'y' } } }
---
{ apiVersion: v1, kind: Node, metadata: { name: n1 }, status: { addresses: [{ type: InternalIP, address: 192.0.2.1 }] } }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: c }] }
status: { podIP: 10.0.0.1 }
---
apiVersion: v1
kind: Pod
metadata: { name: cart, namespace: shop, labels: { app: cart } }
spec: { containers: [{ name: c }] }
status: { podIP: 10.0.0.2 }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: cart, namespace: shop }
spec:
  podSelector: { matchLabels: { app: cart } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 7070 }] }]
`;

function objectsOf(text: string): KubeObject[] {
  return readManifests([{ name: 'x', content: text }]).objects.map(({ source: _, ...object }) => object as KubeObject);
}

function cluster(): { readonly input: LiveInput; readonly texts: ClusterTexts } {
  const input = new LiveInput('cluster');
  return { input, texts: new ClusterTexts(input, 0) };
}

/** The next state of an input. */
function next(input: LiveInput): Promise<void> {
  return new Promise((resolve) => {
    const stop = input.subscribe(() => {
      stop();
      resolve();
    });
  });
}

async function allowed(input: LiveInput, port: number): Promise<unknown> {
  const analyst = new LocalAnalyst(OPTIONS);
  analyst.load(input.state.files);
  const answer = await analyst.ask({ op: 'can', from: 'shop/web', to: 'shop/cart', port: String(port) });
  return 'body' in answer ? (JSON.parse(answer.body) as { allowed: boolean }).allowed : answer.refusal;
}

describe('a cluster as texts', () => {
  test('is there once all of it is told, and means the same', async () => {
    const { input, texts } = cluster();
    texts.apply(objectsOf(CLUSTER).map((object) => ({ type: 'set', object })));
    expect(input.state).toMatchObject({ synced: false, files: [] });
    texts.synced();
    expect(input.state.synced).toBe(true);
    expect(input.state.files.map(({ name }) => name)).toEqual([
      '_cluster/objects.json',
      'shop/objects.json',
      'shop/policies.yaml',
    ]);
    // A label that YAML 1.1 would read as true stays a text.
    expect(input.state.files[1]?.text).toContain('"team":"y"');
    expect([await allowed(input, 7070), await allowed(input, 8080)]).toEqual([true, false]);
  });

  test('changes only the texts in which something changed', async () => {
    const { input, texts } = cluster();
    texts.apply(objectsOf(CLUSTER).map((object) => ({ type: 'set', object })));
    texts.synced();
    const before = input.state.files;
    const [policy] = objectsOf(CLUSTER.split('---\n').at(-1)?.replace('7070', '8080') ?? '');
    const changed = next(input);
    texts.apply([{ type: 'set', object: policy as KubeObject }]);
    await changed;
    expect(input.state.files.map(({ digest }, at) => digest === before[at]?.digest)).toEqual([true, true, false]);
    expect([await allowed(input, 7070), await allowed(input, 8080)]).toEqual([false, true]);
    const gone = next(input);
    texts.apply([{ type: 'remove', kind: 'NetworkPolicy', namespace: 'shop', name: 'cart' }]);
    await gone;
    expect(input.state.files.map(({ name }) => name)).toEqual(['_cluster/objects.json', 'shop/objects.json']);
    expect(await allowed(input, 7070)).toBe(true);
  });

  test('has what leads in from outside', async () => {
    const folder = path.join(import.meta.dirname, '../../../examples/ingress');
    const files = ['policies.yaml', 'routes.yaml', 'workloads.yaml'].map((name) =>
      inputFile(name, readFileSync(path.join(folder, name), 'utf8')),
    );
    const { input, texts } = cluster();
    for (const { text } of files) texts.apply(objectsOf(text).map((object) => ({ type: 'set', object })));
    texts.synced();
    const exposure = async (state: readonly InputFile[]): Promise<unknown> => {
      const analyst = new LocalAnalyst(OPTIONS);
      analyst.load(state);
      const answer = await analyst.ask({ op: 'exposure' });
      const body = 'body' in answer ? answer.body : '{}';
      return JSON.parse(body, (key, value: unknown) => (key === 'source' ? undefined : value));
    };
    const shown = await exposure(input.state.files);
    expect(shown).toEqual(await exposure(files));
    expect(JSON.stringify(shown)).toMatch(/"kind":"HTTPRoute".*"kind":"Ingress"/);
  });

  test('tells problems until they are over', async () => {
    const { input, texts } = cluster();
    texts.synced();
    const problem = { code: 'forbidden', severity: 'warning', message: 'nodes may not be listed' } as const;
    const told = next(input);
    texts.problem(problem);
    await told;
    expect(input.state.problems).toEqual([problem]);
    const over = next(input);
    texts.resolved({ ...problem });
    await over;
    expect(input.state.problems).toEqual([]);
  });
});
