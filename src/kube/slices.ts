import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Steps } from '../model/steps.ts';

/** How long the event loop may be held at a time, in milliseconds. */
const SLICE_MS = 8;

/**
 * A function to call between steps of long work. It answers undefined as long as the work may go on, and something to
 * wait for, which lets the event loop turn, once it has gone on for long enough.
 */
export type Pause = () => Promise<void> | undefined;

/** Pauses by the clock of this process. */
export function pauses(): Pause {
  let since = performance.now();
  return () => {
    if (performance.now() - since < SLICE_MS) return undefined;
    return nextTurn().then(() => {
      since = performance.now();
    });
  };
}

/** Does all steps, and lets the event loop turn in between. Rejects with what the steps throw. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  // Never closed, so there is a result.
  return (await new Turns().take(() => steps)) as T;
}

interface Turn {
  readonly steps: () => Steps<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Work that takes turns: one piece at a time, in the order in which they were told, each in slices. What is short, and
 * told while nothing is under way, has been done when {@link Turns.take} returns.
 */
export class Turns {
  readonly #makePause: () => Pause;
  readonly #waiting: Turn[] = [];
  #busy = false;
  #closed = false;

  constructor(makePause: () => Pause = pauses) {
    this.#makePause = makePause;
  }

  /** Whether something is under way. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Does work once everything before is done. Resolves to its result, or to undefined when {@link Turns.close} came before
   * its end; rejects with what it throws.
   */
  take<T>(steps: () => Steps<T>): Promise<T | undefined> {
    const done = new Promise((resolve, reject) => this.#waiting.push({ steps, resolve, reject }));
    if (!this.#busy) void this.#work();
    return done as Promise<T | undefined>;
  }

  /** Does work of one step once everything before is done. */
  async do(action: () => void): Promise<void> {
    await this.take(function* () {
      action();
      yield;
    });
  }

  /** Gives up what is under way, at its next pause, and what waits or comes. */
  close(): void {
    this.#closed = true;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    const pause = this.#makePause();
    for (let turn = this.#waiting.shift(); turn !== undefined; turn = this.#waiting.shift()) {
      try {
        const steps = turn.steps();
        for (let result: IteratorResult<undefined, unknown> | undefined; result?.done !== true; ) {
          result = this.#closed ? { done: true, value: undefined } : steps.next();
          if (result.done === true) turn.resolve(result.value);
          const pausing = this.#closed ? undefined : pause();
          if (pausing !== undefined) await pausing;
        }
      } catch (error) {
        turn.reject(error);
      }
    }
    this.#busy = false;
  }
}
