import { Worker } from 'node:worker_threads';
import type { Analyst, AnalystOptions, Answer, Question, Refusal, TextFile } from './question.ts';
import type { ToWorker } from './worker.ts';

/** Milliseconds that one question may take. */
const PATIENCE = 30_000;
/** Questions that wait for the one that is being answered. */
const MOST_WAITING = 32;

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Answers in a thread of its own, so that no question, however large, keeps the server from answering others. A question
 * that takes too long, or for which the memory does not suffice, is refused, and the thread is started anew.
 */
export class ThreadAnalyst implements Analyst {
  readonly #options: AnalystOptions;
  readonly #patience: number;
  readonly #report: (error: unknown) => void;
  readonly #pending = new Map<number, Pending>();
  #files: readonly TextFile[] = [];
  #worker: Worker | undefined;
  #next = 0;
  #closed = false;

  /**
   * @param report told of a failure inside the thread
   * @param patience milliseconds that one question may take, for tests
   */
  constructor(options: AnalystOptions, report: (error: unknown) => void, patience: number = PATIENCE) {
    this.#options = options;
    this.#report = report;
    this.#patience = patience;
  }

  load(files: readonly TextFile[]): void {
    this.#files = files;
    this.#tell({ type: 'load', files });
  }

  ask(question: Question): Promise<Answer> {
    if (this.#closed) return Promise.resolve({ refusal: unavailable('the server is stopping') });
    if (this.#pending.size >= MOST_WAITING) {
      return Promise.resolve({ refusal: unavailable('too many questions wait for an answer; ask again later') });
    }
    const id = this.#next++;
    this.#start();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const seconds = Math.round(this.#patience / 1000);
        this.#fail(id, `this took longer than ${seconds} s and was given up; ask for less`);
      }, this.#patience);
      this.#pending.set(id, { resolve, timer });
      this.#tell({ type: 'ask', id, question });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#refuseAll('the server is stopping');
    await worker?.terminate();
  }

  #start(): void {
    if (this.#worker !== undefined) return;
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), { workerData: this.#options });
    this.#worker = worker;
    worker.on('message', ({ id, answer }: { readonly id: number; readonly answer: Answer }) => {
      const pending = this.#pending.get(id);
      if (pending === undefined) return;
      this.#pending.delete(id);
      clearTimeout(pending.timer);
      pending.resolve(answer);
    });
    worker.on('error', (error) => {
      this.#report(error);
      if (this.#worker === worker) this.#lose(reasonOf(error));
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#lose('the thread that computes ended');
    });
    // It must not keep a process alive whose server has stopped.
    worker.unref();
    this.#tell({ type: 'load', files: this.#files });
  }

  #tell(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  /** The thread is stuck with one question: it goes, with those that wait behind. */
  #fail(id: number, reason: string): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.resolve({ refusal: unavailable(reason) });
    this.#lose('the question before this one took too long; ask again');
  }

  #lose(reason: string): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#refuseAll(reason);
    worker?.terminate().catch(() => undefined);
  }

  #refuseAll(reason: string): void {
    for (const { resolve, timer } of this.#pending.values()) {
      clearTimeout(timer);
      resolve({ refusal: unavailable(reason) });
    }
    this.#pending.clear();
  }
}

function unavailable(detail: string): Refusal {
  return { status: 503, title: 'no answer', detail };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return 'the memory does not suffice for this answer; ask for less';
  return 'the answer failed inside portcullis; its log has the reason';
}
