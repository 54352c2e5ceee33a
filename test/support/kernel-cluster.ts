/** A small cluster in network namespaces: nodes that route, pods behind them, and the world outside. */

import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterState, Flow, FlowEnd } from '../../src/engine/index.ts';
import { type Address, formatAddress } from '../../src/net/address.ts';
import { diffRulesets, type Ruleset, renderDelta, renderRemoval, renderRuleset } from '../../src/nft/index.ts';
import { nft, run, TestNamespaces } from './kernel.ts';
import { PROBE_COUNT, type ProbeOutcome, ProbeTable } from './probe-table.ts';
import { RawSockets } from './raw-sockets.ts';
import { RemoteKernel } from './remote-kernel.ts';
import { addressOf, NODE_NAMES, nodeOfSlot, podsOf } from './simulated-nodes.ts';

/** Pods accept TCP here, whatever port it was for. Nodes and the world outside answer that nobody listens. */
const LISTENING = 9;
const UPLINK = 'uplink';
/** When no packet came for so long, none is under way: they are handed from namespace to namespace without a wire. */
const QUIET = 25;
/** Answers that should come are waited for so long, in milliseconds. */
const PATIENCE = 5000;

const SETTINGS = [
  ...['all', 'default'].flatMap((which) => [
    `net/ipv4/conf/${which}/forwarding 1`,
    `net/ipv6/conf/${which}/forwarding 1`,
    `net/ipv4/conf/${which}/rp_filter 0`,
    `net/ipv4/conf/${which}/send_redirects 0`,
    // The router holds every address for its own, and is sent from others.
    `net/ipv4/conf/${which}/accept_local 1`,
    `net/ipv6/conf/${which}/accept_dad 0`,
    `net/ipv6/conf/${which}/dad_transmits 0`,
  ]),
  // Every refusal is answered.
  'net/ipv4/icmp_ratelimit 0',
  'net/ipv4/icmp_msgs_per_sec 100000',
  'net/ipv4/icmp_msgs_burst 10000',
  'net/ipv6/icmp/ratelimit 0',
];

/** An IP packet of which the last so many bytes are what the protocols of its destination see. */
export interface Ip {
  readonly packet: Buffer;
  readonly destination: Address;
  readonly payload: number;
}

interface Host {
  readonly namespace: string;
  readonly sockets: RawSockets;
}

interface Node extends Host {
  readonly kernel: RemoteKernel;
  ruleset: Ruleset | undefined;
}

/**
 * Namespaces that stay while clusters come and go in them: every cluster gives them new addresses and routes.
 * Nodes reach each other and the world outside through a router, which answers for every address of that world.
 */
export class KernelCluster {
  readonly #namespaces = new TestNamespaces();
  readonly #nodes = new Map<string, Node>();
  readonly #slots: Host[] = [];
  readonly #outside: Host;
  readonly #names: readonly string[];
  #pods = new Map<string, Host>();
  #hosts = 0;
  #links = 0;
  #firstToken = 0;
  /** Addresses and routes that the cluster gave to namespaces. */
  #given = new Map<string, string[]>();

  /**
   * @param slots how many pods a cluster can have
   * @param names of the nodes; places are on them in turn
   */
  constructor(slots: number, names: readonly string[] = NODE_NAMES) {
    this.#names = names;
    this.#outside = this.#host('out');
    answerForEverything(this.#outside.namespace);
    for (const name of names) {
      const host = this.#host(name);
      this.#nodes.set(name, { ...host, kernel: new RemoteKernel(host.namespace), ruleset: undefined });
      this.#link(host.namespace, UPLINK, this.#outside.namespace, name);
    }
    for (let slot = 0; slot < slots; slot++) {
      const host = this.#host(`p${slot}`, LISTENING);
      this.#slots.push(host);
      this.#link(host.namespace, UPLINK, this.#node(nodeOfSlot(slot, names)).namespace, `p${slot}`);
    }
  }

  #host(suffix: string, listening?: number): Host {
    const namespace = this.#namespaces.add(suffix);
    const script = SETTINGS.map((setting) =>
      setting.replace(/(.*) (\d+)/, '[ ! -e /proc/sys/$1 ] || echo $2 > /proc/sys/$1'),
    );
    run('ip', ['netns', 'exec', namespace, 'sh', '-e'], script.join('\n'));
    // Refusals need an address to come from.
    const number = ++this.#hosts;
    batch(namespace, [
      'link set lo up',
      `addr add 198.18.0.${number}/32 dev lo`,
      `addr add 2001:db8:ffff::${number}/128 dev lo`,
    ]);
    if (listening !== undefined) nft(namespace, acceptEveryPort(listening));
    return { namespace, sockets: new RawSockets(namespace, listening) };
  }

