import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, type Chromium, hasChromium, launchChromium } from '../../scripts/chromium.mjs';
import { folder, portcullis } from '../cli/run-main.ts';

const SHOP = path.join(import.meta.dirname, '../../examples/shop');
const browser = hasChromium();

if (!browser) {
  const message = `no ${CHROMIUM}: the report is not tested in a browser; scripts/setup.sh installs it`;
  if (process.env['CI'] !== undefined) throw new Error(message);
  console.warn(`\n*** ${message} ***\n`);
}

/** A manifest whose names try to be markup. */
const EVIL = `apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: {app: "</script><img src=x onerror=alert(1)>"}
spec: {containers: [{name: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: "a<b>&'\\"", namespace: "</title><script>alert(1)</script>"}
spec: {containers: [{name: c}]}
`;

describe.skipIf(!browser)('the HTML report', { timeout: 60_000 }, () => {
  const place = folder({ 'evil.yaml': EVIL });
  const report = path.join(place, 'report.html');
  const evil = path.join(place, 'evil.html');
  let chromium: Chromium;

  beforeAll(async () => {
    for (const [input, output] of [
      [SHOP, report],
      [path.join(place, 'evil.yaml'), evil],
    ] as const) {
      const { code, stdout } = await portcullis(['reach', '-f', input, '-o', 'html']);
      expect(code).toBe(0);
      writeFileSync(output, stdout);
    }
    chromium = await launchChromium();
  });

  afterAll(() => chromium.close());

  /** Opens a report, and afterwards makes sure that it asked for nothing and complained of nothing. */
  async function open(file: string, use: (page: Page) => Promise<void>): Promise<void> {
    const page = await chromium.context.newPage();
    const asked: string[] = [];
    const said: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
    page.on('dialog', (dialog) => {
      said.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    const url = pathToFileURL(file).href;
    await page.goto(url);
    await use(page);
    expect({ asked, said }).toEqual({ asked: [url], said: [] });
    await page.close();
  }

  const rowNames = (page: Page): Promise<string[]> => page.locator('.grid .name').allTextContents();

  it('filters rows and columns as one types', async () => {
    await open(report, async (page) => {
      expect(await rowNames(page)).toContain('data/redis[StatefulSet]');
      await page.locator('#filter-from').fill('checkout');
      expect(await rowNames(page)).toEqual(['shop/checkout[Deployment]']);
      await page.locator('#filter-from').fill('namespace-that-is-not there');
      expect(await page.locator('#none').isVisible()).toBe(true);
      await page.locator('#filter-from').fill('app=cart');
      await page.locator('#filter-to').fill('data');
      await page.getByLabel('only with connections').check();
      expect(await rowNames(page)).toEqual(['shop/cart[Deployment]']);
      expect(await page.locator('.grid .head').allTextContents()).toEqual(['data/redis']);
      expect(await page.locator('.grid .cell').allTextContents()).toEqual(['6379']);
      await page.locator('#filter-ports').fill('5432');
      expect(await page.locator('#count').textContent()).toBe('0 of 25 sources, 0 of 25 destinations');
    });
  });

  it('is walked through by keys, and says where one is', async () => {
    await open(report, async (page) => {
      await page.locator('.cell[tabindex="0"]').focus();
      const keys = ['ArrowDown', 'End', 'Home', 'PageDown', 'PageUp', ...Array<string>(4).fill('ArrowRight')];
      for (const key of keys) await page.keyboard.press(key);
      const status = await page.locator('#status').textContent();
      expect(status).toBe(
        'data/redis[StatefulSet] (isolated in + out) to kube-system/coredns[Deployment] (not isolated): 53/TCP, 53/UDP',
      );
      expect(await page.locator('.cell:focus').getAttribute('aria-label')).toBe(status);
    });
  });

  it('has the same connections in the list as the table has', async () => {
    const { stdout } = await portcullis(['reach', '-f', SHOP, '--no-headers']);
    const lines = stdout.split('\n').filter((line) => line !== '');
    await open(report, async (page) => {
      await page.getByRole('tab', { name: 'List' }).click();
      expect(await page.locator('#list-body tr').count()).toBe(lines.length);
      expect(await page.locator('#list-count').textContent()).toBe(`${lines.length} of ${lines.length} connections`);
    });
  });

  it('shows the lines of one box of the map', async () => {
    await open(report, async (page) => {
      await page.getByRole('tab', { name: 'Matrix' }).focus();
      await page.keyboard.press('ArrowRight');
      expect(await page.locator('#map').isVisible()).toBe(true);
      const box = page.getByRole('button', { name: /^shipping / });
      await box.focus();
      await page.keyboard.press('Enter');
      expect(await page.locator('#status').textContent()).toContain('shipping to 198.51.100.16/28: 443/TCP');
      expect(await page.locator('.edge.lit').count()).toBeLessThan(await page.locator('.edge').count());
      await page.keyboard.press('Escape');
      expect(await page.locator('.pc.focused').count()).toBe(0);
    });
  });

  it('shows the map whole on request, however wide it is', async () => {
    await open(report, async (page) => {
      await page.getByRole('tab', { name: 'Map' }).click();
      for (const width of [1280, 400]) {
        await page.setViewportSize({ width, height: 720 });
        await page.getByRole('button', { name: 'Fit' }).click();
        const [inner, outer] = await page
          .locator('#map')
          .evaluate((map) => [map.scrollWidth, map.clientWidth] as const);
        expect([width, inner]).toEqual([width, outer]);
      }
    });
  });

  it('has no row for what begins no connection, and no column for what none leads to', async () => {
    const cluster = path.join(import.meta.dirname, '../../examples/ingress');
    const file = path.join(place, 'ingress.html');
    writeFileSync(file, (await portcullis(['reach', '-f', cluster, '-o', 'html'])).stdout);
    await open(file, async (page) => {
      expect(await rowNames(page)).toContain('ingress-controller');
      expect(await page.locator('.grid .head').allTextContents()).not.toContain('ingress-controller');
    });
  });

  it('keeps the words of boxes within them', async () => {
    await open(report, async (page) => {
      await page.getByRole('tab', { name: 'Map' }).click();
      await page.getByRole('button', { name: 'Full size' }).click();
      const outside = await page.locator('.pc .node').evaluateAll((nodes) =>
        nodes.flatMap((node) => {
          const [frame, ...texts] = [...node.querySelectorAll('.box, text')].map((one) => one.getBoundingClientRect());
          return texts.some((text) => frame === undefined || text.right > frame.right || text.bottom > frame.bottom)
            ? [node.querySelector('title')?.textContent]
            : [];
        }),
      );
      expect(outside).toEqual([]);
    });
  });

  it('is dark or light by choice', async () => {
    await open(report, async (page) => {
      const colour = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(await colour()).toBe('rgb(255, 255, 255)');
      await page.getByRole('button', { name: 'Light or dark' }).click();
      expect(await colour()).toBe('rgb(16, 21, 29)');
    });
  });

  it('takes names for names', async () => {
    await open(evil, async (page) => {
      for (const tab of ['Map', 'List', 'Legend', 'Matrix']) await page.getByRole('tab', { name: tab }).click();
      expect(await rowNames(page)).toContain('</title><script>alert(1)</script>/a<b>&\'"[Pod]');
      expect(await page.locator('img, iframe, link').count()).toBe(0);
    });
  });
});
