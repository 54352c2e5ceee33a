import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { folder, portcullis } from '../cli/run-main.ts';
import { ROOT } from './worlds.ts';

/** `npm run goldens` writes them anew. The new side is a copy of the shop, shown as `new/`. */
const SHOP = path.join(ROOT, 'examples/shop');
const NEW = folder({});
const CART = 'policies/shop/cart.yaml';
cpSync(SHOP, NEW, { recursive: true });
const written = readFileSync(path.join(NEW, CART), 'utf8');
writeFileSync(
  path.join(NEW, CART),
  written.replace('          port: 7070\n', '$&        - protocol: TCP\n          port: 8080\n'),
);

async function diff(...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const { code, stdout, stderr } = await portcullis(['diff', SHOP, NEW, ...args]);
  expect(stderr).toBe('');
  return { code, text: stdout.replaceAll(`${NEW}/`, 'new/').replaceAll(`${ROOT}/`, '') };
}

describe('a pull request that opens one port of the shop', () => {
  test.each(['md', 'table', 'json'])('-o %s', async (format) => {
    const { code, text } = await diff('-o', format);
    expect(code).toBe(1);
    expect(text).toContain('8080');
    await expect(text).toMatchFileSnapshot(path.join(import.meta.dirname, `expected/diff-shop.${format}.txt`));
  });

  test.each([
    ['opened', 1],
    ['closed', 0],
    ['any', 1],
    ['never', 0],
  ])('--fail-on %s', async (when, code) => {
    expect((await diff('--fail-on', when)).code).toBe(code);
  });
});
