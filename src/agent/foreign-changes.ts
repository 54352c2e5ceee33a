import type { Clock } from '../kube/clock.ts';

/** Changes that come this long after the last repair, or later, are undone at once. Milliseconds. */
const CALM_MS = 1000;
const WAIT_FIRST_MS = 100;
/** The node is without rules meanwhile: long enough to end a fight, and not longer. */
const WAIT_LAST_MS = 1000;

/** What {@link ForeignChanges} wants to be done. */
export interface ForeignChangesEvents {
  /** The table is to be put right. */
  readonly repair: () => void;
  /** Somebody keeps changing the table: the next repair comes this much later, and it is longer than before. */
  readonly waiting: (milliseconds: number) => void;
}

/**
 * When to undo what others do to the table: at once. Only somebody who comes back again and again within a second makes the
 * repairs wait, longer each time, so that two who undo each other do not keep the node busy.
 */
export class ForeignChanges {
  readonly #clock: Clock;
  readonly #events: ForeignChangesEvents;
  /** When the table was put right last. */
  #repaired = Number.NEGATIVE_INFINITY;
  #wait = 0;
  #told = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, events: ForeignChangesEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** The table differs, and a repair waits. */
  get waiting(): boolean {
    return this.#cancel !== undefined;
  }

  /** Somebody changed the table. */
  note(): void {
    if (this.#cancel !== undefined) return;
    if (this.#clock.now() - this.#repaired >= CALM_MS) {
      this.#wait = 0;
      this.#told = 0;
    }
    if (this.#wait === 0) {
      this.#wait = WAIT_FIRST_MS;
      // Until it is known how long the repair takes, it counts from its beginning.
      this.#repaired = this.#clock.now();
      this.#events.repair();
      return;
    }
    this.#cancel = this.#clock.after(this.#wait, () => {
      this.#cancel = undefined;
      this.#repaired = this.#clock.now();
      this.#events.repair();
    });
    if (this.#wait > this.#told) this.#events.waiting(this.#wait);
    this.#told = this.#wait;
    this.#wait = Math.min(2 * this.#wait, WAIT_LAST_MS);
  }

  /** The table has been put right. */
  repaired(): void {
    this.#repaired = this.#clock.now();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
