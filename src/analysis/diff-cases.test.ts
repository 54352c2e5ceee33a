import { describe, expect, it } from 'vitest';
import { cidr, decode, type Manifest, namespace, node, pod, policy, workload } from '../../test/support/manifests.ts';
import { PortSet } from '../net/port-set.ts';
import { type Change, diffReachability, type ReachabilityDiff } from './diff.ts';
import type { PortEntry } from './ports.ts';
import type { ReachOptions } from './reach.ts';
import { createWorld, type World } from './world.ts';

const web = pod('shop/web', { labels: { app: 'web' } });
const db = pod('shop/db', { labels: { app: 'db' } });
const selects = (app: string): Manifest => ({ matchLabels: { app } });
const from = (app: string, ...ports: number[]): Manifest => ({
  from: [{ podSelector: selects(app) }],
  ...(ports.length === 0 ? {} : { ports: ports.map((port) => ({ port })) }),
});
const dbPolicy = (name: string, ...ingress: Manifest[]): Manifest =>
  policy(`shop/${name}`, { podSelector: selects('db'), policyTypes: ['Ingress'], ingress });

interface Inside extends ReachOptions {
  readonly podCidrs?: readonly string[];
}

function diff(old: readonly Manifest[], fresh: readonly Manifest[], options: Inside = {}): ReachabilityDiff {
  const { podCidrs = [], ...asked } = options;
  const worldOptions = { podCidrs: podCidrs.map(cidr) };
  const worldOf = (manifests: readonly Manifest[]): World =>
    createWorld(
      manifests.map((one) => decode(one)),
      worldOptions,
    ).world;
  const result = diffReachability(worldOf(old), worldOf(fresh), { external: false, ...asked });
  if ('error' in result) throw new Error(result.error.error);
  return result.diff;
}

function ports(entries: readonly PortEntry[]): string {
  const families = new Set(entries.flatMap((entry) => entry.families ?? []));
  return `${PortSet.ofPorts(entries)}${families.size === 0 ? '' : ` ${[...families]}`}`;
}

