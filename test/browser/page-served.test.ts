import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { launchChromium } from '../../scripts/chromium.mjs';
import { servePage } from '../../scripts/page-server.mjs';
import { FlowFeed } from '../../src/server/flows/flow-feed.ts';
import { root } from '../package/run.ts';
import { askFor, canBrowse, openFile, openView, withPage } from '../support/page.ts';
import { setFiles, startServer, textsIn } from '../support/server.ts';

const PAGE = `${root}/dist/web`;

describe.skipIf(!canBrowse())('the page behind the server', { timeout: 120_000 }, () => {
  it('opens the files of the server and follows them, under its security policy', async () => {
    expect(existsSync(`${PAGE}/index.html`), 'no dist/web: run `npm run build` first').toBe(true);
    const texts = await textsIn('examples/shop');
    const cart = 'examples/shop/policies/shop/cart.yaml';
    const server = await startServer(texts, { page: PAGE });
    await withPage(server.url, async (page) => {
      await page.locator('.node').first().waitFor();
      await page.locator('.status .live', { hasText: 'live' }).waitFor();
      expect(await page.locator('.world').textContent()).toContain('18 workloads');

      // What is edited here stays when another file changes there.
      await openFile(page, 'examples/shop/policies/shop/frontend.yaml');
      await page.locator('.cm-content').click();
      await page.keyboard.press('Control+Home');
      await page.keyboard.insertText('# mine\n');
      const changed = { ...texts, [cart]: (texts[cart] ?? '').replace('port: 7070', 'port: 7071') };
      setFiles(server.input, changed);
      await page.locator('.toast', { hasText: 'changed on the server' }).waitFor();
      expect(await page.locator('.cm-content').textContent()).toContain('# mine');
      await openFile(page, cart);
      await page.locator('.cm-content', { hasText: 'port: 7071' }).waitFor();
      // The server's change is no change of ours: the start moved along.
      await page.locator('.status-changes', { hasText: 'No difference to the start' }).waitFor();
      await openView(page, /Changes/);
      await page.locator('.facts-list', { hasText: 'frontend.yaml' }).waitFor();
      expect(await page.locator('.facts-list').textContent()).not.toContain('cart.yaml');
    });
  });

  it('never shows what the server changed as a difference, also while one types', async () => {
    const texts = await textsIn('examples/shop');
    const cart = 'examples/shop/policies/shop/cart.yaml';
    const server = await startServer(texts, { page: PAGE });
    await withPage(server.url, async (page) => {
      await page.locator('.status .live', { hasText: 'live' }).waitFor();
      await openFile(page, 'examples/shop/policies/shop/frontend.yaml');
      await page.locator('.cm-content').click();
      await page.keyboard.press('Control+Home');
      await page.evaluate(`(() => {
        window.told = [];
        const status = document.querySelector('.status-changes');
        new MutationObserver(() => window.told.push(status.textContent))
          .observe(status, { subtree: true, childList: true, characterData: true });
      })()`);
      for (const port of [7071, 7072, 7073]) {
        setFiles(server.input, { ...texts, [cart]: (texts[cart] ?? '').replace('port: 7070', `port: ${port}`) });
        await page.keyboard.type(`# typed while the port becomes ${port}\n`, { delay: 5 });
      }
      await openFile(page, cart);
      await page.locator('.cm-content', { hasText: 'port: 7073' }).waitFor();
      await openFile(page, 'examples/shop/policies/shop/frontend.yaml');
      const text = await page.locator('.cm-content').textContent();
      for (const port of [7071, 7072, 7073]) expect(text).toContain(`# typed while the port becomes ${port}`);
      // One edit more, judged with all that came before.
      await page.keyboard.type('# end\n');
      await openView(page, /Changes/);
      await page.locator('.facts-list', { hasText: 'frontend.yaml' }).waitFor();
      expect(await page.evaluate('window.told')).toEqual([]);
    });
  });

  it('shows flows as they happen, and advises a policy that lets them pass', async () => {
    const feed = new FlowFeed();
    const server = await startServer(await textsIn('examples/shop'), { page: PAGE, flows: feed });
    const denied = (source: string): string =>
      JSON.stringify({
        verdict: 'denied',
        source: { namespace: 'shop', workload: source },
        destination: { namespace: 'shop', workload: 'Deployment/cart' },
        protocol: 'TCP',
        port: 7070,
      });
    await withPage(server.url, async (page) => {
      await openView(page, /Flows/);
      await page.locator('.empty .live').waitFor();
      feed.add(denied('Deployment/shipping'));
      const rows = page.locator('.flows tbody tr');
      await rows.filter({ hasText: 'shop/shipping[Deployment]' }).waitFor();
      feed.add(denied('Deployment/catalog'));
      await rows.filter({ hasText: 'shop/catalog[Deployment]' }).waitFor();
      feed.add(denied('Deployment/gone'));
      await rows.filter({ hasText: 'not in this world' }).waitFor();
      await page.getByRole('button', { name: 'Advise a policy (3)' }).click();
      await page.locator('.flows tbody tr .opened').nth(1).waitFor();
      await page.locator('.banner.warning', { hasText: 'shop/Deployment/gone' }).waitFor();
      expect(await page.locator('.status-changes').textContent()).toBe('+2 opened−0 closed');
    });
  });

  it('opens an exported world from static files, read as the command was told', async () => {
    const place = mkdtempSync(path.join(tmpdir(), 'portcullis-export-'));
    const site = path.join(place, 'site');
    const args = ['bin/portcullis', 'serve', '-f', 'examples/shop', '--pod-cidr', '10.244.0.0/16', '--export', site];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    expect({ status, stdout, stderr }).toMatchObject({ status: 0, stdout: `${site}\n` });
    const told = JSON.parse(readFileSync(path.join(site, 'server.json'), 'utf8')) as object;
    expect(told).toMatchObject({ server: false, title: 'shop', podCidrs: ['10.244.0.0/16'] });
    const server = await servePage({}, site);
    try {
      await withPage(server.url, async (page) => {
        await page.locator('.node').first().waitFor();
        expect(await page.locator('.world').textContent()).toMatch(/^shop.*18 workloads/);
        await openView(page, /Verdict/);
        await askFor(page, 'shop/frontend[Deployment]', 'shop/cart[Deployment]', '8080');
        await page.locator('.answer.no').waitFor();
      });
    } finally {
      await server.close();
      rmSync(place, { recursive: true });
    }
  });

  it.each([
    ['#token=wrong-horse-battery-staple', 'en-US', 'The token in the address is not the one of this server.'],
    ['#token=wrong-horse-battery-staple', 'zh-CN', '地址中的令牌不是此服务器的令牌。'],
    ['', 'en-US', 'This server wants a token: open the page at /#token=TOKEN.'],
  ])('says what is wrong with a token: %s %s', async (fragment, locale, text) => {
    const server = await startServer({}, { page: PAGE, token: 'correct-horse-battery-staple' });
    // Not by withPage, to which the browser's own word of each 401 is a fault.
    const { context, close } = await launchChromium({ offline: false, locale });
    try {
      const page = await context.newPage();
      await page.goto(`${server.url}${fragment}`);
      await page.getByText(text, { exact: true }).waitFor();
      expect(page.url()).not.toContain('horse');
    } finally {
      await close();
    }
  });

  it('begins with examples where the server has no input', async () => {
    const { LiveInput } = await import('../../src/server/index.ts');
    const server = await startServer({}, { page: PAGE, input: new LiveInput('empty') });
    await withPage(server.url, async (page) => {
      await page.locator('.example-list button').first().waitFor();
    });
  });
});
