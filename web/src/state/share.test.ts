import fc from 'fast-check';
import { Deflate } from 'fflate';
import { describe, expect, test } from 'vitest';
import { packState, unpackState } from './share.ts';

const file = fc.record({ name: fc.string({ minLength: 1 }), content: fc.string({ unit: 'grapheme', maxLength: 200 }) });
const files = fc.uniqueArray(file, { selector: ({ name }) => name, maxLength: 6 });

describe('packState', () => {
  test('comes back as it was, of any text', () => {
    fc.assert(
      fc.property(files, (now) => {
        expect(unpackState(packState({ files: now }))).toEqual({ files: now });
      }),
    );
  });

  test('brings back the start too, whatever was added, edited or deleted since', () => {
    fc.assert(
      fc.property(files, files, (now, base) => {
        const byName = (list: readonly { readonly name: string }[]): unknown =>
          [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
        const back = unpackState(packState({ files: now, base }));
        expect(back?.files).toEqual(now);
        expect(byName(back?.base ?? back?.files ?? [])).toEqual(byName(base));
      }),
    );
  });

  test("brings back whether the start was the server's", () => {
    const now = [{ name: 'a.yaml', content: 'mine' }];
    const base = [{ name: 'a.yaml', content: 'theirs' }];
    expect(unpackState(packState({ files: now, base, served: true }))).toEqual({ files: now, base, served: true });
    expect(unpackState(packState({ files: now, served: true }))).toEqual({ files: now, served: true });
  });

  test('of several megabytes comes back', () => {
    let seed = 1;
    const noise = Array.from({ length: 300_000 }, () => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed.toString(36);
    });
    const now = [{ name: 'a.yaml', content: noise.join('\n') }];
    expect(unpackState(packState({ files: now }))).toEqual({ files: now });
  });

  test('of more than a link may hold is refused before it fills the memory', () => {
    const zeros = new Uint8Array(1 << 20);
    const packed: Uint8Array[] = [];
    const stream = new Deflate({ level: 9 }, (piece) => packed.push(piece));
    for (let at = 0; at < 80; at++) stream.push(zeros, at === 79);
    const bomb = Buffer.concat(packed);
    expect(bomb.length).toBeLessThan(500_000);
    expect(unpackState(bomb.toString('base64url'))).toBeUndefined();
  });

  test('needs no escaping in an address', () => {
    expect(packState({ files: [{ name: 'a.yaml', content: 'ÿ?/+='.repeat(50) }] })).toMatch(/^[\w-]+$/);
  });

  test.each(['', 'AAAA', '!!', 'eyJ2IjoxfQ'])('%j is no state', (text) => expect(unpackState(text)).toBeUndefined());

  test('a cut state is none', () => {
    const packed = packState({ files: [{ name: 'a.yaml', content: 'kind: Pod\n'.repeat(100) }] });
    expect(unpackState(packed.slice(0, packed.length / 2))).toBeUndefined();
  });
});
