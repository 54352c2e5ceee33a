import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiObject, ApiServer, type ApiServerOptions } from '../../../test/support/api-server.ts';
import { kubeconfigOf, TestFolder } from '../../../test/support/kubeconfig.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { RecordingSink } from '../../../test/support/recording-sink.ts';
import type { Pod } from '../../model/types.ts';
import { connect } from '../connect/connect.ts';
import type { Connection } from '../connect/connection.ts';
import { type ClusterSource, type WatchClusterOptions, watchCluster } from './watch-cluster.ts';

let server: ApiServer;
let folder: TestFolder;
let sink: RecordingSink;
let clock: ManualClock;
let source: ClusterSource | undefined;
let connection: Connection | undefined;

beforeEach(async () => {
  folder = new TestFolder();
  sink = new RecordingSink();
  clock = new ManualClock();
  clock.onWait = () => sink.wake();
});

afterEach(async () => {
  await source?.close();
  connection?.close();
  await server.stop();
  folder.remove();
});

function pod(name: string, labels: Readonly<Record<string, string>> = {}, rest: object = {}): ApiObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels, annotations: { note: 'x' } },
    spec: { nodeName: 'one', containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] },
    status: { phase: 'Running', podIP: '10.0.0.1', hostIP: '192.0.2.1' },
    ...rest,
  };
}

function policy(name: string, spec: object = { podSelector: {} }): ApiObject {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'shop' }, spec };
}

/** Started, and watching everything. */
async function started(options: WatchClusterOptions = {}): Promise<void> {
  connection = connect({ kubeconfig: folder.write('kubeconfig', kubeconfigOf(server)), env: {} });
  server.onRequest = () => sink.wake();
  server.onWatchEnd = () => sink.wake();
  source = watchCluster(connection, { clock, random: () => 0, onRestart: () => sink.wake(), ...options });
  await source.start(sink);
}

async function serve(objects: readonly ApiObject[], options: ApiServerOptions = {}): Promise<void> {
  server = await ApiServer.start(options);
  server.load(objects);
}

/** Until watches of everything are open, going on with pauses that back-off makes. */
async function watching(count = 4): Promise<void> {
  await sink.until(() => {
    if (server.watches() === count) return true;
    // Pauses of no length: back-off with the least luck.
    clock.advance(0);
    return server.watches() === count;
  });
}

const labelsOf = (name: string): unknown => sink.objects.get(`Pod/shop/${name}`)?.metadata.labels;

describe('at the beginning', () => {
  it('everything is told in pages, then synced, then watched from there', async () => {
    await serve([...Array.from({ length: 7 }, (_, index) => pod(`p${index}`)), policy('one')]);
    await started({ limit: 3 });
    await sink.until(() => sink.isSynced);
    expect(sink.names).toHaveLength(8);
    expect(sink.told.map((batch) => batch.length).sort()).toEqual([1, 1, 3, 3]);
    await watching();
    server.set(pod('p1', { v: '2' }));
    await sink.until(() => labelsOf('p1') !== undefined && Object.keys(labelsOf('p1') as object).length > 0);
    expect(labelsOf('p1')).toEqual({ v: '2' });
    expect([...(source?.restarts.values() ?? [])]).toEqual([0, 0, 0, 0]);
  });

  it('objects are cut down to what verdicts depend on', async () => {
    await serve([pod('web', { app: 'web' }), pod('api', { app: 'web' })]);
    await started();
    await sink.until(() => sink.isSynced);
    const web = sink.objects.get('Pod/shop/web') as Pod;
    expect(web).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' }, ownerReferences: [] },
      spec: { nodeName: 'one', hostNetwork: false, ports: [{ containerPort: 80, protocol: 'TCP' }] },
      status: { phase: 'Running', podIPs: ['10.0.0.1'], hostIPs: [] },
    });
    const api = sink.objects.get('Pod/shop/api') as Pod;
    expect(api.metadata.labels).toBe(web.metadata.labels);
    expect(api.spec.ports).toBe(web.spec.ports);
  });

  it('pods that have ended are left out, and removed when they end', async () => {
    await serve([pod('live'), pod('done', {}, { status: { phase: 'Succeeded' } })]);
    await started();
    await watching();
    expect(sink.names).toEqual(['Pod/shop/live']);
    server.set(pod('live', {}, { status: { phase: 'Failed' } }));
    await sink.until(() => sink.names.length === 0);
  });

  it('custom resources are followed where they are, also when they come later or go', async () => {
    await serve([]);
    await started({ rediscoverMs: 1000 });
    await watching();
    const { port } = server;
    await server.stop();
    server = await ApiServer.start({ custom: true });
    await server.stop();
    await server.listen(port);
    server.onRequest = () => sink.wake();
    server.load([
      {
        apiVersion: 'policy.networking.k8s.io/v1alpha2',
        kind: 'ClusterNetworkPolicy',
        metadata: { name: 'all' },
        spec: { tier: 'Admin', priority: 1, subject: { namespaces: {} } },
      },
    ]);
    await sink.until(() => {
      clock.advance(1000);
      return sink.names.includes('ClusterNetworkPolicy//all');
    });
    server.faults.push({ on: /clusternetworkpolicies/, status: 404 });
    server.endWatches('clusternetworkpolicies');
    await sink.until(() => {
      clock.advance(1000);
      return sink.names.length === 0;
    });
  });
});

