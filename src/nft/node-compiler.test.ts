import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, pod as podManifest } from '../../test/support/manifests.ts';
import { effort, patient } from '../../test/support/property.ts';
import { decodeCluster, randomCluster } from '../../test/support/random-cluster.ts';
import { flowFrom, flowParts, flowPicks, flowText } from '../../test/support/random-flow.ts';
import { settled, simulatedAllows, tellChanges } from '../../test/support/simulated-nodes.ts';
import { buildState, evaluate, type PodInfo, PolicyIndex, podInfo } from '../engine/index.ts';
import type { Pod } from '../model/types.ts';
import { parseAddress } from '../net/address.ts';
import { applyDelta, elementsOf } from './delta.ts';
import { NodeCompiler } from './node-compiler.ts';
import { DEFAULT_OPTIONS } from './options.ts';
import type { Ruleset } from './ruleset.ts';
import { simulate } from './simulate.ts';

const EMPTY: Ruleset = { sets: new Map(), maps: new Map(), chains: new Map() };

describe('a compiler that follows changes', () => {
  test.each([1, 2, 128])('answers as the engine does, shared sets from %i pods', patient, (sharedPeerSize) => {
    let changes = 0;
    fc.assert(
      fc.property(
        fc.array(randomCluster, { minLength: 2, maxLength: 4 }),
        flowPicks(40),
        fc.infiniteStream(fc.boolean()),
        (clusters, picks, coins) => {
          const states = clusters.map((cluster) => ({
            ...settled(decodeCluster(cluster)),
            // What stands for names outside cannot change.
            domains: new Map(),
          }));
          const [start] = states;
          if (start === undefined) return;
          const nodes = new Set(states.flatMap(({ pods }) => [...pods.values()].flatMap(({ node }) => node ?? [])));
          const compilers = new Map(
            [...nodes].map((node) => [
              node,
              new NodeCompiler(new PolicyIndex(start), node, { ...DEFAULT_OPTIONS, sharedPeerSize }),
            ]),
          );
          const kernels = new Map([...nodes].map((node) => [node, EMPTY]));
          for (const [step, state] of states.entries()) {
            for (const [node, compiler] of compilers) {
              if (step > 0) tellChanges(compiler, states[step - 1] ?? state, state);
              // Some changes are told together.
              if (step + 1 < states.length && step > 0 && coins.next().value === true) continue;
              let kernel = applyDelta(kernels.get(node) ?? EMPTY, compiler.take().delta);
              expect(kernel).toEqual(compiler.ruleset);
              if (coins.next().value === true) {
                kernel = applyDelta(kernel, compiler.collect());
                expect(kernel).toEqual(compiler.ruleset);
              }
              kernels.set(node, kernel);
              changes++;
            }
          }
          const last = states.at(-1) ?? start;
          const parts = flowParts(last);
          for (const pick of picks) {
            const flow = flowFrom(parts, pick);
            const simulated = flow === undefined ? undefined : simulatedAllows(kernels, flow);
            if (flow === undefined || simulated === undefined) continue;
            expect(simulated, flowText(flow)).toBe(evaluate(last, flow).allowed);
          }
        },
      ),
      effort(150),
    );
    expect(changes).toBeGreaterThan(200);
  });
});

function pod(name: string, address: string, labels: Record<string, string>, node = 'n1'): PodInfo {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(address);
  return {
    id: `x/${name}[Pod]`,
    kind: 'Pod',
    namespace: 'x',
    name,
    labels,
    node,
    hostNetwork: false,
    addresses: [parsed],
    ports: [],
  };
}

function policy(name: string, port: number, from: object = { podSelector: { matchLabels: { app: 'client' } } }) {
  const [decoded] = decodeCluster({
    manifests: [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { namespace: 'x', name },
        spec: { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ from: [from], ports: [{ port }] }] },
      },
    ],
    podCidrs: [],
    domains: {},
  }).policies.values();
  if (decoded === undefined) throw new Error('no policy');
  return decoded;
}

function compilerWith(...pods: readonly PodInfo[]): NodeCompiler {
  const compiler = new NodeCompiler(new PolicyIndex(buildState([])), 'n0');
  compiler.setPolicy(policy('web', 80));
  for (const one of [pod('web', '10.0.0.1', { app: 'web' }, 'n0'), ...pods]) compiler.setPod(one);
  compiler.take();
  return compiler;
}

function admits(compiler: NodeCompiler, from: string, port: number): boolean {
  const saddr = parseAddress(from);
  const daddr = parseAddress('10.0.0.1');
  if (saddr === undefined || daddr === undefined) throw new Error(from);
  const packet = { hook: 'forward', saddr, daddr, protocol: 'TCP', dport: port, ctState: 'new' } as const;
  return simulate(compiler.ruleset, packet).verdict === 'accept';
}

