import type { Download, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PageServer, servePage } from '../../scripts/page-server.mjs';
import { en, type MessageKey } from '../../web/src/i18n/en.ts';
import { zh } from '../../web/src/i18n/zh.ts';
import { root } from '../package/run.ts';
import { askFor, canBrowse, expectAccessible, openExample, openFile, openView, withPage } from '../support/page.ts';

const FLOWS = [
  ['denied', 'Deployment/recommendation', 'shop', 'Deployment/cart', 7070],
  ['denied', 'Deployment/shipping', 'data', 'StatefulSet/postgres', 5432],
  ['allowed', 'Deployment/frontend', 'shop', 'Deployment/cart', 7070],
].map(([verdict, source, namespace, destination, port]) =>
  JSON.stringify({
    verdict,
    source: { namespace: 'shop', workload: source },
    destination: { namespace, workload: destination },
    protocol: 'TCP',
    port,
  }),
);

/** Gives the flows view a log. */
async function openFlows(page: Page, name: RegExp = /Flows/): Promise<void> {
  await openView(page, name);
  await page
    .locator('.view input[type=file]')
    .setInputFiles({ name: 'flows.jsonl', mimeType: 'text/plain', buffer: Buffer.from(FLOWS.join('\n')) });
  await page.locator('.flows tbody tr').first().waitFor();
}

/** Pods of a namespace, isolated but for the first ten among each other on port 80. */
function crowd(namespace: string, pods: number): string {
  const pod = (at: number): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: { name: p-${at}, namespace: ${namespace}, labels: { few: "${at < 10}" } }\nspec: { containers: [] }\n`;
  const few = '{ podSelector: { matchLabels: { few: "true" } } }';
  const policy = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: few, namespace: ${namespace} }
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress: [{ from: [${few}], ports: [{ port: 80 }] }]
  egress: [{ to: [${few}] }]
`;
  return [policy, ...Array.from({ length: pods }, (_, at) => pod(at))].join('---\n');
}

/** An expression for the texts in sight that are smaller than 12 pixels of the screen. */
const SMALL_TEXTS = `[...document.querySelectorAll('body *')].flatMap((element) => {
  const text = [...element.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data).join('').trim();
  const drawn = element instanceof SVGElement ? element.getScreenCTM?.()?.a ?? 1 : 1;
  const size = parseFloat(getComputedStyle(element).fontSize) * drawn;
  return text === '' || size >= 11.9 || element.getBoundingClientRect().width < 2 ? [] : [text + ': ' + size];
})`;

/** What an item of the export menu downloads. */
async function exported(page: Page, item: string): Promise<Download> {
  await page.locator('.menu > button').click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: item }).click(),
  ]);
  return download;
}

