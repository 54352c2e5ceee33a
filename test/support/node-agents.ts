/** What agents keep true on the nodes of a cluster, in the kernels of these nodes. */

import type { Kernel } from '../../src/agent/kernel/kernel.ts';
import { Reconciler } from '../../src/agent/reconciler.ts';
import { type ClusterState, PolicyIndex } from '../../src/engine/index.ts';
import { type Clock, systemClock } from '../../src/kube/clock.ts';
import { Turns } from '../../src/kube/slices.ts';
import { type CompileOptions, NodeCompiler, type Ruleset } from '../../src/nft/index.ts';
import { tellChanges } from './simulated-nodes.ts';

/** Removing what is left over waits for so long at least. */
const COLLECTION_MS = 1000;

interface NodeAgent {
  readonly name: string;
  readonly compiler: NodeCompiler;
  readonly reconciler: Reconciler;
}

/** A compiler and a reconciler for each node. What the kernels hold when they begin is taken over, whatever made it. */
export class NodeAgents {
  readonly #agents: readonly NodeAgent[];
  readonly #failures: unknown[] = [];
  readonly #collections = new Set<() => void>();
  #state: ClusterState;

  constructor(kernels: ReadonlyMap<string, Kernel>, state: ClusterState, options: CompileOptions) {
    this.#state = state;
    const clock: Clock = {
      now: systemClock.now,
      after: (milliseconds, action) => {
        if (milliseconds < COLLECTION_MS) return systemClock.after(milliseconds, action);
        this.#collections.add(action);
        return () => this.#collections.delete(action);
      },
    };
    const nothing = (): void => undefined;
    const failed = (error: unknown): void => void this.#failures.push(error);
    const events = { committed: nothing, programmed: nothing, resynced: nothing, narrowed: nothing };
    this.#agents = Array.from(kernels, ([name, kernel]) => {
      const reconciler = new Reconciler(kernel, clock, new Turns(), { ...events, failed, broken: failed });
      const compiler = new NodeCompiler(new PolicyIndex(state), name, options);
      reconciler.begin(compiler);
      return { name, compiler, reconciler };
    });
  }

  /** Tells every node what makes the state another. */
  change(state: ClusterState): void {
    for (const { compiler } of this.#agents) tellChanges(compiler, this.#state, state);
    this.#state = state;
  }

  /** Until the kernels hold what was told. Rejects when one refused any of it. */
  async inForce(): Promise<void> {
    await Promise.all(this.#agents.map(({ reconciler }) => new Promise<void>((resolve) => reconciler.mark(resolve))));
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, 'a kernel refused a change');
  }

  /** Removes what changes have left over. */
  async collect(): Promise<void> {
    for (const action of this.#collections) {
      this.#collections.delete(action);
      action();
    }
    await this.inForce();
  }

  /** By node, as the compilers have them. */
  get rulesets(): ReadonlyMap<string, Ruleset> {
    return new Map(this.#agents.map(({ name, compiler }) => [name, compiler.ruleset]));
  }

  async close(): Promise<void> {
    for (const { reconciler } of this.#agents) await reconciler.close();
  }
}
