import path from 'node:path';
import { expect, test } from 'vitest';
import { portcullis } from '../cli/run-main.ts';
import { ROOT } from './worlds.ts';

/** `npm run goldens` writes them anew. File names are relative, as for someone who stands in the repository. */
const POOR = path.join(ROOT, 'examples/poor');

test.each(['table', 'json', 'sarif', 'md'])('lint of examples/poor -o %s', async (format) => {
  const { code, stdout, stderr } = await portcullis(['lint', '-f', POOR, '-o', format]);
  expect([code, stderr]).toEqual([1, '']);
  const relative = stdout
    .replaceAll(`file://${ROOT}/`, '')
    .replaceAll(`${ROOT}/`, '')
    .replace(/("name": "portcullis",\s*"version": )"[^"]*"/, '$1"x"');
  await expect(relative).toMatchFileSnapshot(path.join(import.meta.dirname, `expected/lint-poor.${format}.txt`));
});

test('at least ten rules find something in it', async () => {
  const { stdout } = await portcullis(['lint', '-f', POOR, '-o', 'json']);
  const codes = new Set(JSON.parse(stdout).findings.map((finding: { readonly code: string }) => finding.code));
  expect(codes.size).toBeGreaterThanOrEqual(10);
});

test('lint --fix --dry-run of examples/poor', async () => {
  const { stdout } = await portcullis(['lint', '-f', POOR, '--fix', '--dry-run']);
  await expect(stdout.replaceAll(`${ROOT}/`, '')).toMatchFileSnapshot(
    path.join(import.meta.dirname, 'expected/lint-poor.diff.txt'),
  );
});
