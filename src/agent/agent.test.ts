import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { allow, Bench, CLIENT, POLICY, WEB, WORLD } from '../../test/support/agent-bench.ts';
import { FakeKernel } from '../../test/support/fake-kernel.ts';
import { address } from '../../test/support/flows.ts';
import { decode, type Manifest, namespace, node, pod, policy } from '../../test/support/manifests.ts';
import { decodeObject } from '../model/decode.ts';
import { AddressSet } from '../net/address-set.ts';
import { cleanUp } from './agent.ts';
import type { Connection, LoggedPacket } from './kernel/kernel.ts';
import { AgentError, type AgentOptions } from './options.ts';

const benches: Bench[] = [];
function bench(options: Partial<AgentOptions> = {}, kernel?: FakeKernel): Bench {
  const made = new Bench(options, kernel);
  benches.push(made);
  return made;
}
afterEach(async () => {
  for (const { agent } of benches.splice(0)) await agent.stop();
});

function connection(id: number, from: string, to: string, port: number, sourcePort = 40_000): Connection {
  const original = { source: address(from), destination: address(to), sourcePort, destinationPort: port };
  const reply = { source: address(to), destination: address(from), sourcePort: port, destinationPort: sourcePort };
  return { id, protocol: 6, zone: 0, original, reply };
}

function packet(from: string, to: string, port: number, prefix = 'portcullis:ingress'): LoggedPacket {
  return {
    prefix,
    source: address(from),
    destination: address(to),
    protocol: 6,
    sourcePort: 40_000,
    destinationPort: port,
  };
}

