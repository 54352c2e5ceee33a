import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { Agent } from '../../src/agent/agent.ts';
import type { DenialRecord } from '../../src/agent/flow-log.ts';
import type { AgentOptions } from '../../src/agent/options.ts';
import { AddressSet } from '../../src/net/address-set.ts';
import { simulate } from '../../src/nft/index.ts';
import { FakeKernel } from './fake-kernel.ts';
import { address } from './flows.ts';
import { type Manifest, namespace, node, pod, policy } from './manifests.ts';
import { ManualClock } from './manual-clock.ts';
import { PushingSource } from './pushing-source.ts';

// An isolated pod of node n0, one that its policy lets in, and one that it does not.
export const WEB = pod('shop/web', { labels: { app: 'web' }, ips: ['10.1.0.1'], node: 'n0' });
export const CLIENT = pod('shop/client', { labels: { app: 'client' }, ips: ['10.1.1.1'], node: 'n1' });
export const STRANGER = pod('shop/stranger', { labels: { app: 'stranger' }, ips: ['10.1.1.2'], node: 'n1' });
export const POLICY = allow('client');
export const WORLD = [namespace('shop'), node('n0', '10.0.0.1'), WEB, CLIENT, STRANGER, POLICY];

/** A policy of the web pod that lets an app in on port 80. */
export function allow(app: string): Manifest {
  return policy('shop/web', {
    podSelector: { matchLabels: { app: 'web' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app } } }], ports: [{ port: 80 }] }],
  });
}

/** An agent on a fake kernel that a test tells everything. */
export class Bench {
  readonly kernel: FakeKernel;
  readonly clock = new ManualClock();
  readonly source = new PushingSource();
  readonly lines: DenialRecord[] = [];
  readonly messages: string[] = [];
  readonly agent: Agent;
  read: (digest: string) => void = () => undefined;

  constructor(options: Partial<AgentOptions> = {}, kernel: FakeKernel = new FakeKernel()) {
    this.kernel = kernel;
    const log = pino({ level: 'debug' }, { write: (line: string) => void this.messages.push(line) });
    this.agent = new Agent({
      node: 'n0',
      kernel: this.kernel,
      clock: this.clock,
      log,
      source: ({ onRead }) => {
        this.read = onRead;
        return this.source;
      },
      denial: 'drop',
      audit: false,
      strict: false,
      podRange: AddressSet.EMPTY,
      flowLog: {
        write: (line) => this.lines.push(JSON.parse(line) as DenialRecord) > 0,
        group: 7,
        ratePerSecond: 10,
        burst: 20,
      },
      adoptMs: 0,
      version: '1',
      ...options,
    });
  }

  /** Starts and tells the world. */
  async begin(...manifests: readonly Manifest[]): Promise<this> {
    await this.agent.start();
    this.source.set(...(manifests.length > 0 ? manifests : WORLD));
    this.source.sink.synced();
    await this.settle();
    // What is left over of a table that was there goes a little later.
    this.clock.advance(20);
    await this.settle();
    return this;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let round = 0; round < 40; round++) await turn();
  }

  /** Whether the fake kernel's table lets a new connection to the web pod through. */
  admits(from: string, port = 80): boolean {
    const { table } = this.kernel;
    if (table === undefined) return true;
    const packet = { hook: 'forward', saddr: address(from), daddr: address('10.1.0.1'), dport: port } as const;
    return simulate(table, { ...packet, protocol: 'TCP', ctState: 'new' }).verdict === 'accept';
  }
}
