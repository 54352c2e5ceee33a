import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { allow, Bench, CLIENT, WORLD } from '../../test/support/agent-bench.ts';
import { pod, policy } from '../../test/support/manifests.ts';
import { GroupStore } from '../engine/compiled/groups.ts';
import { PolicyIndex } from '../engine/index.ts';
import type { Pause } from '../kube/slices.ts';
import type { AgentOptions } from './options.ts';

const PEERS = 300;
const PEER_PODS = Array.from({ length: PEERS }, (_, at) =>
  pod(`shop/peer-${at}`, { labels: { app: 'client', tier: 'back' }, ips: [`10.2.${at >> 8}.${at & 255}`], node: 'n1' }),
);

/** Pauses after every step, and does something at each. */
class EveryStep {
  pauses = 0;
  readonly #onPause: (pause: number) => void;

  constructor(onPause: (pause: number) => void) {
    this.#onPause = onPause;
  }

  readonly make = (): Pause => () => {
    this.#onPause(++this.pauses);
    return turn();
  };
}

const benches: Bench[] = [];
async function started(options: Partial<AgentOptions>): Promise<Bench> {
  const bench = new Bench(options);
  benches.push(bench);
  await bench.agent.start();
  return bench;
}
afterEach(async () => {
  vi.restoreAllMocks();
  for (const { agent } of benches.splice(0)) await agent.stop();
});

async function untilReady({ agent }: Bench): Promise<void> {
  while (!agent.status().ready) await turn();
}

describe('a policy that looks at a label for the first time', () => {
  test('does little between two pauses, however many pods have it', async () => {
    let moved = 0;
    let most = 0;
    const steps = new EveryStep(() => {
      most = Math.max(most, moved);
      moved = 0;
    });
    const bench = await started({ pauses: steps.make });
    bench.source.set(...WORLD, ...PEER_PODS);
    bench.source.sink.synced();
    await untilReady(bench);
    const original = GroupStore.prototype.groupOf;
    vi.spyOn(GroupStore.prototype, 'groupOf').mockImplementation(function (this: GroupStore, ...args) {
      moved++;
      return original.apply(this, args);
    });
    [moved, most] = [0, 0];
    const before = steps.pauses;
    bench.source.set(
      policy('shop/web', {
        podSelector: { matchLabels: { app: 'web' } },
        ingress: [{ from: [{ podSelector: { matchLabels: { tier: 'back' } } }], ports: [{ port: 80 }] }],
      }),
    );
    while (!bench.admits('10.2.0.7') || bench.admits('10.1.1.1')) await turn();
    expect(steps.pauses - before).toBeGreaterThan(PEERS);
    expect(most).toBe(1);
  });
});

describe('a first load', () => {
  test('does little between two pauses, however many pods there are', async () => {
    let calls = 0;
    let most = 0;
    const steps = new EveryStep(() => {
      most = Math.max(most, calls);
      calls = 0;
    });
    for (const method of ['setPod', 'setPolicy', 'peerView', 'groupOfPod', 'policiesOf'] as const) {
      const original = PolicyIndex.prototype[method] as (...args: unknown[]) => never;
      vi.spyOn(PolicyIndex.prototype, method).mockImplementation(function (this: PolicyIndex, ...args: unknown[]) {
        calls++;
        return original.apply(this, args);
      });
    }
    const bench = await started({ pauses: steps.make });
    bench.source.set(...WORLD, ...PEER_PODS);
    bench.source.sink.synced();
    await untilReady(bench);
    // Told, put into the index, its address claimed, judged.
    expect(steps.pauses).toBeGreaterThan(4 * PEERS);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(20);
    expect([bench.admits('10.2.0.7'), bench.admits('10.1.1.2')]).toEqual([true, false]);
  });

  test.each(Array.from({ length: 20 }, (_, at) => at + 1))(
    'takes changes that come at pause %i afterwards, and no half of them is ever in force',
    async (when) => {
      const seen = new Set<string>();
      const look = (): void => {
        const { table } = bench.kernel;
        if (table !== undefined) seen.add(`${bench.admits('10.1.1.1')} ${bench.admits('10.1.1.2')}`);
      };
      const steps = new EveryStep((pause) => {
        look();
        if (pause !== when) return;
        // Together: what was let in is not, and what was not is.
        bench.source.set(allow('stranger'), { ...CLIENT, metadata: { name: 'client', namespace: 'shop', labels: {} } });
      });
      const bench = await started({ pauses: steps.make });
      bench.source.set(...WORLD);
      bench.source.sink.synced();
      await untilReady(bench);
      look();
      expect(steps.pauses).toBeGreaterThanOrEqual(when);
      expect(['true false', 'false true']).toEqual(expect.arrayContaining([...seen]));
      expect([bench.admits('10.1.1.1'), bench.admits('10.1.1.2')]).toEqual([false, true]);
    },
  );

  test('answers whether it is alive, and that it is not ready, in the midst of it', async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const bench = await started({ pauses: () => () => gate, listen: { host: '127.0.0.1', port: 0 } });
    bench.source.set(...WORLD);
    bench.source.sink.synced();
    const ask = async (path: string): Promise<number> => (await fetch(`${bench.agent.url}${path}`)).status;
    expect([await ask('/healthz'), await ask('/readyz'), await ask('/metrics')]).toEqual([200, 503, 200]);
    expect(bench.kernel.table).toBeUndefined();
    go();
    await untilReady(bench);
    expect([await ask('/healthz'), await ask('/readyz')]).toEqual([200, 200]);
  });

  test('is given up when the agent stops', async () => {
    let stopped: Promise<void> | undefined;
    const steps = new EveryStep((pause) => {
      if (pause === 20) stopped = bench.agent.stop();
    });
    const bench = await started({ pauses: steps.make });
    bench.source.set(...WORLD);
    bench.source.sink.synced();
    while (stopped === undefined) await turn();
    await stopped;
    const { pauses } = steps;
    await bench.settle();
    expect([steps.pauses - pauses, bench.kernel.table, bench.clock.waiting]).toEqual([0, undefined, 0]);
  });
});
