import type { FindingData } from '../../report/findings.ts';
import type { Analyst } from '../analyst/question.ts';
import type { InputState, LiveInput } from '../input/live-input.ts';

/** What is known of one version of the input once it has been understood. */
export interface Status {
  readonly version: number;
  readonly summary: Readonly<
    Record<'policies' | 'workloads' | 'namespaces' | 'objects' | 'ignored' | 'errors', number>
  >;
  readonly problems: readonly FindingData[];
}

/** Hands every version of the input to the analyst, and keeps what it says of the last. */
export class WorldStatus {
  readonly #analyst: Analyst;
  readonly #listeners = new Set<(status: Status) => void>();
  readonly #unsubscribe: () => void;
  #last: Status | undefined;
  #wanted = -1;
  #running = false;

  constructor(input: LiveInput, analyst: Analyst) {
    this.#analyst = analyst;
    const take = ({ version, files, synced }: InputState): void => {
      analyst.load(files);
      if (synced) this.#update(version);
    };
    this.#unsubscribe = input.subscribe(take);
    take(input.state);
  }

  /** Undefined while that version is not understood. */
  of(version: number): Status | undefined {
    return this.#last?.version === version ? this.#last : undefined;
  }

  /** Calls back for each version from now on. Answers how to stop that. */
  subscribe(listener: (status: Status) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#unsubscribe();
    this.#listeners.clear();
  }

  /** One question at a time: versions that are overtaken meanwhile are left out. */
  async #run(): Promise<void> {
    while (this.#wanted > (this.#last?.version ?? -1)) {
      const version = this.#wanted;
      const answer = await this.#analyst.ask({ op: 'summary' });
      if ('refusal' in answer) return;
      if (version !== this.#wanted) continue;
      this.#last = { version, ...(JSON.parse(answer.body) as Omit<Status, 'version'>) };
      for (const listener of [...this.#listeners]) listener(this.#last);
    }
  }

  #update(version: number): void {
    this.#wanted = version;
    if (this.#running) return;
    this.#running = true;
    this.#run()
      .catch(() => undefined)
      .finally(() => {
        this.#running = false;
      });
  }
}
