import { buildState, type PodInfo, PolicyIndex } from '../engine/index.ts';
import { Turns } from '../kube/slices.ts';
import type { ObjectChange, ObjectSource } from '../kube/source.ts';
import type { Diagnostic } from '../model/source.ts';
import type { Steps } from '../model/steps.ts';
import type { KubeObject } from '../model/types.ts';
import { AddressSet } from '../net/address-set.ts';
import {
  type CompileOptions,
  compileNode,
  DEFAULT_OPTIONS,
  enforcesAnything,
  type NodeCompiler,
  type Ruleset,
  renderRemoval,
  renderRuleset,
  trackingOnly,
} from '../nft/index.ts';
import { ClusterFeed } from './cluster-feed.ts';
import { Denials } from './denials.ts';
import { type AgentStatus, Endpoint, type ListenAddress } from './endpoint.ts';
import { ForeignChanges } from './foreign-changes.ts';
import { InputProblems } from './input-problems.ts';
import { type Closer, type Kernel, KernelError } from './kernel/kernel.ts';
import { AgentMetrics } from './metrics.ts';
import { Needs } from './needs.ts';
import { AgentError, type AgentOptions } from './options.ts';
import { Reconciler, type ResyncReason } from './reconciler.ts';
import { Revoker } from './revoker.ts';
import { OTHER_AGENT, Standby, WAITS_FOR_OTHER } from './standby.ts';
import { StartGate } from './start-gate.ts';

/** The whole table is compared with what it should be this often, though nobody said that it differs. */
const PERIODIC_MS = 300_000;
/** A transaction that takes longer than this is stuck. */
const STUCK_MS = 60_000;
/** So many problems of the input are in the status. */
const PROBLEMS_TOLD = 5;
const NO_PODS = 'there are no pods in the files, which may not be there yet';
const NO_NODE = 'there is no Node object of this name: --node must be what pods have in spec.nodeName';