/** `web -> db +80/TCP: NetworkPolicy a edited allows ingress 0`. */
function line({ from: source, to, opened, closed, because }: Change): string {
  const short = (id: string): string => id.replace(/^shop\//, '').replace(/\[Pod\]/, '');
  const parts = [opened.length === 0 ? '' : ` +${ports(opened)}`, closed.length === 0 ? '' : ` -${ports(closed)}`];
  const causes = because.map(({ kind, name, change, effect, direction, rule, closing }) =>
    [
      ...[kind, name, change, effect, direction, rule],
      ...(closing === undefined ? [] : ['and', closing.effect, closing.direction, closing.rule]),
    ]
      .filter((word) => word !== undefined)
      .join(' '),
  );
  return `${short(source)} -> ${short(to)}${parts.join('')}: ${causes.join(', ')}`;
}

function lines(...args: Parameters<typeof diff>): string[] {
  return [...diff(...args).changes()].map(line);
}

const ALL = 'all TCP,all UDP,all SCTP';

describe('causes', () => {
  it.each<[string, Manifest[], Manifest[], string[]]>([
    [
      'a rule that was added',
      [web, db, dbPolicy('a', from('web', 80))],
      [web, db, dbPolicy('a', from('web', 80), from('web', 81))],
      ['web -> db +81/TCP: NetworkPolicy a edited allows ingress 1'],
    ],
    [
      'a rule that is gone',
      [web, db, dbPolicy('a', from('web', 80), from('web', 81))],
      [web, db, dbPolicy('a', from('web', 80))],
      ['web -> db -81/TCP: NetworkPolicy a edited allowed ingress 1'],
    ],
    [
      'a rule whose port is another now: what it opened by the new rule, what it closed by the old',
      [web, db, dbPolicy('a', from('web', 80), from('web', 81))],
      [web, db, dbPolicy('a', from('web', 82), from('web', 81))],
      ['web -> db +82/TCP -80/TCP: NetworkPolicy a edited allows ingress 0 and allowed ingress 0'],
    ],
    [
      'a policy that isolates now',
      [web, db],
      [web, db, dbPolicy('a', from('web', 80))],
      ['web -> db -1-79/TCP,81-65535/TCP,all UDP,all SCTP: NetworkPolicy a added isolates ingress'],
    ],
    [
      'the isolating policy that went',
      [web, db, dbPolicy('a')],
      [web, db],
      [`web -> db +${ALL}: NetworkPolicy a removed isolated ingress`],
    ],
    [
      'the policy among others that opens',
      [web, db, dbPolicy('a'), dbPolicy('b', from('web', 80)), dbPolicy('c', from('nobody', 1))],
      [web, db, dbPolicy('a', from('web', 82)), dbPolicy('b', from('web', 80)), dbPolicy('c', from('nobody', 2))],
      ['web -> db +82/TCP: NetworkPolicy a edited allows ingress 0'],
    ],
    [
      'two policies each of which would do',
      [web, db, dbPolicy('a'), dbPolicy('b')],
      [web, db, dbPolicy('a', from('web', 80)), dbPolicy('b', from('web', 80))],
      ['web -> db +80/TCP: NetworkPolicy a edited allows ingress 0, NetworkPolicy b edited isolated ingress'],
    ],
    ['a new workload', [db], [web, db], [`db -> web +${ALL}: Pod web added`, `web -> db +${ALL}: Pod web added`]],
    [
      'a new workload and the policy that lets it in',
      [db, dbPolicy('a')],
      [web, db, dbPolicy('a', from('web', 80))],
      [`db -> web +${ALL}: Pod web added`, 'web -> db +80/TCP: Pod web added, NetworkPolicy a edited allows ingress 0'],
    ],
    [
      'a label of a pod',
      [pod('shop/web', { labels: { app: 'old' } }), db, dbPolicy('a', from('web', 80))],
      [web, db, dbPolicy('a', from('web', 80))],
      ['web -> db +80/TCP: Pod web relabelled'],
    ],
    [
      'a label of a pod and a policy, both needed',
      [pod('shop/web', { labels: { app: 'old' } }), db, dbPolicy('a')],
      [web, db, dbPolicy('a', from('web', 80))],
      ['web -> db +80/TCP: Pod web relabelled, NetworkPolicy a edited allows ingress 0'],
    ],
    [
      'a label that no policy asks for, and a policy',
      [pod('shop/web', { labels: { app: 'web', version: '1' } }), db, dbPolicy('a')],
      [pod('shop/web', { labels: { app: 'web', version: '2' } }), db, dbPolicy('a', from('web', 80))],
      ['web -> db +80/TCP: NetworkPolicy a edited allows ingress 0'],
    ],
    [
      'a label of a namespace',
      [namespace('shop', {}), namespace('team', {}), pod('team/web'), db, dbPolicy('a', teamOnly())],
      [namespace('shop', {}), namespace('team', { trusted: 'yes' }), pod('team/web'), db, dbPolicy('a', teamOnly())],
      [`team/web -> db +${ALL}: Namespace team relabelled`],
    ],
    [
      'both directions',
      [web, db],
      [web, db, dbPolicy('a'), policy('shop/b', { podSelector: selects('web'), policyTypes: ['Egress'] })],
      [`web -> db -${ALL}: NetworkPolicy b added isolates egress, NetworkPolicy a added isolates ingress`],
    ],
    [
      'the direction that opens, of two that were edited',
      [
        web,
        db,
        dbPolicy('a'),
        policy('shop/b', { podSelector: selects('web'), egress: [{ ports: [{ port: 80 }] }], policyTypes: ['Egress'] }),
      ],
      [
        web,
        db,
        dbPolicy('a', from('web', 80)),
        policy('shop/b', {
          podSelector: selects('web'),
          egress: [{ ports: [{ port: 80 }, { port: 443 }] }],
          policyTypes: ['Egress'],
        }),
      ],
      ['web -> db +80/TCP: NetworkPolicy a edited allows ingress 0'],
    ],
    [
      'a container port of a name',
      [
        web,
        pod('shop/db', { labels: { app: 'db' }, ports: [{ name: 'sql', containerPort: 1 }] }),
        dbPolicy('a', named()),
      ],
      [
        web,
        pod('shop/db', { labels: { app: 'db' }, ports: [{ name: 'sql', containerPort: 2 }] }),
        dbPolicy('a', named()),
      ],
      ['web -> db +2/TCP -1/TCP: Pod db changed'],
    ],
    [
      'a cluster-wide policy',
      [web, db],
      [web, db, denyToDb(80)],
      ['web -> db -80/TCP: ClusterNetworkPolicy deny added denies ingress 0'],
    ],
    [
      'a pod that moved off a node',
      [node('n', '10.9.0.1'), pod('shop/db', { labels: { app: 'db' }, node: 'n' }), dbPolicy('a')],
      [node('n', '10.9.0.1'), pod('shop/db', { labels: { app: 'db' }, node: 'm' }), dbPolicy('a')],
      [`node/n -> db -${ALL}: Pod db changed`],
    ],
    ['a rename of a policy, which is nothing', [web, db, dbPolicy('a')], [web, db, dbPolicy('b')], []],
  ])('%s', (_, old, fresh, expected) => {
    expect(lines(old, fresh)).toEqual(expected);
  });
});

function teamOnly(): Manifest {
  return { from: [{ namespaceSelector: { matchLabels: { trusted: 'yes' } } }] };
}

function denyToDb(number: number): Manifest {
  const subject = { pods: { podSelector: selects('db') } };
  const protocols = [{ tcp: { destinationPort: { number } } }];
  const ingress = [{ action: 'Deny', from: [{ namespaces: {} }], protocols }];
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: 'deny' },
    spec: { tier: 'Admin', priority: 1, subject, ingress },
  };
}

function named(): Manifest {
  return { from: [{ podSelector: {} }], ports: [{ port: 'sql' }] };
}

