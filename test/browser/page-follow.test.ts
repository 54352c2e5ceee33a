import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { launchChromium } from '../../scripts/chromium.mjs';
import { root } from '../package/run.ts';
import { canBrowse, openFile, openView, withPage } from '../support/page.ts';
import { setFiles, startServer, type TestServer, textsIn } from '../support/server.ts';

const SHOP = 'examples/shop';
const CART = 'examples/shop/policies/shop/cart.yaml';
const FRONTEND = 'examples/shop/policies/shop/frontend.yaml';

async function served(): Promise<{ readonly server: TestServer; readonly texts: Readonly<Record<string, string>> }> {
  const texts = await textsIn(SHOP);
  return { texts, server: await startServer(texts, { page: `${root}/dist/web` }) };
}

async function isLive(page: Page): Promise<void> {
  await page.locator('.node').first().waitFor();
  await page.locator('.status .live', { hasText: 'live' }).waitFor();
}

/** Writes at the top of a file. */
async function write(page: Page, name: string, text: string): Promise<void> {
  await openFile(page, name);
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.insertText(text);
}

/** The address with the files in it, once it is written. */
async function share(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Share' }).click();
  await page.waitForURL(/state=/);
  return page.url();
}

/** Opens an address in the page as it is, as one does who pastes it. */
async function paste(page: Page, url: string): Promise<void> {
  await page.evaluate(`location.href = ${JSON.stringify(url)}`);
}

function without(texts: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).filter(([one]) => one !== name));
}

