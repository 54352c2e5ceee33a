import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finish, sorted } from './steps.ts';

test('texts come in the order of their code units, a few between two steps', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 4 }), { maxLength: 200 }), (texts) => {
      // Longer than what is sorted at once.
      const many = Array.from({ length: 3000 }, (_, at) => `${(at * 7919) % 3001}`);
      const all = [...texts, ...many, ...texts];
      expect(finish(sorted(all))).toEqual([...all].sort());
    }),
    { numRuns: 20 },
  );
  expect(finish(sorted([]))).toEqual([]);
});
