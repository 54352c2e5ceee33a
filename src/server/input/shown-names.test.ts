import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shownNames } from './shown-names.ts';

let root: string;

beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'portcullis-names-'));
  for (const folder of ['here/k8s', 'one/deep', 'two']) mkdirSync(path.join(root, folder), { recursive: true });
  writeFileSync(path.join(root, 'one/a.yaml'), 'a: 1');
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** `@` stands for the folder above all. */
test.each<[string, readonly string[], Readonly<Record<string, string>>]>([
  ['a folder', ['@/one'], { '@/one/a.yaml': 'a.yaml', '@/one/deep/b.yaml': 'deep/b.yaml' }],
  ['a file', ['@/one/a.yaml'], { '@/one/a.yaml': 'a.yaml' }],
  ['a path that is not there yet', ['@/gone.yaml'], { '@/gone.yaml': 'gone.yaml' }],
  ['two folders', ['@/one', '@/two'], { '@/one/a.yaml': 'one/a.yaml', '@/two/a.yaml': 'two/a.yaml' }],
  ['one in the other', ['@/one/deep', '@/one'], { '@/one/deep/a.yaml': 'deep/a.yaml', '@/one/a.yaml': 'a.yaml' }],
  ['below the working folder', ['@/here/k8s'], { '@/here/k8s/a.yaml': 'k8s/a.yaml' }],
  ['the working folder', ['@/here'], { '@/here/k8s/a.yaml': 'k8s/a.yaml' }],
  ['relative ones', ['k8s', '../two'], { 'k8s/a.yaml': 'k8s/a.yaml', '../two/a.yaml': '../two/a.yaml' }],
  ['a mixture', ['k8s', '@/two'], { 'k8s/a.yaml': 'k8s/a.yaml', '@/two/a.yaml': '@/two/a.yaml' }],
  ['standard input', ['-', '@/two'], { '-': '-', '@/two/a.yaml': 'a.yaml' }],
])('%s', (_what, named, shown) => {
  const absolute = (text: string): string => text.replace('@', root);
  const name = shownNames(named.map(absolute), absolute('@/here'));
  for (const [given, wanted] of Object.entries(shown)) expect(name(absolute(given))).toBe(absolute(wanted));
});
