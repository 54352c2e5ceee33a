import type { Clock } from '../../src/kube/clock.ts';

interface Alarm {
  readonly at: number;
  readonly action: () => void;
}

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  readonly #alarms = new Set<Alarm>();
  #now = 0;
  /** Called whenever an alarm is set, with its delay. */
  onWait: (milliseconds: number) => void = () => undefined;

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, action: () => void): () => void {
    const alarm = { at: this.#now + milliseconds, action };
    this.#alarms.add(alarm);
    this.onWait(milliseconds);
    return () => this.#alarms.delete(alarm);
  }

  /** How many actions are waiting. */
  get waiting(): number {
    return this.#alarms.size;
  }

  /** Goes on, running what becomes due in order, also what is set meanwhile. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#alarms].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#alarms.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.action();
    }
    this.#now = end;
  }
}
