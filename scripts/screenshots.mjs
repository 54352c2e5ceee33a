/**
 * Takes the pictures of docs/images anew, from examples/shop: `npm run screenshots`. Needs chromium (scripts/setup.sh).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { launchChromium } from './chromium.mjs';

const root = path.join(import.meta.dirname, '..');
const images = path.join(root, 'docs/images');

function reach(format) {
  const words = ['bin/portcullis', 'reach', '-f', 'examples/shop', '-o', format];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`reach -o ${format} ended with ${status}: ${stderr}`);
  return stdout;
}

mkdirSync(images, { recursive: true });
writeFileSync(path.join(images, 'reach-shop.svg'), reach('svg'));
const place = mkdtempSync(path.join(tmpdir(), 'portcullis-screenshots-'));
try {
  const file = path.join(place, 'report.html');
  writeFileSync(file, reach('html'));
  for (const [colorScheme, suffix] of [
    ['light', ''],
    ['dark', '-dark'],
  ]) {
    const { context, close } = await launchChromium({ colorScheme });
    try {
      const page = await context.newPage();
      await page.goto(pathToFileURL(file).href);
      await page.locator('.cell.some').first().hover();
      await page.screenshot({ path: path.join(images, `report-shop${suffix}.png`) });
      if (colorScheme === 'light') {
        await page.getByRole('tab', { name: 'Map' }).click();
        await page.screenshot({ path: path.join(images, 'report-shop-map.png') });
      }
    } finally {
      await close();
    }
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
console.log(`screenshots: written to ${path.relative(process.cwd(), images) || '.'}`);
