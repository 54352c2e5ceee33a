/**
 * Takes the pictures of docs/images anew, mostly from examples/shop: `npm run screenshots`. Needs chromium (scripts/setup.sh).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { launchChromium } from './chromium.mjs';
import { servePage } from './page-server.mjs';

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
/** The page: every view of the shop, and what else one should see before believing it. */
async function takePage() {
  const server = await servePage();
  const shoot = async (suffix, options, use) => {
    const { context, close } = await launchChromium({ offline: false, locale: 'en-US', ...options });
    try {
      const page = await context.newPage();
      const shot = async (name) => {
        // What appears is drawn, and what is computed in the background has come.
        await page.waitForTimeout(1500);
        await page.screenshot({ path: path.join(images, `page-${name}${suffix}.png`) });
      };
      await page.goto(server.url);
      await use(page, shot);
    } finally {
      await close();
    }
  };
  const open = async (page, at) => {
    await page.locator('.example-list button').nth(at).click();
    await page.locator('.node').first().waitFor();
    await page.locator('.cm-content').waitFor();
  };
  const view = (page, at) => page.locator('.rail li button').nth(at).click();
  try {
    await shoot('', {}, async (page, shot) => {
      await page.locator('.example-list button').first().waitFor();
      await shot('start');
      await open(page, 0);
      await page.locator('.node', { hasText: 'checkout' }).first().click();
      await shot('map');
      await view(page, 1);
      await shot('matrix');
      await view(page, 2);
      const fields = page.locator('.verdict-view .question input');
      for (const [at, text] of ['shop/frontend[Deployment]', 'shop/cart[Deployment]', '8080'].entries()) {
        await fields.nth(at).fill(text);
        await fields.nth(at).press('Enter');
      }
      await page.locator('.direction.no .cite').first().click();
      await shot('verdict');
      // A whole edit, and one to think about: it opens the admin pages.
      await page.locator('.cm-line', { hasText: 'port: 7070' }).click();
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Backspace');
      await page.keyboard.insertText('- port: 8080');
      await page.locator('.status-changes .opened').waitFor();
      await view(page, 3);
      await shot('changes');
      await view(page, 5);
      await shot('exposure');
      await view(page, 6);
      await shot('tests');
      await view(page, 7);
      const flows = ['recommendation', 'shipping'].map((name) =>
        JSON.stringify({
          verdict: 'denied',
          source: { namespace: 'shop', workload: `Deployment/${name}` },
          destination: { namespace: 'shop', workload: 'Deployment/cart' },
          protocol: 'TCP',
          port: 7070,
        }),
      );
      const buffer = Buffer.from(flows.join('\n'));
      await page
        .locator('.view input[type=file]')
        .setInputFiles({ name: 'flows.jsonl', mimeType: 'text/plain', buffer });
      await shot('flows');
      await page.locator('.editor-tools button').first().click();
      await page.getByRole('tab').nth(1).click();
      await shot('form');
    });
    await shoot('', {}, async (page, shot) => {
      await open(page, 1);
      await view(page, 4);
      await shot('lint');
    });
    await shoot('-dark', { colorScheme: 'dark' }, async (page, shot) => {
      await open(page, 0);
      await page.locator('.node', { hasText: 'prometheus' }).first().click();
      await shot('map');
    });
    await shoot('-zh', { locale: 'zh-CN' }, async (page, shot) => {
      await open(page, 0);
      await page.locator('.node', { hasText: 'checkout' }).first().click();
      await shot('map');
    });
    await shoot('-tablet', { viewport: { width: 820, height: 1180 } }, async (page, shot) => {
      await open(page, 0);
      await shot('map');
    });
  } finally {
    await server.close();
  }
}

await takePage();
console.log(`screenshots: written to ${path.relative(process.cwd(), images) || '.'}`);
