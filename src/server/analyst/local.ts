import { Answers } from './answers.ts';
import type { Analyst, AnalystOptions, Answer, Question, TextFile } from './question.ts';

/** Answers in the thread that asks: for tests, and where a thread of its own is not worth it. */
export class LocalAnalyst implements Analyst {
  readonly #answers: Answers;

  constructor(options: AnalystOptions) {
    this.#answers = new Answers(options);
  }

  load(files: readonly TextFile[]): void {
    this.#answers.load(files);
  }

  async ask(question: Question): Promise<Answer> {
    return this.#answers.answer(question);
  }

  async close(): Promise<void> {
    this.#answers.load([]);
  }
}
