import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namespace, pod, policy, workload } from '../../../test/support/manifests.ts';
import { effort, patient } from '../../../test/support/property.ts';
import { decodeRandom, randomCluster } from '../../../test/support/random-cluster.ts';
import { type FlowPick, flowFrom, flowParts, flowPicks, flowText } from '../../../test/support/random-flow.ts';
import { buildState } from '../../engine/build.ts';
import { evaluate } from '../../engine/reference.ts';
import { type ClusterState, type Flow, isOwnNode } from '../../engine/state.ts';
import { decodeObject } from '../../model/decode.ts';
import type { KubeObject, NetworkPolicy } from '../../model/types.ts';
import { validateNetworkPolicy } from '../../model/validate/network-policy.ts';
import { formatAddress } from '../../net/address.ts';
import { parseCidr } from '../../net/cidr.ts';
import { can } from '../can.ts';
import { createWorld } from '../world.ts';
import { type Advice, type AdviseOptions, advise } from './advise.ts';
import type { FlowPeer, ObservedFlow } from './flow.ts';
import { readFlowLog } from './flow-log.ts';
import { labelGroups } from './groups.ts';

function decoded(manifests: readonly unknown[]): KubeObject[] {
  return manifests.flatMap((manifest) => decodeObject(manifest).object ?? []);
}

/** Flows as CSV lines without the header. */
function observed(...lines: readonly string[]): readonly ObservedFlow[] {
  const log = readFlowLog('flows.csv', `from,to,protocol,port\n${lines.join('\n')}\n`);
  expect(log.diagnostics).toEqual([]);
  return log.flows;
}

function specs({ policies }: Advice): Record<string, NetworkPolicy['spec']> {
  return Object.fromEntries(
    policies.map(({ policy: { metadata, spec } }) => [`${metadata.namespace}/${metadata.name}`, spec]),
  );
}

const SHOP = [
  namespace('shop'),
  namespace('data'),
  workload('Deployment', 'shop/web', { labels: { app: 'web', tier: 'front' } }),
  workload('Deployment', 'shop/cart', { labels: { app: 'cart', tier: 'back' } }),
  workload('StatefulSet', 'data/db', { labels: { app: 'db' } }),
];
const only = (app: string): NetworkPolicy['spec']['podSelector'] => ({ matchLabels: { app } });
const inNamespace = (name: string): NetworkPolicy['spec']['podSelector'] => ({
  matchLabels: { 'kubernetes.io/metadata.name': name },
});