describe('an address that several pods name', () => {
  const told = (name: string, terminating: boolean, created: number): PodInfo => {
    const parts = {
      labels: { app: name === 'd' ? 'web' : name },
      ips: ['10.0.0.9', 'fd00::9'],
      node: name === 'c' ? 'n1' : 'n0',
    };
    const manifest = podManifest(`x/${name}`, parts);
    const metadata = {
      ...(manifest['metadata'] as object),
      ...(created === 0 ? {} : { creationTimestamp: `2026-07-24T10:00:0${created}Z` }),
      ...(terminating ? { deletionTimestamp: '2026-07-24T11:00:00Z' } : {}),
    };
    return podInfo(decode({ ...manifest, metadata }) as Pod);
  };

  test.each<[string, ...(readonly [name: string, terminating: boolean, created: number])[]]>([
    ['a', ['a', false, 1], ['b', true, 2]],
    ['b', ['a', false, 1], ['b', false, 2]],
    ['b', ['a', true, 1], ['b', true, 2]],
    ['a', ['a', false, 0], ['b', true, 9]],
    ['b', ['a', true, 0], ['b', false, 0], ['c', true, 5]],
    ['c', ['b', false, 1], ['c', false, 2], ['a', false, 1]],
  ])('is that of %s', (owner, ...pods) => {
    for (const list of [pods, pods.toReversed()]) {
      const compiler = compilerWith(...list.map((parts) => told(...parts)));
      expect(compiler.ownerOf('10.0.0.9')?.name).toBe(owner);
      // A change of one that has it not takes it from nobody.
      for (const parts of list) compiler.setPod({ ...told(...parts), labels: { changed: '' } });
      expect(compiler.ownerOf('10.0.0.9')?.name).toBe(owner);
    }
  });

  test('is that of one, in whatever order they were told, changed and removed', patient, () => {
    const change = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      terminating: fc.boolean(),
      created: fc.integer({ min: 0, max: 3 }),
      gone: fc.integer({ min: 0, max: 3 }).map((number) => number === 0),
      taken: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 2, maxLength: 12 }),
        fc.array(fc.nat(), { minLength: 4 }),
        (all, keys) => {
          const policies = ['a', 'b', 'c', 'd'].map((name, at) =>
            policy(name, 80 + at, { podSelector: { matchLabels: { app: name } } }),
          );
          const following = compilerWith();
          for (const one of policies) following.setPolicy(one);
          const last = new Map<string, PodInfo>();
          for (const { name, terminating, created, gone, taken } of all) {
            const info = told(name, terminating, created);
            if (gone) {
              following.removePod(info.id);
              last.delete(info.id);
            } else {
              following.setPod(info);
              last.set(info.id, info);
            }
            if (taken) following.take();
          }
          following.take();
          following.collect();
          const anew = compilerWith();
          for (const one of policies) anew.setPolicy(one);
          const order = [...last.values()].map((info, at) => ({ info, key: keys[at] ?? 0 }));
          for (const { info } of order.sort((a, b) => a.key - b.key)) anew.setPod(info);
          anew.take();
          anew.collect();
          expect(following.ownerOf('10.0.0.9')).toEqual(anew.ownerOf('10.0.0.9'));
          const open = (compiler: NodeCompiler): unknown =>
            [80, 81, 82, 83].map((port) => admits(compiler, '10.0.0.9', port));
          expect(open(following)).toEqual(open(anew));
          const dispatched = ({ ruleset }: NodeCompiler): unknown =>
            ['ingress4', 'ingress6'].map((map) => [...(ruleset.maps.get(map)?.elements.keys() ?? [])].sort());
          expect(dispatched(following)).toEqual(dispatched(anew));
        },
      ),
      effort(200),
    );
  });
});

