import { expect } from 'vitest';
import { AgentRun, NODE, POD_ADDRESSES } from './agent-run.ts';
import { namespace, pod, policy } from './manifests.ts';

/** The manifests of a cluster in which the server admits the client on one port. */
export function admitting(port: number): Parameters<AgentRun['write']>[0] {
  return [
    namespace('shop'),
    pod('shop/client', { labels: { app: 'client' }, ips: [POD_ADDRESSES.client], node: NODE }),
    pod('shop/server', { labels: { app: 'server' }, ips: [POD_ADDRESSES.server], node: NODE }),
    policy('shop/server', {
      podSelector: { matchLabels: { app: 'server' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }], ports: [{ port }] }],
    }),
  ];
}

/**
 * All that an agent does to its node, once, with real packets: transactions, listings, the watch of foreign changes,
 * tracked connections listed and cut, logged packets, counters, files and HTTP; stop, start again, clean-up.
 * @param through a program that runs another, with its arguments @param owner user and group that the agent will have
 */
export async function tourOfAgent(through: readonly string[], owner = 0): Promise<void> {
  const tour = new AgentRun(through, owner);
  try {
    await tour.serve();
    tour.write(admitting(80));
    tour.start();
    await tour.ready();
    expect([await tour.reaches(80), await tour.reaches(81)]).toEqual([true, false]);
    await tour.until(() => tour.denials().length > 0);
    expect(tour.denials()[0]).toMatchObject({
      verdict: 'denied',
      direction: 'ingress',
      source: { namespace: 'shop', pod: 'client' },
      destination: { namespace: 'shop', pod: 'server' },
      protocol: 'TCP',
      port: 81,
    });
    expect(await tour.metric('portcullis_denied_total{direction="ingress"}')).toBeGreaterThan(0);

    await tour.hold(80);
    tour.write(admitting(81));
    await tour.until(async () => (await tour.metric('portcullis_connections_cut_total')) > 0);
    expect(tour.tracked(80)).toBe('');
    expect([await tour.reaches(80), await tour.reaches(81)]).toEqual([false, true]);

    tour.nft('flush ruleset');
    await tour.until(async () => (await tour.metric('portcullis_resyncs_total{reason="foreign-change"}')) > 0);
    await tour.ready();
    expect([await tour.reaches(80), await tour.reaches(81)]).toEqual([false, true]);

    const { code, log } = await tour.stop();
    expect([code, /"level":[56]0/.exec(log)]).toEqual([0, null]);
    expect([await tour.reaches(80), await tour.reaches(81)]).toEqual([false, true]);

    // What a stopped agent had no time to put away, the next one does. After that there is nothing to change.
    const logs: string[] = [];
    for (let starts = 0; starts < 2; starts++) {
      tour.start();
      await tour.ready();
      const again = await tour.stop();
      expect(again.code).toBe(0);
      logs.push(again.log);
    }
    expect(logs[1]).toContain('"reason":"start","elements":0');
    expect(tour.table()).not.toBe('');
    tour.cleanUp();
    expect(tour.table()).toBe('');
    expect([await tour.reaches(80), await tour.reaches(81)]).toEqual([true, true]);
  } finally {
    tour.close();
  }
}