describe('an agent', () => {
  test('enforces what it was told, and every change of it', async () => {
    const { source, ...rest } = await bench().begin();
    const b = benches[0] as Bench;
    expect([b.admits('10.1.1.1'), b.admits('10.1.1.2'), b.admits('10.1.1.1', 81)]).toEqual([true, false, false]);
    source.set(allow('stranger'));
    await b.settle();
    expect([b.admits('10.1.1.1'), b.admits('10.1.1.2')]).toEqual([false, true]);
    source.remove('NetworkPolicy', 'web', 'shop');
    await b.settle();
    expect([b.admits('10.1.1.1'), b.admits('10.1.1.2'), b.admits('192.0.2.1', 22)]).toEqual([true, true, true]);
    expect(rest.agent.status()).toMatchObject({ ready: true, policies: 0, pods: { local: 1, isolated: 0, known: 3 } });
  });

  test('is ready only when the kernel holds everything', async () => {
    const b = bench();
    await b.agent.start();
    expect(b.agent.status()).toMatchObject({ ready: false, reason: 'the state of the cluster is not known yet' });
    b.source.set(...WORLD);
    const release = b.kernel.hold();
    b.source.sink.synced();
    await b.settle();
    expect(b.agent.status()).toMatchObject({ ready: false, reason: 'the kernel does not have the rules yet' });
    release();
    await b.settle();
    expect(b.agent.status().ready).toBe(true);
  });

  test('makes one transaction of what comes while another is under way', async () => {
    const b = await bench().begin();
    const before = b.kernel.transactions.length;
    const release = b.kernel.hold();
    b.source.set(pod('shop/c0', { labels: { app: 'client' }, ips: ['10.1.2.200'], node: 'n1' }));
    await b.settle();
    for (let at = 1; at < 50; at++) {
      b.source.set(pod(`shop/c${at}`, { labels: { app: 'client' }, ips: [`10.1.2.${at}`], node: 'n1' }));
    }
    release();
    await b.settle();
    expect(b.kernel.transactions.length - before).toBe(2);
    expect(b.admits('10.1.2.49')).toBe(true);
  });

  test('tells the digest of the files whose state is in force, not before', async () => {
    const b = await bench().begin();
    const release = b.kernel.hold();
    b.source.set(allow('stranger'));
    b.read('second');
    await b.settle();
    expect(b.agent.status().digest).toBeUndefined();
    release();
    await b.settle();
    expect(b.agent.status().digest).toBe('second');
  });

  test('treats an invalid policy that nothing precedes as one that admits nothing', async () => {
    const b = await bench().begin();
    const { object: refused } = decodeObject(
      policy('shop/broken', { podSelector: {}, ingress: [{ ports: [{ port: 99_999 }] }], policyTypes: ['Ingress'] }),
    );
    const diagnostic = { code: 'invalid', severity: 'error', message: 'no such port' } as const;
    b.source.remove('NetworkPolicy', 'web', 'shop');
    b.source.sink.problem(diagnostic, refused);
    await b.settle();
    expect(b.admits('10.1.1.1')).toBe(false);
    expect(b.messages.some((line) => line.includes('no such port'))).toBe(true);
    b.source.remove('NetworkPolicy', 'broken', 'shop');
    await b.settle();
    expect(b.admits('10.1.1.1')).toBe(true);
  });

  test('keeps the last valid version of a policy', async () => {
    const b = await bench().begin();
    b.source.sink.problem({ code: 'invalid', severity: 'error', message: 'wrong' }, decode(allow('nobody')));
    await b.settle();
    expect(b.admits('10.1.1.1')).toBe(true);
  });

  test('gives a pod that has ended no more rights', async () => {
    const b = await bench().begin();
    b.source.set({ ...CLIENT, status: { ...(CLIENT['status'] as object), phase: 'Succeeded' } });
    await b.settle();
    expect(b.admits('10.1.1.1')).toBe(false);
  });

  test('refuses to start when the kernel lacks something', async () => {
    const b = bench();
    b.kernel.missing = ['nf_tables is missing: load the module'];
    await expect(b.agent.start()).rejects.toThrow(AgentError);
  });

  test('is not ready while the kernel lacks something that was there at the start', async () => {
    const b = await bench().begin();
    b.kernel.missing = ['bridge-nf-call-iptables is 0'];
    b.clock.advance(60_000);
    await b.settle();
    expect(b.agent.status()).toMatchObject({ ready: false, reason: 'bridge-nf-call-iptables is 0' });
    b.clock.advance(60_000);
    await b.settle();
    expect(b.messages.filter((line) => line.includes('"msg":"bridge-nf'))).toHaveLength(1);
    b.kernel.missing = [];
    b.clock.advance(60_000);
    await b.settle();
    expect(b.agent.status().ready).toBe(true);
  });

  test('refuses to start beside another program that receives the same denials', async () => {
    const b = bench();
    await b.kernel.receiveLog(
      7,
      () => undefined,
      () => undefined,
    );
    await expect(b.agent.start()).rejects.toBeInstanceOf(AgentError);
  });

  test('waits until another one of the node has ended, and for the address it listens on', async () => {
    const first = bench({ listen: { host: '127.0.0.1', port: 0 } });
    await first.begin();
    const port = Number(new URL(first.agent.url ?? '').port);
    const second = bench({ listen: { host: '127.0.0.1', port } }, first.kernel);
    const started = second.agent.start();
    await second.settle();
    const reason = 'another agent runs in this network namespace: waiting until it ends';
    expect(second.agent.status()).toMatchObject({ ready: false, reason });
    second.clock.advance(120_000);
    await second.settle();
    expect(second.messages.filter((line) => line.includes('another agent runs'))).toHaveLength(2);
    expect(second.agent.url).toBeUndefined();

    await first.agent.stop();
    second.clock.advance(250);
    await started;
    second.source.set(...WORLD.slice(0, -1), allow('stranger'));
    second.source.sink.synced();
    await second.settle();
    expect([second.admits('10.1.1.1'), second.admits('10.1.1.2')]).toEqual([false, true]);
    expect((await fetch(`${second.agent.url}/healthz`)).status).toBe(200);
  });

  test('that waits for another one ends when it is told to, and changes nothing', async () => {
    const first = await bench().begin();
    const { length } = first.kernel.transactions;
    const second = bench({}, first.kernel);
    const started = second.agent.start();
    await second.settle();
    await second.agent.stop();
    await started;
    expect([second.clock.waiting, first.kernel.transactions.length]).toEqual([0, length]);
  });

  test('stays ready while the table is compared, unless it differs', async () => {
    const b = await bench({ audit: true }).begin();
    const compare = async (): Promise<boolean> => {
      const release = b.kernel.hold();
      b.clock.advance(300_000);
      await b.settle();
      const { ready } = b.agent.status();
      release();
      await b.settle();
      return ready;
    };
    expect(await compare()).toBe(true);
    const release = b.kernel.hold();
    b.clock.advance(300_000);
    b.source.set(allow('stranger'));
    await b.settle();
    expect(b.agent.status()).toMatchObject({ ready: false, reason: 'a change is on its way to the kernel' });
    release();
    await b.settle();
    expect(b.agent.status().ready).toBe(true);

    b.kernel.interfere('flush ruleset');
    const during: boolean[] = [];
    b.kernel.onRun = () => during.push(b.agent.status().ready);
    b.clock.advance(300_000);
    await b.settle();
    // What was replaced before goes too.
    expect([during.at(-1), b.agent.status().ready]).toEqual([false, true]);
  });

  test('that has a fault says so, ends its work, and leaves enforcement in place', async () => {
    const b = await bench().begin();
    b.kernel.breakNext(new TypeError('x is not a function'));
    b.source.set(allow('stranger'));
    expect(await b.agent.broken).toBeInstanceOf(TypeError);
    expect(b.agent.status()).toMatchObject({ ready: false, reason: 'a fault of the agent: x is not a function' });
    expect(b.admits('10.1.1.2')).toBe(false);
    await b.agent.stop();
  });

  test('takes a fault of its source as one of its own', async () => {
    const b = await bench().begin();
    b.source.sink.broken?.(new TypeError('y is undefined'));
    expect(await b.agent.broken).toBeInstanceOf(TypeError);
    expect(b.agent.status().ready).toBe(false);
  });

  test('leaves no timer behind, and enforces nothing when it is stopped before it has begun', async () => {
    const b = await bench().begin();
    await b.agent.stop();
    expect(b.clock.waiting).toBe(0);
    const early = bench({ adoptMs: 60_000 });
    const started = early.agent.start();
    await early.settle();
    await early.agent.stop();
    await started;
    expect([early.clock.waiting, early.source.closed]).toEqual([0, true]);
    expect(() => early.source.sink).toThrow('has not begun');
  });

  test('says when no pod runs on a node of its name', async () => {
    const b = await bench({ node: 'n7' }).begin(namespace('shop'), WEB, POLICY);
    expect(b.messages.join('')).toContain('no pod runs on a node of this name');
  });

  test('is not ready while others have a Node object and its own node has none', async () => {
    const b = await bench({ node: 'n7' }).begin();
    const reason = 'there is no Node object of this name: --node must be what pods have in spec.nodeName';
    expect(b.agent.status()).toMatchObject({ ready: false, reason });
    expect(b.messages.join('')).toContain(reason);
    b.source.set(node('n7', '10.0.0.7'));
    await b.settle();
    expect(b.agent.status().ready).toBe(true);
  });

  test('says when there is nothing to enforce', async () => {
    const b = await bench().begin(namespace('shop'));
    expect(b.messages.join('')).toContain('there are no pods: nothing is enforced');
  });

  test('leaves enforcement in place when it stops, and takes it away on demand', async () => {
    const b = await bench().begin();
    await b.agent.stop();
    expect(b.source.closed).toBe(true);
    expect(b.admits('10.1.1.2')).toBe(false);
    const { kernel } = b;
    await cleanUp(kernel);
    expect(kernel.table).toBeUndefined();
  });
});

