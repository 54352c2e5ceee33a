import { expect, test } from 'vitest';
import type { SourceFile } from '../worker/protocol.ts';
import { conflictsOf, mergeFiles, mostlyIn, sameTexts } from './merge.ts';

/** `a=1 b=2` as files. */
function files(text: string): readonly SourceFile[] {
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', content = ''] = part.split('=');
      return { name, content };
    });
}

test.each([
  ['nothing edited: the new files', 'a=1 b=1', 'a=2 c=1', 'a=1 b=1', 'a=2 c=1'],
  ['an edit stays', 'a=1 b=1', 'a=2 b=2', 'a=1 b=mine', 'a=2 b=mine'],
  ['an edit stays where the file is gone', 'a=1 b=1', 'a=1', 'a=1 b=mine', 'a=1 b=mine'],
  ['an unedited file goes with the start', 'a=1 b=1', 'a=1', 'a=1 b=1', 'a=1'],
  ['an added file stays', 'a=1', 'a=2', 'a=1 new=mine', 'a=2 new=mine'],
  ['a deleted file stays deleted', 'a=1 b=1', 'a=2 b=2', 'a=1', 'a=2'],
  ['a file that is new on both sides is ours', 'a=1', 'a=1 n=theirs', 'a=1 n=mine', 'a=1 n=mine'],
])('%s', (_, start, fresh, edited, merged) => {
  expect(mergeFiles(files(start), files(fresh), files(edited))).toEqual(files(merged));
});

test.each([
  ['changed on one side only', 'a=1 b=1', 'a=2 b=1', 'a=1 b=2', ''],
  ['changed alike', 'a=1', 'a=2', 'a=2', ''],
  ['changed differently', 'a=1 b=1', 'a=2 b=2', 'a=3 b=3', 'a b'],
  ['deleted there, edited here', 'a=1', '', 'a=2', 'a'],
  ['edited there, deleted here', 'a=1', 'a=2', '', 'a'],
  ['deleted on both sides', 'a=1', '', '', ''],
  ['added on both sides', '', 'a=1', 'a=2', 'a'],
])('in conflict: %s', (_, start, fresh, edited, names) => {
  expect(conflictsOf(files(start), files(fresh), files(edited)).join(' ')).toBe(names);
});

test.each([
  ['a=1 b=1', 'b=1 a=1', true, true],
  ['a=1 b=1', 'a=1 b=2', false, true],
  ['a=1 b=1', 'b=1', false, true],
  ['a=1 b=1 c=1', 'a=1', false, false],
  ['', 'a=1', false, false],
  ['', '', true, false],
])('%j beside %j: the same texts %s, mostly in it %s', (one, other, same, mostly) => {
  expect([sameTexts(files(one), files(other)), mostlyIn(files(one), files(other))]).toEqual([same, mostly]);
});
