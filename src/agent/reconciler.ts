import type { Clock } from '../kube/clock.ts';
import { inSlices, type Turns } from '../kube/slices.ts';
import type { Steps } from '../model/steps.ts';
import {
  type Delta,
  deltaSteps,
  diffSteps,
  elementsOf,
  guardedAddresses,
  haveSameKinds,
  isEmptyDelta,
  type NodeCompiler,
  type Ruleset,
  rulesetSteps,
  stepsOf,
} from '../nft/index.ts';
import { type Kernel, KernelError } from './kernel/kernel.ts';

/** What leads to a comparison of the whole table with what it should be. */
export type ResyncReason = 'start' | 'foreign-change' | 'error' | 'periodic' | 'options';

/** Who wants to know what the reconciler does. */
export interface ReconcilerEvents {
  /** The kernel committed a transaction, whatever for. @param elements written or deleted */
  readonly committed: (elements: number) => void;
  /** Changes that needed a transaction are in force. @param seconds from the first of them to the kernel's answer */
  readonly programmed: (seconds: number) => void;
  readonly resynced: (reason: ResyncReason, elements: number) => void;
  readonly failed: (error: KernelError) => void;
  /** Addresses of which less is admitted than before the changes that are in force now. */
  readonly narrowed: (addresses: ReadonlySet<string>) => void;
  /** A fault of the program's own: nothing more is done. What the kernel enforces stays. */
  readonly broken: (error: unknown) => void;
}

/** How long what a change replaced stays in the kernel, for packets that are in it. */
const COLLECT_AFTER_MS = 1000;
/** How long nothing else is done after a comparison before what is left over is removed: packets take microseconds. */
const LEAVE_MS = 20;
const RETRY_FIRST_MS = 200;
const RETRY_LAST_MS = 30_000;

/** Where the reconciler stands. */
export interface ReconcilerState {
  /** The kernel has been given everything at least once. */
  readonly begun: boolean;
  /** The kernel holds everything that was told, as far as is known: a comparison may be looking whether it does. */
  readonly current: boolean;
  /** Why the last attempt failed; undefined after one that did not. */
  readonly failure: string | undefined;
}

/** What one pass brings into force. */
interface Pass {
  readonly compiler: NodeCompiler;
  readonly delta: Delta;
  /** When the first change that it has was seen. */
  readonly since: number | undefined;
  readonly marks: readonly (() => void)[];
  readonly reason: ResyncReason | undefined;
}

/**
 * Keeps the kernel's table as the compiler has it. Changes that come while a transaction is under way go into the next
 * one together. A transaction that fails, or somebody else's change, leads to a comparison of the whole table.
 */
export class Reconciler {
  readonly #kernel: Kernel;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #events: ReconcilerEvents;
  #compiler: NodeCompiler | undefined;
  /** There is something to do: at least to compare. */
  #dirty = false;
  /** What was told is not in force, or the table is known to differ; and what the pass under way is about. */
  #behind = false;
  #passBehind = false;
  #since: number | undefined;
  #resync: ResyncReason | undefined;
  #working = false;
  #passSince: number | undefined;
  #closed = false;
  #begun = false;
  #failure: KernelError | undefined;
  /** In a row. */
  #failures = 0;
  #retryMs = RETRY_FIRST_MS;
  #cancelRetry: (() => void) | undefined;
  #cancelCollect: (() => void) | undefined;
  #endPause: () => void = () => undefined;
  #marks: (() => void)[] = [];
  /** Of changes that are not in force yet. */
  #narrowed = new Set<string>();
  #idle: (() => void)[] = [];

  /** @param turns in which the compiler is told changes: it is asked for them in between */
  constructor(kernel: Kernel, clock: Clock, turns: Turns, events: ReconcilerEvents) {
    this.#kernel = kernel;
    this.#clock = clock;
    this.#turns = turns;
    this.#events = events;
  }

  get state(): ReconcilerState {
    return {
      begun: this.#begun,
      current: this.#begun && !this.#behind && !this.#passBehind,
      failure: this.#failure?.message,
    };
  }

  /** For how long the pass under way has been, in milliseconds; 0 when there is none. */
  get busyMs(): number {
    return this.#passSince === undefined ? 0 : this.#clock.now() - this.#passSince;
  }

  /** Takes over from what the table holds, whoever made it. Again with another compiler: from then on that is the one. */
  begin(compiler: NodeCompiler, reason: ResyncReason = 'start'): void {
    this.#compiler = compiler;
    this.#since ??= this.#clock.now();
    this.resync(reason);
  }

  /** The compiler was told something. @param since when it was seen, by the clock */
  changed(since: number): void {
    this.#dirty = true;
    this.#behind = true;
    this.#since ??= since;
    this.#wake();
  }