describe('advise from flows', () => {
  it('denies by default and admits what was seen, both ways', () => {
    const flows = observed('shop/web,shop/cart,TCP,7070', 'shop/cart,data/db,TCP,5432', 'shop/web,192.0.2.7,TCP,443');
    const advice = advise(decoded(SHOP), { flows, dns: false });
    expect(advice.diagnostics).toEqual([]);
    const deny = { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [] };
    const tcp = (port: number) => [{ protocol: 'TCP', port }];
    expect(specs(advice)).toEqual({
      'data/default-deny': deny,
      'data/db': {
        podSelector: only('db'),
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ namespaceSelector: inNamespace('shop'), podSelector: only('cart') }], ports: tcp(5432) }],
        egress: [],
      },
      'shop/default-deny': deny,
      'shop/cart': {
        podSelector: only('cart'),
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [{ podSelector: only('web') }], ports: tcp(7070) }],
        egress: [{ to: [{ namespaceSelector: inNamespace('data'), podSelector: only('db') }], ports: tcp(5432) }],
      },
      'shop/web': {
        podSelector: only('web'),
        policyTypes: ['Egress'],
        ingress: [],
        egress: [
          { to: [{ ipBlock: { cidr: '192.0.2.7/32', except: [] } }], ports: tcp(443) },
          { to: [{ podSelector: only('cart') }], ports: tcp(7070) },
        ],
      },
    });
  });

  it('says what each rule is for, and how often that was seen', () => {
    const lines = ['shop/web,192.0.2.7,TCP,443', 'shop/web,192.0.2.8,TCP,443', 'shop/web,192.0.2.7,TCP,443'];
    const { policies } = advise(decoded(SHOP), {
      flows: observed(...lines),
      dns: false,
      prefixes: { IPv4: 24, IPv6: 128 },
    });
    const web = policies.find(({ policy: { metadata } }) => metadata.name === 'web');
    expect(web?.egress).toEqual([['shop/web[Deployment] to 192.0.2.0/24 on 443/TCP, seen 3 times']]);
  });

  it('keeps pods out of blocks around outside addresses', () => {
    const manifests = [
      pod('a/web', { labels: { app: 'web' }, ips: ['10.0.0.1'] }),
      pod('a/db', { labels: { app: 'db' }, ips: ['10.0.0.2'] }),
    ];
    const advice = advise(decoded(manifests), {
      flows: observed('a/web,10.0.0.9,TCP,443'),
      dns: false,
      prefixes: { IPv4: 24, IPv6: 128 },
    });
    expect(advice.diagnostics).toEqual([]);
    const blocks = (specs(advice)['a/web']?.egress ?? []).flatMap(({ to }) => to.map(({ ipBlock }) => ipBlock?.cidr));
    expect(blocks).toContain('10.0.0.8/29');
    expect(blocks.some((block) => block === '10.0.0.0/24' || block === '10.0.0.2/32')).toBe(false);
  });

  it('tells a workload from one with the same labels and more', () => {
    const manifests = [
      workload('Deployment', 'a/stable', { labels: { app: 'web' } }),
      workload('Deployment', 'a/canary', { labels: { app: 'web', track: 'canary' } }),
      workload('Deployment', 'a/db', { labels: { app: 'db' } }),
    ];
    const advice = advise(decoded(manifests), { flows: observed('a/stable,a/db,TCP,1'), dns: false });
    expect(specs(advice)['a/stable']?.podSelector).toEqual({
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'track', operator: 'DoesNotExist' }],
    });
  });

  it('treats workloads that labels cannot tell apart as one', () => {
    const manifests = [
      workload('Deployment', 'a/one', { labels: { app: 'web', 'pod-template-hash': 'x' } }),
      workload('Deployment', 'a/two', { labels: { app: 'web', 'pod-template-hash': 'y' } }),
      workload('Deployment', 'a/db', { labels: { app: 'db' } }),
    ];
    const advice = advise(decoded(manifests), { flows: observed('a/one,a/db,TCP,1'), dns: false });
    expect(advice.policies.map(({ comment }) => comment)).toContain('a/one[Deployment], a/two[Deployment]');
    expect(specs(advice)['a/one']?.podSelector).toEqual(only('web'));
  });

  it('allows name resolution unless told not to, at the pods of kube-dns', () => {
    const dns = [
      workload('Deployment', 'kube-system/coredns', { labels: { 'k8s-app': 'kube-dns' } }),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'kube-dns', namespace: 'kube-system' },
        spec: {
          selector: { 'k8s-app': 'kube-dns' },
          ports: [{ port: 53, protocol: 'UDP', targetPort: 5353 }],
        },
      },
    ];
    const flows = observed('shop/web,kube-system/coredns,UDP,5353');
    const advice = advise(decoded([...SHOP, ...dns]), { flows });
    expect(advice.diagnostics).toEqual([]);
    expect(specs(advice)['shop/allow-dns']?.egress).toEqual([
      {
        to: [
          { namespaceSelector: inNamespace('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } },
        ],
        ports: [{ protocol: 'UDP', port: 5353 }],
      },
    ]);
    // The servers' own namespace is left alone, and nothing else is needed.
    expect(Object.keys(specs(advice))).toEqual([
      'data/default-deny',
      'data/allow-dns',
      'shop/default-deny',
      'shop/allow-dns',
    ]);
    const both = advise(decoded([...SHOP, ...dns]), { flows, namespaces: ['shop', 'kube-system'] });
    expect(specs(both)['kube-system/coredns']?.ingress).toEqual([
      { from: [{ namespaceSelector: {} }], ports: [{ protocol: 'UDP', port: 5353 }] },
    ]);
    const without = advise(decoded([...SHOP, ...dns]), { flows, dns: false });
    expect(Object.keys(specs(without))).toEqual(['data/default-deny', 'shop/default-deny', 'shop/web']);
  });

  it.each<[string, string, AdviseOptions, string]>([
    ['an unknown pod', 'shop/web,shop/gone,TCP,1', {}, 'no pod, workload or node "shop/gone" in the input'],
    ['a pod address nobody has', 'shop/web,10.1.2.3,TCP,1', { podCidrs: [cidr('10.0.0.0/8')] }, 'is in the range'],
    ['a host pod without address', 'shop/web,shop/agent,TCP,1', {}, 'no known address'],
  ])('refuses %s, or leaves it out when told to', (_, line, options, message) => {
    const objects = decoded([...SHOP, workload('DaemonSet', 'shop/agent', { hostNetwork: true })]);
    const flows = observed(line);
    const refused = advise(objects, { ...options, flows });
    expect(refused.policies).toEqual([]);
    expect(refused.diagnostics).toMatchObject([{ code: 'unusable-flow', severity: 'error', source: { line: 2 } }]);
    expect(refused.diagnostics[0]?.message).toContain(message);
    const skipped = advise(objects, { ...options, flows, skipUnusable: true });
    expect(skipped.diagnostics).toMatchObject([{ code: 'unusable-flow', severity: 'warning' }]);
    expect(skipped.policies.length).toBeGreaterThan(0);
  });

  it('looks through the address of a Service, and knows pods of manifests by the form of their names', () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'cart', namespace: 'shop' },
      spec: { clusterIP: '10.96.0.7', selector: { app: 'cart' }, ports: [{ port: 80, targetPort: 7070 }] },
    };
    const line = (port: number): string =>
      JSON.stringify({
        source: { namespace: 'shop', pod: 'web-5d4f8b6c5d-x2x4z', address: '10.1.0.9' },
        destination: { address: '10.96.0.7' },
        port,
      });
    const objects = decoded([...SHOP, service]);
    const advice = advise(objects, { flows: readFlowLog('log', line(80)).flows, dns: false });
    expect(advice.diagnostics).toEqual([]);
    expect(specs(advice)['shop/web']?.egress).toEqual([
      { to: [{ podSelector: only('cart') }], ports: [{ protocol: 'TCP', port: 7070 }] },
    ]);
    const wrong = advise(objects, { flows: readFlowLog('log', line(81)).flows, dns: false });
    expect(wrong.diagnostics[0]?.message).toContain(
      'it is the address of Service shop/cart, which no known pod serves',
    );
  });

  it('answers nothing when a cluster-wide policy would block a flow all the same', () => {
    const deny = {
      apiVersion: 'policy.networking.k8s.io/v1alpha1',
      kind: 'AdminNetworkPolicy',
      metadata: { name: 'no-db' },
      spec: {
        priority: 1,
        subject: { namespaces: {} },
        egress: [{ action: 'Deny', to: [{ namespaces: { matchLabels: { 'kubernetes.io/metadata.name': 'data' } } }] }],
      },
    };
    const advice = advise(decoded([...SHOP, deny]), { flows: observed('shop/cart,data/db,TCP,5432') });
    expect(advice.policies).toEqual([]);
    expect(advice.diagnostics).toMatchObject([
      { code: 'blocked-flow', message: expect.stringContaining('by AdminNetworkPolicy no-db') },
    ]);
  });

  it('replaces the policies of the input, and names a namespace that has no pods', () => {
    const old = policy('shop/old', { podSelector: {}, ingress: [{}] });
    const advice = advise(decoded([...SHOP, old]), { flows: [], namespaces: ['shop'] });
    expect(advice.diagnostics).toMatchObject([{ code: 'replaced-policies', severity: 'info' }]);
    expect(advise(decoded(SHOP), { flows: [], namespaces: ['shpo'] }).diagnostics).toMatchObject([
      { code: 'empty-namespace', severity: 'error' },
    ]);
  });
});

