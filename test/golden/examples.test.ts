import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { portcullis } from '../cli/run-main.ts';
import { inputFlags, ROOT, WORLDS, type World } from './worlds.ts';

/**
 * Reachability of every example as the command prints it. The files end in `.txt` so that `-f examples/shop` does not
 * read them as manifests. `npm run goldens` writes them anew.
 */
const FORMATS = ['json', 'table', 'matrix'];

function formatsOf({ name }: World): readonly string[] {
  return name === 'examples/shop' ? FORMATS : ['json'];
}

const goldens = WORLDS.flatMap((world) =>
  formatsOf(world).map((format) => ({ file: `${world.goldens}reach.${format}.txt`, world, format })),
);

test('no golden is left over', () => {
  const wanted = new Set(goldens.map(({ file }) => file));
  const found = readdirSync(path.join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' })
    .map((name) => `examples/${name.replaceAll(path.sep, '/')}`)
    .filter((name) => path.posix.basename(path.posix.dirname(name)) === 'expected');
  expect(found.filter((name) => !wanted.has(name))).toEqual([]);
});

describe('reach', () => {
  test.each(goldens)('$file', async ({ file, world, format }) => {
    const { code, stdout, stderr } = await portcullis([
      'reach',
      ...inputFlags(world),
      '--by',
      'workload',
      '-o',
      format,
    ]);
    expect([code, stderr]).toEqual([0, '']);
    await expect(stdout).toMatchFileSnapshot(path.join(ROOT, file));
  });
});
