import type { AgentOptions } from './options.ts';

/** What the kernel must offer is looked at this often: a bridge may be made long after the start. */
const AGAIN_MS = 60_000;

/** Whether the kernel still offers what enforcement needs. */
export class Needs {
  readonly #options: Pick<AgentOptions, 'clock' | 'kernel' | 'log'>;
  #lacks: readonly string[] = [];
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: Pick<AgentOptions, 'clock' | 'kernel' | 'log'>) {
    this.#options = options;
  }

  /** What the kernel lacks, as of the last look. */
  get lacks(): readonly string[] {
    return this.#lacks;
  }

  /** Looks again and again. Says once what is missing now and was not at the last look, and once that it is there again. */
  watch(): void {
    const { clock, kernel, log } = this.#options;
    // In between, a look may still be under way when the agent ends.
    if (this.#closed) return;
    this.#cancel = clock.after(AGAIN_MS, () => {
      kernel
        .preflight()
        .then((lacks) => {
          for (const problem of lacks) if (!this.#lacks.includes(problem)) log.error({}, problem);
          for (const problem of this.#lacks) if (!lacks.includes(problem)) log.info({}, `over: ${problem}`);
          this.#lacks = lacks;
        })
        .catch((error: Error) => log.warn({ reason: error.message }, 'what the kernel offers could not be looked at'))
        .finally(() => this.watch());
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }
}