/** Enforces the policies of a cluster on one node: from what a source tells to the kernel's table. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #feed: ClusterFeed;
  /** What is told, and what is made of it, one after the other: a ruleset is of all of a batch or nothing. */
  readonly #turns: Turns;
  /** So much of what was told waits for its turn, or has it. */
  #waiting = 0;
  readonly #reconciler: Reconciler;
  readonly #revoker: Revoker;
  readonly #source: ObjectSource;
  readonly #foreign: ForeignChanges;
  readonly #standby: Standby;
  readonly #needs: Needs;
  readonly #denials: Denials;
  readonly metrics: AgentMetrics;
  /**
   * Resolves with the error when a fault of the program's own has ended the work: nothing is followed any more, and what the
   * kernel enforces stays. The agent is to be stopped then.
   */
  readonly broken: Promise<unknown>;
  #break: (error: unknown) => void = () => undefined;
  readonly #closers: Closer[] = [];
  #compiler: NodeCompiler | undefined;
  #endpoint: Endpoint | undefined;
  #synced = false;
  readonly #problems = new InputProblems();
  readonly #gate: StartGate;
  #digest: string | undefined;
  #strictRange: AddressSet = AddressSet.EMPTY;
  #closed = false;
  #fault: string | undefined;
  #cancelPeriodic: (() => void) | undefined;
  /** Ends the watch for connections that are older than connection tracking. */
  #endAdoption: (() => void) | undefined;

  constructor(options: AgentOptions) {
    const { kernel, clock, log, node } = options;
    this.#options = options;
    this.broken = new Promise((resolve) => {
      this.#break = (error) => {
        this.#fault ??= `a fault of the agent: ${error instanceof Error ? error.message : String(error)}`;
        resolve(error);
      };
    });
    this.#feed = new ClusterFeed(node);
    this.#turns = new Turns(options.pauses);
    this.metrics = new AgentMetrics(() => ({
      cluster: this.#feed.state,
      node,
      isolated: this.#compiler?.isolatedPods ?? 0,
      problems: this.#problems.number,
    }));
    this.#reconciler = new Reconciler(kernel, clock, this.#turns, {
      committed: (elements) => {
        this.metrics.committed(elements);
        log.debug({ elements }, 'committed');
      },
      programmed: (seconds) => {
        this.metrics.programming.observe(seconds);
        log.debug({ seconds }, 'in force');
      },
      resynced: (reason, elements) => {
        this.metrics.resynced(reason);
        this.#foreign.repaired();
        log[reason === 'start' || elements > 0 ? 'info' : 'debug']({ reason, elements }, 'ruleset compared');
      },
      failed: (error) => {
        this.metrics.transactionErrors.inc({ code: error.code });
        log.error({ code: error.code, reason: error.message }, 'the kernel refused a change');
      },
      narrowed: (addresses) => this.#revoker.note(addresses),
      broken: (error) => this.#break(error),
    });
    this.#standby = new Standby(kernel, clock, log);
    this.#needs = new Needs(options);
    this.#denials = new Denials(options, this.metrics, () => this.#compiler);
    this.#gate = new StartGate(log, { doubt: () => this.#doubt(), open: () => this.#enforce('start') });
    this.#foreign = new ForeignChanges(clock, {
      repair: () => this.#repair('foreign-change'),
      waiting: (milliseconds) => {
        const what = `somebody keeps changing the table: it is put right in ${milliseconds} ms`;
        log.warn({ milliseconds }, `${what}; nft monitor shows the changes`);
      },
    });
    this.#revoker = new Revoker(kernel, clock, this.#turns, {
      node,
      compiler: () => (options.audit ? undefined : this.#compiler),
      strictRange: () => this.#strictRange,
      cut: (count) => {
        this.metrics.cut.inc(count);
        log.info({ count }, 'connections cut that are not allowed any more');
      },
      failed: (error) => log.error({ reason: error.message }, 'open connections could not be judged'),
    });
    this.#source = options.source({
      onRead: (digest) =>
        this.#told(
          this.#turns.do(() =>
            this.#reconciler.mark(() => {
              this.#digest = digest;
            }),
          ),
        ),
      onRestart: (resource) => this.metrics.watchRestarts.inc({ resource }),
    });
  }

  /**
   * Begins to enforce, once no other agent does in this network namespace. Resolves when the source has begun;
   * {@link status} says when the kernel holds everything.
   * Rejects with {@link AgentError} when the kernel lacks or refuses something, or the address to listen on is taken.
   */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      if (error instanceof KernelError) throw new AgentError([error.message]);
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { clock, kernel, listen, log, node } = this.#options;
    const problems = await kernel.preflight();
    if (problems.length > 0) throw new AgentError(problems);
    if (this.#closed) return;
    const alone = await kernel.claim();
    // Another agent may have the address too, until it ends.
    if (listen !== undefined) this.#endpoint = await this.#listen(listen, !alone);
    if (!alone) await this.#standby.wait();
    if (this.#closed) return;
    if (listen !== undefined) this.#endpoint ??= await this.#listen(listen);
    const denials = await this.#denials.receive();
    if (denials !== undefined) this.#closers.push(denials);
    const { adopted, enforces } = await this.#prepare();
    if (this.#closed) return;
    if (!this.#options.audit) this.#closers.push(await kernel.watch(() => this.#foreign.note()));
    this.#comparePeriodically();
    this.#needs.watch();
    log.info({ node, audit: this.#options.audit, strict: this.#options.strict }, 'agent started');
    await this.#source.start({
      apply: (changes) => {
        const seen = clock.now();
        this.#told(this.#turns.take(() => this.#apply(changes, seen)));
      },
      synced: () => this.#told(this.#turns.take(() => this.#begin(adopted, enforces))),
      problem: (diagnostic, refused, lacks = false) => this.#problem(diagnostic, refused, lacks),
      resolved: (diagnostic) => this.#resolved(diagnostic),
      broken: (error) => this.#break(error),
    });
  }

  /** Where it listens; undefined when it does not. */
  get url(): string | undefined {
    return this.#endpoint?.url;
  }

  /** Ends. What the kernel enforces stays in force. */
  async stop(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelPeriodic?.();
    this.#needs.close();
    this.#endAdoption?.();
    this.#standby.close();
    this.#foreign.close();
    await this.#source.close();
    await this.#reconciler.close();
    await this.#revoker.close();
    for (const closer of this.#closers) await closer.close();
    await this.#endpoint?.close();
    await this.#options.kernel.close();
  }

  status(): AgentStatus {
    const { node, audit, strict, version } = this.#options;
    const reason = this.#notReady();
    const { pods, policies, clusterPolicies } = this.#feed.state;
    const local = this.#localPods().length;
    this.metrics.ready.set(reason === undefined ? 1 : 0);
    return {
      node,
      ready: reason === undefined,
      ...(this.#digest === undefined ? {} : { digest: this.#digest }),
      ...(reason === undefined ? {} : { reason }),
      audit,
      strict,
      pods: { local, isolated: this.#compiler?.isolatedPods ?? 0, known: pods.size },
      policies: policies.size + clusterPolicies.size,
      problems: { number: this.#problems.number, first: this.#problems.first(PROBLEMS_TOLD) },
      version,
      pid: process.pid,
    };
  }

  #notReady(): string | undefined {
    if (this.#fault !== undefined) return this.#fault;
    if (this.#standby.waiting) return WAITS_FOR_OTHER;
    if (!this.#synced) return 'the state of the cluster is not known yet';
    if (this.#gate.reason !== undefined) return this.#gate.reason;
    const { begun, current, failure } = this.#reconciler.state;
    if (failure !== undefined) return `the kernel refused a change: ${failure}`;
    if (!begun) return 'the kernel does not have the rules yet';
    if (!this.#feed.knowsNode && this.#feed.state.nodes.size > 0) return NO_NODE;
    if (this.#foreign.waiting) return 'somebody keeps changing the table';
    if (!current || this.#waiting > 0) return 'a change is on its way to the kernel';
    if (this.#needs.lacks.length > 0) return this.#needs.lacks.join('; ');
    const lacking = this.#lacking;
    if (lacking !== undefined) return `the kernel does not hold what was written: ${lacking}`;
    return this.#strictGap();
  }

  /** What strict mode leaves open for want of a range. */
  #strictGap(): string | undefined {
    if (!this.#options.strict) return undefined;
    if (this.#strictRange.isEmpty()) return 'strict mode does not know the pod range of the node: give --pod-cidr';
    const used = new Set(this.#localPods().flatMap(({ addresses }) => addresses.map(({ family }) => family)));
    const open = [...used].find((family) => this.#strictRange.ofFamily(family).isEmpty());
    if (open === undefined) return undefined;
    return `strict mode knows no ${open} range, and pods of this node have ${open} addresses: give --pod-cidr`;
  }

  #localPods(): PodInfo[] {
    const { node } = this.#options;
    return [...this.#feed.state.pods.values()].filter((pod) => pod.node === node && !pod.hostNetwork);
  }

  /** What an error hides, unless that is left out on purpose. */
  get #lacking(): string | undefined {
    return this.#options.skipInvalid === true ? undefined : this.#problems.lacking;
  }

  /** Why what was told may be less than what there is, so that it must not take anything away from a table. */
  #doubt(): string | undefined {
    const { nodes, pods } = this.#feed.state;
    if (this.#lacking !== undefined) return this.#lacking;
    if (pods.size === 0 && !this.#source.certain) return NO_PODS;
    return !this.#feed.knowsNode && nodes.size > 0 && this.#localPods().length === 0 ? NO_NODE : undefined;
  }

  #compileOptions(): CompileOptions {
    const { denial, audit, flowLog } = this.#options;
    const log =
      flowLog === undefined
        ? {}
        : { log: { group: flowLog.group, ratePerSecond: flowLog.ratePerSecond, burst: flowLog.burst } };
    return { ...DEFAULT_OPTIONS, denial, audit, strictRange: this.#strictRange, ...log };
  }

  /**
   * Before the state of the cluster is known. A table that is there stays as it is. In strict mode without one, pods
   * get nothing until they are known; else connections that are older than connection tracking are taken notice of.
   * Answers whether such connections were adopted, and whether the table that was there enforces something.
   */
  async #prepare(): Promise<{ readonly adopted: boolean; readonly enforces: boolean }> {
    const { kernel, strict, node, podRange, adoptMs, audit, clock } = this.#options;
    if (strict) this.#strictRange = podRange;
    const table = await this.#table();
    if (table !== undefined) return { adopted: false, enforces: this.#enforces(table) };
    const nothing = { adopted: false, enforces: false };
    if (strict && !podRange.isEmpty()) {
      await kernel.run(renderRuleset(compileNode(new PolicyIndex(buildState([])), node, this.#compileOptions())));
      return nothing;
    }
    if (audit || adoptMs <= 0 || (await kernel.connections()).length > 0) return nothing;
    await kernel.run(renderRuleset(trackingOnly()));
    await new Promise<void>((resolve) => {
      const cancel = clock.after(adoptMs, resolve);
      this.#endAdoption = () => {
        cancel();
        resolve();
      };
    });
    return { adopted: true, enforces: false };
  }

  /** What the kernel has of ours; `foreign` for a table of our name in another form, such as that of another version. */
  async #table(): Promise<Ruleset | 'foreign' | undefined> {
    try {
      return await this.#options.kernel.dump();
    } catch (error) {
      if (error instanceof KernelError && error.code === 'foreign') return 'foreign';
      throw error;
    }
  }

  /** What the source tells takes its turn. What is thrown there is a fault. */
  #told(done: Promise<unknown>): void {
    this.#waiting++;
    done
      .catch((error: unknown) => this.#break(error))
      .finally(() => {
        this.#waiting--;
      });
  }

  /** @param enforces whether a table was there that enforces something: what is doubtful must not narrow that */
  *#begin(adopted: boolean, enforces: boolean): Steps<void> {
    const { log, node, strict } = this.#options;
    if (strict) this.#strictRange = this.#options.podRange.union(this.#feed.podRanges);
    this.#revoker.lenient = adopted;
    this.#compiler = yield* this.#feed.begin(this.#compileOptions());
    this.#synced = true;
    if (enforces) this.#gate.begin();
    if (this.#gate.reason !== undefined) {
      // It may have been taken away while the source was read.
      this.#repair('start');
      return;
    }
    const { nodes, pods } = this.#feed.state;
    if (!this.#feed.knowsNode && nodes.size > 0) {
      log.warn({ node }, NO_NODE);
    } else if (nodes.size === 0 && pods.size > 0 && this.status().pods.local === 0) {
      log.warn({ node }, 'no pod runs on a node of this name: --node must be what pods have in spec.nodeName');
    } else if (pods.size === 0) {
      log.warn({}, 'there are no pods: nothing is enforced');
    }
    const gap = this.#strictGap();
    if (gap !== undefined) log.warn({}, gap);
    this.#enforce('start');
  }

  #enforce(reason: ResyncReason): void {
    if (this.#gate.reason !== undefined || this.#compiler === undefined) return;
    this.#reconciler.begin(this.#compiler, reason);
    this.#judgeUnknown();
  }

  /** Somebody may have changed the table. One that is kept and gone cannot be kept any more. */
  #repair(reason: ResyncReason): void {
    if (this.#gate.reason === undefined) {
      this.#reconciler.resync(reason);
      return;
    }
    this.#table()
      .then((table) => {
        if (!this.#enforces(table)) this.#told(this.#turns.do(() => this.#gate.gone()));
      })
      .catch((error: unknown) => {
        if (!(error instanceof KernelError)) this.#break(error);
        else this.#options.log.warn({ reason: error.message }, 'the table that is kept could not be looked at');
      });
  }

  /** Whether a table denies anything; of one in another form nobody can tell. */
  #enforces(table: Ruleset | 'foreign' | undefined): boolean {
    return table === 'foreign' || (table !== undefined && enforcesAnything(table));
  }

  /** Whatever else has changed: connections of pods that are not known may be older than the rules that deny them. */
  #judgeUnknown(): void {
    if (!this.#strictRange.isEmpty()) this.#reconciler.mark(() => this.#revoker.note(new Set()));
  }

  *#apply(changes: readonly ObjectChange[], seen: number): Steps<void> {
    yield* this.#feed.apply(changes);
    if (!this.#synced) return;
    const range = this.#options.podRange.union(this.#feed.podRanges);
    if (this.#options.strict && !range.equals(this.#strictRange)) {
      this.#strictRange = range;
      this.#compiler = yield* this.#feed.begin(this.#compileOptions());
      this.#enforce('options');
    }
    this.#reconciler.changed(seen);
    this.#gate.reconsider();
  }

  *#refuse(policy: KubeObject, seen: number): Steps<void> {
    yield* this.#feed.refuse(policy);
    if (this.#synced) this.#reconciler.changed(seen);
  }

  #problem(diagnostic: Diagnostic, refused: KubeObject | undefined, lacks: boolean): void {
    const { log } = this.#options;
    const { severity, message, source, object } = diagnostic;
    const place = source === undefined ? undefined : `${source.file}:${source.line}:${source.column}`;
    log[severity === 'error' ? 'error' : 'warn']({ place, object }, message);
    this.#problems.add(diagnostic, lacks);
    if (refused === undefined) return;
    const seen = this.#options.clock.now();
    this.#told(this.#turns.take(() => this.#refuse(refused, seen)));
  }

  #resolved(diagnostic: Diagnostic): void {
    this.#options.log.info({ object: diagnostic.object, source: diagnostic.source }, `over: ${diagnostic.message}`);
    this.#problems.resolve(diagnostic);
    // Only after everything that is told with it: another problem may have come.
    setImmediate(() => this.#told(this.#turns.do(() => this.#gate.reconsider())));
  }

  #comparePeriodically(): void {
    const { clock } = this.#options;
    this.#cancelPeriodic = clock.after(PERIODIC_MS, () => {
      if (this.#synced) this.#repair('periodic');
      this.#comparePeriodically();
    });
  }

  /** @param patient answers undefined when the address is taken */
  #listen(address: ListenAddress, patient?: false): Promise<Endpoint>;
  #listen(address: ListenAddress, patient: boolean): Promise<Endpoint | undefined>;
  #listen(address: ListenAddress, patient = false): Promise<Endpoint | undefined> {
    return Endpoint.open(address, {
      status: () => this.status(),
      metrics: this.metrics,
      unhealthy: () =>
        this.#reconciler.busyMs > STUCK_MS
          ? `a transaction has not ended for ${this.#reconciler.busyMs} ms`
          : this.#fault,
      refresh: async () => {
        this.status();
        await this.#denials.count();
      },
    }).catch((error: NodeJS.ErrnoException) => {
      if (patient && error.code === 'EADDRINUSE') return undefined;
      throw new AgentError([`cannot listen: ${error.message}`]);
    });
  }
}

/**
 * Takes the table away, whether it is there or not: nothing is enforced any more. Rejects with {@link AgentError} while an
 * agent runs, which would put it back.
 */
export async function cleanUp(kernel: Kernel): Promise<void> {
  try {
    if (!(await kernel.claim())) {
      throw new AgentError([`${OTHER_AGENT} and would put the table back: end it first`]);
    }
    await kernel.run(renderRemoval());
  } finally {
    await kernel.close();
  }
}