test('a clean-up beside an agent is refused, since the agent would undo it', async () => {
  const { kernel, agent } = await bench().begin();
  const { length } = kernel.transactions;
  await expect(cleanUp(kernel)).rejects.toThrow('another agent runs in this network namespace');
  expect([kernel.transactions.length, agent.status().ready]).toEqual([length, true]);
});

describe('a restart', () => {
  test('finds everything as it should be and changes nothing', async () => {
    const first = await bench().begin();
    first.clock.advance(5000);
    await first.settle();
    await first.agent.stop();
    const before = first.kernel.transactions.length;
    const second = await bench({}, first.kernel).begin();
    expect(second.kernel.transactions.length).toBe(before);
    expect(second.agent.status().ready).toBe(true);
  });

  test('brings in force what changed meanwhile, as a delta, and cuts what is not allowed any more', async () => {
    const first = await bench().begin();
    await first.agent.stop();
    first.kernel.tracked.set(1, connection(1, '10.1.1.1', '10.1.0.1', 80));
    const second = await bench({}, first.kernel).begin(...WORLD.slice(0, -1), allow('stranger'));
    expect([second.admits('10.1.1.1'), second.admits('10.1.1.2')]).toEqual([false, true]);
    expect(second.kernel.transactions.at(-1)).not.toContain('delete table');
    expect(second.kernel.tracked.size).toBe(0);
  });

  test('removes what is left over only after what replaces it is in force', async () => {
    const first = await bench().begin();
    await first.agent.stop();
    const other = { ...(POLICY['spec'] as object), ingress: [{ from: [{ ipBlock: { cidr: '10.1.1.0/31' } }] }] };
    const second = await bench({}, first.kernel).begin(...WORLD.slice(0, -1), policy('shop/web', other as Manifest));
    const [changes, removals] = second.kernel.transactions.slice(-2);
    expect(changes).not.toMatch(/^delete (chain|map|set)/m);
    expect(removals).toMatch(/^delete chain/m);
    expect(removals).not.toMatch(/^add /m);
    expect([second.admits('10.1.1.1'), second.admits('10.1.1.2')]).toEqual([true, false]);
  });

  test('leaves the old table alone until the state of the cluster is known', async () => {
    const first = await bench().begin();
    await first.agent.stop();
    const second = bench({}, first.kernel);
    await second.agent.start();
    await second.settle();
    expect([second.admits('10.1.1.1'), second.admits('10.1.1.2')]).toEqual([true, false]);
  });
});