describe('advise from Services', () => {
  const service = (name: string, type: string, app: string, port: number, targetPort: number | string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    spec: { type, selector: { app }, ports: [{ port, targetPort }] },
  });

  it('opens target ports to the namespace, and those of public Services to all', () => {
    const manifests = [
      workload('Deployment', 'shop/web', { labels: { app: 'web' }, ports: [{ name: 'http', containerPort: 8080 }] }),
      workload('Deployment', 'shop/cart', { labels: { app: 'cart' } }),
      workload('Deployment', 'other/job', { labels: { app: 'job' } }),
      service('web', 'LoadBalancer', 'web', 80, 'http'),
      service('cart', 'ClusterIP', 'cart', 80, 7070),
      service('nowhere', 'ClusterIP', 'web', 80, 'unknown-name'),
    ];
    const advice = advise(decoded(manifests), { dns: false });
    expect(advice.diagnostics).toEqual([]);
    expect(specs(advice)).toMatchObject({
      'other/default-deny': {},
      'shop/web': { policyTypes: ['Ingress'], ingress: [{ from: [], ports: [{ protocol: 'TCP', port: 8080 }] }] },
      'shop/cart': { ingress: [{ from: [{ podSelector: {} }], ports: [{ protocol: 'TCP', port: 7070 }] }] },
      'shop/allow-services': {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [
          { to: [{ podSelector: only('cart') }], ports: [{ protocol: 'TCP', port: 7070 }] },
          { to: [{ podSelector: only('web') }], ports: [{ protocol: 'TCP', port: 8080 }] },
        ],
      },
    });
  });
});