describe.skipIf(!canBrowse())('the views of the page', { timeout: 120_000 }, () => {
  let server: PageServer;

  beforeAll(async () => {
    server = await servePage();
  });

  afterAll(() => server.close());

  it.each([
    ['light', 'en-US', en],
    ['dark', 'en-US', en],
    ['light', 'zh-CN', zh],
    ['dark', 'zh-CN', zh],
  ] as const)('can be used by everybody, in %s colours, in %s', async (colorScheme, locale, words) => {
    const named = (key: MessageKey): RegExp => new RegExp(words[key]);
    await withPage(
      server.url,
      async (page) => {
        await expectAccessible(page, 'first view');
        await openExample(page, named('example.poor'));
        await page.locator('.cm-content').waitFor();
        await page.locator('.node[data-at="0"]').click();
        await page.locator('.inspector').waitFor();
        await expectAccessible(page, 'map');
        await openView(page, named('view.matrix'));
        await page.locator('[role=gridcell]').first().waitFor();
        await expectAccessible(page, 'matrix');
        await openView(page, named('view.verdict'));
        await askFor(page, 'internet', 'store/db-0[Pod]', '5432');
        await page.locator('.answer').waitFor();
        await expectAccessible(page, 'verdict');
        await page.locator('.editor-tools button', { hasText: words['editor.new'] }).click();
        await page.locator('dialog .choice').first().waitFor();
        await expectAccessible(page, 'templates');
        await page.getByRole('tab', { name: words['new.form'] }).click();
        await page.getByRole('button', { name: words['form.add-pods'] }).click();
        await page.locator('dialog pre').waitFor();
        await expectAccessible(page, 'form');
        await page.locator('dialog button.primary').click();
        await openView(page, named('view.changes'));
        await page.locator('.change').first().waitFor();
        await expectAccessible(page, 'changes');
        await openView(page, named('view.lint'));
        await page.locator('.finding').first().waitFor();
        await expectAccessible(page, 'lint');
        await openView(page, named('view.exposure'));
        await page.locator('.exposure').first().waitFor();
        await expectAccessible(page, 'exposure');
        await openView(page, named('view.tests'));
        await page.getByRole('button', { name: words['tests.add'] }).click();
        await expectAccessible(page, 'tests');
        await openFlows(page, named('view.flows'));
        await expectAccessible(page, 'flows');
      },
      { colorScheme, locale },
    );
  });

  it('fixes what lint is certain of', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /Poor policies/);
      await openView(page, /Lint/);
      const irregular = page.locator('.finding', { hasText: '10.244.1.9/24 has bits set' });
      await irregular.getByRole('button', { name: 'Fix' }).click();
      await irregular.waitFor({ state: 'detached' });
      await openFile(page, 'policies/db.yaml');
      expect(await page.locator('.cm-content').textContent()).toContain('cidr: 10.244.1.0/24');
      await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
      await irregular.waitFor();
      expect(await page.locator('.cm-content').textContent()).toContain('cidr: 10.244.1.9/24');
    });
  });

  it('speaks Chinese throughout, and quotes the API server', async () => {
    await withPage(
      server.url,
      async (page) => {
        await openExample(page, /糟糕的策略/);
        await openView(page, /检查/);
        await page.locator('.finding').first().waitFor();
        const english = /\b[a-z]{2,}(?:,? [a-z]{2,}){2,}/i;
        const told = await page.locator('.finding-text').allTextContents();
        expect(told.length).toBeGreaterThan(15);
        const quoted = await page.locator('.finding-text q[lang=en]').allTextContents();
        const spoken = told.map((text) => quoted.reduce((rest, quote) => rest.replace(quote, ''), text));
        expect(spoken.filter((text) => english.test(text))).toEqual([]);
        await openFile(page, 'policies/db.yaml');
        await page.locator('.cm-lintRange-warning').first().hover();
        expect(await page.locator('.cm-tooltip-lint').textContent()).not.toMatch(english);
        // The other language, at once.
        await page.getByRole('button', { name: 'Switch to English' }).click();
        await page.locator('.finding-text', { hasText: 'redundant in this input' }).first().waitFor();
        expect(await page.locator('.finding-text q').count()).toBe(0);
      },
      { locale: 'zh-CN' },
    );
  });

  it('advises policies for denied flows, which then pass', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /A shop/);
      await openFlows(page);
      const rows = page.locator('.flows tbody tr');
      expect(await rows.count()).toBe(2);
      await rows.first().getByRole('button', { name: 'why' }).click();
      await page.locator('.answer.no').waitFor();
      await openView(page, /Flows/);
      await page.getByRole('button', { name: 'Advise a policy (2)' }).click();
      await page.locator('.flows tbody tr .opened').nth(1).waitFor();
      expect(await page.locator('.flows tbody tr .closed', { hasText: 'denied' }).count()).toBe(2);
      await page.locator('.files button[title="advised.yaml"]').waitFor();
      expect(await page.locator('.status-changes').textContent()).toBe('+2 opened−0 closed');
    });
  });

  it('judges assertions while one edits', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /A shop/);
      await openView(page, /Tests/);
      const holding = page.locator('.test.yes');
      await holding.first().waitFor();
      const before = await holding.count();
      await page.getByRole('button', { name: 'New assertion' }).click();
      const fields = page.locator('form.question input');
      await fields.nth(0).fill('shop/frontend[Deployment]');
      await fields.nth(0).press('Enter');
      await fields.nth(1).fill('shop/cart[Deployment]');
      await fields.nth(1).press('Enter');
      await fields.nth(2).fill('8080');
      await fields.nth(2).press('Enter');
      await page.locator('form.question button.primary').click();
      await page.locator('.test.no').waitFor();
      expect(await holding.count()).toBe(before);
      expect(await page.locator('.test.no').textContent()).toContain('8080');
      await page.locator('.test.no .examples button').click();
      await page.locator('.answer.no').waitFor();
    });
  });

  it('shows the last good state while a file has errors, and marks the place', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /A shop/);
      await openFile(page, 'policies/shop/cart.yaml');
      await page.locator('.cm-line', { hasText: 'port: 7070' }).click();
      await page.keyboard.press('End');
      await page.keyboard.insertText('00');
      await page.locator('.banner.warning').waitFor();
      await page.locator('.cm-lintRange-error').waitFor();
      expect(await page.locator('.cm-lintRange-error').textContent()).toBe('707000');
      expect(await page.locator('.status-changes').textContent()).toBe('No difference to the start');
      await page.keyboard.press('Control+z');
      await page.locator('.banner.warning').waitFor({ state: 'detached' });
      expect(await page.locator('.cm-content').textContent()).not.toContain('707000');
    });
  });

  it('completes labels that exist', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /A shop/);
      await openFile(page, 'policies/shop/cart.yaml');
      await page.locator('.cm-line', { hasText: 'app: cart' }).click();
      await page.keyboard.press('End');
      for (let at = 0; at < 'cart'.length; at++) await page.keyboard.press('Backspace');
      await page.keyboard.type('ship');
      await page.locator('.cm-tooltip-autocomplete li', { hasText: 'shipping' }).click();
      expect(await page.locator('.cm-content').textContent()).toContain('app: shipping');
    });
  });

  it('writes a policy from a form and reads it back', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /A shop/);
      await openFile(page, 'policies/shop/cart.yaml');
      await page.locator('.cm-line', { hasText: 'podSelector' }).first().click();
      await page.getByRole('button', { name: 'As form' }).click();
      const ports = page.locator('dialog').getByLabel('Ports').first();
      expect(await ports.inputValue()).toBe('7070');
      expect(await page.locator('dialog').getByLabel('Pods that it is for').inputValue()).toBe('app=cart');
      await ports.fill('7070, 8080');
      await page.getByRole('button', { name: 'Write into the file' }).click();
      await page.locator('.status-changes', { hasText: '+2 opened−0 closed' }).waitFor();
      const text = await page.locator('.cm-content').textContent();
      expect(text).toContain('port: 8080');
      // What was not changed stays as it was written, comments too.
      expect(text).toContain("# Customers' carts: gRPC on 7070.");
    });
  });

  it('adds, renames and deletes files, and undoes', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /A shop/);
      await openView(page, /Changes/);
      const file = page.locator('.files button[title="policies/shop/cart.yaml"]');
      await file.focus();
      await page.keyboard.press('F2');
      await page.locator('.rename').fill('policies/shop/carts.yaml');
      await page.keyboard.press('Enter');
      const renamed = page.locator('.files button[title="policies/shop/carts.yaml"]');
      await renamed.focus();
      await page.keyboard.press('Delete');
      await renamed.waitFor({ state: 'detached' });
      await page.locator('.side.closed .change').first().waitFor();
      await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
      await renamed.waitFor();
      await page.locator('.status-changes', { hasText: 'No difference' }).waitFor();
    });
  });

  it('is walked through by keys alone', async () => {
    await withPage(server.url, async (page) => {
      const focused = (): Promise<string> =>
        page.evaluate<string>(
          'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent',
        );
      const tabTo = async (wanted: RegExp): Promise<void> => {
        for (let at = 0; at < 80; at++) {
          if (wanted.test(await focused())) return;
          await page.keyboard.press('Tab');
        }
        throw new Error(`Tab never comes to ${wanted}`);
      };
      await tabTo(/^A shop/);
      await page.keyboard.press('Enter');
      await page.locator('.node').first().waitFor();
      await tabTo(/^data\/postgres\[StatefulSet\], isolated/);
      await page.keyboard.press('ArrowDown');
      expect(await focused()).toMatch(/^data\/redis/);
      await page.keyboard.press('Enter');
      await page.locator('.inspector').waitFor();
      await page.keyboard.press('Escape');
      await page.locator('.inspector').waitFor({ state: 'detached' });
      await page.locator('.rail li button', { hasText: 'Matrix' }).focus();
      await page.keyboard.press('Enter');
      await page.locator('[role=gridcell]').first().waitFor();
      await tabTo(/^data\/postgres\[StatefulSet\] to data\/postgres/);
      for (const key of ['ArrowDown', 'End', 'Home', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight']) {
        await page.keyboard.press(key);
      }
      expect(await focused()).toBe('data/redis[StatefulSet] to kube-system/coredns[Deployment]: 53/TCP, 53/UDP');
      await page.keyboard.press('Enter');
      await page.locator('.answer.yes').waitFor();
      await tabTo(/^kube-system|policies\/data\/default/);
      // The editor is left by Tab: no trap.
      await page.locator('.cm-content').focus();
      await page.keyboard.press('Tab');
      expect(await focused()).not.toMatch(/Text of/);
    });
  });

  it('keeps what was chosen lit when the map moves below the pointer', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /A shop/);
      for (const name of ['prometheus', 'checkout', 'redis']) {
        await page.locator('.node', { hasText: name }).first().click();
        await page.locator('.inspector h2', { hasText: name }).waitFor();
        await page.locator('.node.active', { hasText: name }).waitFor();
        await page.keyboard.press('Escape');
        await page.locator('.inspector').waitFor({ state: 'detached' });
      }
    });
  });

  it('shows who reaches whom among 2,000 workloads, of which it draws what is in sight', async () => {
    const namespaces = Array.from({ length: 20 }, (_, at) => `n-${at}`);
    const files = namespaces.map((namespace) => ({ name: `${namespace}.yaml`, text: crowd(namespace, 100) }));
    const crowded = await servePage({ 'server.json': JSON.stringify({ server: false, files }) });
    try {
      await withPage(crowded.url, async (page) => {
        await openView(page, /Matrix/);
        const cells = page.locator('[role=gridcell]');
        await cells.first().waitFor();
        expect(await page.locator('.matrix-view [role=status]').textContent()).toMatch(/^200\d sources/);
        expect(await page.locator('[role=grid]').getAttribute('aria-rowcount')).toMatch(/^200\d$/);
        const grid = page.locator('.matrix');
        const scrollTo = async (row: number, column: number): Promise<void> => {
          await grid.evaluate((element, at) => element.scrollTo({ top: at.row * 24, left: at.column * 66 }), {
            row,
            column,
          });
          await page.locator(`.row[aria-rowindex="${row + 3}"]`).waitFor();
        };
        for (const [row, column] of [
          [0, 0],
          [450, 1250],
          [1210, 340],
          [1990, 1990],
        ] as const) {
          await scrollTo(row, column);
          expect(await cells.count()).toBeLessThan(1500);
          // In the middle of a namespace its name stands beside the first row and over the first column in sight.
          const nameAt = (at: number): string => namespaces[Math.floor(at / 100)] ?? 'Outside';
          if (row < 1990) {
            expect(
              await page
                .locator('.row-group', { hasText: nameAt(row) })
                .first()
                .textContent(),
            ).toBe(nameAt(row));
            expect(await page.locator('.band').first().textContent()).toBe(nameAt(column));
          }
        }
        // By name: the first ten of a namespace reach each other, the others nobody.
        await scrollTo(700, 700);
        const cell = (from: string, to: string): Locator =>
          page.locator(`[role=gridcell][aria-label^="n-7/${from}[Pod] to n-7/${to}[Pod]:"]`);
        expect(await cell('p-0', 'p-1').getAttribute('aria-label')).toMatch(/: 80\/TCP$/);
        await cell('p-0', 'p-1').click();
        await page.locator('.answer.yes').waitFor();
        await openView(page, /Matrix/);
        await page.locator('.toolbar input[type=search]').first().fill('n-7/p-9');
        await page.locator('.matrix-view [role=status]', { hasText: /^11 sources/ }).waitFor();
      });
    } finally {
      await crowded.close();
    }
  });

  it('says the same of a workload on the map and in its exposure', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /Poor policies/);
      // Whether it is reached from outside is known a little later than the rest.
      const label = 'kube-system/coredns[Deployment], limited in, out open, reached from outside';
      await page.locator(`.node[aria-label="${label}"]`).waitFor();
      await openView(page, /Exposure/);
      const sides = page.locator('.exposure', { hasText: 'kube-system/coredns' }).locator('h3');
      await sides.first().waitFor();
      expect(await sides.allTextContents()).toEqual([
        'Ingress · limited by cluster-wide policies',
        'Egress · not protected',
      ]);
    });
  });

  it.each([
    ['a tablet held upright', { width: 820, height: 1180 }],
    ['a tablet held across', { width: 1180, height: 820 }],
  ])('has no text below 12 pixels on %s', async (_, viewport) => {
    await withPage(
      server.url,
      async (page) => {
        await openExample(page, /A shop/);
        await page.locator('.cm-content').waitFor();
        for (const view of [/Map/, /Matrix/, /Changes/, /Lint/, /Exposure/, /Tests/, /Flows/]) {
          await openView(page, view);
          await page.locator('.view:not([aria-busy=true]) > *').first().waitFor();
          expect(await page.evaluate(SMALL_TEXTS)).toEqual([]);
        }
      },
      { viewport },
    );
  });

  it('leaves views and editor room on a screen that is zoomed to 200 %', async () => {
    await withPage(
      server.url,
      async (page) => {
        await openExample(page, /A shop/);
        await page.locator('.cm-content').waitFor();
        await openView(page, /Matrix/);
        await page.locator('[role=gridcell]').first().waitFor();
        // Rows of cells below the names of the columns, and nothing beside the window.
        const box = await page.locator('.matrix').boundingBox();
        expect(box?.height).toBeGreaterThan(152 + 4 * 24);
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        await page.locator('.cm-line', { hasText: 'kind: NetworkPolicy' }).first().click();
        expect((await page.locator('.code').boundingBox())?.height).toBeGreaterThan(100);
      },
      { viewport: { width: 700, height: 450 } },
    );
  });

  it('tells what leads to a workload from outside', async () => {
    await withPage(server.url, async (page) => {
      await page
        .locator('input[type=file]')
        .first()
        .setInputFiles(['policies', 'routes', 'workloads'].map((name) => `${root}/examples/ingress/${name}.yaml`));
      await page.locator('.rail').waitFor();
      await openView(page, /Exposure/);
      await page
        .locator('.exposure-peers', { hasText: /Ingress .*: the ingress controller/ })
        .first()
        .waitFor();
    });
  });

  it.each([
    ['html', 'Report (HTML)', /<title>Portcullis: who reaches whom<\/title>[\s\S]*<svg/],
    ['svg', 'Map (SVG)', /^<svg xmlns[\s\S]*shop/],
    ['md', 'What changes (Markdown)', /./],
    ['yaml', 'Reachability (YAML)', /kind: Reachability/],
  ])('exports %s', async (extension, item, content) => {
    await withPage(server.url, async (page) => {
      await openExample(page, /A shop/);
      const download = await exported(page, item);
      expect(download.suggestedFilename()).toMatch(new RegExp(`\\.${extension}$`));
      const stream = await download.createReadStream();
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).toMatch(content);
    });
  });

  it('exports the map as a picture', async () => {
    await withPage(server.url, async (page) => {
      await openExample(page, /A shop/);
      const stream = await (await exported(page, 'Map (PNG)')).createReadStream();
      const [first] = (await stream.take(1).toArray()) as Buffer[];
      expect(first?.subarray(1, 4).toString()).toBe('PNG');
    });
  });

  it('says that a link is damaged', async () => {
    await withPage(`${server.url}#view=map&state=AAAA`, async (page) => {
      await page.locator('.banner.error', { hasText: 'damaged' }).waitFor();
    });
  });
});
