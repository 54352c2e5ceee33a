/** Changes of policies, pods and agents while traffic runs: no instant of wider or narrower access than before and after. */

import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../bench/src/random.ts';
import type { LabPlan } from '../../src/lab/model.ts';
import { Poller } from '../../src/lab/system/poller.ts';
import { Conversation, countFirstPackets, firstPackets, Hammer, type Route, tcpCounter } from '../support/hammer.ts';
import { isAlive, run, skipsKernelTests } from '../support/kernel.ts';
import { TestLab } from '../support/lab.ts';
import { type Manifest, namespace, pod, policy } from '../support/manifests.ts';

/** Policy edits under traffic; 1,000 for the long run. */
const EDITS = Number(process.env['PORTCULLIS_TRANSITIONS'] ?? 60);
/** New connections a second of each pair. */
const RATE = 1000;
/** A connection that is not allowed any more is cut within this. Milliseconds. */
const CUT_WITHIN = 1000;
const HTTP = [{ name: 'http', containerPort: 8080 }];

const labs: TestLab[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.down();
});

function testLab(): TestLab {
  const lab = new TestLab();
  labs.push(lab);
  return lab;
}

const FIXED: readonly Manifest[] = [
  namespace('callers', { team: 'callers' }),
  namespace('servers', { team: 'servers' }),
  namespace('others', { team: 'others' }),
  pod('callers/friend', { labels: { role: 'friend' }, node: 'node-1', ports: HTTP }),
  pod('callers/stranger', { labels: { role: 'stranger' }, node: 'node-1', ports: HTTP }),
  pod('servers/open', { labels: { app: 'open' }, node: 'node-2', ports: HTTP }),
  pod('servers/closed', { labels: { app: 'closed' }, node: 'node-2', ports: HTTP }),
];

function routes({ pods }: LabPlan, from: string, to: string, port = 8080): Route[] {
  const [source, target] = [pods.find(({ id }) => id === from), pods.find(({ id }) => id === to)];
  if (source === undefined || target === undefined) throw new Error('no such pod');
  return source.addresses.flatMap((address, index) => {
    const other = target.addresses[index];
    return other === undefined ? [] : [{ namespace: source.namespace, from: address, to: other, port }];
  });
}

function namespaceOf({ pods }: LabPlan, id: string): string {
  return pods.find((one) => one.id === id)?.namespace ?? '';
}

const fromFriend = {
  podSelector: { matchLabels: { role: 'friend' } },
  namespaceSelector: { matchLabels: { team: 'callers' } },
};
const PODS = [{ ipBlock: { cidr: '10.244.0.0/16' } }, { ipBlock: { cidr: 'fd00:10:244::/56' } }];

/** Ways to let `friend` in, by the rules that `open` has; none: it is not isolated. */
const ADMITTING: readonly (readonly object[] | null)[] = [
  null,
  [{ from: [fromFriend] }],
  [{ from: [{ namespaceSelector: { matchLabels: { team: 'callers' } } }], ports: [{ port: 'http' }] }],
  [{ from: PODS, ports: [{ port: 8000, endPort: 9000 }] }],
  [{ ports: [{ port: 8080 }] }],
  [{}],
  [
    { from: [{ podSelector: { matchLabels: { role: 'nobody' } } }] },
    { from: [{ podSelector: {}, namespaceSelector: {} }] },
  ],
];

