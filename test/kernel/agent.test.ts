import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Agent } from '../../src/agent/agent.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { connect } from '../../src/kube/connect/connect.ts';
import type { Connection } from '../../src/kube/index.ts';
import { watchCluster } from '../../src/kube/watch/watch-cluster.ts';
import { AddressSet } from '../../src/net/address-set.ts';
import { simulate } from '../../src/nft/index.ts';
import { type ApiObject, ApiServer } from '../support/api-server.ts';
import { address } from '../support/flows.ts';
import { nft, run, skipsKernelTests, TestNamespaces } from '../support/kernel.ts';
import { kubeconfigOf, TestFolder } from '../support/kubeconfig.ts';
import { namespace, node, pod, policy } from '../support/manifests.ts';
import { RemoteKernel } from '../support/remote-kernel.ts';

/** Long enough for a machine that does much else; nothing here is about time. */
const PATIENT = { timeout: 60_000, interval: 20 };

const WEB = pod('shop/web', {
  labels: { app: 'web' },
  ips: ['10.1.0.1', 'fd01::1'],
  node: 'n0',
}) as unknown as ApiObject;
const CLIENT = pod('shop/client', {
  labels: { app: 'client' },
  ips: ['10.1.1.1', 'fd01::101'],
  node: 'n1',
}) as unknown as ApiObject;

function allow(app: string): ApiObject {
  return policy('shop/web', {
    podSelector: { matchLabels: { app: 'web' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app } } }], ports: [{ port: 80 }] }],
  }) as unknown as ApiObject;
}

describe.skipIf(skipsKernelTests())('an agent between a real API server and a real kernel', () => {
  const namespaces = new TestNamespaces();
  const folder = new TestFolder();
  let server: ApiServer;
  let netns: string;
  let agent: Agent | undefined;
  let connection: Connection | undefined;

  beforeAll(async () => {
    netns = namespaces.add('agent');
    server = await ApiServer.start({ custom: true });
    server.load([
      namespace('shop') as unknown as ApiObject,
      node('n0', '10.0.0.1') as unknown as ApiObject,
      WEB,
      CLIENT,
      allow('client'),
    ]);
  });

  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
    connection?.close();
  });

  afterAll(async () => {
    await server.stop();
    folder.remove();
    namespaces.remove();
  });

  async function start(): Promise<RemoteKernel> {
    const kernel = new RemoteKernel(netns);
    const to = connect({ kubeconfig: folder.write('kubeconfig', kubeconfigOf(server)), env: {} });
    connection = to;
    const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    agent = new Agent({
      node: 'n0',
      kernel,
      clock: systemClock,
      log: quiet,
      source: ({ onRestart }) => watchCluster(to, { onRestart, random: () => 0 }),
      denial: 'drop',
      audit: false,
      strict: false,
      podRange: AddressSet.EMPTY,
      adoptMs: 0,
      version: 'test',
    });
    await agent.start();
    return kernel;
  }

  /** Whether what the kernel holds lets a connection to the web pod through. */
  async function admits(kernel: RemoteKernel, from: string, to: string): Promise<boolean | undefined> {
    const table = await kernel.dump();
    if (table === undefined) return undefined;
    const ends = { saddr: address(from), daddr: address(to) };
    const packet = { hook: 'forward', protocol: 'TCP', dport: 80, ctState: 'new', ...ends } as const;
    return simulate(table, packet).verdict === 'accept';
  }

  async function expectAdmits(kernel: RemoteKernel, expected: boolean): Promise<void> {
    await vi.waitFor(async () => {
      expect(await admits(kernel, '10.1.1.1', '10.1.0.1')).toBe(expected);
      expect(await admits(kernel, 'fd01::101', 'fd01::1')).toBe(expected);
    }, PATIENT);
  }

  test('follows the cluster, survives an outage of it, and leaves its rules when it ends', async () => {
    const kernel = await start();
    await expectAdmits(kernel, true);
    await vi.waitFor(() => expect(agent?.status().ready).toBe(true), PATIENT);
    server.set(allow('nobody'));
    await expectAdmits(kernel, false);
    server.set({ ...CLIENT, metadata: { ...CLIENT.metadata, labels: { app: 'nobody' } } });
    await expectAdmits(kernel, true);

    const { port } = server;
    await server.stop();
    expect(await admits(kernel, '10.1.1.1', '10.1.0.1')).toBe(true);
    server.set(allow('client'));
    await server.listen(port);
    await expectAdmits(kernel, false);
    expect((await agent?.metrics.watchRestarts.get())?.values.length).toBeGreaterThan(0);

    await agent?.stop();
    agent = undefined;
    expect(run('ip', ['netns', 'exec', netns, 'nft', 'list', 'ruleset'])).toContain('table inet portcullis');
  });

  test('takes up again where the one before ended, and what changed meanwhile', async () => {
    server.set(CLIENT);
    const kernel = await start();
    await expectAdmits(kernel, true);
  });

  test('puts its rules back after they were flushed', async () => {
    const kernel = await start();
    await expectAdmits(kernel, true);
    nft(netns, 'flush ruleset\n');
    await expectAdmits(kernel, true);
    server.set(allow('nobody'));
    await expectAdmits(kernel, false);
  });
});