describe('advise from Ingresses', () => {
  const manifests = [
    workload('Deployment', 'shop/web', { labels: { app: 'web' }, ports: [{ name: 'http', containerPort: 8080 }] }),
    workload('Deployment', 'edge/nginx', { labels: { app: 'nginx' } }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
    },
  ];
  const ofNamespace = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });

  it.each<[string | undefined, readonly object[]]>([
    [undefined, [{ namespaceSelector: {} }]],
    ['traefik', [{ namespaceSelector: ofNamespace('traefik') }, { podSelector: {} }]],
    ['edge/nginx', [{ namespaceSelector: ofNamespace('edge'), podSelector: only('nginx') }, { podSelector: {} }]],
  ])('the controller %s is let in', (ingressController, peers) => {
    const options = { dns: false, ...(ingressController === undefined ? {} : { ingressController }) };
    const objects = decoded(manifests);
    const advice = advise(objects, options);
    expect(advice.diagnostics).toEqual([]);
    const [rule] = specs(advice)['shop/web']?.ingress ?? [];
    expect(new Set(rule?.from)).toEqual(new Set(peers));
    const policies = advice.policies.map(({ policy }) => policy);
    const { world } = createWorld([...objects, ...policies], options);
    const port = { protocol: 'TCP', first: 8080, last: 8080, text: '8080' } as const;
    expect(can(world, 'ingress-controller', 'shop/web', port)).toMatchObject({ allowed: true });
  });
});

// Random clusters

function cidr(text: string) {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(text);
  return parsed.cidr;
}

/** A flow as a log would have it; undefined for what no log line can say. */
function logged({ from, to, protocol, port }: Flow): Omit<ObservedFlow, 'count' | 'source'> | undefined {
  const [source, target] = [peerOf(from), peerOf(to)];
  if (source === undefined || target === undefined || protocol === 'other') return undefined;
  return { from: source, to: target, protocol, first: port, last: port };
}

function peerOf(end: Flow['from']): FlowPeer | undefined {
  switch (end.type) {
    case 'pod':
      return end.pod.kind === 'Pod'
        ? { namespace: end.pod.namespace, pod: end.pod.name }
        : { namespace: end.pod.namespace, workload: `${end.pod.kind}/${end.pod.name}` };
    case 'domain':
    case 'unseen':
      return undefined;
    default:
      return end.address === undefined ? undefined : { address: formatAddress(end.address) };
  }
}

