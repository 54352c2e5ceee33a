import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { describeDenial } from '../../src/agent/flow-log.ts';
import { AgentMetrics } from '../../src/agent/metrics.ts';
import { PolicyIndex } from '../../src/engine/index.ts';
import { NodeCompiler } from '../../src/nft/index.ts';
import { address } from '../support/flows.ts';
import { namespace, node, pod, policy, stateOf } from '../support/manifests.ts';
import { at, fileText, leavesOf } from './manifests.ts';

const DOCUMENT = fileText('docs/deployment.md');
const CHART = 'deploy/helm/portcullis';

const state = stateOf([
  namespace('shop'),
  node('worker-1', '192.0.2.1'),
  node('worker-2', '192.0.2.2'),
  pod('shop/frontend-6d4cf56db6-x2x7k', {
    labels: { 'pod-template-hash': '6d4cf56db6' },
    ips: ['10.244.1.7'],
    node: 'worker-2',
    owner: { kind: 'ReplicaSet', name: 'frontend-6d4cf56db6' },
  }),
  pod('shop/cart-0', {
    labels: { app: 'cart' },
    ips: ['10.244.0.12'],
    node: 'worker-1',
    owner: { kind: 'StatefulSet', name: 'cart' },
  }),
  policy('shop/cart', { podSelector: { matchLabels: { app: 'cart' } } }),
  {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: 'no-metadata' },
    spec: {
      tier: 'Admin',
      priority: 10,
      subject: { namespaces: {} },
      egress: [{ name: 'metadata-service', action: 'Deny', to: [{ networks: ['169.254.169.254/32'] }] }],
    },
  },
]);

describe('docs/deployment.md', () => {
  test('shows the flow log as the agent writes it', () => {
    const compiler = new NodeCompiler(new PolicyIndex(state), 'worker-1');
    const cart = address('10.244.0.12');
    const packets = [
      {
        prefix: 'portcullis:ingress',
        source: address('10.244.1.7'),
        destination: cart,
        protocol: 6,
        sourcePort: 41_022,
        destinationPort: 8080,
      },
      {
        prefix: 'portcullis:egress',
        source: cart,
        destination: address('169.254.169.254'),
        protocol: 6,
        sourcePort: 53_122,
        destinationPort: 80,
      },
    ];
    const times = ['2026-03-01T09:15:02.114Z', '2026-03-01T09:15:03.520Z'];
    const written = packets.map((packet, index) =>
      JSON.stringify(
        describeDenial(compiler, packet, { node: 'worker-1', audit: false, time: new Date(times[index] ?? '') }),
      ),
    );
    const shown = DOCUMENT.split('\n').filter((line) => line.startsWith('{"time"'));
    expect(shown).toEqual(written);
  });

  test('lists every metric of the agent, with type and labels', () => {
    const metrics = new AgentMetrics(() => ({ cluster: state, node: 'worker-1', isolated: 0, problems: 0 }));
    const own = metrics.registry.getMetricsAsArray() as unknown as {
      name: string;
      type: string;
      labelNames: string[];
    }[];
    const rows = own
      .filter(({ name }) => name.startsWith('portcullis_'))
      .map(({ name, type, labelNames }) => [`\`${name}\``, type, labelNames.map((one) => `\`${one}\``).join(', ')]);
    const listed = [...DOCUMENT.matchAll(/^\| `portcullis_.* \|$/gm)].map(([row]) => row.split(/ *\| */).slice(1, 4));
    expect(listed.sort()).toEqual(rows.sort());
  });
});

test('alerts are about metrics that exist, and say what to do', () => {
  const metrics = new AgentMetrics(() => ({ cluster: state, node: 'worker-1', isolated: 0, problems: 0 }));
  const known = new Set(metrics.registry.getMetricsAsArray().map(({ name }) => name));
  const rules = at(parse(fileText(`${CHART}/files/alerts.yaml`)), 'groups', 0, 'rules') as Record<string, unknown>[];
  expect(rules.length).toBeGreaterThan(5);
  for (const rule of rules) {
    const used = [...String(rule['expr']).matchAll(/portcullis_[a-z_]+/g)].map(([name]) =>
      name.replace(/_bucket$/, ''),
    );
    expect(used.length + Number(String(rule['expr']).startsWith('up{')), String(rule['alert'])).toBeGreaterThan(0);
    for (const name of used) expect(known).toContain(name);
    expect(at(rule, 'labels', 'severity')).toMatch(/^(info|warning|critical)$/);
    expect(at(rule, 'annotations', 'summary')).toMatch(/\$labels\.node/);
  }
});

test('the README of the chart lists every value with its default', () => {
  const rows = [...fileText(`${CHART}/README.md`).matchAll(/^\| `([\w./]+)` \| `(.*?)` \|/gm)].map(
    ([, name = '', value = '']) => [name, value],
  );
  expect(rows).toEqual(leavesOf(parse(fileText(`${CHART}/values.yaml`))));
});
