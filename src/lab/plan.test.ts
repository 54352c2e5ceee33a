import { describe, expect, test } from 'vitest';
import { decode, type Manifest, namespace, node, pod, policy, workload } from '../../test/support/manifests.ts';
import { readManifests } from '../manifest/index.ts';
import { parseCidr } from '../net/cidr.ts';
import { LabError, type LabOptions, type LabPlan } from './model.ts';
import { DEFAULT_POD_CIDRS, planLab } from './plan.ts';

const OPTIONS: LabOptions = { name: 't', podCidrs: DEFAULT_POD_CIDRS, maxReplicas: 3, maxPods: 300 };

function plan(manifests: readonly Manifest[], options: Partial<LabOptions> = {}, earlier?: LabPlan): LabPlan {
  return planLab(
    manifests.map((manifest) => decode(manifest)),
    { ...OPTIONS, ...options },
    earlier,
  );
}

function addressesOf({ pods }: LabPlan): Record<string, string> {
  return Object.fromEntries(pods.map(({ id, addresses }) => [id, addresses.join(' ')]));
}

function cidrs(...texts: readonly string[]): LabOptions['podCidrs'] {
  return texts.flatMap((text) => parseCidr(text)?.cidr ?? []);
}

function replicas(kind: string, id: string, count?: number): Manifest {
  const made = workload(kind, id, { labels: { app: id } }) as { readonly spec: object };
  return { ...made, spec: { ...made.spec, ...(count === undefined ? {} : { replicas: count }) } };
}

describe('pods', () => {
  test.each<[string, readonly Manifest[], readonly string[]]>([
    ['as they are', [pod('a/x'), pod('b/x')], ['a/x', 'b/x']],
    ['one of a workload that says nothing', [replicas('Deployment', 'a/x')], ['a/x-0']],
    ['as many as it asks for', [replicas('StatefulSet', 'a/x', 2)], ['a/x-0', 'a/x-1']],
    ['no more than the limit', [replicas('ReplicaSet', 'a/x', 9)], ['a/x-0', 'a/x-1', 'a/x-2']],
    ['none where none are wanted', [replicas('Deployment', 'a/x', 0)], []],
    [
      'those of a workload instead of its template',
      [replicas('Deployment', 'a/x', 2), pod('a/x-9', { owner: { kind: 'Deployment', name: 'x' } })],
      ['a/x-9'],
    ],
    [
      'one on each node of a DaemonSet',
      [replicas('DaemonSet', 'a/x'), node('n1', '192.0.2.1'), node('n2', '192.0.2.2')],
      ['a/x-n1', 'a/x-n2'],
    ],
    ['not those that have ended', [pod('a/x', { phase: 'Succeeded' }), pod('a/y')], ['a/y']],
    ['a name that is taken is not taken twice', [pod('a/x-0'), replicas('Deployment', 'a/x')], ['a/x-0', 'a/x-0x']],
  ])('%s', (_, manifests, ids) => {
    expect(plan(manifests).pods.map(({ id }) => id)).toEqual(ids);
  });

  test('too many are refused', () => {
    const many = Array.from({ length: 4 }, (_, index) => pod(`a/p${index}`));
    expect(() => plan(many, { maxPods: 3 })).toThrow(LabError);
    expect(plan(many, { maxPods: 4 }).pods).toHaveLength(4);
  });
});