  /** Connects two namespaces. Both ends have one hardware address, so nobody needs to ask for any: packets are for whom gets them. */
  #link(one: string, oneName: string, other: string, otherName: string): void {
    const hardware = `02:00:00:00:00:${(this.#links++).toString(16).padStart(2, '0')}`;
    const peer = `peer name ${otherName} address ${hardware} netns ${other}`;
    batch(one, [
      `link add ${oneName} address ${hardware} type veth ${peer}`,
      `link set ${oneName} arp off up`,
      `route add 0.0.0.0/0 dev ${oneName}`,
      `route add ::/0 dev ${oneName}`,
    ]);
    batch(other, [`link set ${otherName} arp off up`]);
  }

  #node(name: string): Node {
    const host = this.#nodes.get(name);
    if (host === undefined) throw new Error(`no node ${name}`);
    return host;
  }

  /** Gives the cluster's pods and nodes their places; where they have them already there is nothing to do. */
  async settle(state: ClusterState): Promise<void> {
    const given = new Map<string, string[]>();
    const give = ({ namespace }: Host, what: string): void => {
      const known = given.get(namespace) ?? [];
      given.set(namespace, known);
      known.push(what);
    };
    this.#pods = new Map();
    for (const name of this.#names) {
      for (const address of nodeAddresses(state, name)) {
        give(this.#node(name), `addr ${single(address)} dev lo`);
        give(this.#outside, `route ${single(address)} dev ${name}`);
      }
    }
    for (const [slot, pod] of podsOf(state).entries()) {
      const host = this.#slots[slot];
      if (host === undefined) throw new Error('the cluster has more pods than there are places');
      this.#pods.set(pod.id, host);
      const node = nodeOfSlot(slot, this.#names);
      for (const address of pod.addresses) {
        give(host, `addr ${single(address)} dev lo`);
        give(this.#node(node), `route ${single(address)} dev p${slot}`);
        give(this.#outside, `route ${single(address)} dev ${node}`);
      }
    }
    const changes = [this.#outside, ...this.#nodes.values(), ...this.#slots].map(({ namespace }) => {
      const old = this.#given.get(namespace) ?? [];
      const now = given.get(namespace) ?? [];
      const gone = old.filter((what) => !now.includes(what)).map((what) => what.replace(' ', ' del '));
      const added = now.filter((what) => !old.includes(what)).map((what) => what.replace(' ', ' add '));
      return { namespace, lines: [...gone, ...added] };
    });
    this.#given = given;
    await Promise.all(
      changes.flatMap(({ namespace, lines }) => (lines.length > 0 ? [batchAsync(namespace, lines)] : [])),
    );
  }

  /** Forgets every connection: the numbers that tell probes apart may come again. */
  async #forget(): Promise<void> {
    for (const { kernel } of this.#nodes.values()) await kernel.cut(await kernel.connections());
    this.#firstToken = 0;
  }

  /** Gives every node its ruleset, by the change from the one that it has; none where it has none. */
  async program(rulesets: ReadonlyMap<string, Ruleset>): Promise<void> {
    for (const [name, node] of this.#nodes) {
      const wanted = rulesets.get(name);
      const script =
        wanted === undefined
          ? renderRemoval()
          : node.ruleset === undefined
            ? renderRuleset(wanted)
            : renderDelta(diffRulesets(node.ruleset, wanted));
      if (script !== '') await node.kernel.run(script);
      node.ruleset = wanted;
    }
  }

  /** What the kernel of a node has now. */
  dump(node: string): Promise<Ruleset | undefined> {
    return this.#node(node).kernel.dump();
  }

  /**
   * Tries connections, all at once.
   * @param expected which of them should pass: these are waited for
   */
  async probe(flows: readonly Flow[], expected: readonly boolean[]): Promise<ProbeOutcome[]> {
    if (this.#firstToken + flows.length > PROBE_COUNT) await this.#forget();
    const table = new ProbeTable(this.#firstToken);
    this.#firstToken += flows.length;
    const hosts = [this.#outside, ...this.#nodes.values(), ...this.#slots];
    const receive = (): boolean => {
      let any = false;
      for (const { sockets } of hosts) any = sockets.receive((arrival) => table.take(sockets, arrival)) || any;
      return any;
    };
    for (const [at, flow] of flows.entries()) {
      const source = addressOf(flow.from, flow);
      const destination = addressOf(flow.to, flow);
      if (source === undefined || destination === undefined) throw new Error('an end has no address');
      table.send(flow, { source, destination }, this.#hostOf(flow.from).sockets, this.#hostOf(flow.to).sockets);
      if (at % 32 === 31) receive();
    }
    const start = performance.now();
    let last = start;
    for (;;) {
      if (receive()) last = performance.now();
      const now = performance.now();
      if (now - last > QUIET && (now - start > PATIENCE || table.answered(expected))) return table.outcomes();
      await sleep(1);
    }
  }

  /** Sends packets from one end to another. Answers for each whether it reached the protocols there. */
  async deliver(from: FlowEnd, to: FlowEnd, packets: readonly Ip[]): Promise<boolean[]> {
    const source = this.#hostOf(from).sockets;
    const target = this.#hostOf(to).sockets;
    target.receive(() => undefined);
    for (const { packet, destination } of packets) source.send(packet, destination);
    const arrived = new Set<string>();
    let last = performance.now();
    while (performance.now() - last <= QUIET) {
      if (target.receive(({ bytes }) => arrived.add(bytes.toString('hex')))) last = performance.now();
      await sleep(1);
    }
    return packets.map(({ packet, payload }) => arrived.has(packet.subarray(packet.length - payload).toString('hex')));
  }

  /** What has arrived at an end since the last look, each without its IP header. */
  arrivals(at: FlowEnd): readonly Buffer[] {
    const found: Buffer[] = [];
    this.#hostOf(at).sockets.receive(({ bytes }) => found.push(Buffer.from(bytes)));
    return found;
  }

  /** The kernels of all nodes, by name. */
  get kernels(): ReadonlyMap<string, RemoteKernel> {
    return new Map(Array.from(this.#nodes, ([name, { kernel }]) => [name, kernel]));
  }

  /** The kernel of a node. */
  kernel(node: string): RemoteKernel {
    return this.#node(node).kernel;
  }

  #hostOf(end: FlowEnd): Host {
    if (end.type === 'pod') {
      const host = this.#pods.get(end.pod.id);
      if (host === undefined) throw new Error(`no such pod: ${end.pod.id}`);
      return host;
    }
    return end.type === 'host' && end.node !== undefined ? this.#node(end.node) : this.#outside;
  }

  async remove(): Promise<void> {
    for (const { sockets } of [this.#outside, ...this.#nodes.values(), ...this.#slots]) sockets.close();
    for (const { kernel } of this.#nodes.values()) await kernel.close();
    this.#namespaces.remove();
  }
}

/** Of the Node object and of the hostNetwork pods there. */
function nodeAddresses(state: ClusterState, name: string): Address[] {
  const pods = [...state.pods.values()].filter(({ hostNetwork, node }) => hostNetwork && node === name);
  const all = [...(state.nodes.get(name)?.addresses ?? []), ...pods.flatMap(({ addresses }) => addresses)];
  return [...new Map(all.map((address) => [formatAddress(address), address])).values()];
}

function single(address: Address): string {
  return `${formatAddress(address)}/${address.family === 'IPv4' ? 32 : 128}`;
}

/** TCP from these ports is left to the test: no host answers it by itself. */
export const BY_HAND = { first: 61_000, last: 61_999 };

/** TCP to any port of the host's own addresses is accepted on one. */
function acceptEveryPort(port: number): string {
  const hand = `${BY_HAND.first}-${BY_HAND.last}`;
  const accepting = `fib daddr type local meta l4proto tcp tcp sport != ${hand} dnat to :${port}`;
  const silent = ['sport', 'dport'].map((side) => `tcp ${side} ${hand} tcp flags & rst == rst drop;`).join(' ');
  return ['ip', 'ip6']
    .map(
      (family) => `table ${family} plumbing {
  chain accepting { type nat hook prerouting priority -100; ${accepting}; }
  chain silent { type filter hook output priority 0; ${silent} }
}
`,
    )
    .join('');
}

/** Makes every address that no route leads to the host's own. */
function answerForEverything(namespace: string): void {
  for (const version of ['-4', '-6']) {
    const lines = [
      'rule add pref 100 lookup main',
      'rule add pref 200 lookup local',
      'rule del pref 0',
      'route add local default dev lo table local',
    ];
    run('ip', [version, '-n', namespace, '-batch', '-'], `${lines.join('\n')}\n`);
  }
}

function batch(namespace: string, lines: readonly string[]): void {
  run('ip', ['-n', namespace, '-batch', '-'], `${lines.join('\n')}\n`);
}

function batchAsync(namespace: string, lines: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile('ip', ['-n', namespace, '-batch', '-'], (error, _, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`${namespace}: ${stderr}\n${lines.join('\n')}`));
    });
    child.stdin?.end(`${lines.join('\n')}\n`);
  });
}