describe('what is compared', () => {
  const open = (block: string): Manifest =>
    dbPolicy('a', { from: [{ ipBlock: { cidr: block } }], ports: [{ port: 80 }] });

  it('cuts the outside by the blocks of both sides', () => {
    const found = diff([db, open('10.0.0.0/8')], [db, open('10.1.0.0/16')], { external: true });
    expect([...found.changes()].map(line)).toEqual([
      '10.0.0.0/16,10.2.0.0-10.255.255.255 -> db -80/TCP: NetworkPolicy a edited allowed ingress 0',
    ]);
    expect(found.external.map(({ id }) => id)).toEqual([
      '0.0.0.0-9.255.255.255,11.0.0.0-255.255.255.255',
      '10.0.0.0/16,10.2.0.0-10.255.255.255',
      '10.1.0.0/16',
    ]);
    expect(found.external[2]?.ranges).toEqual([['10.1.0.0', '10.1.255.255']]);
  });

  it('a policy that names the first IPv6 block changes nothing for pods of unknown address', () => {
    const isolated = policy('other/b', { podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: 'fd00::/8' } }] }] });
    expect(lines([web, db], [web, db, isolated], { external: true })).toEqual([]);
  });

  it('a family that comes with an address', () => {
    const six = { labels: { app: 'db' }, ips: ['10.0.0.1', 'fd00::1'] };
    const client = pod('shop/web', { ips: ['10.0.0.2', 'fd00::2'] });
    expect(
      lines([client, pod('shop/db', { ...six, ips: ['10.0.0.1'] })], [client, pod('shop/db', six)], { to: 'shop/db' }),
    ).toEqual([`web -> db +${ALL} IPv6: Pod db changed`]);
  });

  it('pods of one workload as one, whatever they are called', () => {
    const of = (name: string): Manifest =>
      pod(`shop/${name}`, { labels: { app: 'db' }, owner: { kind: 'StatefulSet', name: 'db' } });
    const found = diff([web, of('db-a'), of('db-b')], [web, of('db-c'), dbPolicy('a')]);
    expect([found.added, found.removed]).toEqual([[], []]);
    expect([...found.changes()].map(line)).toEqual([
      `web -> db[StatefulSet] -${ALL}: NetworkPolicy a added isolates ingress`,
    ]);
    expect(diff([web, of('db-a')], [web, of('db-c')], { by: 'pod' }).added.map(({ id }) => id)).toEqual([
      'shop/db-c[Pod]',
    ]);
  });

  it('variants that come apart, each with its own change', () => {
    const of = (name: string, track: string): Manifest =>
      pod(`shop/${name}`, { labels: { app: 'db', track }, owner: { kind: 'Deployment', name: 'db' } });
    const pods = [web, of('db-a', 'stable'), of('db-b', 'canary')];
    const isolated = policy('shop/a', { podSelector: { matchLabels: { track: 'canary' } } });
    expect(lines(pods, [...pods, isolated], { from: 'shop/web' })).toEqual([
      `web -> db[Deployment]{track=canary} -${ALL}: NetworkPolicy a added isolates ingress`,
    ]);
  });

  it('a template with the pods that stand for it', () => {
    const template = workload('Deployment', 'shop/db', { labels: { app: 'db' } });
    const live = pod('shop/db-1', { labels: { app: 'db' }, owner: { kind: 'Deployment', name: 'db' } });
    expect(lines([web, template], [web, live])).toEqual([]);
  });

  it.each<[string, Inside, string[]]>([
    ['from', { from: 'shop/web' }, ['web -> db']],
    ['to', { to: 'shop/other' }, ['db -> other']],
    ['a port', { port: { text: '80', protocol: 'TCP', first: 80, last: 80 } }, ['web -> db']],
    ['a namespace', { namespaces: ['elsewhere'] }, []],
    ['labels', { selector: { matchLabels: { app: 'web' } } }, ['web -> db']],
    ['the outside', { external: true, from: 'internet' }, ['0.0.0.0/0 -> other']],
  ])('only what is asked for: %s', (_, options, expected) => {
    const other = pod('shop/other', { labels: { app: 'other' } });
    const old = [web, db, other, dbPolicy('a')];
    const isolated = policy('shop/b', { podSelector: selects('other'), ingress: [from('web')] });
    const fresh = [web, db, other, dbPolicy('a', from('web', 80)), isolated];
    const found = lines(old, fresh, options).map((text) => text.replace(/ [-+](?!>).*/, ''));
    expect(found.filter((text) => options.port === undefined || text === 'web -> db')).toEqual(expected);
  });

  it('an end that neither side has is an error with suggestions', () => {
    const world = createWorld([web, db].map((one) => decode(one))).world;
    expect(diffReachability(world, world, { from: 'shop/wen' })).toMatchObject({
      error: { suggestions: ['shop/web'] },
    });
  });

  it('policies that were written, whether or not they mean something else', () => {
    const { policies } = diff(
      [db, dbPolicy('a', from('web', 80), from('web', 81)), dbPolicy('b'), dbPolicy('same')],
      [db, dbPolicy('a', from('web', 80, 81)), dbPolicy('c'), dbPolicy('same')],
    );
    expect([policies.added, policies.removed, policies.edited].map((list) => list.map(({ name }) => name))).toEqual([
      ['c'],
      ['b'],
      ['a'],
    ]);
  });
});
