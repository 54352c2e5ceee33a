/**
 * A kernel for tests of what uses one: it runs the scripts that `render` writes, holds connections and log groups, and
 * fails as the test says. `test/kernel/contract.test.ts` keeps it like the real one.
 */

import {
  type Closer,
  type Connection,
  type Kernel,
  KernelError,
  type KernelErrorCode,
  type LoggedPacket,
} from '../../src/agent/kernel/kernel.ts';
import { type Address, formatAddress } from '../../src/net/address.ts';
import type { Ruleset } from '../../src/nft/index.ts';
import { rulesetOf, runScript, type Table } from './nft-script.ts';

interface LogReader {
  readonly onPacket: (packet: LoggedPacket) => void;
  readonly onLost: () => void;
}

export class FakeKernel implements Kernel {
  /** Scripts that were run with success, in order. */
  readonly transactions: string[] = [];
  /** What {@link preflight} answers. */
  missing: readonly string[] = [];
  /** Entries; tests add and remove at will. */
  readonly tracked = new Map<number, Connection>();
  /** Addresses of the node. */
  readonly own = new Set<string>();
  /** Denied packets by chain; tests count. */
  readonly counted = new Map<string, number>();
  /** So many lists of connections fail from now on. */
  failingLists = 0;
  closed = false;
  /** Called before a transaction is made. */
  onRun: () => void = () => undefined;
  /** Whether an agent has the table. */
  claimed = false;
  #table: Table | undefined;
  readonly #failures: Error[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #logs = new Map<number, LogReader>();
  #last: Promise<unknown> = Promise.resolve();
  #gate: Promise<void> = Promise.resolve();

  /** Makes the next transaction that is not yet told to fail do so, before it does anything. */
  failNext(code: KernelErrorCode, message = `failed as the test wants: ${code}`): void {
    this.#failures.push(new KernelError(code, message));
  }

  /** Makes the next transaction fail with an error that is no kernel's. */
  breakNext(error: Error): void {
    this.#failures.push(error);
  }

  /** Holds every call until the answer is called. */
  hold(): () => void {
    let release = (): void => undefined;
    this.#gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  /** Runs a script as another program would. `flush ruleset` empties everything. */
  interfere(script: string): void {
    this.#table = script.trim() === 'flush ruleset' ? undefined : runScript(this.#table, script);
    for (const tell of this.#watchers) tell();
  }

  /** The table as it is at this moment. */
  get table(): Ruleset | undefined {
    return this.#table === undefined ? undefined : rulesetOf(this.#table);
  }

  /** A rule logs a packet. Nothing happens when nobody receives the group. */
  log(group: number, packet: LoggedPacket): void {
    this.#logs.get(group)?.onPacket(packet);
  }

  /** Messages to a group are lost. */
  lose(group: number): void {
    this.#logs.get(group)?.onLost();
  }

  #queued<T>(work: () => T): Promise<T> {
    const done = this.#last.then(() => this.#gate).then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async claim(): Promise<boolean> {
    if (this.claimed) return false;
    this.claimed = true;
    return true;
  }

  run(script: string): Promise<void> {
    return this.#queued(() => {
      this.onRun();
      const failure = this.#failures.shift();
      if (failure !== undefined) throw failure;
      this.#table = runScript(this.#table, script);
      this.transactions.push(script);
    });
  }

  dump(): Promise<Ruleset | undefined> {
    return this.#queued(() => this.table);
  }

  async denied(): Promise<ReadonlyMap<string, number>> {
    return new Map(this.counted);
  }

  async watch(onForeignChange: () => void): Promise<Closer> {
    this.#watchers.add(onForeignChange);
    return {
      close: async () => {
        this.#watchers.delete(onForeignChange);
      },
    };
  }

  async connections(involving?: readonly Address[]): Promise<readonly Connection[]> {
    if (this.failingLists > 0) {
      this.failingLists--;
      throw new KernelError('memory', 'connections cannot be listed: the test wants it');
    }
    const wanted = involving === undefined ? undefined : new Set(involving.map(formatAddress));
    return [...this.tracked.values()].filter(
      ({ original, reply }) =>
        wanted === undefined || [original, reply].some(({ source }) => wanted.has(formatAddress(source))),
    );
  }

  async ownAddresses(): Promise<ReadonlySet<string>> {
    return this.own;
  }

  async cut(connections: readonly Connection[]): Promise<number> {
    return connections.filter(({ id }) => this.tracked.delete(id)).length;
  }

  async receiveLog(group: number, onPacket: (packet: LoggedPacket) => void, onLost: () => void): Promise<Closer> {
    if (this.#logs.has(group)) throw new KernelError('busy', `log group ${group} belongs to another process`);
    this.#logs.set(group, { onPacket, onLost });
    return {
      close: async () => {
        this.#logs.delete(group);
      },
    };
  }

  async preflight(): Promise<readonly string[]> {
    return this.missing;
  }

  async close(): Promise<void> {
    await this.#last;
    this.claimed = false;
    this.closed = true;
  }
}
