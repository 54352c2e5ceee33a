import type { ObjectChange } from '../../kube/source.ts';
import type { TextFile } from '../analyst/question.ts';
import { type Admission, type AdmissionChange, UnjudgedError } from './admission.ts';
import type { AdmissionVerdict } from './verdict.ts';

/** What an admission is told, here or in another thread. */
export type ToJudge =
  | { readonly type: 'apply'; readonly changes: readonly ObjectChange[] }
  /** Make ready for the first change: nobody is waiting yet. */
  | { readonly type: 'warm' }
  | { readonly type: 'guardrails'; readonly files: readonly TextFile[] }
  | {
      readonly type: 'judge';
      readonly id: number;
      readonly change: AdmissionChange;
      /** In milliseconds of `Date.now()`: later nobody waits for the answer. */
      readonly deadline: number;
    };

/** What it tells: a part of a verdict, that there are no more, or why there is none. */
export type FromJudge =
  | { readonly id: number; readonly part: AdmissionVerdict }
  | { readonly id: number; readonly done: true }
  /** `stack` where it is a bug. */
  | { readonly id: number; readonly failure: string; readonly stack?: string };

/** Runs one message through an admission, telling each part as soon as it is known. */
export function runJudge(admission: Admission, message: ToJudge, tell: (answer: FromJudge) => void): void {
  if (message.type === 'apply') admission.apply(message.changes);
  else if (message.type === 'warm') admission.warm();
  else if (message.type === 'guardrails') admission.setGuardrails(message.files);
  else judge(admission, message, tell);
}

function judge(
  admission: Admission,
  { id, change, deadline }: Extract<ToJudge, { type: 'judge' }>,
  tell: (answer: FromJudge) => void,
): void {
  if (Date.now() >= deadline) return;
  try {
    for (const part of admission.judge(change)) tell({ id, part });
    tell({ id, done: true });
  } catch (error) {
    if (error instanceof UnjudgedError) tell({ id, failure: error.message });
    else tell({ id, failure: String(error), stack: (error instanceof Error ? error.stack : undefined) ?? '' });
  }
}
