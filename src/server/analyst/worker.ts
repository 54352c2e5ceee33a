/** The thread that answers questions; `thread.ts` starts it and talks to it. */

import { parentPort, workerData } from 'node:worker_threads';
import { Answers } from './answers.ts';
import type { AnalystOptions, Question, TextFile } from './question.ts';

/** What the thread is told. */
export type ToWorker =
  | { readonly type: 'load'; readonly files: readonly TextFile[] }
  | { readonly type: 'ask'; readonly id: number; readonly question: Question };

const answers = new Answers(workerData as AnalystOptions);

parentPort?.on('message', (message: ToWorker) => {
  if (message.type === 'load') answers.load(message.files);
  else parentPort?.postMessage({ id: message.id, answer: answers.answer(message.question) });
});
