import { afterEach, describe, expect, test } from 'vitest';
import { allow, Bench, CLIENT, POLICY, WEB, WORLD } from '../../test/support/agent-bench.ts';
import type { FakeKernel } from '../../test/support/fake-kernel.ts';
import { decode, type Manifest, namespace, node, pod, policy } from '../../test/support/manifests.ts';
import type { Diagnostic } from '../model/source.ts';
import { AddressSet } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import type { AgentOptions } from './options.ts';

const benches: Bench[] = [];
function bench(options: Partial<AgentOptions> = {}, kernel?: FakeKernel): Bench {
  const made = new Bench(options, kernel);
  made.source.certain = false;
  benches.push(made);
  return made;
}
afterEach(async () => {
  for (const { agent } of benches.splice(0)) await agent.stop();
});

/** A kernel with the table of an agent that has ended: the web pod admits the client. */
async function left(options: Partial<AgentOptions> = {}): Promise<FakeKernel> {
  const first = await bench(options).begin();
  await first.agent.stop();
  return first.kernel;
}

async function restarted(b: Bench, ...manifests: readonly Manifest[]): Promise<void> {
  b.source.set(...manifests);
  b.source.sink.synced();
  await b.settle();
  b.clock.advance(20);
  await b.settle();
}

function error(line: number): Diagnostic {
  return { code: 'yaml-syntax', severity: 'error', message: 'no end', source: { file: 'pol.yaml', line, column: 3 } };
}

const HELD = 'the table stays as it was before the start: ';
const seen = (b: Bench): boolean[] => [b.admits('10.1.1.1'), b.admits('10.1.1.2')];

describe('a start on a table that is there', () => {
  test('keeps it while errors hide something, whatever comes meanwhile, and goes on at once when they are over', async () => {
    const b = bench({}, await left());
    await b.agent.start();
    b.source.sink.problem(error(7), undefined, true);
    await restarted(b, ...WORLD.slice(0, -1));
    const { length } = b.kernel.transactions;
    expect(b.agent.status()).toMatchObject({
      ready: false,
      reason: `${HELD}pol.yaml:7:3: no end`,
      problems: { number: 1, first: ['pol.yaml:7:3: no end'] },
    });
    expect(b.messages.some((line) => line.includes('"level":50') && line.includes('stays as it was'))).toBe(true);
    b.source.set(pod('shop/more', { labels: { app: 'client' }, ips: ['10.1.1.9'], node: 'n1' }));
    b.clock.advance(300_000);
    await b.settle();
    // One error takes the place of another.
    b.source.sink.resolved?.(error(7));
    b.source.sink.problem(error(8), undefined, true);
    await b.settle();
    expect([seen(b), b.kernel.transactions.length]).toEqual([[true, false], length]);
    expect(b.messages.filter((line) => line.includes('stays as it was'))).toHaveLength(2);
    expect(b.agent.status().reason).toBe(`${HELD}pol.yaml:8:3: no end`);

    b.source.sink.resolved?.(error(8));
    b.source.set(allow('stranger'));
    await b.settle();
    b.clock.advance(20);
    await b.settle();
    expect([seen(b), b.agent.status().ready]).toEqual([[false, true], true]);
    expect(b.agent.status().problems).toEqual({ number: 0, first: [] });
  });

  test('is not kept from it by an error of what was in force before, or of what is not enforced', async () => {
    const b = bench({}, await left());
    await b.agent.start();
    b.source.sink.problem(error(7), undefined, false);
    b.source.sink.problem(
      { ...error(9), object: { kind: 'Deployment', namespace: 'shop', name: 'a' } },
      undefined,
      true,
    );
    await restarted(b, ...WORLD.slice(0, -1), allow('stranger'));
    expect([seen(b), b.agent.status().ready]).toEqual([[false, true], true]);
    expect(b.agent.status().problems.number).toBe(1);
    expect(await b.agent.metrics.registry.metrics()).toContain('\nportcullis_input_problems 1\n');
  });

  test('does not keep it for errors that are to be skipped', async () => {
    const b = bench({ skipInvalid: true }, await left());
    await b.agent.start();
    b.source.sink.problem(error(7), undefined, true);
    await restarted(b, ...WORLD.slice(0, -1), allow('stranger'));
    expect([seen(b), b.agent.status().ready, b.agent.status().problems.number]).toEqual([[false, true], true, 1]);
  });

  test('keeps it where files hold no pods at all, until they do', async () => {
    const b = bench({}, await left());
    await b.agent.start();
    await restarted(b);
    expect([seen(b), b.agent.status().reason]).toEqual([
      [true, false],
      `${HELD}there are no pods in the files, which may not be there yet`,
    ]);
    await restartedLater(b, allow('stranger'));
    expect([seen(b), b.agent.status().ready]).toEqual([[false, true], true]);
  });

  test('believes an API server that there are no pods', async () => {
    const b = bench({}, await left());
    b.source.certain = true;
    await b.agent.start();
    await restarted(b, namespace('shop'), node('n0', '10.0.0.1'));
    expect([seen(b), b.agent.status().ready]).toEqual([[true, true], true]);
  });

  test('keeps it where no pod runs on its node, and others have a Node object', async () => {
    const b = bench({ node: 'n7' }, await left());
    await b.agent.start();
    await restarted(b, ...WORLD);
    expect([seen(b), b.agent.status().reason]).toEqual([
      [true, false],
      `${HELD}there is no Node object of this name: --node must be what pods have in spec.nodeName`,
    ]);
    b.source.set(node('n7', '10.0.0.7'));
    await b.settle();
    b.clock.advance(20);
    await b.settle();
    expect([seen(b), b.agent.status().ready]).toEqual([[true, true], true]);
  });

  test.each([
    ['flush ruleset', [true, true]],
    ['delete table inet portcullis\n', [true, true]],
  ])('goes on with what can be read when somebody takes it away: %s', async (script) => {
    const b = bench({}, await left());
    await b.agent.start();
    b.source.sink.problem(error(7), undefined, true);
    await restarted(b, ...WORLD.slice(0, -1), allow('stranger'));
    b.kernel.interfere(script);
    await b.settle();
    expect([seen(b), b.agent.status().reason]).toEqual([
      [false, true],
      'the kernel does not hold what was written: pol.yaml:7:3: no end',
    ]);
  });

  test('goes on with what can be read when it was taken away before that was known', async () => {
    const b = bench({}, await left());
    await b.agent.start();
    b.kernel.interfere('flush ruleset');
    b.source.sink.problem(error(7), undefined, true);
    await restarted(b, ...WORLD.slice(0, -1), allow('stranger'));
    expect(seen(b)).toEqual([false, true]);
  });

  test('of strict mode keeps the range', async () => {
    const first = await bench({ strict: true, podRange: rangeOf('10.1.0.0/24') }).begin(namespace('shop'), CLIENT);
    await first.agent.stop();
    const b = bench({ strict: true }, first.kernel);
    await b.agent.start();
    await restarted(b);
    expect([seen(b), b.agent.status().ready]).toEqual([[false, false], false]);
  });

  test('that denies nothing to anybody does not keep it', async () => {
    const first = await bench().begin(...WORLD.slice(0, -1));
    await first.agent.stop();
    const b = bench({}, first.kernel);
    await b.agent.start();
    b.source.sink.problem(error(7), undefined, true);
    await restarted(b, ...WORLD);
    expect([seen(b), b.agent.status().ready]).toEqual([[true, false], false]);
  });
});