describe('what others do to the table', () => {
  test.each([
    'add table inet portcullis\nadd set inet portcullis ingress4 { typeof ip saddr; }\n',
    'add table inet portcullis\nadd set inet portcullis guarded4 { typeof ip6 saddr; }\n',
    'add table inet portcullis\nadd chain inet portcullis forward { type filter hook input priority 0; policy accept; }\n',
    'add table inet portcullis { flags dormant; }\n',
  ])('does not stand in the way of the rules: %j', async (script) => {
    const kernel = new FakeKernel();
    kernel.interfere(script);
    const b = await bench({}, kernel).begin();
    expect([b.admits('10.1.1.1'), b.admits('10.1.1.2'), b.agent.status().ready]).toEqual([true, false, true]);
  });

  test.each(['flush ruleset', 'add chain inet portcullis forward\nflush chain inet portcullis forward\n'])(
    'is undone: %j',
    async (script) => {
      const b = await bench().begin();
      b.kernel.interfere(script);
      expect(b.admits('10.1.1.2')).toBe(true);
      await b.settle();
      expect([b.admits('10.1.1.1'), b.admits('10.1.1.2')]).toEqual([true, false]);
      expect(await b.agent.metrics.resyncs.get()).toMatchObject({
        values: expect.arrayContaining([{ labels: { reason: 'foreign-change' }, value: 1 }]),
      });
    },
  );

  test('again and again is undone later each time, and at once after a calm second', async () => {
    const b = await bench().begin();
    const waits: number[] = [];
    for (let time = 0; time < 9; time++) {
      b.kernel.interfere('flush ruleset');
      await b.settle();
      if (b.kernel.table !== undefined) {
        waits.push(0);
        continue;
      }
      expect(b.agent.status()).toMatchObject({ ready: false, reason: 'somebody keeps changing the table' });
      let wait = 0;
      while (b.kernel.table === undefined) {
        b.clock.advance(100);
        wait += 100;
        await b.settle();
      }
      waits.push(wait);
    }
    expect(waits).toEqual([0, 100, 200, 400, 800, 1000, 1000, 1000, 1000]);
    expect(b.messages.filter((line) => line.includes('keeps changing the table'))).toHaveLength(5);
    b.clock.advance(1000);
    b.kernel.interfere('flush ruleset');
    await b.settle();
    expect([b.admits('10.1.1.2'), b.agent.status().ready]).toEqual([false, true]);
  });

  test('comes to light without being told of it', async () => {
    const b = await bench({ audit: true }).begin();
    b.kernel.interfere('flush ruleset');
    await b.settle();
    expect(b.kernel.table).toBeUndefined();
    b.clock.advance(300_000);
    await b.settle();
    expect(b.kernel.table).toBeDefined();
  });
});

