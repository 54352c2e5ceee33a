import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { portcullis } from '../cli/run-main.ts';
import { ROOT } from './worlds.ts';

/** Command lines about the examples that READMEs show, with the answer where they give one: `… # denied: why`. */
const readmes = readdirSync(path.join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((name) => path.basename(name) === 'README.md')
  .map((name) => `examples/${name.replaceAll(path.sep, '/')}`);

const lines = ['README.md', ...readmes].flatMap((readme) =>
  [...readFileSync(path.join(ROOT, readme), 'utf8').matchAll(/^(?:\$ )?portcullis (.*)$/gm)].map(
    ([, line = '']) => [readme, line] as const,
  ),
);

test('there are such lines', () => expect(lines.length).toBeGreaterThan(20));

test.each(lines)('%s: portcullis %s', async (_, line) => {
  const [command = '', comment = ''] = line.split(/\s+#\s*/);
  const words = command.split(' ').map((word) => (word.startsWith('examples/') ? path.join(ROOT, word) : word));
  const { code, stdout, stderr } = await portcullis(words);
  expect(stderr).toBe('');
  expect([0, 1]).toContain(code);
  const answer = /^(?:allowed|denied)\b/.exec(comment)?.[0];
  if (answer !== undefined) expect(stdout.startsWith(`${answer}: `)).toBe(true);
});
