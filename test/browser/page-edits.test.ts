import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../scripts/chromium.mjs';
import { type PageServer, servePage } from '../../scripts/page-server.mjs';
import { root } from '../package/run.ts';
import { canBrowse, openExample, openFile, openView, withPage } from '../support/page.ts';
import { setFiles, startServer, textsIn } from '../support/server.ts';

const CART = 'policies/shop/cart.yaml';
const FRONTEND = 'policies/shop/frontend.yaml';

async function typeAtStart(page: Page, text: string): Promise<void> {
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.insertText(text);
  await page.locator('.cm-content', { hasText: text.trim() }).waitFor();
}

/** The title of the file in the list that has the focus. */
function focused(page: Page): Promise<unknown> {
  return page.evaluate('document.activeElement.title');
}

describe.skipIf(!canBrowse())('edits on the page', { timeout: 120_000 }, () => {
  let server: PageServer;

  beforeAll(async () => {
    server = await servePage();
  });

  afterAll(() => server.close());

  it('are written by the form where the policy is now, or not at all', async () => {
    const texts = await textsIn('examples/shop');
    const cart = `examples/shop/${CART}`;
    const text = texts[cart] ?? '';
    const live = await startServer(texts, { page: `${root}/dist/web` });
    await withPage(live.url, async (page) => {
      await page.locator('.status .live', { hasText: 'live' }).waitFor();
      await openFile(page, cart);
      const changed = page.locator('.toast', { hasText: 'changed on the server' });

      // Applied as it is, it writes nothing.
      await page.getByRole('button', { name: 'As form' }).click();
      await page.locator('dialog pre', { hasText: 'kind: NetworkPolicy' }).waitFor();
      await page.locator('dialog button.primary').click();
      await page.locator('dialog').waitFor({ state: 'detached' });
      expect(await page.locator('.files .file-mark:not(.error, .warning)').count()).toBe(0);

      await page.getByRole('button', { name: 'As form' }).click();
      const ports = page.locator('dialog .rule').first().getByLabel('Ports');
      await ports.fill('7077');
      setFiles(live.input, { ...texts, [cart]: `# a line that came meanwhile\n${text}` });
      await changed.waitFor();
      await page.locator('dialog button.primary').click();
      await page.locator('dialog').waitFor({ state: 'detached' });
      // The editor takes up a text after it was written.
      const written = async (): Promise<string> =>
        (await page.locator('.cm-content').innerText()).replace(/\n+/g, '\n').trim();
      await expect
        .poll(written)
        .toBe(`# a line that came meanwhile\n${text}`.replace('port: 7070', 'port: 7077').replace(/\n+/g, '\n').trim());

      // Another file, where the policy itself changes meanwhile.
      const other = `examples/shop/${FRONTEND}`;
      await openFile(page, other);
      await page.getByRole('button', { name: 'As form' }).click();
      await page.locator('dialog').getByLabel('Name', { exact: true }).fill('other');
      await changed.getByRole('button').evaluate('(button) => button.click()');
      await changed.waitFor({ state: 'detached' });
      setFiles(live.input, { ...texts, [other]: (texts[other] ?? '').replace('policyTypes', '# new\n  policyTypes') });
      await changed.waitFor();
      await page.locator('dialog button.primary').click();
      await page.locator('dialog [role=alert]', { hasText: 'Nothing was written' }).waitFor();
    });
  });

  it('are taken back one by one, and never with what was typed since', async () => {
    await withPage(
      server.url,
      async (page) => {
        await openExample(page, /A shop/);
        await openFile(page, CART);
        await typeAtStart(page, '# typed\n');

        // A renamed file keeps its history, and the list the focus.
        await page.locator(`.files button[title="${CART}"]`).focus();
        await page.keyboard.press('F2');
        await page.locator('input.rename').fill('policies/shop/basket.yaml');
        await page.locator('input.rename').press('Enter');
        await page.locator('.cm-content[aria-label*="basket.yaml"]').waitFor();
        expect(await focused(page)).toBe('policies/shop/basket.yaml');
        await page.locator('.cm-content').click();
        await page.keyboard.press('Control+z');
        await page.locator('.cm-content', { hasText: '# typed' }).waitFor({ state: 'detached' });

        // Two deletions, each with its way back.
        const names = (): Promise<(string | null)[]> =>
          page.locator('.files li button').evaluateAll((all) => all.map((one) => one.getAttribute('title')));
        const before = await names();
        const at = before.indexOf('policies/shop/basket.yaml');
        await page.locator('.files button[title="policies/shop/basket.yaml"]').focus();
        await page.keyboard.press('Delete');
        await page.locator('.toast').first().waitFor();
        expect(await focused(page)).toBe(before[at + 1]);
        await page.keyboard.press('Delete');
        await page.locator('.toast').nth(1).waitFor();
        expect(await focused(page)).toBe(before[at + 2]);
        // The messages lie on no button.
        await page.locator('.file-actions button').last().click({ trial: true });
        await page.locator('.toast', { hasText: 'basket' }).getByRole('button', { name: 'Undo' }).click();
        await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
        await expect.poll(names).toEqual(before);
      },
      { viewport: { width: 1280, height: 800 } },
    );
  });

  it('stay where a fix is taken back', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /Poor policies/);
      await openView(page, /Lint/);
      await page.getByRole('button', { name: /Fix all/ }).click();
      const undo = page.locator('.toast').getByRole('button', { name: 'Undo' });
      await undo.waitFor();
      await openFile(page, 'policies/db.yaml');
      await typeAtStart(page, '# typed since\n');
      await undo.click();
      await page.locator('.toast', { hasText: 'left as it is: policies/db.yaml' }).waitFor();
      expect(await page.locator('.cm-content').textContent()).toContain('# typed since');
    });
  });

  it('come back after something else was opened, and hold the page', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /A shop/);
      await openFile(page, CART);
      await typeAtStart(page, '# mine\n');
      await page.locator('header.top button', { hasText: 'Open' }).click();
      await page.locator('dialog .example-list button', { hasText: /Poor policies/ }).click();
      await page.locator('.files button[title="policies/db.yaml"]').waitFor();
      await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
      await openFile(page, CART);
      expect(await page.locator('.cm-content').textContent()).toContain('# mine');

      const asked: string[] = [];
      page.on('dialog', (dialog) => {
        asked.push(dialog.type());
        void dialog.accept();
      });
      await page.reload();
      expect(asked).toEqual(['beforeunload']);
      // Nothing is edited: nothing is asked.
      await openExample(page, /A shop/);
      await page.reload();
      expect(asked).toEqual(['beforeunload']);
    });
  });

  it('begin with a template as its preview shows it', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /A shop/);
      await page.locator('.editor-tools button', { hasText: 'New policy' }).click();
      await page.locator('dialog .choice').first().waitFor();
      await page.locator('dialog').getByRole('combobox', { name: 'Namespace' }).fill('payments');
      await page.locator('dialog pre', { hasText: 'namespace: payments' }).waitFor();
      const shown = await page.locator('dialog pre').textContent();
      await page.locator('dialog button.primary').click();
      await page.locator('.cm-content[aria-label*="payments-"]').waitFor();
      expect((await page.locator('.cm-content').innerText()).replace(/\n+/g, '\n').trim()).toBe(shown?.trim());
    });
  });

  it('need a server for the page, which says so when it is opened as a file', async () => {
    const { context, close } = await launchChromium({ locale: 'en-US' });
    try {
      const page = await context.newPage();
      await page.goto(pathToFileURL(`${root}/dist/web/index.html`).href);
      expect(await page.locator('body').innerText()).toMatch(/has to come from a web server.*portcullis serve --open/s);
    } finally {
      await close();
    }
    await withPage(server.url, async (page) => {
      await page.locator('.example-list').waitFor();
      expect(await page.locator('.unserved').count()).toBe(0);
    });
  });

  it('lead to lists that stay short, and to titles that can be read beside long paths', async () => {
    const policies = Array.from(
      { length: 250 },
      (_, at) =>
        `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p-${at}, namespace: none }\nspec: { podSelector: { matchLabels: { a: b } }, policyTypes: [Ingress] }\n`,
    );
    const tests =
      'apiVersion: portcullis.dev/v1\nkind: PolicyTest\nmetadata: { name: tests }\nassertions:\n  - { from: internet, to: "*/*", expect: allowed }\n';
    const pod =
      'apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: other }\nspec: { containers: [{ name: c, image: i }] }\n';
    const file = (name: string, text: string): { name: string; mimeType: string; buffer: Buffer } => ({
      name,
      mimeType: 'text/yaml',
      buffer: Buffer.from(text),
    });
    await withPage(
      server.url,
      async (page) => {
        await page
          .locator('input[type=file]')
          .first()
          .setInputFiles([
            file('all.yaml', [pod, ...policies].join('---\n')),
            file(`${'a-long-way-down-in-the-repository-'.repeat(6)}tests.yaml`, tests),
          ]);
        await openView(page, /Tests/);
        const title = page.locator('.test .finding-text').first();
        await title.waitFor();
        expect((await title.boundingBox())?.width).toBeGreaterThan(200);
        await openView(page, /Lint/);
        await page.locator('.finding').first().waitFor();
        expect(await page.locator('.finding').count()).toBe(200);
        await page.getByRole('button', { name: /^Show \d+ more of/ }).click();
        await expect.poll(() => page.locator('.finding').count()).toBeGreaterThanOrEqual(250);
        const told = await page.locator('.finding').evaluateAll((all) => all.map((one) => one.className));
        const rank = (name: string): number => ['error', 'warning', 'info'].findIndex((one) => name.endsWith(one));
        expect(told.map(rank)).toEqual(told.map(rank).sort());
      },
      { viewport: { width: 1280, height: 800 } },
    );
  });
});