describe('changes', () => {
  it('of nothing that verdicts depend on are not told', async () => {
    await serve([pod('web'), pod('other')]);
    await started();
    await watching();
    const before = sink.batches.length;
    server.set(
      pod('web', {}, { status: { phase: 'Running', podIP: '10.0.0.1', hostIP: '192.0.2.9', conditions: [{}] } }),
    );
    server.set(pod('other', { v: '2' }));
    await sink.until(() => sink.batches.length > before);
    expect(sink.told.slice(before).flat()).toEqual(['+Pod/shop/other']);
  });

  it('come whole however the stream is cut', async () => {
    await serve([], { pieces: 3 });
    await started();
    await watching();
    const labels = { name: 'Grüße 👋 日本語' };
    server.set(pod('umlaut', labels));
    await sink.until(() => sink.names.length === 1);
    expect(labelsOf('umlaut')).toEqual(labels);
  });

  it('that are late or older than what is known are not believed', async () => {
    await serve([pod('web', { v: 'old' })]);
    await started();
    await watching();
    server.set(pod('web', { v: 'new' }));
    await sink.until(() => (labelsOf('web') as { v: string }).v === 'new');
    const event = (type: string, uid: string, version: number, labels: object): string =>
      `${JSON.stringify({ type, object: { ...pod('web'), metadata: { name: 'web', namespace: 'shop', labels, uid, resourceVersion: String(version) } } })}\n`;
    server.inject('pods', event('MODIFIED', 'uid-1', 101, { v: 'older' }));
    server.inject('pods', event('DELETED', 'uid-0', 9_999, { v: 'of an earlier pod' }));
    server.inject('pods', event('DELETED', 'uid-1', 101, { v: 'an earlier end' }));
    server.set(pod('later'));
    await sink.until(() => sink.names.includes('Pod/shop/later'));
    expect(labelsOf('web')).toEqual({ v: 'new' });
    server.delete('Pod', 'shop', 'web');
    server.set(pod('web', { v: 'reborn' }));
    await sink.until(() => (labelsOf('web') as { v: string } | undefined)?.v === 'reborn');
  });

  it('that make a policy invalid leave the earlier version in force', async () => {
    await serve([policy('one'), policy('bad', { podSelector: {}, ingress: [{ ports: [{ port: 0 }] }] })]);
    await started();
    await watching();
    expect(sink.names).toEqual(['NetworkPolicy/shop/one']);
    expect(sink.problems).toMatchObject([{ severity: 'error', object: { name: 'bad' } }]);
    expect(sink.refused.map(({ metadata }) => metadata.name)).toEqual(['bad']);
    server.set(policy('one', { podSelector: {}, policyTypes: ['Nonsense'] }));
    await sink.until(() => sink.problems.length === 2);
    expect(sink.names).toEqual(['NetworkPolicy/shop/one']);
    server.set(policy('one', { podSelector: { matchLabels: { a: 'b' } } }));
    await sink.until(() => sink.resolved_.length === 1);
    server.delete('NetworkPolicy', 'shop', 'bad');
    await sink.until(() => sink.resolved_.length === 2);
    expect(sink.told.flat()).toEqual(['+NetworkPolicy/shop/one', '+NetworkPolicy/shop/one', '-NetworkPolicy/shop/bad']);
  });
});

