import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Steps } from '../model/steps.ts';
import { inSlices, Turns } from './slices.ts';

/** Notes each of its steps. */
function* count(name: string, steps: number, done: string[]): Steps<string> {
  for (let step = 1; step <= steps; step++) {
    done.push(`${name}${step}`);
    yield;
  }
  return name;
}

describe('turns', () => {
  test('do what is short at once', () => {
    const done: string[] = [];
    const turns = new Turns();
    void turns.take(() => count('a', 3, done));
    void turns.do(() => done.push('b'));
    expect([done, turns.busy]).toEqual([['a1', 'a2', 'a3', 'b'], false]);
  });

  test('let the loop turn between steps, and keep the order', async () => {
    const done: string[] = [];
    const turns = new Turns(() => () => {
      done.push('pause');
      return turn();
    });
    const first = turns.take(() => count('a', 2, done));
    void turns.do(() => done.push('b'));
    const last = turns.take(() => count('c', 1, done));
    expect([done, turns.busy]).toEqual([['a1', 'pause'], true]);
    expect(await Promise.all([first, last])).toEqual(['a', 'c']);
    expect(done.filter((what) => what !== 'pause')).toEqual(['a1', 'a2', 'b', 'c1']);
    expect(done.slice(0, 3)).toEqual(['a1', 'pause', 'a2']);
    await turn();
    expect(turns.busy).toBe(false);
  });

  test('go on after work that throws', async () => {
    const turns = new Turns();
    const failed = turns.take(function* (): Steps<void> {
      yield;
      throw new Error('as the test wants');
    });
    const next = turns.take(() => count('a', 1, []));
    await expect(failed).rejects.toThrow('as the test wants');
    expect(await next).toBe('a');
  });

  test('give up at a pause when they are closed', async () => {
    const done: string[] = [];
    const turns = new Turns(() => () => turn());
    const first = turns.take(() => count('a', 5, done));
    const second = turns.take(() => count('b', 5, done));
    turns.close();
    expect(await Promise.all([first, second])).toEqual([undefined, undefined]);
    expect(done).toEqual(['a1']);
  });
});

test('slices end with the result of the work', async () => {
  const done: string[] = [];
  expect(await inSlices(count('a', 1000, done))).toBe('a');
  expect(done).toHaveLength(1000);
});
