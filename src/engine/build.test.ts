import { describe, expect, test } from 'vitest';
import { decode, node, namespace as ns, pod, policy, stateOf, workload } from '../../test/support/manifests.ts';
import { formatAddress } from '../net/address.ts';
import { buildState, impliedNamespace, unknownFamilies } from './build.ts';
import type { ClusterState, PodInfo } from './state.ts';

function onlyPod(state: ClusterState): PodInfo {
  const [first, ...rest] = state.pods.values();
  if (first === undefined || rest.length > 0) throw new Error(`not one pod: ${[...state.pods.keys()]}`);
  return first;
}

function addressesOf({ addresses }: { readonly addresses: PodInfo['addresses'] }): string[] {
  return addresses.map(formatAddress);
}

describe('owners', () => {
  const owned = (kind: string, name: string) => ({ owner: { kind, name } });

  test('a pod without a controller stands for itself', () => {
    expect(onlyPod(stateOf([pod('x/p')])).owner).toBeUndefined();
    const manifest = pod('x/p', owned('ReplicaSet', 'r'));
    const metadata = { namespace: 'x', name: 'p', ownerReferences: [{ kind: 'ReplicaSet', name: 'r' }] };
    expect(onlyPod(stateOf([{ ...manifest, metadata }])).owner).toBeUndefined();
  });

  test('an owner that is not in the input is taken as the reference names it', () => {
    expect(onlyPod(stateOf([pod('x/p', owned('ReplicaSet', 'web-7d9'))])).owner).toEqual({
      kind: 'ReplicaSet',
      name: 'web-7d9',
    });
  });

  test('owners are climbed while they are in the input, in the pod’s own namespace', () => {
    const state = stateOf([
      pod('x/p', owned('ReplicaSet', 'web-7d9')),
      pod('y/p', owned('ReplicaSet', 'web-7d9')),
      workload('ReplicaSet', 'x/web-7d9', owned('Deployment', 'web')),
    ]);
    expect(state.pods.get('x/p[Pod]')?.owner).toEqual({ kind: 'Deployment', name: 'web' });
    expect(state.pods.get('y/p[Pod]')?.owner).toEqual({ kind: 'ReplicaSet', name: 'web-7d9' });
    expect([...state.pods.keys()]).toEqual(['x/p[Pod]', 'y/p[Pod]']);
  });

  test('a mirror pod, owned by its node, has no owner', () => {
    expect(onlyPod(stateOf([pod('kube-system/proxy', owned('Node', 'n1'))])).owner).toBeUndefined();
  });

  test('owners in a circle end', () => {
    const state = stateOf([
      pod('x/p', owned('ReplicaSet', 'a')),
      workload('ReplicaSet', 'x/a', owned('ReplicaSet', 'b')),
      workload('ReplicaSet', 'x/b', owned('ReplicaSet', 'a')),
    ]);
    expect(onlyPod(state).owner).toEqual({ kind: 'ReplicaSet', name: 'b' });
  });
});

describe('workloads', () => {
  const labels = { app: 'web' };

  test.each(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'ReplicationController'])(
    'a %s without pods is one entry with the template’s labels and an unknown address',
    (kind) => {
      const ports = [{ name: 'web', containerPort: 80, protocol: 'TCP' }];
      expect(onlyPod(stateOf([workload(kind, 'x/w', { labels, ports, node: 'n1' })]))).toEqual({
        id: `x/w[${kind}]`,
        kind,
        namespace: 'x',
        name: 'w',
        labels,
        node: 'n1',
        hostNetwork: false,
        addresses: [],
        ports,
      });
    },
  );

  test('a workload with a live pod is represented by it, and so is everything above', () => {
    const state = stateOf([
      workload('Deployment', 'x/web', { labels }),
      workload('ReplicaSet', 'x/web-7d9', { labels, owner: { kind: 'Deployment', name: 'web' } }),
      pod('x/web-7d9-a', { labels: { app: 'patched' }, owner: { kind: 'ReplicaSet', name: 'web-7d9' } }),
    ]);
    expect(onlyPod(state)).toMatchObject({ id: 'x/web-7d9-a[Pod]', labels: { app: 'patched' } });
  });

  test('of a Deployment and its ReplicaSet without pods, the Deployment is listed', () => {
    const state = stateOf([
      workload('ReplicaSet', 'x/web-7d9', { labels, owner: { kind: 'Deployment', name: 'web' } }),
      workload('Deployment', 'x/web', { labels }),
    ]);
    expect([...state.pods.keys()]).toEqual(['x/web[Deployment]']);
  });

  test('a ReplicaSet whose Deployment is unknown stands for it', () => {
    const state = stateOf([
      workload('ReplicaSet', 'x/web-7d9', { labels, owner: { kind: 'Deployment', name: 'web' } }),
    ]);
    expect(onlyPod(state)).toMatchObject({
      id: 'x/web-7d9[ReplicaSet]',
      owner: { kind: 'Deployment', name: 'web' },
    });
  });

  test('ended pods are left out and represent nothing', () => {
    const owner = { kind: 'Job', name: 'once' };
    const state = stateOf([
      workload('Job', 'x/once', { labels }),
      pod('x/once-a', { owner, phase: 'Succeeded', ips: ['10.0.0.1'] }),
      pod('x/once-b', { owner, phase: 'Failed', ips: ['10.0.0.2'] }),
    ]);
    expect([...state.pods.keys()]).toEqual(['x/once[Job]']);
  });

  test.each(['Pending', 'Running', 'Unknown'])('a %s pod is live', (phase) => {
    expect(onlyPod(stateOf([pod('x/p', { phase })])).id).toBe('x/p[Pod]');
  });
});

