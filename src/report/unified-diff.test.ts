import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effort } from '../../test/support/property.ts';
import { PLAIN } from './style.ts';
import { type Replacement, unifiedDiff } from './unified-diff.ts';

const TEXT = 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n';

function at(text: string, line: string): number {
  return text.indexOf(`${line}\n`);
}

describe('unifiedDiff', () => {
  test('nothing for no edits', () => {
    expect(unifiedDiff('f', TEXT, [], PLAIN)).toBe('');
  });

  test('edits that are near are one hunk, others have their own', () => {
    const edits = [
      { start: at(TEXT, 'b'), end: at(TEXT, 'c'), text: '' },
      { start: at(TEXT, 'd'), end: at(TEXT, 'd') + 1, text: 'D' },
      { start: at(TEXT, 'l'), end: at(TEXT, 'l'), text: 'new\n' },
    ];
    expect(unifiedDiff('f.yaml', TEXT, edits, PLAIN)).toBe(
      '--- a/f.yaml\n+++ b/f.yaml\n@@ -1,7 +1,6 @@\n a\n-b\n c\n-d\n+D\n e\n f\n g\n@@ -9,4 +8,5 @@\n i\n j\n k\n+new\n l\n',
    );
  });

  test('says where the last line has no end', () => {
    expect(unifiedDiff('f', 'a\nb', [{ start: 2, end: 3, text: 'c' }], PLAIN)).toBe(
      '--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n',
    );
  });

  test('applied to the old text it gives the new one', () => {
    const line = fc.constantFrom('a', 'b', '', 'c c');
    const edit = fc.tuple(fc.nat(200), fc.nat(6), fc.array(line, { maxLength: 2 }));
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 40 }),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (lines, picks) => {
          const text = `${lines.join('\n')}\n`;
          const edits = apart(
            picks.map(([start, length, added]) => {
              const from = start % text.length;
              return { start: from, end: Math.min(text.length - 1, from + length), text: added.join('\n') };
            }),
          );
          const diff = unifiedDiff('f', text, edits, PLAIN);
          expect(patched(text, diff)).toBe(replaced(text, edits));
        },
      ),
      effort(300),
    );
  });
});

function apart(edits: readonly Replacement[]): Replacement[] {
  const chosen: Replacement[] = [];
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    if (edit.end >= edit.start && edit.start >= (chosen.at(-1)?.end ?? 0)) chosen.push(edit);
  }
  return chosen;
}

function replaced(text: string, edits: readonly Replacement[]): string {
  let result = '';
  let from = 0;
  for (const { start, end, text: added } of edits) {
    result += text.slice(from, start) + added;
    from = end;
  }
  return result + text.slice(from);
}

/** What `patch` does, strict about positions and context. */
function patched(text: string, diff: string): string {
  const old = text.slice(0, -1).split('\n');
  const result: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2, -1)) {
    const hunk = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line);
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1);
      while (at < start) result.push(old[at++] as string);
      expect(result.length).toBe(Number(hunk[3]) - (hunk[4] === '0' ? 0 : 1));
    } else if (line.startsWith('+')) result.push(line.slice(1));
    else if (line.startsWith(' ') || line.startsWith('-')) {
      expect(old[at]).toBe(line.slice(1));
      if (line.startsWith(' ')) result.push(line.slice(1));
      at++;
    }
  }
  return `${[...result, ...old.slice(at)].join('\n')}\n`;
}