describe('a transaction that fails', () => {
  test('leads to a comparison, and then holds', async () => {
    const b = await bench().begin();
    b.kernel.failNext('missing');
    b.source.set(allow('stranger'));
    await b.settle();
    expect([b.admits('10.1.1.1'), b.admits('10.1.1.2')]).toEqual([false, true]);
    expect(b.agent.status().ready).toBe(true);
  });

  test('again and again is tried later each time, and what comes meanwhile is not lost', async () => {
    const b = await bench().begin();
    for (let time = 0; time < 4; time++) b.kernel.failNext('memory', 'no memory');
    b.source.set(allow('stranger'));
    await b.settle();
    expect(b.agent.status()).toMatchObject({ ready: false, reason: 'the kernel refused a change: no memory' });
    b.source.set(pod('shop/late', { labels: { app: 'stranger' }, ips: ['10.1.3.1'], node: 'n1' }));
    await b.settle();
    const waits: number[] = [];
    b.clock.onWait = (milliseconds) => void waits.push(milliseconds);
    for (let time = 0; time < 8 && !b.agent.status().ready; time++) {
      b.clock.advance(500);
      await b.settle();
    }
    expect([b.admits('10.1.1.2'), b.admits('10.1.3.1'), b.agent.status().ready]).toEqual([true, true, true]);
    expect(waits.filter((wait) => wait === 400 || wait === 800)).toEqual([400, 800]);
  });
});

describe('the count of transactions', () => {
  test('holds repairs, and what is cleared away later', async () => {
    const b = await bench().begin();
    b.kernel.interfere('flush ruleset');
    await b.settle();
    b.source.remove('NetworkPolicy', 'web', 'shop');
    await b.settle();
    b.clock.advance(1000);
    await b.settle();
    const { values } = await b.agent.metrics.transactions.get();
    expect(values).toMatchObject([{ value: b.kernel.transactions.length }]);
    expect(b.kernel.transactions).toHaveLength(4);
    // Undoing what somebody else did is no event of the cluster.
    const { values: programming } = await b.agent.metrics.programming.get();
    expect(programming.find(({ metricName }) => metricName?.endsWith('_count'))).toMatchObject({ value: 2 });
  });
});

