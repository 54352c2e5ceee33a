/** The thread of the built server that answers questions: given up, crashed, started anew. */

import { afterEach, expect, test, vi } from 'vitest';
import type { Answer, Question } from '../../src/server/analyst/question.ts';
import type { ThreadAnalyst } from '../../src/server/analyst/thread.ts';
import { SHOP } from '../cli/run-main.ts';
import { root } from '../package/run.ts';
import { WORLD_OPTIONS } from '../support/server.ts';

const CAN: Question = { op: 'can', from: 'shop/web', to: 'shop/cart', port: '7070' };

const analysts: ThreadAnalyst[] = [];

/** Of the built package: a thread is started from a file that Node.js can run by itself. */
async function analyst(): Promise<{ readonly thread: ThreadAnalyst; readonly reported: unknown[] }> {
  const module = (await import(`${root}/dist/server/analyst/thread.js`)) as {
    readonly ThreadAnalyst: typeof ThreadAnalyst;
  };
  const reported: unknown[] = [];
  const thread = new module.ThreadAnalyst(WORLD_OPTIONS, (error) => reported.push(error));
  analysts.push(thread);
  thread.load(Object.entries(SHOP).map(([name, text]) => ({ name, text })));
  return { thread, reported };
}

afterEach(async () => {
  vi.useRealTimers();
  for (const thread of analysts.splice(0)) await thread.close();
});

/** `answered`, or the status and the reason of a refusal. */
function said(answer: Answer): string {
  if ('refusal' in answer) return `${answer.refusal.status} ${answer.refusal.detail}`;
  return typeof JSON.parse(answer.body) === 'object' ? 'answered' : answer.body;
}

test('a question that takes too long is given up, with those behind it; later ones are answered', async () => {
  const { thread, reported } = await analyst();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const asked = [thread.ask({ op: 'validate' }), thread.ask(CAN)];
  // The clock of the questions runs out before the thread could begin.
  vi.advanceTimersByTime(30_000);
  vi.useRealTimers();
  expect((await Promise.all(asked)).map(said)).toEqual([
    '503 this took longer than 30 s and was given up; ask for less',
    '503 the question before this one took too long; ask again',
  ]);
  // A new thread, which knows the texts.
  expect(said(await thread.ask(CAN))).toBe('answered');
  expect(reported).toEqual([]);
});

test('a failure inside is reported, not told, and the next question is answered', async () => {
  const { thread, reported } = await analyst();
  expect(said(await thread.ask(CAN))).toBe('answered');
  const broken = { ...CAN, from: 7 } as unknown as Question;
  expect(said(await thread.ask(broken))).toBe('503 the answer failed inside portcullis; its log has the reason');
  expect(reported).toEqual([expect.any(Error)]);
  expect(said(await thread.ask(CAN))).toBe('answered');
});

test('questions beyond those that may wait are refused at once', async () => {
  const { thread } = await analyst();
  const asked = Array.from({ length: 33 }, () => thread.ask(CAN));
  const answers = (await Promise.all(asked)).map(said);
  expect(answers.slice(0, 32)).toEqual(Array.from({ length: 32 }, () => 'answered'));
  expect(answers[32]).toBe('503 too many questions wait for an answer; ask again later');
});

test('closing refuses what waits and what comes after', async () => {
  const { thread } = await analyst();
  const waiting = thread.ask(CAN);
  await thread.close();
  const after = await thread.ask(CAN);
  expect([said(await waiting), said(after)]).toEqual(['503 the server is stopping', '503 the server is stopping']);
});