describe('addresses', () => {
  test('are those of the input, else the next of the node', () => {
    const made = plan([pod('a/given', { ips: ['10.9.9.9'] }), pod('a/x'), pod('a/y')]);
    expect(addressesOf(made)).toEqual({
      'a/given': '10.9.9.9',
      'a/x': '10.244.0.1 fd00:10:244::1',
      'a/y': '10.244.0.2 fd00:10:244::2',
    });
  });

  test('one that two pods have is that of the first, and told', () => {
    const made = plan([pod('a/x', { ips: ['10.9.9.9'] }), pod('a/y', { ips: ['10.9.9.9'] })]);
    expect(addressesOf(made)).toEqual({ 'a/x': '10.9.9.9', 'a/y': '10.244.0.1 fd00:10:244::1' });
    expect(made.warnings.join()).toContain('a/y does not get its address 10.9.9.9');
  });

  test.each([
    ['fe80::5', 'link-local'],
    ['169.254.7.7', 'link-local'],
    ['127.0.0.5', 'loopback'],
    ['::1', 'loopback'],
    ['224.0.0.5', 'multicast'],
    ['ff02::1', 'multicast'],
    ['0.0.0.0', 'unspecified'],
    ['255.255.255.255', 'broadcast'],
  ])('%s is of no pod and no node, and told: %s', (address, what) => {
    const made = plan([
      pod('a/x', { ips: [address] }),
      pod('a/y', { ips: ['240.0.0.1', 'fc00::1'] }),
      node('n', address),
    ]);
    expect(addressesOf(made)).toEqual({ 'a/x': '10.244.0.1 fd00:10:244::1', 'a/y': '240.0.0.1 fc00::1' });
    expect(made.nodes.map(({ addresses }) => addresses.includes(address))).toEqual([false]);
    expect(made.warnings).toEqual([
      `node n does not get its address ${address}: it is ${what}`,
      `a/x does not get its address ${address}: it is ${what}`,
    ]);
  });

  test('a warning of one names its place', () => {
    const { objects } = readManifests([
      { name: 'pods.yaml', content: `---\n${JSON.stringify(pod('a/x', { ips: ['127.0.0.5'] }))}` },
    ]);
    expect(planLab(objects, OPTIONS).warnings).toEqual([
      'pods.yaml:2:1: a/x does not get its address 127.0.0.5: it is loopback',
    ]);
  });

  test('one that the input gives later is taken from nobody', () => {
    const made = plan([pod('a/x'), pod('a/y', { ips: ['10.244.0.1', 'fd00:10:244::1'] })]);
    expect(addressesOf(made)['a/x']).toBe('10.244.0.2 fd00:10:244::2');
  });

  test.each<[readonly string[], string]>([
    [['10.1.0.0/16'], '10.1.0.1'],
    [['fd00:1::/56'], 'fd00:1::1'],
    [['10.1.0.0/16', 'fd00:1::/56'], '10.1.0.1 fd00:1::1'],
    [['10.1.0.8/30'], '10.1.0.9'],
  ])('%j', (ranges, addresses) => {
    expect(addressesOf(plan([pod('a/x')], { podCidrs: cidrs(...ranges) }))['a/x']).toBe(addresses);
  });

  test('a range that is too small is refused, be it for nodes or for pods', () => {
    expect(() => plan([pod('a/x')], { podCidrs: cidrs('10.1.0.0/30'), nodes: 2 })).toThrow(/too small for 2 nodes/);
    expect(() => plan([pod('a/x'), pod('a/y'), pod('a/z')], { podCidrs: cidrs('10.1.0.0/30') })).toThrow(
      /no address left/,
    );
  });

  test('no two ends share one', () => {
    const made = plan(
      Array.from({ length: 40 }, (_, index) => pod(`a/p${index}`)),
      { nodes: 3 },
    );
    const all = [...made.nodes, ...made.pods].flatMap(({ addresses }) => addresses);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('nodes', () => {
  test('pods spread evenly', () => {
    const made = plan(
      Array.from({ length: 7 }, (_, index) => pod(`a/p${index}`)),
      { nodes: 3 },
    );
    expect(made.nodes.map(({ name }) => made.pods.filter(({ node: of }) => of === name).length)).toEqual([3, 2, 2]);
  });

  test('those of the input are kept, with labels and addresses', () => {
    const labelled = { ...node('n1', '192.0.2.1'), metadata: { name: 'n1', labels: { zone: 'a' } } };
    const made = plan([labelled, pod('a/x', { node: 'n2' })]);
    expect(made.nodes.map(({ name }) => name)).toEqual(['n1', 'n2']);
    expect(made.nodes[0]).toMatchObject({ labels: { zone: 'a' }, addresses: ['192.0.2.1', 'fd00:100:64::1'] });
    expect(made.pods[0]?.node).toBe('n2');
  });

  test('one that there is no room for gives its pods to others, and that is told', () => {
    const made = plan([pod('a/x', { node: 'n1' }), pod('a/y', { node: 'n2' })], { nodes: 1 });
    expect(made.pods.map(({ node: of }) => of)).toEqual(['n1', 'n1']);
    expect(made.warnings.join()).toContain('node n2 is left out');
  });

  test('a pod on its node network has the node addresses and namespace', () => {
    const [first] = plan([pod('a/x', { hostNetwork: true })]).pods;
    expect(first).toMatchObject({
      hostNetwork: true,
      namespace: 'portcullis.t.node.node-1',
      addresses: ['100.64.0.1', 'fd00:100:64::1'],
    });
  });

  test('two of them with one port are told', () => {
    const ports = [{ containerPort: 9100 }];
    const made = plan([pod('a/x', { hostNetwork: true, ports }), pod('a/y', { hostNetwork: true, ports })]);
    expect(made.warnings).toEqual(['9100/TCP on node-1 is answered by a/x, not by a/y']);
  });
});

describe('a later plan', () => {
  const before = plan([pod('a/x'), pod('a/y'), pod('a/z')], { nodes: 2 });

  test('keeps what stays where it is', () => {
    const after = plan([pod('a/z'), pod('a/new'), pod('a/x')], { nodes: 2 }, before);
    for (const id of ['a/x', 'a/z']) {
      expect(after.pods.find((one) => one.id === id)).toEqual(before.pods.find((one) => one.id === id));
    }
  });

  test('gives no address that was just in use', () => {
    const after = plan([pod('a/x'), pod('a/new')], { nodes: 1 }, plan([pod('a/x'), pod('a/y')]));
    expect(addressesOf(after)).toEqual({ 'a/x': '10.244.0.1 fd00:10:244::1', 'a/new': '10.244.0.3 fd00:10:244::3' });
  });

  test('of the same input is the same', () => {
    const manifests = [pod('a/x'), pod('a/y'), pod('a/z')];
    expect(plan(manifests, { nodes: 2 }, before)).toEqual(before);
  });
});

describe('outside', () => {
  test('one address of each family for the world, and one for each block that policies tell apart', () => {
    const made = plan([
      namespace('a'),
      pod('a/x'),
      policy('a/p', {
        podSelector: {},
        egress: [
          { to: [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] } }] },
          { to: [{ ipBlock: { cidr: '2001:db8:1::/48' } }] },
        ],
      }),
    ]);
    expect([...made.outside].sort()).toEqual([
      '198.51.100.10',
      '2001:db8:0:64::10',
      '2001:db8:1::1',
      '203.0.113.1',
      '203.0.113.129',
    ]);
  });

  test('none that is inside, or that no host has', () => {
    const made = plan([
      pod('a/x', { ips: ['192.0.2.7'] }),
      policy('a/p', {
        podSelector: {},
        egress: [
          {
            to: [
              { ipBlock: { cidr: '10.244.0.0/16' } },
              { ipBlock: { cidr: '127.0.0.0/8' } },
              { ipBlock: { cidr: '192.0.2.7/32' } },
            ],
          },
        ],
      }),
    ]);
    expect(made.outside).toEqual(['198.51.100.10', '2001:db8:0:64::10']);
  });
});
