/**
 * Traps that other implementations fell into, each with real packets. Those that need the agent's loop are in its own
 * tests: a change of a namespace's labels re-evaluates connections, and strict mode until the API has told of a pod.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Connection, LoggedPacket } from '../../src/agent/kernel/kernel.ts';
import { type ClusterState, type Flow, type FlowEnd, PolicyIndex, podInfo } from '../../src/engine/index.ts';
import type { Pod } from '../../src/model/types.ts';
import { AddressSet } from '../../src/net/address-set.ts';
import { type CompileOptions, DEFAULT_OPTIONS, renderRuleset } from '../../src/nft/index.ts';
import { address, endOf, flowOf } from '../support/flows.ts';
import { skipsKernelTests } from '../support/kernel.ts';
import { BY_HAND, type Ip, KernelCluster } from '../support/kernel-cluster.ts';
import {
  cidr,
  decode,
  type Manifest,
  namespace,
  node,
  type PodParts,
  pod,
  policy,
  stateOf,
} from '../support/manifests.ts';
import { ACK, ipPacket, RST, SYN, TCP, tcpSegment } from '../support/raw-packets.ts';
import { compileNodes, placed } from '../support/simulated-nodes.ts';

const NODES = [
  node('n0', '172.18.0.1', 'fc18::1'),
  node('n1', '172.18.0.2', 'fc18::2'),
  node('n2', '172.18.0.3', 'fc18::3'),
];

/** Pod `name` is at 10.1.0.N and fd10::N; places and nodes are in order of name. */
function member(name: string, parts: PodParts = {}): Manifest {
  const number = name.charCodeAt(0) - 'a'.charCodeAt(0) + 1;
  return pod(`x/${name}`, { ips: [`10.1.0.${number}`, `fd10::${number}`], labels: { app: name }, ...parts });
}

const PODS = ['a', 'b', 'c', 'd'].map((name) => member(name));
const ISOLATED = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };
const select = (app: string): Manifest => ({ podSelector: { matchLabels: { app } } });

type Tried = readonly [from: string, to: string, port: string, passes: boolean];

