import { expect, test } from 'vitest';
import { replaceDocument } from './replace.ts';

const A = 'kind: A\nname: a\n';
const B = '# b\nkind: B\n';

test.each([
  ['where it was', A, A, 0, 'kind: A2\n', 'kind: A2\n'],
  ['behind a comment that came meanwhile', `# new\n${A}`, A, 0, 'kind: A2\n', '# new\nkind: A2\n'],
  ['with its own comment once', `# new\n${B}`, B, 0, '# b\nkind: B2\n', '# new\n# b\nkind: B2\n'],
  [
    'among others',
    `---\n${B}---\n${A}---\n${B}`,
    `---\n${A}`,
    16,
    '---\nkind: A2\n',
    `---\n${B}---\nkind: A2\n---\n${B}`,
  ],
  ['where others came before it', `${B}---\n${A}`, A, 0, 'kind: A2\n', `${B}---\nkind: A2\n`],
  ['the one of two that is where it was', `${A}---\n${A}`, `---\n${A}`, 16, '---\nkind: A2\n', `${A}---\nkind: A2\n`],
  ['not where one of two moved', `# x\n${A}---\n${A}`, A, 0, 'kind: A2\n', undefined],
  ['not where it changed', 'kind: A\nname: b\n', A, 0, 'kind: A2\n', undefined],
  ['not where it goes on', `${A}more: 1\n`, A, 0, 'kind: A2\n', undefined],
  ['not where it is gone', '', A, 0, 'kind: A2\n', undefined],
])('a document is replaced %s', (_, text, document, start, fresh, expected) => {
  expect(replaceDocument(text, document, start, fresh)).toBe(expected);
});
