import { expect, test } from 'vitest';
import type { SourceFile } from '../worker/protocol.ts';
import { mergeFiles } from './merge.ts';

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
