import { networkInterfaces } from 'node:os';
import { inSlices } from '../../kube/slices.ts';
import { type Address, formatAddress, parseAddress } from '../../net/address.ts';
import { DENIAL_CHAINS, type Ruleset, readListing, TABLE } from '../../nft/index.ts';
import { ChangeMonitor } from './change-monitor.ts';
import { claimTable } from './claim.ts';
import { deleteConnections, listConnections } from './conntrack.ts';
import { countedPackets } from './counters.ts';
import { type Closer, type Connection, type Kernel, KernelError, type LoggedPacket } from './kernel.ts';
import { Nftables } from './nftables.ts';
import { receivePackets } from './packet-log.ts';
import { findMissing } from './preflight.ts';
import { tableFlags } from './table-flags.ts';

/**
 * The kernel of this machine, in the network namespace that the process was started in: `ip netns exec` before the
 * program chooses another. Needs CAP_NET_ADMIN there.
 */
export class LinuxKernel implements Kernel {
  readonly #library: string | undefined;
  #loaded: Nftables | undefined;
  readonly #monitors = new Set<ChangeMonitor>();
  readonly #logs = new Set<Closer>();
  #claim: Closer | undefined;
  /** The end of the queue of calls to nftables. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param library the file of libnftables, where it is not in the usual places */
  constructor(library?: string) {
    this.#library = library;
  }

  /** @throws KernelError when the library is missing */
  get #nftables(): Nftables {
    this.#loaded ??= new Nftables(this.#library);
    return this.#loaded;
  }

  async claim(): Promise<boolean> {
    this.#claim ??= claimTable();
    return this.#claim !== undefined;
  }

  run(script: string): Promise<void> {
    return this.#queued(async () => {
      for (const monitor of this.#monitors) monitor.begin();
      let succeeded = false;
      try {
        await this.#nftables.run(script);
        succeeded = true;
      } finally {
        for (const monitor of this.#monitors) monitor.end(succeeded);
      }
    });
  }

  async dump(): Promise<Ruleset | undefined> {
    const listing = await this.#queued(() => this.#list());
    if (listing === undefined) return undefined;
    if (listing.flags !== 0) throw new KernelError('foreign', `the table ${TABLE} has flags (${listing.flags})`);
    const read = await inSlices(readListing(listing.json));
    if (!('unknown' in read)) return read;
    const problem = `the table ${TABLE} holds what Portcullis does not write`;
    throw new KernelError('foreign', `${problem}: ${read.unknown}`);
  }

  async #list(): Promise<{ readonly json: string; readonly flags: number } | undefined> {
    try {
      const json = await this.#nftables.list(`list table inet ${TABLE}`);
      return { json, flags: tableFlags() };
    } catch (error) {
      if (error instanceof KernelError && error.code === 'missing') return undefined;
      throw error;
    }
  }

  #queued<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  connections(involving?: readonly Address[]): Promise<readonly Connection[]> {
    return listConnections(involving);
  }

  async ownAddresses(): Promise<ReadonlySet<string>> {
    const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    return new Set(
      interfaces.flatMap(({ address }) => {
        const parsed = parseAddress(address);
        return parsed === undefined ? [] : [formatAddress(parsed)];
      }),
    );
  }

  cut(connections: readonly Connection[]): Promise<number> {
    return deleteConnections(connections);
  }

  watch(onForeignChange: () => void): Promise<Closer> {
    // In the queue, so that no transaction of ours is half told when it begins.
    return this.#queued(async () => {
      const monitor = new ChangeMonitor(onForeignChange);
      this.#monitors.add(monitor);
      return {
        close: async () => {
          this.#monitors.delete(monitor);
          monitor.close();
        },
      };
    });
  }

  async receiveLog(group: number, onPacket: (packet: LoggedPacket) => void, onLost: () => void): Promise<Closer> {
    const log = receivePackets(group, onPacket, onLost);
    this.#logs.add(log);
    return {
      close: async () => {
        this.#logs.delete(log);
        await log.close();
      },
    };
  }

  async denied(): Promise<ReadonlyMap<string, number>> {
    const counted = new Map<string, number>();
    for (const chain of DENIAL_CHAINS) {
      const packets = countedPackets(chain);
      // A chain that the ruleset does not need is not there.
      if (packets !== undefined) counted.set(chain, packets);
    }
    return counted;
  }

  preflight(): Promise<readonly string[]> {
    return this.#queued(() => findMissing(() => this.#nftables));
  }

  /** Waits for calls that have begun, then gives back everything. What rules the kernel has stays. */
  async close(): Promise<void> {
    for (const monitor of this.#monitors) monitor.close();
    for (const log of this.#logs) await log.close();
    this.#monitors.clear();
    this.#logs.clear();
    await this.#last;
    await this.#loaded?.close();
    // Whoever has it next finds the table at rest.
    await this.#claim?.close();
    this.#claim = undefined;
  }
}