describe('addresses', () => {
  test('one of each family, IPv4 first, whatever the order', () => {
    expect(addressesOf(onlyPod(stateOf([pod('x/p', { ips: ['fd00::1', '10.0.0.1', '10.0.0.2'] })])))).toEqual([
      '10.0.0.1',
      'fd00::1',
    ]);
    expect(addressesOf(onlyPod(stateOf([pod('x/p', { ips: ['fd00::1'] })])))).toEqual(['fd00::1']);
    expect(addressesOf(onlyPod(stateOf([pod('x/p')])))).toEqual([]);
  });

  test('a hostNetwork pod without addresses has those of its host; another pod has not', () => {
    const hostIPs = ['192.168.0.1', 'fd01::1'];
    const host = onlyPod(stateOf([pod('x/p', { hostNetwork: true, hostIPs, node: 'n1' })]));
    expect([host.hostNetwork, host.node, addressesOf(host)]).toEqual([true, 'n1', hostIPs]);
    expect(addressesOf(onlyPod(stateOf([pod('x/p', { hostIPs })])))).toEqual([]);
    expect(addressesOf(onlyPod(stateOf([pod('x/p', { hostNetwork: true, hostIPs, ips: ['192.168.0.2'] })])))).toEqual([
      '192.168.0.2',
    ]);
  });

  test('a node has all its IP addresses in order, and no host names', () => {
    const manifest = {
      ...node('n1'),
      status: {
        addresses: [
          { type: 'Hostname', address: '10.9.9.9' },
          { type: 'InternalIP', address: '192.168.0.1' },
          { type: 'InternalDNS', address: '10.9.9.8' },
          { type: 'ExternalIP', address: '203.0.113.1' },
          { type: 'InternalIP', address: 'fd01::1' },
        ],
      },
    };
    const info = stateOf([manifest]).nodes.get('n1');
    expect(info === undefined ? [] : addressesOf(info)).toEqual(['192.168.0.1', '203.0.113.1', 'fd01::1']);
  });

  test('--pod-cidr ranges are joined', () => {
    const state = stateOf([], ['10.0.0.0/25', '10.0.0.128/25', 'fd00::/64']);
    expect(state.podCidrs.toString()).toBe('10.0.0.0/24,fd00::/64');
  });
});

describe('families of unknown addresses', () => {
  const from = (cidr: string) => policy('x/p', { ingress: [{ from: [{ ipBlock: { cidr } }] }] });
  const to = (cidr: string) => policy('x/q', { egress: [{ to: [{ ipBlock: { cidr } }] }] });

  test.each([
    ['nothing known: IPv4', [], [], ['IPv4']],
    ['those of known pods', [pod('x/p', { ips: ['fd00::1'] })], [], ['IPv6']],
    ['those that policies name', [from('fd00::/8')], [], ['IPv6']],
    ['in either direction, IPv4 first', [from('fd00::/8'), to('10.0.0.0/8')], [], ['IPv4', 'IPv6']],
    ['those of --pod-cidr', [], ['fd00::/64'], ['IPv6']],
    ['all together', [pod('x/p', { ips: ['10.0.0.1'] })], ['fd00::/64'], ['IPv4', 'IPv6']],
  ] as const)('%s', (_, manifests, podCidrs, families) => {
    expect(unknownFamilies(stateOf(manifests, podCidrs))).toEqual(families);
  });
});

describe('namespaces', () => {
  test('a namespace object carries its name label, whatever it says', () => {
    const state = stateOf([ns('x', { team: 'a', 'kubernetes.io/metadata.name': 'forged' })]);
    expect(state.namespaces.get('x')).toEqual({
      name: 'x',
      labels: { team: 'a', 'kubernetes.io/metadata.name': 'x' },
      declared: true,
    });
  });

  test('namespaces of pods, templates and policies are implied where no object declares them', () => {
    const state = stateOf([
      ns('declared'),
      pod('declared/p'),
      pod('of-pod/p'),
      workload('Deployment', 'of-template/d'),
      policy('of-policy/p', {}),
    ]);
    expect([...state.namespaces.values()].filter(({ declared }) => !declared)).toEqual(
      ['of-pod', 'of-template', 'of-policy'].map(impliedNamespace),
    );
    expect(impliedNamespace('n')).toEqual({
      name: 'n',
      labels: { 'kubernetes.io/metadata.name': 'n' },
      declared: false,
    });
  });

  test('a namespace may be declared after what is in it, and an ended pod implies none', () => {
    const state = stateOf([pod('x/p'), ns('x', { team: 'a' }), pod('y/p', { phase: 'Failed' })]);
    expect([...state.namespaces.values()].map(({ name, declared }) => [name, declared])).toEqual([['x', true]]);
  });
});

test('labels named like what every object inherits are labels like any other', () => {
  const labels = JSON.parse('{"__proto__":"a","constructor":"b"}');
  expect(Object.entries(onlyPod(stateOf([pod('x/p', { labels })])).labels)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});

test('of two objects with one name the later counts', () => {
  const state = buildState([
    decode(pod('x/p', { labels: { v: '1' } })),
    decode(pod('x/p', { labels: { v: '2' } })),
    decode(policy('x/p', { policyTypes: ['Egress'] })),
    decode(policy('x/p', { policyTypes: ['Ingress'] })),
  ]);
  expect(onlyPod(state).labels).toEqual({ v: '2' });
  expect([...state.policies.values()].map(({ spec }) => spec.policyTypes)).toEqual([['Ingress']]);
});
