/** The lab with real packets. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { statusOf, tearDown } from '../../src/lab/index.ts';
import { labPaths, namespacePrefix } from '../../src/lab/names.ts';
import { listNamespaces } from '../../src/lab/system/commands.ts';
import { root } from '../package/run.ts';
import { isAlive, run, skipsKernelTests } from '../support/kernel.ts';
import { cidrs, describeResult, TestLab } from '../support/lab.ts';
import { namespace, node, pod, policy } from '../support/manifests.ts';
import { endServed, serve } from '../support/serve-command.ts';
import { readEvents } from '../support/server.ts';

const SHOP = path.join(import.meta.dirname, '../../examples/shop');

const labs: TestLab[] = [];

function lab(): TestLab {
  const made = new TestLab();
  labs.push(made);
  return made;
}

afterEach(async () => {
  endServed();
  for (const one of labs.splice(0)) await one.down();
});

const HTTP = [{ name: 'http', containerPort: 8080 }];
const WEB = pod('a/web', { labels: { app: 'web' }, ports: HTTP });
const DB = pod('a/db', {
  labels: { app: 'db' },
  ports: [
    ...HTTP,
    { name: 'dns', containerPort: 53, protocol: 'UDP' },
    { name: 's', containerPort: 132, protocol: 'SCTP' },
  ],
});
const STRANGER = pod('b/stranger', { labels: { app: 'stranger' }, ports: HTTP });

function allowTo(app: string, from: string, ports: readonly object[] = []): ReturnType<typeof policy> {
  const rule = { from: [{ podSelector: { matchLabels: { app: from } } }], ...(ports.length === 0 ? {} : { ports }) };
  return policy(`a/${app}`, { podSelector: { matchLabels: { app } }, ingress: [rule] });
}

describe.skipIf(skipsKernelTests())('a lab', () => {
  test('of the shop: every packet goes as predicted', async () => {
    const shop = lab();
    shop.copy(SHOP);
    const { plan } = await shop.up();
    expect(plan.pods).toHaveLength(30);
    const { results } = await shop.probe();
    expect(results.filter(({ agrees }) => !agrees).map(describeResult)).toEqual([]);
    expect(results.filter(({ predicted }) => predicted).length).toBeGreaterThan(500);
    expect(results.filter(({ predicted }) => !predicted).length).toBeGreaterThan(5000);
  });

  test('over three nodes, with all protocols and both IP versions', async () => {
    const wide = lab();
    wide.write('pods.json', [
      WEB,
      DB,
      STRANGER,
      pod('a/host', { hostNetwork: true, ports: [{ containerPort: 9100 }] }),
    ]);
    wide.write('policy.json', [
      allowTo('db', 'web', [
        { port: 'http' },
        { port: 53, protocol: 'UDP' },
        { port: 'dns', protocol: 'UDP' },
        { port: 132, protocol: 'SCTP' },
      ]),
    ]);
    const { plan } = await wide.up({ nodes: 3 });
    expect(new Set(plan.pods.map(({ node: on }) => on)).size).toBe(3);
    const { results } = await wide.probe();
    expect(results.filter(({ agrees }) => !agrees).map(describeResult)).toEqual([]);
    const open = results.filter(({ actual, toId, fromId }) => actual && toId === 'a/db' && fromId === 'a/web');
    expect(open.map(({ protocol, to }) => `${protocol} ${to.includes(':') ? 6 : 4}`).sort()).toEqual([
      'SCTP 4',
      'SCTP 6',
      'TCP 4',
      'TCP 6',
      'UDP 4',
      'UDP 6',
    ]);
  });

  test('over two nodes: the page is told what either denies, by the command that lab up prints', async () => {
    const wide = lab();
    const names = ['one', 'two', 'asks'];
    wide.write('pods.json', [
      node('n1'),
      node('n2'),
      ...names.map((name, at) => pod(`a/${name}`, { node: `n${1 + (at % 2)}`, ports: HTTP })),
    ]);
    wide.write('policy.json', [policy('a/none', { podSelector: {} })]);
    const up = spawnSync(process.execPath, ['bin/portcullis', 'lab', 'up', '-f', wide.directory, '--name', wide.name], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(up.stderr).toMatch(/\nthe page, with what its kernels deny: portcullis serve (.*)\n$/);
    const [, words = ''] = /: portcullis serve (.*)\n$/.exec(up.stderr) ?? [];
    expect(words.match(/--flows/g)).toHaveLength(2);
    const { url } = await serve(...words.split(' '));
    const status = await wide.status();
    for (const name of ['one', 'two'])
      expect(await wide.ask('a/asks', addressOf(status, `a/${name}`), 8080)).toBeUndefined();
    const denied = new Set<string>();
    for await (const { event, data } of readEvents(`${url}api/flows`)) {
      if (event === 'flow') denied.add((JSON.parse(data) as { destination: { pod: string } }).destination.pod);
      if (denied.size === 2) break;
    }
    expect([...denied].sort()).toEqual(['one', 'two']);
  });

  test('follows its files: a policy edited, a pod added, relabelled and removed', async () => {
    const live = lab();
    live.write('pods.json', [WEB, DB, STRANGER]);
    live.write('policy.json', [allowTo('db', 'web')]);
    await live.up();
    const focus = { to: 'a/db', port: { text: '8080', protocol: 'TCP', first: 8080, last: 8080 } } as const;
    const node1 = 'node/node-1 a/db';
    expect(await live.open(focus)).toEqual(['a/web a/db', node1]);

    live.write('policy.json', [allowTo('db', 'batch')]);
    expect(await live.open(focus)).toEqual([node1]);

    live.write('more.json', [pod('a/batch', { labels: { app: 'batch' } })]);
    expect(await live.open(focus)).toEqual(['a/batch a/db', node1]);

    live.write('more.json', [pod('a/batch', { labels: { app: 'web' } })]);
    expect(await live.open(focus)).toEqual([node1]);

    live.write('policy.json', [allowTo('db', 'web')]);
    rmSync(path.join(live.directory, 'more.json'));
    expect(await live.open(focus)).toEqual(['a/web a/db', node1]);
    expect(await listNamespaces(`${namespacePrefix(live.name)}pod.a.batch`)).toEqual([]);
  });

  test('keeps what it has when a file turns invalid, and says so', async () => {
    const broken = lab();
    broken.write('pods.json', [WEB, DB, STRANGER]);
    broken.write('policy.json', [allowTo('db', 'web')]);
    await broken.up();
    const focus = { to: 'a/db', port: { text: '8080', protocol: 'TCP', first: 8080, last: 8080 } } as const;
    const before = await broken.open(focus);
    writeFileSync(path.join(broken.directory, 'policy.json'), '{"kind": "NetworkPolicy"');
    const place = `${path.join(broken.directory, 'policy.json')}:1:`;
    await expect.poll(async () => (await statusOf(broken.name)).problems.join()).toContain(place);
    expect(await broken.ask('a/web', addressOf(await statusOf(broken.name), 'a/db'), 8080)).toBe('a/db');
    // What is in force cannot be told from such files: nothing is predicted of them.
    await expect(broken.probe(focus)).rejects.toThrow(place);
    broken.write('policy.json', [allowTo('db', 'web')]);
    expect(await broken.open(focus)).toEqual(before);
    expect((await statusOf(broken.name)).problems).toEqual([]);
  });

  test('comes up without an invalid policy that is to be skipped, and says so', async () => {
    const skipping = lab();
    const selector = { matchExpressions: [{ key: 'app', operator: 'Bogus' }] };
    skipping.write('all.json', [WEB, DB, allowTo('db', 'web'), policy('a/wrong', { podSelector: selector })]);
    const { agents, problems } = await skipping.up({}, ['--skip-invalid']);
    expect([agents.map(({ ready }) => ready), problems.join()]).toEqual([[true], expect.stringContaining('"Bogus"')]);
  });

  test('reaches pods through Services, judged behind the translation', async () => {
    const served = lab();
    served.write('pods.json', [
      WEB,
      DB,
      pod('a/db2', { labels: { app: 'db' }, ports: [{ name: 'http', containerPort: 9090 }] }),
      STRANGER,
    ]);
    served.write('policy.json', [allowTo('db', 'web', [{ port: 'http' }])]);
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'a', name: 'db' } };
    const ports = [{ name: 'http', port: 80, targetPort: 'http', nodePort: 30_080 }];
    served.write('service.json', [{ ...service, spec: { type: 'NodePort', selector: { app: 'db' }, ports } }]);
    const status = await served.up({ nodes: 2 });
    for (const address of status.plan.services[0]?.clusterIPs ?? []) {
      const answers = new Set<string | undefined>();
      for (let attempt = 0; attempt < 30; attempt++) answers.add(await served.ask('a/web', address, 80));
      expect([...answers].sort()).toEqual(['a/db', 'a/db2']);
      expect(await served.ask('b/stranger', address, 80)).toBeUndefined();
    }
    // Who comes in by a node's port is an address outside the cluster, which no rule admits.
    const nodeAddress = status.plan.nodes[0]?.addresses[0] ?? '';
    const [outside = ''] = status.plan.outside;
    expect(await served.ask(outside, nodeAddress, 30_080)).toBeUndefined();
    served.write('policy.json', []);
    await served.probe({ from: 'a/web', to: 'a/db' });
    expect(await served.ask(outside, nodeAddress, 30_080)).toMatch(/^a\/db/);
    // A pod reaches itself through its Service.
    served.write('policy.json', [policy('a/none', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })]);
    const itself = { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] };
    served.write('service.json', [{ ...service, spec: itself }]);
    await served.probe({ from: 'a/web', to: 'a/db' });
    const clusterIP = (await statusOf(served.name)).plan.services[0]?.clusterIPs[0] ?? '';
    expect(await served.ask('a/web', clusterIP, 80)).toBe('a/web');
  });

  test('leaves nothing, also when everything was killed', async () => {
    const killed = lab();
    killed.write('pods.json', [WEB, DB]);
    await killed.up();
    const { pid } = JSON.parse(readFileSync(labPaths(killed.name).supervisor, 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isAlive(pid)).toBe(false);
    await expect
      .poll(() =>
        statusOf(killed.name).then(
          () => 'up',
          (error: Error) => error.message,
        ),
      )
      .toMatch(/its process has ended/);
    await expect(killed.up()).rejects.toThrow(/something left of a lab/);
    expect(await tearDown(killed.name)).toMatchObject({ found: true, namespaces: 5 });
    expect(await listNamespaces(namespacePrefix(killed.name))).toEqual([]);
    expect(await tearDown(killed.name)).toMatchObject({ found: false, namespaces: 0 });
    mkdirSync(killed.directory, { recursive: true });
    await killed.up();
  });

  test.each([
    ['before anything is made', 1],
    ['while pods are made', 4],
    ['while the agents start', 0],
  ])('leaves nothing when its process is killed %s', async (_, after) => {
    const killed = lab();
    killed.write('pods.json', [WEB, DB, STRANGER]);
    let steps = 0;
    const up = killed.up({ nodes: 2 }, [], (step) => {
      steps++;
      if (after === 0 ? step !== 'waiting for the agents' : steps !== after) return;
      const { pid } = JSON.parse(readFileSync(labPaths(killed.name).supervisor, 'utf8')) as { pid: number };
      process.kill(pid, 'SIGKILL');
    });
    await expect(up).rejects.toThrow(/ended while it came up/);
    expect(await listNamespaces(namespacePrefix(killed.name))).toEqual([]);
    expect(existsSync(labPaths(killed.name).directory)).toBe(false);
  });

  test('leaves nothing when it is interrupted while it comes up', async () => {
    const interrupted = lab();
    interrupted.write('pods.json', [WEB, DB, STRANGER]);
    const up = interrupted.up({}, [], (step) => {
      if (step === 'starting the agents') process.emit('SIGINT');
    });
    await expect(up).rejects.toThrow(/^interrupted/);
    expect(await listNamespaces(namespacePrefix(interrupted.name))).toEqual([]);
    expect(existsSync(labPaths(interrupted.name).directory)).toBe(false);
  });

  test('is one of several, which do not know each other', async () => {
    const [one, other] = [lab(), lab()];
    one.write('pods.json', [WEB, DB]);
    other.write('pods.json', [WEB, DB]);
    other.write('policy.json', [policy('a/none', { podSelector: {} })]);
    await one.up();
    await other.up();
    const focus = { from: 'a/web', to: 'a/db' };
    expect(await one.open(focus)).toEqual(['a/web a/db']);
    expect(await other.open(focus)).toEqual([]);
    await other.down();
    expect(await one.open(focus)).toEqual(['a/web a/db']);
    await expect(one.up()).rejects.toThrow(/is up already/);
  });

  test('has the nodes and addresses that its input gives, of one IP version too', async () => {
    const given = lab();
    given.write('objects.json', [
      namespace('a'),
      node('n1', '192.0.2.1'),
      node('n2', '192.0.2.2'),
      pod('a/web', { ips: ['10.1.2.3'], node: 'n1', ports: HTTP }),
      pod('a/db', { ips: ['10.1.2.4'], node: 'n2', ports: HTTP }),
      policy('a/p', {
        podSelector: {},
        ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.1/32' } }, { ipBlock: { cidr: '203.0.113.0/24' } }] }],
      }),
    ]);
    const { plan } = await given.up({ podCidrs: cidrs('10.1.0.0/16') });
    expect(plan.nodes.map(({ name, addresses }) => [name, ...addresses])).toEqual([
      ['n1', '192.0.2.1'],
      ['n2', '192.0.2.2'],
    ]);
    const open = await given.open({ port: { text: '8080', protocol: 'TCP', first: 8080, last: 8080 } });
    expect(open.filter((pair) => / a\//.test(pair))).toEqual([
      '203.0.113.1 a/db',
      '203.0.113.1 a/web',
      'node/n1 a/db',
      'node/n1 a/web',
      'node/n2 a/db',
    ]);
  });

  test('has any outside address that probes ask for', async () => {
    const wide = lab();
    const admitted = { cidr: '203.0.113.0/24', except: ['203.0.113.64/26'] };
    wide.write('objects.json', [
      WEB,
      policy('a/web', {
        podSelector: {},
        ingress: [{ from: [{ ipBlock: admitted }] }],
        egress: [],
        policyTypes: ['Ingress', 'Egress'],
      }),
    ]);
    await wide.up();
    const port = { text: '8080', protocol: 'TCP', first: 8080, last: 8080 } as const;
    expect(await wide.open({ from: '203.0.113.9', port })).toEqual(['203.0.113.9 a/web']);
    expect((await wide.probe({ from: '203.0.113.99', port })).results).toMatchObject([
      { from: '203.0.113.99', predicted: false, agrees: true },
    ]);
    expect((await wide.probe({ to: '198.18.0.7' })).results).toMatchObject([
      { to: '198.18.0.7', port: 443, predicted: false, agrees: true },
    ]);
    // Those that stand for the rest are asked for, not the whole range.
    expect(await wide.open({ from: '203.0.112.0/23', port })).toEqual(['203.0.113.1 a/web']);
    // The lab's own may come to one that a probe has made.
    const exactly = [{ from: [{ ipBlock: { cidr: '203.0.113.9/32' } }] }];
    wide.write('objects.json', [WEB, policy('a/web', { podSelector: {}, ingress: exactly })]);
    expect(await wide.open({ from: '203.0.113.9', port })).toEqual(['203.0.113.9 a/web']);
    expect((await wide.status()).problems).toEqual([]);
    await expect(wide.probe({ from: '203.0.113.9', to: 'node/node-1' })).rejects.toThrow(/nothing to try/);
    await expect(wide.probe({ from: '10.244.0.77', port })).rejects.toThrow(/nothing to try/);
  });

  test('does not touch the network of the machine', async () => {
    const quiet = lab();
    quiet.write('pods.json', [WEB, DB]);
    const state = (): string[] => [
      run('nft', ['list', 'ruleset']),
      run('ip', ['-o', 'link']),
      run('ip', ['-o', 'addr']),
      run('ip', ['route', 'show', 'table', 'all']),
    ];
    const before = state();
    await quiet.up();
    await quiet.probe();
    expect(state()).toEqual(before);
  });
});

function addressOf({ plan }: Awaited<ReturnType<typeof statusOf>>, id: string): string {
  return plan.pods.find((one) => one.id === id)?.addresses[0] ?? '';
}
