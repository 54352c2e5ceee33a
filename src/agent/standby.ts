import type { Clock } from '../kube/clock.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { AgentLog } from './options.ts';

/** How often to look whether the other agent of the node has ended, and to say that it has not. Milliseconds. */
const LOOK_MS = 250;
const REMIND_MS = 60_000;

/** Why the kernel could not be claimed. */
export const OTHER_AGENT = 'another agent runs in this network namespace';
/** Why an agent is not ready that waits. */
export const WAITS_FOR_OTHER = `${OTHER_AGENT}: waiting until it ends`;

/** Waits until another agent of the network namespace has ended, and has the kernel then. */
export class Standby {
  readonly #kernel: Kernel;
  readonly #clock: Clock;
  readonly #log: AgentLog;
  #waiting = false;
  #closed = false;
  #endPause: (() => void) | undefined;

  constructor(kernel: Kernel, clock: Clock, log: AgentLog) {
    this.#kernel = kernel;
    this.#clock = clock;
    this.#log = log;
  }

  get waiting(): boolean {
    return this.#waiting;
  }

  /**
   * For as long as it takes: the other one may be about to end, and this one is there when it ends for another reason.
   * Resolves also when this is closed, without the kernel then. Rejects with KernelError.
   */
  async wait(): Promise<void> {
    this.#waiting = true;
    this.#log.warn({}, WAITS_FOR_OTHER);
    let told = this.#clock.now();
    do {
      await this.#pause();
      if (this.#closed) return;
      if (this.#clock.now() - told >= REMIND_MS) {
        told = this.#clock.now();
        this.#log.warn({}, `${OTHER_AGENT}: still waiting`);
      }
    } while (!(await this.#kernel.claim()) && !this.#closed);
    if (this.#closed) return;
    this.#waiting = false;
    this.#log.info({}, 'the other agent has ended');
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(LOOK_MS, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }

  close(): void {
    this.#closed = true;
    this.#endPause?.();
  }
}