describe.skipIf(!canBrowse())('the page and the files of the server', { timeout: 120_000 }, () => {
  it('lets go of the server when another world is opened, and leads back to it', async () => {
    const { server, texts } = await served();
    await withPage(server.url, async (page) => {
      await isLive(page);
      await page.getByRole('button', { name: 'Open', exact: true }).click();
      await page.locator('.example-list button', { hasText: 'The example of the documentation' }).click();
      await page.locator('.status', { hasText: 'not the files of the server' }).waitFor();
      const files = await page.locator('.files li').count();
      // The page is told of the change, and of one more that it has to have fetched when it is back.
      const fetched = page.waitForResponse(/api\/file/);
      setFiles(server.input, { ...texts, [CART]: (texts[CART] ?? '').replace('port: 7070', 'port: 7071') });
      await fetched;
      await page.locator('.cm-content').click();
      await page.keyboard.insertText('# mine\n');
      await openView(page, /Changes/);
      await page.locator('.facts-list li').first().waitFor();
      expect(await page.locator('.files li').count()).toBe(files);
      expect(await page.locator('.facts-list li').count()).toBe(1);

      await page.getByRole('button', { name: 'Back to the server’s files' }).click();
      await page.locator('.status .live', { hasText: 'live' }).waitFor();
      await openFile(page, CART);
      await page.locator('.cm-content', { hasText: 'port: 7071' }).waitFor();
      expect(await page.locator('.world').textContent()).toContain('18 workloads');
    });
  });

  it('moves the start of a link to what the server has now, and keeps its edits', async () => {
    const { server, texts } = await served();
    await withPage(server.url, async (page) => {
      await isLive(page);
      await write(page, FRONTEND, '# mine\n');
      const link = await share(page);
      // Somewhere else, while the server's files become others.
      await page.goto('about:blank');
      setFiles(server.input, without(texts, CART));
      await page.goto(link);
      await page.locator('.toast', { hasText: 'changed on the server since the link was made' }).waitFor();
      await isLive(page);
      expect(await page.locator(`.files button[title="${CART}"]`).count()).toBe(0);
      await openFile(page, FRONTEND);
      expect(await page.locator('.cm-content').textContent()).toContain('# mine');
      await openView(page, /Changes/);
      await page.locator('.facts-list', { hasText: 'frontend.yaml' }).waitFor();
      expect(await page.locator('.facts-list li').count()).toBe(1);
    });
  });

  it('opens a link that is pasted into the page, and says when it is damaged', async () => {
    const { server } = await served();
    await withPage(server.url, async (page) => {
      await isLive(page);
      await write(page, FRONTEND, '# of the link\n');
      const link = await share(page);
      const other = await page.context().newPage();
      await other.goto(server.url);
      await isLive(other);
      await paste(other, link);
      await other.locator('.toast', { hasText: 'The link was opened' }).waitFor();
      await openFile(other, FRONTEND);
      await other.locator('.cm-content', { hasText: '# of the link' }).waitFor();
      await isLive(other);
      await paste(other, `${server.url}#state=zzzz`);
      await other.locator('.banner.error', { hasText: 'The link is damaged' }).waitFor();
      // Also in a page of its own, over files of the server.
      await other.goto('about:blank');
      await other.goto(`${server.url}#state=zzzz`);
      await isLive(other);
      await other.locator('.banner.error', { hasText: 'The link is damaged' }).waitFor();
    });
  });

  it('keeps the world of a link that was not made of the server’s files', async () => {
    const { server, texts } = await served();
    await withPage(server.url, async (page) => {
      await isLive(page);
      await page.getByRole('button', { name: 'Open', exact: true }).click();
      await page.locator('.example-list button', { hasText: 'Poor policies' }).click();
      await page.locator('.status', { hasText: 'not the files of the server' }).waitFor();
      const world = await page.locator('.world span').textContent();
      const link = await share(page);
      await page.goto('about:blank');
      await page.goto(link);
      await page.locator('.status', { hasText: 'not the files of the server' }).waitFor();
      const fetched = page.waitForResponse(/api\/file/);
      setFiles(server.input, { ...texts, [CART]: `# theirs\n${texts[CART]}` });
      await fetched;
      await openView(page, /Lint/);
      expect(await page.locator('.world span').textContent()).toBe(world);
    });
  });

  it('shows a world whose manifests and assertions are one file', async () => {
    const texts = await textsIn(SHOP);
    const whole = Object.values(texts).join('\n---\n');
    const server = await startServer({ 'all.yaml': whole }, { page: `${root}/dist/web` });
    await withPage(server.url, async (page) => {
      await isLive(page);
      expect(await page.locator('.world').textContent()).toContain('18 workloads');
      expect(await page.locator('.status .error-text').count()).toBe(0);
      await openView(page, /Tests/);
      await page.locator('.rail .badge.good').waitFor();
    });
  });

  it('names the files that are edited on both sides, and takes the server’s on demand', async () => {
    const { server, texts } = await served();
    await withPage(server.url, async (page) => {
      await isLive(page);
      await write(page, CART, '# mine\n');
      setFiles(server.input, { ...texts, [CART]: `# theirs\n${texts[CART]}` });
      await page.locator('.toast', { hasText: `Changed on the server and here: ${CART}` }).waitFor();
      await page.locator(`.files button[title="${CART}"]`, { hasText: 'changed on the server too' }).waitFor();
      expect(await page.locator('.cm-content').textContent()).toContain('# mine');
      await page.getByRole('button', { name: 'Take the server’s' }).click();
      await page.locator('.cm-content', { hasText: '# theirs' }).waitFor();
      expect(await page.locator('.cm-content').textContent()).not.toContain('# mine');
      expect(await page.locator('.files', { hasText: 'changed on the server too' }).count()).toBe(0);
    });
  });

  it('keeps what was made the start when the server changes', async () => {
    const { server, texts } = await served();
    await withPage(server.url, async (page) => {
      await isLive(page);
      await write(page, FRONTEND, '# mine\n');
      await openView(page, /Changes/);
      await page.getByRole('button', { name: 'Make this the start' }).click();
      await page.locator('.facts-list li').first().waitFor({ state: 'detached' });
      setFiles(server.input, { ...texts, [CART]: `# theirs\n${texts[CART]}` });
      await page.locator('.toast', { hasText: 'changed on the server' }).waitFor();
      expect(await page.locator('.cm-content').textContent()).toContain('# mine');
      expect(await page.locator('.facts-list li').count()).toBe(0);
      await openFile(page, CART);
      await page.locator('.cm-content', { hasText: '# theirs' }).waitFor();
    });
  });

  it('says that the server wants its token again, and goes on when it has it', async () => {
    const texts = await textsIn(SHOP);
    const token = 'a-token-of-the-test';
    const options = { page: `${root}/dist/web`, token };
    const first = await startServer(texts, options);
    const { context, close } = await launchChromium({ offline: false, locale: 'en-US' });
    try {
      const page = await context.newPage();
      await page.goto(`${first.url}#token=${token}`);
      await isLive(page);
      await first.stop();
      await page.locator('.status .live.lost').waitFor();
      const changed = { ...texts, [CART]: `# theirs\n${texts[CART]}` };
      await startServer(changed, { ...options, port: Number(new URL(first.url).port) });
      await page.locator('.status', { hasText: 'signed out' }).waitFor();
      await paste(page, `${first.url}#token=${token}`);
      await isLive(page);
      await openFile(page, CART);
      await page.locator('.cm-content', { hasText: '# theirs' }).waitFor();
    } finally {
      await close();
    }
  });
});