describe('a change', () => {
  test('of a pod that a peer matches costs its elements only', () => {
    const compiler = compilerWith(pod('one', '10.0.0.2', { app: 'client' }));
    compiler.setPod(pod('two', '10.0.0.3', { app: 'client' }));
    const { delta, narrowed } = compiler.take();
    expect(elementsOf(delta)).toBe(1);
    expect([...delta.addedMapElements.values()].flatMap((elements) => [...elements.keys()])).toEqual(['10.0.0.3']);
    expect(delta.chains.size).toBe(0);
    expect([...narrowed]).toEqual([]);
  });

  test('of a pod that nothing here names costs nothing', () => {
    const compiler = compilerWith();
    compiler.setPod(pod('other', '10.0.0.3', { app: 'other' }));
    expect(elementsOf(compiler.take().delta)).toBe(0);
  });

  test('that takes access away names the address', () => {
    const compiler = compilerWith(pod('one', '10.0.0.2', { app: 'client' }));
    compiler.setPod(pod('one', '10.0.0.2', { app: 'stranger' }));
    expect([...compiler.take().narrowed]).toEqual(['10.0.0.2']);
    expect(admits(compiler, '10.0.0.2', 80)).toBe(false);
  });

  test('of an address that moves on is not undone by the late end of its first owner', () => {
    const compiler = compilerWith(pod('old', '10.0.0.2', { app: 'stranger' }));
    compiler.setPod({ ...pod('new', '10.0.0.2', { app: 'client' }), precedence: 1 });
    compiler.take();
    expect(admits(compiler, '10.0.0.2', 80)).toBe(true);
    compiler.setPod(pod('old', '10.0.0.2', { app: 'stranger', edited: '' }));
    compiler.take();
    expect(admits(compiler, '10.0.0.2', 80)).toBe(true);
    compiler.removePod('x/old[Pod]');
    compiler.take();
    expect(admits(compiler, '10.0.0.2', 80)).toBe(true);
    compiler.removePod('x/new[Pod]');
    compiler.take();
    expect(admits(compiler, '10.0.0.2', 80)).toBe(false);
  });

  test('of a policy leaves what goes through the old rules whole until it is collected', () => {
    const compiler = compilerWith(pod('one', '10.0.0.2', { app: 'client' }));
    const chains = new Set(compiler.ruleset.chains.keys());
    compiler.setPolicy(policy('web', 81, { podSelector: {} }));
    compiler.setPolicy(policy('web', 81, { ipBlock: { cidr: '10.0.0.0/8' } }));
    const { delta } = compiler.take();
    expect(delta.removedChains).toEqual([]);
    expect(delta.removedMaps).toEqual([]);
    expect([...chains].filter((chain) => !compiler.ruleset.chains.has(chain))).toEqual([]);
    expect(admits(compiler, '10.0.0.2', 81)).toBe(true);
    expect(compiler.collect().removedChains.length).toBeGreaterThan(0);
    expect(admits(compiler, '10.0.0.2', 81)).toBe(true);
    expect(compiler.hasGarbage).toBe(false);
  });

  test('and its reverse leave the ruleset of the beginning', () => {
    const compiler = compilerWith(pod('one', '10.0.0.2', { app: 'client' }));
    compiler.collect();
    const before = structuredClone(compiler.ruleset);
    compiler.setPolicy(policy('web', 81));
    compiler.setPod(pod('two', '10.0.0.3', { app: 'client' }));
    compiler.take();
    compiler.setPolicy(policy('web', 80));
    compiler.removePod('x/two[Pod]');
    compiler.take();
    compiler.collect();
    expect(compiler.ruleset).toEqual(before);
  });
});

describe('a port admitted by name toward everybody', () => {
  const HTTP = { name: 'http', containerPort: 8080, protocol: 'TCP' } as const;
  const [egress] = decodeCluster({
    manifests: [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { namespace: 'x', name: 'out' },
        spec: {
          podSelector: { matchLabels: { app: 'web' } },
          policyTypes: ['Egress'],
          egress: [{ ports: [{ port: 'http' }] }],
        },
      },
    ],
    podCidrs: [],
    domains: {},
  }).policies.values();

  function leaves(compiler: NodeCompiler, to: string, port: number): boolean {
    const saddr = parseAddress('10.0.0.1');
    const daddr = parseAddress(to);
    if (saddr === undefined || daddr === undefined) throw new Error(to);
    const packet = { hook: 'forward', saddr, daddr, protocol: 'TCP', dport: port, ctState: 'new' } as const;
    return simulate(compiler.ruleset, packet).verdict === 'accept';
  }

  test('is open at each pod that has the name, whoever it is and whenever it comes', () => {
    if (egress === undefined) throw new Error('no policy');
    const compiler = new NodeCompiler(new PolicyIndex(buildState([])), 'n0');
    compiler.setPod(pod('web', '10.0.0.1', { app: 'web' }, 'n0'));
    compiler.setPod({ ...pod('one', '10.0.0.2', {}), ports: [HTTP] });
    compiler.setPolicy(egress);
    compiler.take();
    expect([leaves(compiler, '10.0.0.2', 8080), leaves(compiler, '10.0.0.2', 80)]).toEqual([true, false]);
    compiler.setPod({ ...pod('two', '10.0.0.3', {}), ports: [HTTP] });
    compiler.take();
    expect(leaves(compiler, '10.0.0.3', 8080)).toBe(true);
    compiler.setPod(pod('two', '10.0.0.3', {}));
    expect([...compiler.take().narrowed]).toEqual(['10.0.0.3']);
    expect(leaves(compiler, '10.0.0.3', 8080)).toBe(false);
    expect(leaves(compiler, '10.0.0.4', 8080)).toBe(false);
  });
});