describe('a watch', () => {
  it('that ends goes on from the last version, bookmarks included, without a list', async () => {
    await serve([pod('web')]);
    await started();
    await watching();
    const lists = (): number => server.requests.filter((target) => /pods\?limit/.test(target)).length;
    expect(lists()).toBe(1);
    server.set(policy('elsewhere'));
    server.bookmark();
    server.endWatches('pods');
    await sink.until(() => server.watches('pods') === 0 || clock.waiting > 1);
    server.set(pod('web', { v: '2' }));
    await watching();
    await sink.until(() => (labelsOf('web') as { v?: string }).v === '2');
    expect(lists()).toBe(1);
    expect(server.requests.filter((target) => /pods\?watch/.test(target)).at(-1)).toContain('resourceVersion=102');
    expect(source?.restarts.get('pods')).toBe(1);
  });

  it.each(['cut', 'ended'])(
    'that is %s while the server forgets is listed anew, with what it missed as one batch',
    async (how) => {
      await serve([pod('stays', { v: '1' }), pod('changes', { v: '1' }), pod('goes', { v: '1' })]);
      await started({ limit: 2 });
      await watching();
      const before = sink.batches.length;
      server.faults.push({ on: /pods\?watch/, action: 'disconnect' });
      if (how === 'cut') server.disconnect();
      else server.endWatches('pods');
      await sink.until(() => {
        clock.advance(0);
        return sink.problems.length > 0;
      });
      server.set(pod('changes', { v: '2' }));
      server.delete('Pod', 'shop', 'goes');
      server.set(pod('comes', { v: '1' }));
      server.expire();
      server.faults.length = 0;
      await watching();
      expect(sink.told.slice(before)).toEqual([['+Pod/shop/changes', '+Pod/shop/comes', '-Pod/shop/goes']]);
      await sink.until(() => sink.resolved_.length === sink.problems.length);
    },
  );

  it('reads 410 of the answer too', async () => {
    await serve([pod('web')]);
    await started();
    await watching();
    server.faults.push({ on: /pods\?watch/, times: 1, status: 410 });
    server.endWatches('pods');
    await watching(3);
    await watching();
    expect(server.requests.filter((target) => /pods\?limit/.test(target))).toHaveLength(2);
    expect(sink.problems).toEqual([]);
  });

  it('that tells nonsense is begun anew', async () => {
    await serve([pod('web')]);
    await started();
    await watching();
    server.inject('pods', 'no json\n');
    await sink.until(() => sink.problems.length > 0);
    expect(sink.problems[0]?.message).toContain('tells no event: no json');
    await sink.until(() => {
      clock.advance(0);
      return sink.resolved_.length === 1;
    });
    expect(sink.names).toEqual(['Pod/shop/web']);
  });
});

describe('an outage', () => {
  it('leaves everything in force, and is told once when it begins and once when it is over', async () => {
    await serve([pod('web'), policy('one')]);
    await started({ random: () => 0.5 });
    await watching();
    const { port } = server;
    await server.stop();
    // An hour.
    for (let round = 0; round < 120; round++) {
      await sink.until(() => clock.waiting >= 5);
      clock.advance(30_000);
    }
    expect(sink.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/cannot reach the API server .*: the connection is refused/),
    ]);
    expect([sink.names, sink.resolved_]).toEqual([['NetworkPolicy/shop/one', 'Pod/shop/web'], []]);
    server.expire();
    server.delete('Pod', 'shop', 'web');
    server.expire();
    await server.listen(port);
    await sink.until(() => {
      clock.advance(30_000);
      return sink.resolved_.length === 1 && sink.names.length === 1;
    });
    expect(sink.told.at(-1)).toEqual(['-Pod/shop/web']);
    expect(sink.problems).toHaveLength(1);
  });

  it('at the beginning only delays', async () => {
    await serve([pod('web')]);
    const { port } = server;
    await server.stop();
    const late = server;
    connection = connect({
      kubeconfig: folder.write('kubeconfig', kubeconfigOf(`https://127.0.0.1:${port}`)),
      env: {},
    });
    source = watchCluster(connection, { clock, random: () => 0.5 });
    await source.start(sink);
    await sink.until(() => sink.problems.length === 1);
    expect(sink.isSynced).toBe(false);
    await late.listen(port);
    late.onRequest = () => sink.wake();
    await sink.until(() => {
      clock.advance(1000);
      return sink.isSynced && sink.resolved_.length === 1;
    });
    expect(sink.names).toEqual(['Pod/shop/web']);
  });

  it('of throttling is waited out as the server says', async () => {
    await serve([pod('web')]);
    server.faults.push({ on: /pods/, times: 1, status: 429, headers: { 'retry-after': '7' } });
    await started();
    const waits: number[] = [];
    clock.onWait = (milliseconds) => {
      waits.push(milliseconds);
      sink.wake();
    };
    await sink.until(() => waits.includes(7000));
    clock.advance(6_999);
    expect(sink.isSynced).toBe(false);
    clock.advance(1);
    await sink.until(() => sink.isSynced);
  });
});