describe('open connections', () => {
  test('are cut when they are not allowed any more, others are not disturbed', async () => {
    const b = await bench().begin();
    b.kernel.tracked.set(1, connection(1, '10.1.1.1', '10.1.0.1', 80));
    b.kernel.tracked.set(2, connection(2, '10.1.1.2', '10.1.0.9', 80));
    b.kernel.tracked.set(3, connection(3, '10.0.0.1', '10.1.0.1', 80));
    b.source.set(allow('stranger'));
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    expect([...b.kernel.tracked.keys()]).toEqual([2, 3]);
  });

  test('are cut also when labels change, and when one came up in between', async () => {
    const b = await bench().begin();
    b.source.set(pod('shop/client', { labels: { app: 'other' }, ips: ['10.1.1.1'], node: 'n1' }));
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    b.kernel.tracked.set(1, connection(1, '10.1.1.1', '10.1.0.1', 80));
    b.clock.advance(1000);
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    expect(b.kernel.tracked.size).toBe(0);
  });

  test('are cut once a change is in force that the kernel refused before, however late', async () => {
    const b = await bench().begin();
    for (let time = 0; time < 4; time++) b.kernel.failNext('memory');
    b.source.set(allow('stranger'));
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    // Beyond the second look that follows the first attempt; the old rules are still in force.
    b.clock.advance(500);
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    b.kernel.tracked.set(1, connection(1, '10.1.1.1', '10.1.0.1', 80));
    expect(b.admits('10.1.1.1')).toBe(true);
    for (let time = 0; time < 4; time++) {
      b.clock.advance(1000);
      await b.settle();
      b.clock.advance(250);
      await b.settle();
    }
    expect([b.agent.status().ready, b.kernel.tracked.size]).toEqual([true, 0]);
  });

  test('that came up while somebody had taken the rules away are cut', async () => {
    const b = await bench().begin();
    b.clock.advance(1000);
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    b.kernel.tracked.set(1, connection(1, '10.1.1.1', '10.1.0.1', 80));
    b.kernel.tracked.set(2, connection(2, '10.1.1.2', '10.1.0.1', 80));
    b.kernel.interfere('flush ruleset');
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    expect([...b.kernel.tracked.keys()]).toEqual([1]);
  });

  test('are judged again when the kernel did not list them', async () => {
    const b = await bench().begin();
    b.kernel.tracked.set(1, connection(1, '10.1.1.1', '10.1.0.1', 80));
    b.kernel.failingLists = 2;
    b.source.set(allow('stranger'));
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    b.clock.advance(300);
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    expect([b.kernel.failingLists, b.kernel.tracked.size]).toEqual([0, 1]);
    b.clock.advance(5000);
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    expect(b.kernel.tracked.size).toBe(0);
  });

  test('behind a Service are judged by the pod that answers', async () => {
    const b = await bench().begin();
    const { original, ...rest } = connection(1, '10.1.1.1', '10.1.0.1', 80);
    const toService = { ...original, destination: address('10.96.0.1'), destinationPort: 443 };
    b.kernel.tracked.set(1, { ...rest, original: toService });
    b.source.set(allow('client'), pod('shop/client', { labels: { app: 'client' }, ips: ['10.1.1.1'], node: 'n1' }));
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    expect(b.kernel.tracked.size).toBe(1);
    b.source.set(allow('stranger'));
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    expect(b.kernel.tracked.size).toBe(0);
  });

  test('of pods of other nodes are left to those, whatever this node sees of them', async () => {
    const b = await bench().begin();
    const remote = (app: string): Manifest => pod('shop/far', { labels: { app }, ips: ['10.1.1.5'], node: 'n1' });
    const only = (app: string, to: Manifest): Manifest =>
      policy(`shop/${app}`, { podSelector: { matchLabels: { app } }, ...to });
    const toFar = { policyTypes: ['Egress'], egress: [{ to: [{ podSelector: { matchLabels: { app: 'far' } } }] }] };
    const ofNode = { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.1/32' } }] }] };
    b.source.set(remote('far'), only('web', toFar), only('far', ofNode), only('other', ofNode));
    await b.settle();
    b.kernel.tracked.set(1, connection(1, '192.0.2.1', '10.1.1.5', 80));
    b.kernel.tracked.set(2, connection(2, '10.1.0.1', '10.1.1.5', 80));
    b.kernel.tracked.set(3, connection(3, '10.1.1.5', '192.0.2.1', 80));
    // Its own node allows what comes from here: sent on with this node's address as its source, it is no client's.
    b.source.set(remote('other'));
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    expect([...b.kernel.tracked.keys()]).toEqual([1, 3]);
  });

  test('stay in audit mode', async () => {
    const b = await bench({ audit: true }).begin();
    b.kernel.tracked.set(1, connection(1, '10.1.1.1', '10.1.0.1', 80));
    b.source.set(allow('stranger'));
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    b.clock.advance(1000);
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    expect(b.kernel.tracked.size).toBe(1);
    expect(b.admits('10.1.1.1')).toBe(true);
  });

  test('that are older than connection tracking stay when they are allowed, whichever way they were noted', async () => {
    const b = bench({ adoptMs: 1000 });
    b.clock.onWait = (milliseconds) => {
      if (milliseconds !== 1000) return;
      b.kernel.tracked.set(1, connection(1, '10.1.0.1', '10.1.1.1', 40_000, 80));
      b.kernel.tracked.set(2, connection(2, '10.1.0.1', '10.1.1.2', 40_000, 22));
      void turn().then(() => b.clock.advance(1000));
    };
    await b.agent.start();
    b.clock.onWait = () => undefined;
    b.source.set(...WORLD, allowEgressNowhere());
    b.source.sink.synced();
    await b.settle();
    b.clock.advance(250);
    await b.settle();
    expect([...b.kernel.tracked.keys()]).toEqual([1]);
  });
});

function allowEgressNowhere(): Manifest {
  return policy('shop/no-egress', {
    podSelector: { matchLabels: { app: 'web' } },
    policyTypes: ['Egress'],
    egress: [],
  });
}

describe('strict mode', () => {
  const range = AddressSet.unionOf([
    AddressSet.ofRanges([{ family: 'IPv4', first: address('10.1.0.0').value, last: address('10.1.0.255').value }]),
  ]);

  test('denies pods that are not known, from the first moment', async () => {
    const b = bench({ strict: true, podRange: range });
    await b.agent.start();
    expect(b.admits('10.1.1.1')).toBe(false);
    b.source.set(...WORLD);
    b.source.sink.synced();
    await b.settle();
    expect([b.admits('10.1.1.1'), b.admits('10.1.0.77')]).toEqual([true, false]);
  });

  test('takes the range of the Node object, and says when there is none', async () => {
    const b = await bench({ strict: true }).begin();
    expect(b.agent.status().reason).toContain('give --pod-cidr');
    const own = node('n0', '10.0.0.1');
    b.source.set({ ...own, spec: { podCIDR: '10.1.0.0/24' } }, policy('shop/any', anyIngress()));
    await b.settle();
    b.clock.advance(20);
    await b.settle();
    expect(b.agent.status().ready).toBe(true);
    expect([b.admits('10.1.1.2'), b.admits('10.1.0.77')]).toEqual([true, false]);
  });
});

describe('open connections in strict mode', () => {
  const podRange = AddressSet.ofRanges([
    { family: 'IPv4', first: address('10.1.0.0').value, last: address('10.1.0.255').value },
  ]);

  async function judged(b: Bench): Promise<number[]> {
    b.clock.advance(250);
    await b.settle();
    return [...b.kernel.tracked.keys()];
  }

  /** Of a pod that is not known with others, with its node, and of known ones. */
  function open(b: Bench): void {
    b.kernel.own.add('10.1.0.254');
    b.kernel.tracked.set(1, connection(1, '10.1.0.77', '192.0.2.1', 443));
    b.kernel.tracked.set(2, connection(2, '10.1.1.1', '10.1.0.77', 80));
    b.kernel.tracked.set(3, connection(3, '10.0.0.1', '10.1.0.77', 80));
    b.kernel.tracked.set(4, connection(4, '10.1.0.254', '10.1.0.77', 80));
    b.kernel.tracked.set(5, connection(5, '10.1.0.77', '10.1.0.254', 53));
    b.kernel.tracked.set(6, connection(6, '10.1.1.1', '10.1.0.1', 80));
    b.kernel.tracked.set(7, connection(7, '10.1.0.254', '10.1.0.1', 81));
    b.kernel.tracked.set(8, connection(8, '10.1.0.77', '10.1.0.78', 80));
  }

  test('of pods that are not known are cut, once the cluster is known, but for those with their node', async () => {
    const b = bench({ strict: true, podRange });
    open(b);
    await b.agent.start();
    await b.settle();
    expect(b.kernel.tracked.size).toBe(8);
    b.source.set(...WORLD);
    b.source.sink.synced();
    await b.settle();
    expect(await judged(b)).toEqual([3, 4, 5, 6, 7]);
  });

  test('are judged after a restart too, and when the range becomes known', async () => {
    const first = await bench({ strict: true, podRange }).begin();
    first.clock.advance(2000);
    await first.settle();
    await first.agent.stop();
    const second = bench({ strict: true, podRange }, first.kernel);
    open(second);
    await second.begin();
    expect(await judged(second)).toEqual([3, 4, 5, 6, 7]);
    const third = await bench({ strict: true }).begin();
    open(third);
    third.source.set({ ...node('n0', '10.0.0.1'), spec: { podCIDR: '10.1.0.0/24' } });
    await third.settle();
    third.clock.advance(20);
    await third.settle();
    expect(await judged(third)).toEqual([3, 4, 5, 6, 7]);
  });

  test('are cut when their pod is gone', async () => {
    const b = await bench({ strict: true, podRange }).begin(
      ...WORLD,
      pod('shop/free', { ips: ['10.1.0.9'], node: 'n0' }),
    );
    b.kernel.tracked.set(1, connection(1, '10.1.0.9', '192.0.2.1', 443));
    expect(await judged(b)).toEqual([1]);
    b.source.remove('Pod', 'free', 'shop');
    await b.settle();
    expect(await judged(b)).toEqual([]);
  });
});

test('probes by the node pass, from whichever of its addresses they come', async () => {
  const b = await bench().begin();
  b.kernel.own.add('10.1.0.254');
  b.kernel.tracked.set(1, connection(1, '10.1.0.254', '10.1.0.1', 81));
  b.kernel.tracked.set(2, connection(2, '10.1.1.1', '10.1.0.1', 80));
  b.source.set(allow('stranger'));
  await b.settle();
  b.clock.advance(250);
  await b.settle();
  expect([...b.kernel.tracked.keys()]).toEqual([1]);
});

function anyIngress(): Manifest {
  return { podSelector: { matchLabels: { app: 'web' } }, ingress: [{}] };
}

describe('the flow log', () => {
  test('names the ends and the policies that isolate', async () => {
    const b = await bench().begin();
    b.kernel.log(7, packet('10.1.1.2', '10.1.0.1', 80));
    expect(b.lines).toMatchObject([
      {
        node: 'n0',
        verdict: 'denied',
        direction: 'ingress',
        source: { address: '10.1.1.2', port: 40_000, namespace: 'shop', pod: 'stranger', node: 'n1' },
        destination: { address: '10.1.0.1', namespace: 'shop', pod: 'web', node: 'n0' },
        protocol: 'TCP',
        port: 80,
        tier: 'networkpolicy',
        policies: [{ kind: 'NetworkPolicy', namespace: 'shop', name: 'web' }],
      },
    ]);
    expect(b.lines[0]).not.toHaveProperty('audit');
    expect(new Date(b.lines[0]?.time ?? '').toISOString()).toBe(b.lines[0]?.time);
  });

  test('names the rule of a cluster-wide policy', async () => {
    const b = await bench().begin(...WORLD, {
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'no-strangers' },
      spec: {
        tier: 'Admin',
        priority: 5,
        subject: { namespaces: {} },
        ingress: [
          {
            name: 'keep-out',
            action: 'Deny',
            from: [{ pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: 'stranger' } } } }],
          },
        ],
      },
    });
    b.kernel.log(7, packet('10.1.1.2', '10.1.0.1', 80));
    expect(b.lines).toMatchObject([
      { tier: 'admin', rule: { rule: 0, ruleName: 'keep-out', action: 'Deny', policy: { name: 'no-strangers' } } },
    ]);
  });

  test('says of audit mode that it let the packet pass', async () => {
    const b = await bench({ audit: true }).begin();
    b.kernel.log(7, packet('10.1.1.2', '10.1.0.1', 80));
    expect(b.lines).toMatchObject([{ verdict: 'denied', audit: true }]);
  });

  test('tells a Deployment by its ReplicaSet, and leaves out what is admitted by now', async () => {
    const owned = pod('shop/cart-7d9-x', {
      labels: { app: 'cart', 'pod-template-hash': '7d9' },
      ips: ['10.1.1.3'],
      node: 'n1',
      owner: { kind: 'ReplicaSet', name: 'cart-7d9' },
    });
    const b = await bench().begin(...WORLD, owned);
    b.kernel.log(7, packet('10.1.1.3', '10.1.0.1', 80));
    b.kernel.log(7, packet('10.1.1.1', '10.1.0.1', 80));
    b.kernel.log(7, packet('10.1.1.1', '10.1.0.1', 80, 'somebody else'));
    expect(b.lines).toMatchObject([{ source: { workload: 'Deployment/cart', pod: 'cart-7d9-x' } }]);
  });

  test('counts what is lost', async () => {
    const b = await bench().begin();
    b.kernel.lose(7);
    expect((await b.agent.metrics.logLost.get()).values).toMatchObject([{ value: 1 }]);
  });
});

