import fc from 'fast-check';
import { expect, it } from 'vitest';
import { effort } from '../../../test/support/property.ts';
import { LineSplitter } from './lines.ts';

it('finds the same lines however the bytes are cut', () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' '));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.integer({ min: 0, max: 400 })), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
      const splitter = new LineSplitter();
      const found: string[] = [];
      let start = 0;
      for (const end of ends) {
        found.push(...splitter.push(bytes.subarray(start, end)));
        start = end;
      }
      expect(found).toEqual(lines.map((text) => text.replace(/^\ufeff/, '')));
    }),
    effort(300),
  );
});

it('keeps what has no end yet', () => {
  const splitter = new LineSplitter();
  expect([...splitter.push(Buffer.from('a\nb'))]).toEqual(['a']);
  expect([...splitter.push(Buffer.from('c\n\n'))]).toEqual(['bc', '']);
});