/** Ways not to let `stranger` in. */
const REFUSING: readonly (readonly object[])[] = [
  [],
  [{ from: [fromFriend] }],
  [{ from: [{ ipBlock: { cidr: '198.51.100.0/24' } }] }],
  [{ ports: [{ port: 9999 }] }],
  [{ ports: [{ port: 'admin' }] }],
  [{ from: [{ namespaceSelector: { matchLabels: { team: 'nobody' } } }] }],
  [{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.244.0.0/16'] } }] }],
];

/** Ways for a caller to get out. */
const LEAVING: readonly (readonly object[] | null)[] = [
  null,
  [{ to: [{ namespaceSelector: { matchLabels: { team: 'servers' } } }] }],
  [{ to: PODS }],
  [{ ports: [{ port: 8080 }] }],
];

/** Policies of a random moment. The verdicts of the two pairs are always the same. */
function randomPolicies(pick: <T>(of: readonly T[]) => T): Manifest[] {
  const policies: Manifest[] = [];
  const admitting = pick(ADMITTING);
  const label = (app: string): object => ({ matchLabels: { app } });
  if (admitting !== null) policies.push(policy('servers/open', { podSelector: label('open'), ingress: admitting }));
  const leaving = pick(LEAVING);
  if (leaving !== null) {
    policies.push(
      policy('callers/out', {
        podSelector: pick([{}, { matchLabels: { role: 'friend' } }]),
        policyTypes: ['Egress'],
        egress: leaving,
      }),
    );
  }
  // Denied by a NetworkPolicy, or by a tier before it, or by both.
  const how = pick(['policy', 'tier', 'both']);
  if (how !== 'tier')
    policies.push(policy('servers/closed', { podSelector: label('closed'), ingress: pick(REFUSING) }));
  if (how !== 'policy') {
    policies.push({
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'closed' },
      spec: {
        tier: 'Admin',
        priority: pick([1, 5, 10]),
        subject: { pods: { namespaceSelector: {}, podSelector: label('closed') } },
        ingress: [{ action: 'Deny', from: [{ namespaces: pick([{}, { matchLabels: { team: 'callers' } }]) }] }],
      },
    });
  }
  for (let number = 0; number < 3; number++) {
    policies.push(
      policy(`others/p${number}`, {
        podSelector: pick([{}, { matchLabels: { tier: 'a' } }, { matchLabels: { tier: 'b' } }]),
        ingress: pick([[], [{}], [{ from: [{ podSelector: pick([{}, { matchLabels: { tier: 'a' } }]) }] }]]),
      }),
    );
  }
  return policies;
}

function randomOthers(pick: <T>(of: readonly T[]) => T): Manifest[] {
  return ['w', 'x', 'y', 'z'].flatMap((name) =>
    pick([true, false])
      ? [
          pod(`others/${name}`, {
            labels: { tier: pick(['a', 'b']), role: pick(['friend', 'stranger', 'none']) },
            node: pick(['node-1', 'node-2']),
            ports: HTTP,
          }),
        ]
      : [],
  );
}

/**
 * How many packets of a pod the kernel has denied, by its addresses. Not from the flow log: that leaves out what is admitted
 * by the time it is written.
 */
function deniedOf({ pods, nodes }: LabPlan, id: string, direction: 'egress' | 'ingress'): [string, number][] {
  const pod = pods.find((one) => one.id === id);
  const node = nodes.find(({ name }) => name === pod?.node)?.namespace ?? '';
  return (pod?.addresses ?? []).flatMap((address) => {
    const set = `denied-${direction}${address.includes(':') ? 6 : 4}`;
    const listing = run('ip', ['netns', 'exec', node, 'nft', 'list', 'set', 'inet', 'portcullis', set]);
    return [...listing.matchAll(/([0-9a-f.:]+) counter packets (\d+)/g)].flatMap(
      ([, of, packets]): [string, number][] => (of === address ? [[`${direction} ${address}`, Number(packets)]] : []),
    );
  });
}

describe.skipIf(skipsKernelTests())('under traffic', () => {
  test(`${EDITS} random edits, pods that come and go, agents killed: no wrong verdict on either pair`, {
    timeout: 120_000 + 3000 * EDITS,
  }, async () => {
    const random = seededRandom(20_261_127);
    const pick = <T>(of: readonly T[]): T => of[random.below(of.length)] as T;
    const lab = testLab();
    lab.write('fixed.json', FIXED);
    lab.write('policies.json', randomPolicies(pick));
    lab.write('others.json', []);
    const { plan } = await lab.up({ nodes: 2 });
    const open = namespaceOf(plan, 'servers/open');
    countFirstPackets(open, 8080);
    const poller = new Poller();
    const allowed = new Hammer(poller, routes(plan, 'callers/friend', 'servers/open'), { allowed: true, rate: RATE });
    const denied = new Hammer(poller, routes(plan, 'callers/stranger', 'servers/closed'), {
      allowed: false,
      rate: RATE,
    });
    let killed = 0;
    const started = performance.now();
    try {
      for (let edit = 0; edit < EDITS; edit++) {
        lab.write('policies.json', randomPolicies(pick));
        if (edit % 7 === 3) lab.write('others.json', randomOthers(pick));
        if (edit % 20 === 10) {
          const { agents } = await lab.status();
          const { pid } = pick(agents);
          if (pid !== undefined && isAlive(pid)) {
            process.kill(pid, 'SIGKILL');
            killed++;
          }
        }
        await lab.enforced();
      }
      const seconds = (performance.now() - started) / 1000;
      allowed.stop();
      denied.stop();
      await expect.poll(() => allowed.waiting, { timeout: 10_000 }).toBe(0);
      console.info(
        `${EDITS} edits, ${killed} agents killed in ${seconds.toFixed(0)} s; ` +
          `${Math.round(allowed.attempts / seconds)} and ${Math.round(denied.attempts / seconds)} new connections a second`,
      );
      expect([allowed.wrong, denied.wrong]).toEqual([[], []]);
      expect(allowed.answered).toBe(allowed.attempts);
      expect(denied.answered).toBe(0);
      expect(killed).toBeGreaterThan(0);
      // The kernel's own word first: it says on which side.
      expect([...deniedOf(plan, 'callers/friend', 'egress'), ...deniedOf(plan, 'servers/open', 'ingress')]).toEqual([]);
      // Every first packet that was sent has arrived, also those that a busy machine sent twice: none was dropped.
      expect(firstPackets(open)).toBe(
        allowed.attempts + tcpCounter(namespaceOf(plan, 'callers/friend'), 'RetransSegs'),
      );
      // Not one packet of the other pair has, and that its pod was asked is known to the kernel.
      expect(deniedOf(plan, 'servers/closed', 'ingress').length).toBeGreaterThan(0);
      expect(tcpCounter(namespaceOf(plan, 'servers/closed'), 'InSegs')).toBe(0);
    } finally {
      allowed.close();
      denied.close();
      await poller.close();
    }
  });

  test.each(['a policy', 'the labels of a namespace'])(
    'a connection that %s revokes is cut and stays cut, whoever sends; an allowed one is not disturbed',
    async (by) => {
      const lab = testLab();
      lab.write('fixed.json', FIXED);
      const relabelled = FIXED.map((one) => (one === FIXED[0] ? namespace('callers', { team: 'nobody' }) : one));
      const admit = (role: string): Manifest =>
        policy('servers/open', {
          podSelector: { matchLabels: { app: 'open' } },
          ingress: [
            {
              from: [
                { podSelector: { matchLabels: { role } }, namespaceSelector: { matchLabels: { team: 'callers' } } },
              ],
            },
            { ports: [{ port: 9001 }] },
          ],
        });
      lab.write('policies.json', [admit('friend')]);
      const { plan } = await lab.up({ nodes: 2 });
      const server = namespaceOf(plan, 'servers/open');
      const revoked = routes(plan, 'callers/friend', 'servers/open', 9000).map(
        (route) => new Conversation(route, server),
      );
      const kept = routes(plan, 'callers/friend', 'servers/open', 9001).map((route) => new Conversation(route, server));
      const all = [...revoked, ...kept];
      const timer = setInterval(() => {
        for (const one of all) one.talk();
      }, 5);
      const received = (): number[] => revoked.flatMap(({ client, server: end }) => [client.received, end.received]);
      try {
        await expect
          .poll(() => Math.min(...all.flatMap((one) => [one.client.received, one.server.received])))
          .toBeGreaterThan(20);
        if (by === 'a policy') lab.write('policies.json', [admit('nobody')]);
        else lab.write('fixed.json', relabelled);
        await lab.enforced();
        await setTimeout(CUT_WITHIN);
        const before = received();
        await setTimeout(CUT_WITHIN);
        expect(received()).toEqual(before);
        // Allowed again, it does not come back to life: the next connection is a new one.
        if (by === 'a policy') lab.write('policies.json', [admit('friend')]);
        else lab.write('fixed.json', FIXED);
        await lab.enforced();
        await setTimeout(CUT_WITHIN);
        expect(received()).toEqual(before);
        expect(await lab.ask('callers/friend', routes(plan, 'callers/friend', 'servers/open')[0]?.to ?? '', 8080)).toBe(
          'servers/open',
        );
        clearInterval(timer);
        for (const { client, server: end } of kept) {
          expect(client.sent).toBeGreaterThan(100);
          expect(Math.abs(end.received - client.sent)).toBeLessThan(3);
          expect(Math.abs(client.received - end.sent)).toBeLessThan(3);
        }
      } finally {
        clearInterval(timer);
        for (const one of all) one.close();
      }
    },
  );
});
