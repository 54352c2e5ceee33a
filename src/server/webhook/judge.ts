import { Worker } from 'node:worker_threads';
import { objectKey } from '../../kube/object-key.ts';
import type { ObjectChange, ObjectSink } from '../../kube/source.ts';
import type { Diagnostic } from '../../model/source.ts';
import type { KubeObject } from '../../model/types.ts';
import { objectRef } from '../../model/types.ts';
import type { TextFile } from '../analyst/question.ts';
import type { Log } from '../log.ts';
import {
  Admission,
  type AdmissionChange,
  type AdmissionOptions,
  AdmissionOptionsError,
  readGuardrails,
} from './admission.ts';
import { type FromJudge, runJudge, type ToJudge } from './judging.ts';
import type { AdmissionVerdict } from './verdict.ts';

/** Changes that wait to be judged. */
const MOST_WAITING = 128;
/** Changes of the cluster that are told together, so that a thread that starts anew can be given all of them. */
const BATCH = 1000;

/** What became of judging a change within its time. */
export interface JudgeOutcome {
  readonly denials: readonly string[];
  readonly warnings: readonly string[];
  /** Everything that could have denied the change was judged. */
  readonly decided: boolean;
  /** What was not judged, and why. */
  readonly missing?: string;
}

/** Something that runs messages: a thread, or for tests this one. */
interface Runner {
  tell(message: ToJudge): void;
  close(): Promise<unknown>;
}

/**
 * Judges changes in a thread of its own, so that time is kept: who waits gets what is known when the time is up. The
 * state of the cluster is told to it as to any {@link ObjectSink}.
 */
export class Judge implements ObjectSink {
  #options: AdmissionOptions;
  readonly #log: Log;
  readonly #threaded: boolean;
  readonly #objects = new Map<string, KubeObject>();
  readonly #waiting = new Map<number, { readonly parts: AdmissionVerdict[]; end(missing?: string): void }>();
  #runner: Runner | undefined;
  #next = 0;
  #synced = false;
  #closed = false;

  /**
   * Throws {@link AdmissionOptionsError}.
   * @param threaded false judges in the thread that asks, for tests
   */
  constructor(options: AdmissionOptions, log: Log, threaded: boolean = true) {
    this.#options = options;
    this.#log = log;
    this.#threaded = threaded;
    // What is wrong with the options is to be known before there is a server.
    const admission = new Admission(options);
    this.#runner = threaded ? undefined : this.#localRunner(admission);
    if (threaded) this.#runner = this.#thread();
  }

  /** Guardrails instead of those before. Wrong ones are told of, and those before stay. */
  setGuardrails(guardrails: readonly TextFile[]): void {
    try {
      readGuardrails(guardrails);
    } catch (error) {
      if (!(error instanceof AdmissionOptionsError)) throw error;
      this.#log.error(`the guardrails stay as they were: ${error.message}`);
      return;
    }
    this.#options = { ...this.#options, guardrails };
    this.#runner?.tell({ type: 'guardrails', files: guardrails });
  }

  /** Whether the cluster is known. */
  get ready(): boolean {
    return this.#synced && !this.#closed;
  }

  apply(changes: readonly ObjectChange[]): void {
    // Where an object was read from says nothing here, and cannot be handed to another thread.
    const plain = changes.map((change): ObjectChange => {
      if (change.type === 'remove') return change;
      const { source: _, ...object } = change.object;
      return { type: 'set', object: object as KubeObject };
    });
    for (const change of plain) {
      if (change.type === 'set') this.#objects.set(objectKey(objectRef(change.object)), change.object);
      else this.#objects.delete(objectKey(change));
    }
    this.#runner?.tell({ type: 'apply', changes: plain });
  }

  synced(): void {
    this.#synced = true;
    this.#runner?.tell({ type: 'warm' });
  }

  problem({ severity, message, source }: Diagnostic): void {
    const place = source === undefined ? '' : `${source.file}:${source.line}: `;
    if (severity === 'error') this.#log.warn(`${place}${message}; what was read of it before stays in force`);
  }

  /**
   * What is to be said of a change, as far as it is known within a time. Never rejects.
   * @param milliseconds that the caller waits
   */
  judge(change: AdmissionChange, milliseconds: number): Promise<JudgeOutcome> {
    const none = (missing: string): JudgeOutcome => ({ denials: [], warnings: [], decided: false, missing });
    if (!this.ready) return Promise.resolve(none('the cluster is not known yet'));
    if (this.#waiting.size >= MOST_WAITING) return Promise.resolve(none('too many changes wait to be judged'));
    const id = this.#next++;
    const deadline = Date.now() + milliseconds;
    return new Promise((resolve) => {
      const parts: AdmissionVerdict[] = [];
      const end = (missing?: string): void => {
        if (!this.#waiting.delete(id)) return;
        clearTimeout(timer);
        resolve({
          denials: parts.flatMap(({ denials }) => denials),
          warnings: parts.flatMap(({ warnings }) => warnings),
          // Where no finding of lint denies anything, guardrails alone decide.
          decided: missing === undefined || (parts.length > 0 && this.#options.denyOn.length === 0),
          ...(missing === undefined ? {} : { missing }),
        });
      };
      const timer = setTimeout(() => {
        const what = parts.length === 0 ? 'judging' : 'lint';
        end(`${what} was not done within ${milliseconds / 1000} s`);
      }, milliseconds);
      this.#waiting.set(id, { parts, end });
      try {
        this.#runner?.tell({ type: 'judge', id, change, deadline });
      } catch {
        // Copying it to the thread recurses: no API server sends what is nested deep enough to fail.
        end('it is nested too deeply');
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { end } of [...this.#waiting.values()]) end('the server is stopping');
    await this.#runner?.close();
  }

  #take(answer: FromJudge): void {
    const waiting = this.#waiting.get(answer.id);
    if ('failure' in answer && answer.stack !== undefined) {
      this.#log.error(`a change could not be judged: ${answer.failure}`, { stack: answer.stack });
    }
    if ('part' in answer) waiting?.parts.push(answer.part);
    else if ('failure' in answer) waiting?.end(answer.stack === undefined ? answer.failure : 'an internal error');
    else waiting?.end();
  }

  #localRunner(admission: Admission): Runner {
    return {
      tell: (message) => runJudge(admission, message, (answer) => this.#take(answer)),
      close: async () => undefined,
    };
  }

  #thread(): Runner {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), { workerData: this.#options });
    worker.on('message', (answer: FromJudge) => this.#take(answer));
    worker.on('error', (error) => this.#restart(error));
    worker.unref();
    const objects = [...this.#objects.values()];
    const tell = (message: ToJudge): void => worker.postMessage(message);
    for (let at = 0; at < objects.length; at += BATCH) {
      const changes = objects.slice(at, at + BATCH).map((object): ObjectChange => ({ type: 'set', object }));
      tell({ type: 'apply', changes });
    }
    return { tell, close: () => worker.terminate() };
  }

  /** The thread is gone, for want of memory or by a bug: another one begins with what is known. */
  #restart(error: unknown): void {
    this.#log.error(`the thread that judges ended: ${error instanceof Error ? error.message : String(error)}`, {
      stack: error instanceof Error ? error.stack : undefined,
    });
    for (const { end } of [...this.#waiting.values()]) end('an internal error');
    if (!this.#closed && this.#threaded) this.#runner = this.#thread();
  }
}