describe('the endpoint', () => {
  test('answers whether it lives and is ready, with metrics and the status', async () => {
    const b = bench({ listen: { host: '127.0.0.1', port: 0 } });
    await b.agent.start();
    const ask = (path: string, method = 'GET'): Promise<Response> => fetch(`${b.agent.url}${path}`, { method });
    expect((await ask('/healthz')).status).toBe(200);
    const early = await ask('/readyz');
    expect([early.status, await early.text()]).toEqual([503, 'the state of the cluster is not known yet\n']);
    b.source.set(...WORLD);
    b.source.sink.synced();
    await b.settle();
    expect((await ask('/readyz')).status).toBe(200);
    b.source.set(allow('stranger'));
    await b.settle();
    b.kernel.counted.set('deny-ingress4', 5);
    await ask('/metrics');
    b.kernel.counted.set('deny-ingress4', 7);
    const metrics = await (await ask('/metrics')).text();
    for (const line of [
      'portcullis_denied_total{direction="ingress"} 7',
      'portcullis_policies{kind="NetworkPolicy"} 1',
      'portcullis_pods{state="local"} 1',
      'portcullis_ready 1',
      'portcullis_policy_programming_seconds_count 2',
      'portcullis_resyncs_total{reason="start"} 1',
    ]) {
      expect(metrics).toContain(`\n${line}\n`);
    }
    expect(await (await ask('/statusz')).json()).toMatchObject({ node: 'n0', ready: true, policies: 1 });
    expect((await ask('/statusz', 'POST')).status).toBe(405);
    expect((await ask('/other')).status).toBe(404);
  });
});