describe('the very first start', () => {
  test('enforces what can be read, and is not ready while an error hides something', async () => {
    const b = bench();
    await b.agent.start();
    const object = { kind: 'NetworkPolicy', namespace: 'shop', name: 'web' };
    b.source.sink.problem({ ...error(7), object }, decode(POLICY), true);
    await restarted(b, ...WORLD.slice(0, -1));
    expect([b.admits('10.1.1.1'), b.admits('10.1.1.2')]).toEqual([true, false]);
    expect(b.agent.status()).toMatchObject({
      ready: false,
      reason: 'the kernel does not hold what was written: pol.yaml:7:3: NetworkPolicy shop/web: no end',
    });
    b.source.sink.resolved?.({ ...error(7), object });
    b.source.set(POLICY);
    await b.settle();
    expect(b.agent.status().ready).toBe(true);
  });
});

describe('strict mode', () => {
  test.each([
    ['10.1.0.0/16', 'strict mode knows no IPv6 range, and pods of this node have IPv6 addresses: give --pod-cidr'],
    ['fd00::/64', 'strict mode knows no IPv4 range, and pods of this node have IPv4 addresses: give --pod-cidr'],
    ['', 'strict mode does not know the pod range of the node: give --pod-cidr'],
    ['10.1.0.0/16,fd00::/64', undefined],
  ])('is not ready with a range that lacks a family of its pods: %j', async (range, reason) => {
    const both = pod('shop/web', { labels: { app: 'web' }, ips: ['10.1.0.1', 'fd00::1'], node: 'n0' });
    const b = await bench({ strict: true, podRange: rangeOf(range) }).begin(namespace('shop'), both, CLIENT, POLICY);
    expect(b.agent.status().reason).toBe(reason);
  });

  test('needs no range of a family that no pod of the node has', async () => {
    const podRange = rangeOf('10.1.0.0/16');
    const far = pod('shop/far', { ips: ['10.1.1.3', 'fd00:1::1'], node: 'n1' });
    const b = await bench({ strict: true, podRange }).begin(
      namespace('shop'),
      WEB,
      far,
      policy('shop/any', { podSelector: {} }),
    );
    expect(b.agent.status().ready).toBe(true);
  });
});

async function restartedLater(b: Bench, last: Manifest): Promise<void> {
  b.source.set(...WORLD.slice(0, -1), last);
  await b.settle();
  b.clock.advance(20);
  await b.settle();
}

function rangeOf(text: string): AddressSet {
  const cidrs = text.split(',').flatMap((one) => parseCidr(one)?.cidr ?? []);
  return AddressSet.unionOf(cidrs.map((cidr) => AddressSet.ofCidr(cidr)));
}