describe.skipIf(skipsKernelTests())('traps', () => {
  let cluster: KernelCluster;
  let running: KernelCluster | undefined;
  beforeAll(() => {
    running = new KernelCluster(6);
    cluster = running;
  });
  afterAll(() => running?.remove());
  beforeEach(async () => {
    await cluster.program(new Map());
  });

  const world = (...manifests: readonly Manifest[]): ClusterState =>
    placed(stateOf([namespace('x'), ...NODES, ...manifests]));

  const enforce = async (state: ClusterState, options: Partial<CompileOptions> = {}): Promise<void> => {
    await cluster.settle(state);
    await cluster.program(compileNodes(new PolicyIndex(state), { ...DEFAULT_OPTIONS, ...options }));
  };

  const expectTried = async (state: ClusterState, tried: readonly Tried[]): Promise<void> => {
    const flows = tried.flatMap(([from, to, port]): Flow[] => [flowOf(state, from, to, port)]);
    const outcomes = await cluster.probe(
      flows,
      tried.map(([, , , passes]) => passes),
    );
    expect(tried.map(([from, to, port], at) => [from, to, port, outcomes[at]])).toEqual(
      tried.map(([from, to, port, passes]) => [from, to, port, passes ? 'passed' : 'dropped']),
    );
  };

  const staticTraps: readonly (readonly [trap: string, manifests: readonly Manifest[], tried: readonly Tried[]])[] = [
    [
      'an ingress rule of one pod does not satisfy the egress isolation of another',
      [
        ...PODS,
        policy('x/closed', { podSelector: { matchLabels: { app: 'a' } }, policyTypes: ['Egress'] }),
        policy('x/open', { ...select('b'), policyTypes: ['Ingress'], ingress: [{ from: [select('a')] }] }),
      ],
      [
        ['x/a', 'x/b', '80/TCP', false],
        ['x/c', 'x/b', '80/TCP', false],
        ['x/b', 'x/a', '80/TCP', true],
      ],
    ],
    [
      'overlapping blocks with excepts in one rule, each exact',
      [
        ...PODS,
        policy('x/blocks', {
          ...select('a'),
          policyTypes: ['Egress'],
          egress: [
            {
              to: [
                { ipBlock: { cidr: '203.0.0.0/16', except: ['203.0.113.0/24', '203.0.112.0/23'] } },
                { ipBlock: { cidr: '203.0.113.128/25', except: ['203.0.113.200/29'] } },
                { ipBlock: { cidr: '203.0.0.0/8', except: ['203.0.0.0/9'] } },
              ],
            },
          ],
        }),
      ],
      [
        ['x/a', '203.0.111.1', '80/TCP', true],
        ['x/a', '203.0.112.1', '80/TCP', false],
        ['x/a', '203.0.113.1', '80/TCP', false],
        ['x/a', '203.0.113.129', '80/TCP', true],
        ['x/a', '203.0.113.201', '80/TCP', false],
        ['x/a', '203.128.0.1', '80/TCP', true],
        ['x/a', '203.127.255.255', '80/TCP', false],
        ['x/a', '204.0.0.1', '80/TCP', false],
      ],
    ],
    [
      'an except narrows its own block only',
      [
        ...PODS,
        policy('x/except', {
          ...select('a'),
          policyTypes: ['Ingress'],
          ingress: [
            {
              from: [
                { ipBlock: { cidr: '10.1.0.0/24', except: ['10.1.0.2/32'] } },
                { ipBlock: { cidr: '10.1.0.2/31' } },
                { ipBlock: { cidr: 'fd10::/64', except: ['fd10::3/128'] } },
              ],
            },
          ],
        }),
      ],
      [
        ['x/b', 'x/a', '80/TCP', true],
        ['x/c', 'x/a', '80/TCP', true],
        ['x/d', 'x/a', '80/TCP', true],
      ],
    ],
    [
      '::/0 is every address, and no other family',
      [
        ...PODS,
        policy('x/all', { ...select('a'), policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '::/0' } }] }] }),
      ],
      [
        ['x/a', '1::1', '80/TCP', true],
        ['x/a', '7fff:ffff::1', '80/TCP', true],
        ['x/a', '8000::', '80/TCP', true],
        ['x/a', 'fdff:ffff::1', '80/TCP', true],
        ['x/a', '203.0.113.1', '80/TCP', false],
      ],
    ],
    [
      'a named port that no container has opens nothing',
      [
        ...PODS,
        policy('x/named', { ...select('a'), policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 'none' }] }] }),
      ],
      [
        ['x/b', 'x/a', '80/TCP', false],
        ['x/b', 'x/a', '80/UDP', false],
      ],
    ],
    [
      'ports of restartable init containers count, those of others do not',
      [
        member('a', {
          ports: [{ name: 'web', containerPort: 8080 }],
          initContainers: [
            { name: 'sidecar', restartPolicy: 'Always', ports: [{ name: 'side', containerPort: 9090 }] },
            { name: 'once', ports: [{ name: 'once', containerPort: 7070 }] },
          ],
        }),
        member('b'),
        policy('x/side', {
          ...select('a'),
          policyTypes: ['Ingress'],
          ingress: [{ ports: [{ port: 'side' }, { port: 'once' }] }],
        }),
      ],
      [
        ['x/b', 'x/a', '9090/TCP', true],
        ['x/b', 'x/a', '7070/TCP', false],
        ['x/b', 'x/a', '8080/TCP', false],
      ],
    ],
    [
      'any number of ports of one address',
      [
        ...PODS,
        policy('x/ports', {
          ...select('a'),
          policyTypes: ['Ingress'],
          ingress: [{ ports: Array.from({ length: 60 }, (_, at) => ({ port: 1000 + 2 * at })) }],
        }),
      ],
      Array.from({ length: 120 }, (_, at): Tried => ['x/b', 'x/a', `${1000 + at}/TCP`, at % 2 === 0]),
    ],
    [
      'a hostNetwork pod is no pod of its labels: its address is the node’s',
      [
        ...PODS,
        pod('x/host', { hostNetwork: true, node: 'n1', ips: ['172.18.0.2', 'fc18::2'], labels: { app: 'host' } }),
        policy('x/from-host', { ...select('a'), policyTypes: ['Ingress'], ingress: [{ from: [select('host')] }] }),
      ],
      [
        ['node/n1', 'x/a', '80/TCP', false],
        ['x/b', 'x/a', '80/TCP', false],
        ['node/n0', 'x/a', '80/TCP', true],
      ],
    ],
  ];

  test.each(staticTraps)('%s', async (_, manifests, tried) => {
    const state = world(...manifests);
    await enforce(state);
    await expectTried(state, tried);
  });

  test('no packet is ever sent to a program to decide', () => {
    const state = world(...PODS, policy('x/closed', ISOLATED));
    for (const ruleset of compileNodes(new PolicyIndex(state), DEFAULT_OPTIONS).values()) {
      expect(renderRuleset(ruleset)).not.toMatch(/\bqueue\b/);
    }
  });

  test('in strict mode an address of the range that no pod is known to have is denied both ways, but not its node', async () => {
    const unknown = member('d');
    const told = world(...PODS.slice(0, 3));
    const all = world(...PODS.slice(0, 3), unknown);
    await cluster.settle(all);
    const strictRange = AddressSet.unionOf(['10.1.0.0/24', 'fd10::/64'].map((block) => AddressSet.ofCidr(cidr(block))));
    const program = (state: ClusterState): Promise<void> =>
      cluster.program(compileNodes(new PolicyIndex(state), { ...DEFAULT_OPTIONS, strictRange }));
    await program(told);
    await expectTried(all, [
      ['x/d', 'x/a', '80/TCP', false],
      ['x/a', 'x/d', '80/TCP', false],
      ['x/d', '203.0.113.1', '53/UDP', false],
      ['node/n0', 'x/d', '80/TCP', true],
      ['x/d', 'node/n0', '80/TCP', true],
    ]);
    await program(all);
    await expectTried(all, [
      ['x/d', 'x/a', '80/TCP', true],
      ['x/d', '203.0.113.1', '53/UDP', true],
    ]);
  });

  test('a late goodbye of an address’s last owner takes nothing from its new one', async () => {
    const before = world(
      ...PODS,
      policy('x/only-b', { ...select('a'), policyTypes: ['Ingress'], ingress: [{ from: [select('b')] }] }),
    );
    await cluster.settle(before);
    const index = new PolicyIndex(before);
    const manifest = pod('x/heir', { ips: ['10.1.0.2', 'fd10::2'], labels: { app: 'other' }, node: 'n1' });
    const heir = { ...podInfo(decode(manifest) as Pod), precedence: 1 };
    const program = (): Promise<void> => cluster.program(compileNodes(index, DEFAULT_OPTIONS));
    await program();
    await expectTried(before, [['x/b', 'x/a', '80/TCP', true]]);
    // The new pod has the address; the old one is still said to be there, then is not.
    index.setPod(heir);
    await program();
    await expectTried(before, [['x/b', 'x/a', '80/TCP', false]]);
    index.removePod('x/b[Pod]');
    index.setPod({ ...heir, labels: { app: 'b' } });
    await program();
    await expectTried(before, [['x/b', 'x/a', '80/TCP', true]]);
  });

  describe('of open connections:', () => {
    const CLIENT = BY_HAND.first;
    const ends = (state: ClusterState, from: string, to: string) => {
      const flow = flowOf(state, from, to, '80/TCP');
      const first = (name: string) => endAddress(state, name);
      return { flow, client: first(from), server: first(to) };
    };
    const endAddress = (state: ClusterState, name: string) => {
      const end = endOf(state, name);
      const found = end.type === 'pod' ? end.pod.addresses[0] : undefined;
      if (found === undefined) throw new Error(`${name} has no address`);
      return found;
    };
    const segment = (
      from: ReturnType<typeof address>,
      to: ReturnType<typeof address>,
      ports: readonly [number, number],
      flags: number,
      sequence?: number,
    ): Ip => {
      const payload = tcpSegment({ source: from, destination: to }, ports[0], ports[1], flags, sequence);
      return {
        packet: ipPacket({ source: from, destination: to }, TCP, payload),
        destination: to,
        payload: payload.length,
      };
    };
    /** Opens a connection to a port that nobody answers by hand: SYN, SYN and ACK, ACK. */
    const open = async (state: ClusterState, from: string, to: string, port: number): Promise<boolean[]> => {
      const { client, server } = ends(state, from, to);
      const [there, back] = [endOf(state, from), endOf(state, to)];
      return [
        ...(await cluster.deliver(there, back, [segment(client, server, [port, 80], SYN)])),
        ...(await cluster.deliver(back, there, [segment(server, client, [80, port], SYN | ACK)])),
        ...(await cluster.deliver(there, back, [segment(client, server, [port, 80], ACK)])),
      ];
    };
    /** Whether data comes through, from the server and from the client. */
    const talks = async (state: ClusterState, from: string, to: string, port: number): Promise<boolean[]> => {
      const { client, server } = ends(state, from, to);
      const [there, back] = [endOf(state, from), endOf(state, to)];
      return [
        ...(await cluster.deliver(back, there, [segment(server, client, [80, port], ACK)])),
        ...(await cluster.deliver(there, back, [segment(client, server, [port, 80], ACK)])),
      ];
    };
    const tracked = async (name: string, port: number): Promise<readonly Connection[]> =>
      (await cluster.kernel(name).connections()).filter(({ original }) => original.sourcePort === port);

    test('one that was cut stays cut, from whichever side the next packet comes', async () => {
      const openState = world(
        ...PODS,
        policy('x/in', { ...select('b'), policyTypes: ['Ingress'], ingress: [{ from: [select('a')] }] }),
      );
      await enforce(openState);
      expect(await open(openState, 'x/a', 'x/b', CLIENT)).toEqual([true, true, true]);
      expect(await talks(openState, 'x/a', 'x/b', CLIENT)).toEqual([true, true]);
      const closed = world(...PODS, policy('x/in', { ...select('b'), policyTypes: ['Ingress'] }));
      await enforce(closed);
      // Established: the rules alone do not stop it.
      expect(await talks(closed, 'x/a', 'x/b', CLIENT)).toEqual([true, true]);
      expect(await cluster.kernel('n1').cut(await tracked('n1', CLIENT))).toBe(1);
      for (let again = 0; again < 3; again++) {
        expect(await talks(closed, 'x/a', 'x/b', CLIENT)).toEqual([false, false]);
      }
      expect(await tracked('n1', CLIENT)).toEqual([]);
    });

    test.each(['drop', 'reject'] as const)(
      'a segment outside the window goes, and ends nothing (%s)',
      async (denial) => {
        const state = world(
          ...PODS,
          policy('x/in', { ...select('b'), policyTypes: ['Ingress', 'Egress'], ingress: [{ from: [select('a')] }] }),
        );
        await enforce(state, { denial });
        const port = CLIENT + 2;
        expect(await open(state, 'x/a', 'x/b', port)).toEqual([true, true, true]);
        const { client, server } = ends(state, 'x/a', 'x/b');
        const [a, b] = [endOf(state, 'x/a'), endOf(state, 'x/b')];
        const resets = (at: FlowEnd): number =>
          cluster.arrivals(at).filter((bytes) => bytes.length === 20 && ((bytes[13] ?? 0) & RST) !== 0).length;
        const stray = async (ports: readonly [number, number], sequence: number): Promise<unknown> => [
          await cluster.deliver(a, b, [segment(client, server, ports, ACK, sequence)]),
          resets(a),
        ];
        for (const sequence of [0x20_00_00, 0x40_00_00_00]) {
          resets(a);
          expect(await stray([port, 80], sequence)).toEqual([[false], 0]);
        }
        expect(await talks(state, 'x/a', 'x/b', port)).toEqual([true, true]);
        // What belongs to no connection is refused.
        resets(a);
        expect(await stray([port + 1, 80], 1)).toEqual([[false], denial === 'reject' ? 1 : 0]);
      },
    );

    test('one from before the first rules is kept, replies too', async () => {
      const bare = world(...PODS);
      await cluster.settle(bare);
      // Without any rule the nodes track what they are asked to, as kube-proxy asks.
      for (const name of ['n0', 'n1']) await cluster.kernel(name).run(TRACKING);
      expect(await open(bare, 'x/a', 'x/b', CLIENT + 1)).toEqual([true, true, true]);
      // b may not open connections to anybody; what it answers is none that it opened.
      await enforce(world(...PODS, policy('x/closed', { ...select('b'), policyTypes: ['Egress'] })));
      expect(await talks(bare, 'x/a', 'x/b', CLIENT + 1)).toEqual([true, true]);
      await expectTried(bare, [
        ['x/b', 'x/a', '80/TCP', false],
        ['x/a', 'x/b', '80/TCP', true],
      ]);
    });

    test('options of IPv4 do not shift the ports', async () => {
      const state = world(
        ...PODS,
        policy('x/web', { ...select('b'), policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 80 }] }] }),
      );
      await enforce(state);
      const { client, server } = ends(state, 'x/a', 'x/b');
      const withOptions = (port: number, count: number): Ip => {
        const payload = tcpSegment({ source: client, destination: server }, BY_HAND.first + 100 + count, port, SYN);
        const packet = ipPacket({ source: client, destination: server }, TCP, payload, Buffer.alloc(4 * count, 1));
        return { packet, destination: server, payload: payload.length };
      };
      const packets = [0, 1, 5, 10].flatMap((count) => [withOptions(80, count), withOptions(81, count)]);
      expect(await cluster.deliver(endOf(state, 'x/a'), endOf(state, 'x/b'), packets)).toEqual(
        packets.map((_, at) => at % 2 === 0),
      );
    });

    test('what was denied is told with addresses and ports', async () => {
      const state = world(...PODS, policy('x/closed', ISOLATED));
      await enforce(state, { log: { group: 9, ratePerSecond: 1000, burst: 1000 } });
      const told: LoggedPacket[] = [];
      let more = (): void => undefined;
      const log = await cluster.kernel('n0').receiveLog(
        9,
        (packet) => {
          told.push(packet);
          more();
        },
        () => expect.unreachable(),
      );
      const { client, server } = ends(state, 'x/a', 'x/b');
      const payload = tcpSegment({ source: client, destination: server }, 42_000, 8443, SYN);
      await cluster.deliver(endOf(state, 'x/a'), endOf(state, 'x/b'), [
        {
          packet: ipPacket({ source: client, destination: server }, TCP, payload, Buffer.alloc(8, 1)),
          destination: server,
          payload: payload.length,
        },
      ]);
      await expectTried(state, [
        ['x/a', 'x/b', '53/UDP', false],
        ['x/a', 'x/b', '9/SCTP', false],
        ['x/a', 'fd00::77', '443/TCP', false],
        ['x/a', 'fd00::77', 'ICMP', false],
        ['203.0.113.7', 'x/a', 'ICMP', false],
      ]);
      while (told.length < 6) {
        await new Promise<void>((resolve) => {
          more = resolve;
        });
      }
      await log.close();
      expect(told.map(({ sourcePort: _, ...rest }) => rest)).toEqual([
        { prefix: 'portcullis:egress', source: client, destination: server, protocol: 6, destinationPort: 8443 },
        { prefix: 'portcullis:egress', source: client, destination: server, protocol: 17, destinationPort: 53 },
        { prefix: 'portcullis:egress', source: client, destination: server, protocol: 132, destinationPort: 9 },
        {
          prefix: 'portcullis:egress',
          source: address('fd10::1'),
          destination: address('fd00::77'),
          protocol: 6,
          destinationPort: 443,
        },
        {
          prefix: 'portcullis:egress',
          source: address('fd10::1'),
          destination: address('fd00::77'),
          protocol: 58,
          icmpType: 128,
        },
        { prefix: 'portcullis:ingress', source: address('203.0.113.7'), destination: client, protocol: 1, icmpType: 8 },
      ]);
      expect(told[0]?.sourcePort).toBe(42_000);
      const counted = await cluster.kernel('n0').denied();
      expect(Object.fromEntries([...counted].filter(([, packets]) => packets > 0))).toEqual({
        'deny-egress4': 3,
        'deny-egress6': 2,
        'deny-ingress4': 1,
      });
    });
  });
});

/** Makes the kernel track connections, and decides nothing. */
const TRACKING = `add table inet tracking
add chain inet tracking everything { type filter hook forward priority -10; policy accept; }
add rule inet tracking everything ct state new counter
`;
