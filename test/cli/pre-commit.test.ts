import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { folder, portcullis, SHOP } from './run-main.ts';

interface Hook {
  readonly id: string;
  readonly entry: string;
  readonly args: readonly string[];
  readonly language: string;
}

const root = path.join(import.meta.dirname, '../..');
const hooks = parse(readFileSync(path.join(root, '.pre-commit-hooks.yaml'), 'utf8')) as readonly Hook[];

it.each(hooks)('the hook $id runs a program of the package on a folder', async ({ entry, args, language }) => {
  const [program = '', ...words] = entry.split(' ');
  const { bin } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  expect([language, Object.keys(bin)]).toEqual(['node', expect.arrayContaining([program])]);
  const shop = folder(SHOP);
  const { code, stdout, stderr } = await portcullis([...words, ...args.map((word) => (word === '.' ? shop : word))]);
  // 1 means findings; 2 would mean that the hook calls the program wrongly.
  expect([0, 1], stderr).toContain(code);
  expect(stdout).not.toBe('');
});