  /** Calls back once everything that was told until now is in force. */
  mark(done: () => void): void {
    this.#marks.push(done);
    this.changed(this.#clock.now());
  }

  /** Compares the whole table with what it should be. */
  resync(reason: ResyncReason): void {
    this.#resync ??= reason;
    this.#dirty = true;
    // A comparison without a reason to think that the table differs.
    if (reason !== 'periodic') this.#behind = true;
    this.#wake();
  }

  /** Ends after the transaction under way. The table stays. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#cancelCollect?.();
    this.#endPause();
    this.#turns.close();
    if (this.#working) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #wake(): void {
    if (this.#working || this.#closed || this.#compiler === undefined || this.#cancelRetry !== undefined) return;
    this.#working = true;
    // What is told in the same turn goes into one transaction.
    setImmediate(() => void this.#work());
  }

  async #work(first?: () => Promise<void>): Promise<void> {
    try {
      await first?.();
      while (this.#dirty && !this.#closed && this.#cancelRetry === undefined) {
        this.#passSince = this.#clock.now();
        await this.#pass();
      }
    } catch (error) {
      this.#closed = true;
      this.#events.broken(error);
    }
    this.#passSince = undefined;
    this.#working = false;
    for (const done of this.#idle.splice(0)) done();
  }

  *#take(): Steps<Pass | undefined> {
    const compiler = this.#compiler;
    if (compiler === undefined) return undefined;
    const since = this.#since;
    const marks = this.#marks.splice(0);
    const reason = this.#resync;
    this.#dirty = false;
    this.#passBehind = this.#behind;
    this.#behind = false;
    this.#since = undefined;
    this.#resync = undefined;
    const { delta, narrowed } = yield* compiler.takeSteps();
    for (const address of narrowed) this.#narrowed.add(address);
    return { compiler, delta, since, marks, reason };
  }

  async #pass(): Promise<void> {
    const pass = await this.#turns.take(() => this.#take());
    if (pass === undefined) return;
    const { compiler, delta, since, marks, reason } = pass;
    try {
      const changed = reason === undefined ? await this.#program(delta) : await this.#compare(compiler.ruleset, reason);
      this.#begun = true;
      this.#passBehind = false;
      this.#failure = undefined;
      this.#failures = 0;
      this.#retryMs = RETRY_FIRST_MS;
      if (since !== undefined && changed) this.#events.programmed((this.#clock.now() - since) / 1000);
      if (this.#narrowed.size > 0) this.#events.narrowed(this.#narrowed);
      this.#narrowed = new Set();
      for (const done of marks) done();
      this.#collectLater(compiler);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#marks.unshift(...marks);
      this.#since ??= since;
      this.#failed(error, reason);
    }
  }

  /** Answers whether there was something to do. */
  async #program(delta: Delta): Promise<boolean> {
    if (isEmptyDelta(delta)) return false;
    const { additions, changes, removals } = stepsOf(delta);
    // Chains that nothing leads to yet first, in a transaction of their own.
    for (const step of [additions, changes, removals]) {
      if (!isEmptyDelta(step)) await this.#run(await inSlices(deltaSteps(step)), elementsOf(step));
    }
    return true;
  }

  async #run(script: string, elements: number): Promise<void> {
    await this.#kernel.run(script);
    this.#events.committed(elements);
  }

  /** Answers whether the table was not as it should be. */
  async #compare(wanted: Ruleset, reason: ResyncReason): Promise<boolean> {
    const there = await this.#dump();
    // A difference that the kernel refuses again and again comes of a table that is not like ours at heart.
    const anew = there === undefined || !haveSameKinds(there, wanted) || this.#failures > 1;
    const before = anew ? { sets: new Map(), maps: new Map(), chains: new Map() } : there;
    const delta = await inSlices(diffSteps(before, wanted));
    const elements = elementsOf(delta);
    const differed = anew || !isEmptyDelta(delta);
    if (differed) this.#passBehind = true;
    if (anew) await this.#run(await inSlices(rulesetSteps(wanted)), elements);
    else await this.#replace(delta);
    this.#events.resynced(reason, differed ? Math.max(1, elements) : 0);
    // Under other rules than ours, connections may have come up that ours deny.
    if (differed) for (const address of guardedAddresses(wanted)) this.#narrowed.add(address);
    return differed;
  }

  /** First what comes, and only when no packet is on its way through the old rules any more, what goes. */
  async #replace(delta: Delta): Promise<void> {
    const { removals } = stepsOf(delta);
    await this.#program({ ...delta, removedSets: [], removedMaps: [], removedChains: [] });
    if (isEmptyDelta(removals)) return;
    await new Promise<void>((resolve) => {
      this.#endPause = resolve;
      this.#clock.after(LEAVE_MS, resolve);
    });
    // The next start finds what is left over now.
    if (!this.#closed) await this.#program(removals);
  }

  /** What the table holds; undefined when there is none, or one that is not in a form of ours: it is replaced whole. */
  async #dump(): Promise<Ruleset | undefined> {
    try {
      return await this.#kernel.dump();
    } catch (error) {
      if (error instanceof KernelError && error.code === 'foreign') return undefined;
      throw error;
    }
  }

  /** A first failure is looked into at once, by comparing; further ones wait longer each time. */
  #failed(error: KernelError, reason: ResyncReason | undefined): void {
    this.#failure = error;
    this.#failures++;
    this.#events.failed(error);
    this.#resync = 'error';
    this.#dirty = true;
    this.#behind = true;
    if (reason === undefined) return;
    this.#cancelRetry = this.#clock.after(this.#retryMs, () => {
      this.#cancelRetry = undefined;
      this.#wake();
    });
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LAST_MS);
  }

  #collectLater(compiler: NodeCompiler): void {
    if (!compiler.hasGarbage || this.#cancelCollect !== undefined || this.#closed) return;
    this.#cancelCollect = this.#clock.after(COLLECT_AFTER_MS, () => {
      this.#cancelCollect = undefined;
      if (this.#working || this.#dirty) {
        // Not between changes: their delta must not hold removals.
        this.#collectLater(compiler);
        return;
      }
      this.#working = true;
      void this.#work(() => this.#collect(compiler));
    });
  }

  async #collect(compiler: NodeCompiler): Promise<void> {
    try {
      // Another compiler has taken over: comparing has removed what this one left.
      if (compiler === this.#compiler) await this.#program(compiler.collect());
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#failed(error, undefined);
    }
  }
}