interface Case {
  readonly objects: readonly KubeObject[];
  readonly podCidrs: readonly string[];
  readonly state: ClusterState;
  readonly flows: readonly Flow[];
}

const randomCase: fc.Arbitrary<Case> = fc.tuple(randomCluster, flowPicks(12)).map(([cluster, picks]): Case => {
  const objects = cluster.manifests
    .flatMap((manifest) => decodeRandom(manifest) ?? [])
    .filter((object) => !object.kind.endsWith('NetworkPolicy'));
  const { podCidrs } = cluster;
  const state = buildState(objects, { podCidrs: podCidrs.map(cidr) });
  const parts = flowParts(state);
  const flows = picks.flatMap((pick: FlowPick) => flowFrom(parts, pick) ?? []);
  return { objects, podCidrs, state, flows };
});

describe('advice for flows of random clusters', () => {
  it('admits every flow, and between pods nothing that no flow needs, as the reference judges', patient, () => {
    let advised = 0;
    fc.assert(
      fc.property(randomCase, fc.boolean(), ({ objects, podCidrs, state, flows }, wide) => {
        const wanted = flows.filter((flow) => logged(flow) !== undefined);
        const log = wanted.flatMap((flow, at): ObservedFlow[] => {
          const line = logged(flow);
          return line === undefined ? [] : [{ ...line, count: 1, source: { file: 'log', line: at + 1, column: 1 } }];
        });
        const advice = advise(objects, {
          flows: log,
          podCidrs: podCidrs.map(cidr),
          dns: false,
          skipUnusable: true,
          prefixes: wide ? { IPv4: 24, IPv6: 64 } : { IPv4: 32, IPv6: 128 },
        });
        expect(advice.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
        const policies = advice.policies.map(({ policy: { ...object } }) => object);
        for (const object of policies) expect(validateNetworkPolicy(object)).toEqual([]);
        const left = new Set(advice.diagnostics.map(({ source }) => source?.line));
        const after = buildState([...objects, ...policies], { podCidrs: podCidrs.map(cidr) });
        const admitted = wanted.filter((_, at) => !left.has(at + 1));
        for (const flow of admitted) {
          advised++;
          if (!evaluate(after, flow).allowed) expect.fail(`blocks ${flowText(flow)}`);
        }
        expectNoMore(after, admitted);
        expect([...after.policies.values()].length).toBe(policies.length);
        expect(state.policies.size).toBe(0);
      }),
      effort(100),
    );
    expect(advised).toBeGreaterThan(200);
  });
});

/** Every pair of pods, on every port that some flow has or that is beside one. */
function expectNoMore(state: ClusterState, flows: readonly Flow[]): void {
  const groups = labelGroups(state);
  const groupOf = (end: Flow['from']): string | undefined =>
    end.type === 'pod' ? groups.get(end.pod.id)?.id : undefined;
  const needed = new Set(
    flows.map(({ from, to, protocol, port }) => `${groupOf(from)} ${groupOf(to)} ${protocol} ${port}`),
  );
  const ports = [...new Set(flows.flatMap(({ port }) => [port, port + 1]).concat(1))].filter((port) => port <= 65535);
  const pods = [...state.pods.values()].filter(({ hostNetwork }) => !hostNetwork);
  for (const from of pods) {
    for (const to of pods) {
      if (from === to && from.kind === 'Pod') continue;
      const ends = { from: { type: 'pod', pod: from }, to: { type: 'pod', pod: to } } as const;
      if (isOwnNode(from, ends.to)) continue;
      for (const family of ['IPv4', 'IPv6'] as const) {
        for (const protocol of ['TCP', 'UDP', 'SCTP'] as const) {
          for (const port of ports) {
            const flow: Flow = { ...ends, family, protocol, port };
            if (!evaluate(state, flow).allowed) continue;
            const key = `${groups.get(from.id)?.id} ${groups.get(to.id)?.id} ${protocol} ${port}`;
            if (!needed.has(key)) expect.fail(`admits ${flowText(flow)}, which nothing needs`);
          }
        }
      }
    }
  }
}
