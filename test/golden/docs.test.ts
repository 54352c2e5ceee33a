import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { portcullis } from '../cli/run-main.ts';
import { ROOT } from './worlds.ts';

/**
 * Documents that quote commands: a block marked `console` that begins with `$ portcullis` holds what that command prints,
 * to the byte. `npm run goldens` writes them anew.
 */
const DOCUMENTS = ['docs/cluster-policy.md', 'docs/exposure.md', 'docs/policy-tests.md'];
const BLOCK = /^```console\n\$ portcullis (.+)\n(?:[\s\S]*?\n)??```$/gm;

test.each(DOCUMENTS)('%s quotes what commands print', async (file) => {
  // Paths of inputs are shown as they were given: relative to the repository.
  expect(process.cwd()).toBe(ROOT);
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const outputs = new Map<string, string>();
  for (const [, line = ''] of text.matchAll(BLOCK)) {
    const { stdout, stderr } = await portcullis(line.split(' '));
    expect([line, stderr]).toEqual([line, '']);
    outputs.set(line, stdout);
  }
  expect(outputs.size).toBeGreaterThan(0);
  const quoted = text.replace(
    BLOCK,
    (_, line: string) => `\`\`\`console\n$ portcullis ${line}\n${outputs.get(line)}\`\`\``,
  );
  await expect(quoted).toMatchFileSnapshot(path.join(ROOT, file));
});
