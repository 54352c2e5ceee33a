import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PageServer, servePage } from '../../scripts/page-server.mjs';
import { askFor, canBrowse, openExample, openFile, openView, withPage } from '../support/page.ts';

/** What the walk reads on the page, in each language. */
const LANGUAGES = [
  {
    locale: 'en-US',
    shop: /A shop/,
    verdict: /Verdict/,
    changes: /Changes/,
    denied:
      'shop/frontend[Deployment] may not connect to shop/cart[Deployment] on 8080: the ingress of the destination does not admit it.',
    allowed: 'shop/frontend[Deployment] may connect to shop/cart[Deployment] on 8080.',
    near: /nearly matches: allows 7070\/TCP, not 8080\/TCP/,
    flip: /add 8080\/TCP to ingress rule 1 of shop\/cart/,
    opened: '2 connections opened',
    closed: '0 connections closed',
    status: '+2 opened−0 closed',
    share: 'Share',
    export: 'Export',
    files: 'Files as one YAML',
    both: 'shop/checkout[Deployment], shop/frontend[Deployment]',
  },
  {
    locale: 'zh-CN',
    shop: /商店/,
    verdict: /判定/,
    changes: /变化/,
    denied: 'shop/frontend[Deployment] 不能连到 shop/cart[Deployment]（8080）：目标的入站不放行。',
    allowed: 'shop/frontend[Deployment] 可以连到 shop/cart[Deployment]，端口 8080。',
    near: /差一点匹配：放行 7070\/TCP，而不是 8080\/TCP/,
    flip: /将 8080\/TCP 加入 shop\/cart .*的入站规则 1/,
    opened: '新开放 2 个连接',
    closed: '新关闭 0 个连接',
    status: '+新开放 2−新关闭 0',
    share: '分享',
    export: '导出',
    files: '所有文件（单个 YAML）',
    both: 'shop/checkout[Deployment]、shop/frontend[Deployment]',
  },
] as const;

/** Puts `- port: 8080` under `- port: 7070` of the file that is open. */
async function admit8080(page: Page): Promise<void> {
  await page.locator('.cm-line', { hasText: 'port: 7070' }).click();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  // The editor indents as the line above; an item begins two columns before.
  await page.keyboard.press('Backspace');
  await page.keyboard.insertText('- port: 8080');
}

describe.skipIf(!canBrowse())('the page', { timeout: 120_000 }, () => {
  let server: PageServer;

  beforeAll(async () => {
    server = await servePage();
  });

  afterAll(() => server.close());

  it.each(LANGUAGES)('leads from a denial to a change that allows it, in $locale', async (words) => {
    await withPage(
      server.url,
      async (page) => {
        await openExample(page, words.shop);
        await openView(page, words.verdict);
        await askFor(page, 'shop/frontend[Deployment]', 'shop/cart[Deployment]', '8080');
        await page.locator('.answer.no').waitFor();
        expect(await page.locator('.answer p').textContent()).toBe(words.denied);
        expect(await page.locator('.direction.no .steps').textContent()).toMatch(words.near);
        expect(await page.locator('.flip').textContent()).toMatch(words.flip);

        // The deciding line is shown, and marked, in the editor.
        await page.locator('.direction.no .cite').first().click();
        await page.locator('.cm-cited').waitFor();
        expect(await page.locator('.cm-cited').first().textContent()).toContain('7070');

        await admit8080(page);
        await page.locator('.answer.yes').waitFor();
        expect(await page.locator('.answer p').textContent()).toBe(words.allowed);
        await page.locator('.status-changes', { hasText: words.status }).waitFor();

        await openView(page, words.changes);
        expect(await page.locator('.side.opened h3').textContent()).toBe(words.opened);
        expect(await page.locator('.side.closed h3').textContent()).toBe(words.closed);
        const pair = page.locator('.change-pair');
        expect(await pair.count()).toBe(1);
        expect(await pair.locator('.ends').allTextContents()).toEqual([words.both, 'shop/cart[Deployment]']);
        expect(await pair.locator('.ports').textContent()).toBe('8080/TCP');

        const download = page.waitForEvent('download');
        await page.getByRole('button', { name: words.export }).click();
        await page.getByRole('menuitem', { name: words.files }).click();
        const text = readFileSync(await (await download).path(), 'utf8');
        expect(text).toMatch(/port: 7070\n +- port: 8080/);

        await page.getByRole('button', { name: words.share }).click();
        await page.locator('.toast').waitFor();
        const link = page.url();
        expect(link).toContain('state=');
        await page.goto('about:blank');
        await page.goto(link);
        await page.locator('.change-pair').waitFor();
        expect(await page.locator('.status-changes').textContent()).toBe(words.status);
        await openFile(page, 'policies/shop/cart.yaml');
        expect(await page.locator('.cm-content').textContent()).toContain('port: 8080');
      },
      { locale: words.locale },
    );
  });
});