describe('what is forbidden', () => {
  it('and necessary is told with the rule, and read once it is allowed', async () => {
    await serve([pod('web')]);
    server.deny('list', 'pods');
    await started();
    await sink.until(() => sink.problems.length > 0);
    expect(sink.problems[0]?.message).toBe('context "test" may not list and watch pods in all namespaces');
    expect(sink.problems[0]?.help).toContain('verbs: [list, watch]');
    expect(sink.isSynced).toBe(false);
    server.allow('list', 'pods');
    await sink.until(() => {
      clock.advance(1000);
      return sink.isSynced;
    });
    expect(sink.resolved_).toHaveLength(1);
  });

  it('and not necessary is a warning', async () => {
    await serve([pod('web')]);
    server.deny('watch', 'nodes');
    await started();
    await sink.until(() => sink.isSynced && sink.problems.length === 1);
    expect(sink.problems[0]).toMatchObject({ severity: 'warning', code: 'forbidden' });
  });
});

it('reads credentials again when they are refused', async () => {
  await serve([pod('web')]);
  folder.write('token', 'secret');
  connection = connect({
    kubeconfig: folder.write('kubeconfig', kubeconfigOf(server, { tokenFile: 'token' })),
    env: {},
  });
  server.onRequest = () => sink.wake();
  source = watchCluster(connection, { clock, random: () => 0 });
  await source.start(sink);
  await watching();
  server.tokens.delete('secret');
  server.tokens.add('rotated');
  folder.write('token', 'rotated');
  server.endWatches();
  server.set(pod('web', { v: '2' }));
  await watching();
  await sink.until(() => (labelsOf('web') as { v?: string }).v === '2');
  expect(sink.problems).toEqual([]);
});

it('tells nothing after it is closed, and leaves no request open', async () => {
  await serve([pod('web')]);
  await started();
  await watching();
  await source?.close();
  const told = sink.batches.length;
  await sink.until(() => server.watches() === 0);
  server.set(pod('web', { v: '2' }));
  expect([sink.batches.length, clock.waiting]).toEqual([told, 0]);
});

describe('a fault of the program', () => {
  it.each(['apply', 'synced'] as const)('in %s is told, and nothing after it', async (what) => {
    await serve([pod('web')]);
    sink[what] = () => {
      throw new TypeError('x is not a function');
    };
    await started();
    await sink.until(() => sink.faults.length > 0);
    expect(sink.faults).toMatchObject([{ message: 'x is not a function' }]);
    expect(sink.problems).toEqual([]);
  });

  it('in a watch is told, and is no problem of the network', async () => {
    await serve([pod('web')]);
    await started();
    await sink.until(() => sink.isSynced);
    sink.apply = () => {
      throw new TypeError('x is not a function');
    };
    server.set(pod('db'));
    await sink.until(() => sink.faults.length > 0);
    expect([sink.faults.length, sink.problems]).toEqual([1, []]);
  });

  it('is a problem for a sink that knows no faults', async () => {
    await serve([pod('web')]);
    Object.assign(sink, { broken: undefined });
    sink.synced = () => {
      throw new TypeError('x is not a function');
    };
    await started();
    await sink.until(() => sink.problems.length > 0);
    expect(sink.problems).toMatchObject([
      { code: 'internal', message: expect.stringContaining('x is not a function') },
    ]);
  });
});

describe('an error of the system', () => {
  it('is one of the network, and tried again', async () => {
    await serve([pod('web')]);
    const to = connect({ kubeconfig: folder.write('kubeconfig', kubeconfigOf(server)), env: {} });
    connection = to;
    let failing = true;
    const get: Connection['get'] = (...asked) => {
      if (failing) throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
      return to.get(...asked);
    };
    source = watchCluster(
      { name: to.name, server: to.server, namespace: to.namespace, get, close: () => undefined },
      { clock, random: () => 0 },
    );
    await source.start(sink);
    await sink.until(() => sink.problems.length > 0 && clock.waiting > 0);
    expect(sink.problems[0]?.message).toContain('too many open files');
    failing = false;
    clock.advance(60_000);
    await sink.until(() => sink.isSynced && sink.resolved_.length > 0);
    expect([sink.names, sink.faults]).toEqual([['Pod/shop/web'], []]);
  });
});
