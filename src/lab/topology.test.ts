import { describe, expect, test } from 'vitest';
import { decode, type Manifest, node, pod } from '../../test/support/manifests.ts';
import { DEFAULT_POD_CIDRS, planLab } from './plan.ts';
import { layOut, type Topology, topologyChange } from './topology.ts';

function topology(manifests: readonly Manifest[], nodes = 1): Topology {
  const options = { name: 't', podCidrs: DEFAULT_POD_CIDRS, maxReplicas: 3, maxPods: 300, nodes };
  return layOut(
    planLab(
      manifests.map((manifest) => decode(manifest)),
      options,
    ),
  );
}

const X = pod('a/x', { ips: ['10.0.0.1', 'fd00::1'], node: 'node-1' });
const Y = pod('a/y', { ips: ['10.0.0.2'], node: 'node-1' });

describe('a layout', () => {
  test('has a namespace for each pod and node, a router and the outside', () => {
    expect([...topology([X, Y], 2).namespaces.keys()].sort()).toEqual([
      'portcullis.t.node.node-1',
      'portcullis.t.node.node-2',
      'portcullis.t.outside',
      'portcullis.t.pod.a.x',
      'portcullis.t.pod.a.y',
      'portcullis.t.router',
    ]);
  });

  test('only nodes and the router forward', () => {
    const routing = [...topology([X]).namespaces].filter(([, { routes }]) => routes).map(([name]) => name);
    expect(routing.sort()).toEqual(['portcullis.t.node.node-1', 'portcullis.t.router']);
  });

  test('every address is routed to where it is', () => {
    const { namespaces } = topology([X]);
    const node = [...(namespaces.get('portcullis.t.node.node-1')?.settings ?? [])].join('\n');
    const router = [...(namespaces.get('portcullis.t.router')?.settings ?? [])].join('\n');
    for (const address of ['10.0.0.1/32', 'fd00::1/128']) {
      expect(node).toContain(`route ${address} via`);
      expect(router).toContain(`route ${address} via`);
    }
  });
});

describe('a change', () => {
  test('to the same is nothing', () => {
    const same = topologyChange(topology([X, Y]), topology([X, Y]));
    expect([same.added, same.removed, [...same.before], [...same.devices], [...same.after]]).toEqual([
      [],
      [],
      [],
      [],
      [],
    ]);
  });

  test('a pod that comes touches its node and the router, and no other pod', () => {
    const { added, removed, before, devices, after } = topologyChange(topology([X, Y]), topology([X]));
    expect(added).toEqual([{ name: 'portcullis.t.pod.a.y', routes: false }]);
    expect([removed, [...before]]).toEqual([[], []]);
    expect([...devices.keys(), ...after.keys()]).not.toContain('portcullis.t.pod.a.x');
    expect(after.get('portcullis.t.router')).toEqual(['route add 10.0.0.2/32 via 169.254.1.2 dev node0 onlink']);
  });

  test('a pod that goes takes its device and its routes along', () => {
    const { added, removed, before, devices, after } = topologyChange(topology([X]), topology([X, Y]));
    expect(removed).toEqual(['portcullis.t.pod.a.y']);
    expect([added, [...devices], [...after]]).toEqual([[], [], []]);
    expect(before.get('portcullis.t.node.node-1')).toContain('link del pod1');
    expect(before.get('portcullis.t.router')).toEqual(['route del 10.0.0.2/32 via 169.254.1.2 dev node0 onlink']);
  });

  test('a pod that moves to another node is made anew', () => {
    const moved = pod('a/x', { ips: ['10.0.0.1', 'fd00::1'], node: 'node-2' });
    const nodes = [node('node-1', '192.0.2.1'), node('node-2', '192.0.2.2')];
    const { added, removed } = topologyChange(topology([...nodes, moved], 2), topology([...nodes, X], 2));
    expect(removed).toEqual(['portcullis.t.pod.a.x']);
    expect(added).toEqual([{ name: 'portcullis.t.pod.a.x', routes: false }]);
  });

  test('addresses come before neighbours, and these before the routes through them', () => {
    const lines = topologyChange(topology([X])).after.get('portcullis.t.pod.a.x') ?? [];
    const kinds = lines.map((line) => line.split(' ')[0]);
    expect(kinds).toEqual(['link', 'link', 'addr', 'addr', 'neigh', 'neigh', 'route', 'route']);
  });
});
