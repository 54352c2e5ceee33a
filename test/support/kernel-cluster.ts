/** A small cluster in network namespaces: nodes that route, pods behind them, and the world outside. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ClusterState, FlowEnd, PodInfo } from '../../src/engine/index.ts';
import { formatAddress } from '../../src/net/address.ts';
import { nft, run, TestNamespaces } from './kernel.ts';

const NODES = ['n0', 'n1', 'n2'];
/** Long enough for any packet here; a dropped one costs it. */
const PATIENCE = 400;

/** One connection to try. */
export interface Probe {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  readonly saddr: string;
  readonly daddr: string;
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
}

/** A process in a namespace that answers and connects. */
class Responder {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting = new Map<number, (passed: boolean) => void>();
  #listening: (() => void) | undefined;
  #next = 0;

  constructor(namespace: string) {
    const script = new URL('responder.mjs', import.meta.url).pathname;
    this.#process = spawn('ip', ['netns', 'exec', namespace, process.execPath, script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as { probe?: number; passed?: boolean };
      if (answer.probe === undefined) this.#listening?.();
      else {
        this.#waiting.get(answer.probe)?.(answer.passed === true);
        this.#waiting.delete(answer.probe);
      }
    });
  }

  listen(ports: readonly number[]): Promise<void> {
    return new Promise((resolve) => {
      this.#listening = resolve;
      this.#send({ listen: { tcp: ports, udp: ports } });
    });
  }

  probe({ saddr, daddr, protocol, port }: Probe): Promise<boolean> {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#send({ probe: id, from: saddr, to: daddr, protocol, port, patience: PATIENCE });
    });
  }

  #send(order: object): void {
    this.#process.stdin.write(`${JSON.stringify(order)}\n`);
  }

  stop(): void {
    this.#process.stdin.end();
  }
}

interface Host {
  readonly namespace: string;
  readonly responder: Responder;
}

/**
 * Namespaces that stay while clusters come and go in them: every cluster gives them new addresses and routes.
 * Nodes reach each other and the world outside through a router, which has the addresses of the world.
 */
export class KernelCluster {
  readonly #namespaces = new TestNamespaces();
  readonly #nodes = new Map<string, Host>();
  readonly #slots: Host[] = [];
  readonly #outside: Host;
  #pods = new Map<string, Host>();

  /** @param slots how many pods a cluster can have */
  constructor(slots: number) {
    this.#outside = this.#host('out');
    for (const node of NODES) {
      const host = this.#host(node);
      this.#nodes.set(node, host);
      this.#link(host.namespace, 'up', this.#outside.namespace, node);
    }
    for (let slot = 0; slot < slots; slot++) {
      const host = this.#host(`p${slot}`);
      this.#slots.push(host);
      this.#link(host.namespace, 'eth0', this.#node(nodeOfSlot(slot)).namespace, `p${slot}`);
    }
  }

  #host(suffix: string): Host {
    const namespace = this.#namespaces.add(suffix);
    const settings = ['all', 'default'].flatMap((which) => [
      `/proc/sys/net/ipv4/conf/${which}/forwarding 1`,
      `/proc/sys/net/ipv6/conf/${which}/forwarding 1`,
      `/proc/sys/net/ipv4/conf/${which}/rp_filter 0`,
      `/proc/sys/net/ipv4/conf/${which}/send_redirects 0`,
      `/proc/sys/net/ipv6/conf/${which}/accept_dad 0`,
      `/proc/sys/net/ipv6/conf/${which}/dad_transmits 0`,
    ]);
    const script = settings.map((setting) => setting.replace(/(.*) (\d)/, 'echo $2 > $1')).join('\n');
    run('ip', ['netns', 'exec', namespace, 'sh', '-e'], script);
    run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
    return { namespace, responder: new Responder(namespace) };
  }

  #link(one: string, oneName: string, other: string, otherName: string): void {
    run('ip', ['-n', one, 'link', 'add', oneName, 'type', 'veth', 'peer', 'name', otherName, 'netns', other]);
    for (const [namespace, name] of [
      [one, oneName],
      [other, otherName],
    ] as const) {
      // Routes name these, whatever addresses the cluster has.
      run('ip', ['-n', namespace, 'link', 'set', name, 'up']);
    }
  }

  #node(name: string): Host {
    const host = this.#nodes.get(name);
    if (host === undefined) throw new Error(`no node ${name}`);
    return host;
  }

  /** Gives the cluster's pods, its nodes and addresses outside their places. */
  async settle(state: ClusterState, outside: readonly string[], ports: readonly number[]): Promise<void> {
    this.#pods = new Map();
    const batches = new Map<string, string[]>();
    const all = [this.#outside, ...this.#nodes.values(), ...this.#slots];
    for (const { namespace } of all) batches.set(namespace, ['addr flush scope global', 'route flush scope global']);
    const say = (host: Host, ...lines: string[]): void => void batches.get(host.namespace)?.push(...lines);
    // One address of ours for each end of a link, and routes by device: every address answers on its own.
    for (const node of NODES) {
      const host = this.#node(node);
      say(host, 'route add default dev up', '-6 route add default dev up');
      for (const address of state.nodes.get(node)?.addresses ?? []) {
        say(host, `addr add ${single(formatAddress(address))} dev lo`);
        say(this.#outside, `route add ${single(formatAddress(address))} dev ${node}`);
      }
    }
    for (const address of outside) say(this.#outside, `addr add ${single(address)} dev lo`);
    for (const [slot, pod] of podsOf(state).entries()) {
      const host = this.#slots[slot];
      if (host === undefined) throw new Error('the cluster has more pods than there are places');
      this.#pods.set(pod.id, host);
      const node = nodeOfSlot(slot);
      say(host, 'route add default dev eth0', '-6 route add default dev eth0');
      for (const address of pod.addresses) {
        const text = single(formatAddress(address));
        say(host, `addr add ${text} dev lo`);
        say(this.#node(node), `route add ${text} dev p${slot}`);
        say(this.#outside, `route add ${text} dev ${node}`);
      }
    }
    for (const host of all) {
      // Neighbours are on no common network: everybody answers for everything.
      run('ip', ['-force', '-n', host.namespace, '-batch', '-'], `${(batches.get(host.namespace) ?? []).join('\n')}\n`);
    }
    await Promise.all(all.map(({ responder }) => responder.listen(ports)));
  }

  /** Runs an nft script on a node. */
  program(node: string, script: string): void {
    nft(this.#node(node).namespace, script);
  }

  /** Tries all connections at once. */
  probe(probes: readonly Probe[]): Promise<boolean[]> {
    return Promise.all(probes.map((probe) => this.#hostOf(probe.from).responder.probe(probe)));
  }

  #hostOf(end: FlowEnd): Host {
    if (end.type === 'pod') {
      const host = this.#pods.get(end.pod.id);
      if (host === undefined) throw new Error(`no such pod: ${end.pod.id}`);
      return host;
    }
    return end.type === 'host' && end.node !== undefined ? this.#node(end.node) : this.#outside;
  }

  remove(): void {
    for (const { responder } of [this.#outside, ...this.#nodes.values(), ...this.#slots]) responder.stop();
    this.#namespaces.remove();
  }
}

/** The pods that have an address of their own, in the order of their places. */
export function podsOf(state: ClusterState): PodInfo[] {
  return [...state.pods.values()].filter((pod) => !pod.hostNetwork);
}

/** Places are on nodes in turn. */
export function nodeOfSlot(slot: number): string {
  return NODES[slot % NODES.length] ?? '';
}

function single(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}
