/** The page over a running lab: what the kernel denies is seen, explained, advised for, and then passes. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { writeWhole } from '../../src/lab/files.ts';
import { labPaths } from '../../src/lab/names.ts';
import { skipsKernelTests } from '../support/kernel.ts';
import { TestLab } from '../support/lab.ts';
import { policy, workload } from '../support/manifests.ts';
import { canBrowse, openView, withPage } from '../support/page.ts';
import { endServed, serve } from '../support/serve-command.ts';

const HTTP = [{ name: 'http', containerPort: 8080 }];

const labs: TestLab[] = [];

afterEach(async () => {
  endServed();
  for (const one of labs.splice(0)) await one.down();
});

/** The files of the page, downloaded as one text. */
async function download(page: Page): Promise<string> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('menuitem', { name: 'Files as one YAML' }).click();
  return readFileSync(await (await download).path(), 'utf8');
}

describe.skipIf(skipsKernelTests() || !canBrowse())('the page over a lab', { timeout: 180_000 }, () => {
  test('shows a denied packet, advises a policy, and the kernel then lets it pass', async () => {
    const lab = new TestLab();
    labs.push(lab);
    const app = (name: string) => workload('Deployment', `shop/${name}`, { labels: { app: name }, ports: HTTP });
    lab.write('pods.json', [app('web'), app('batch'), app('db')]);
    const fromWeb = { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 8080 }] };
    lab.write('policy.json', [policy('shop/db', { podSelector: { matchLabels: { app: 'db' } }, ingress: [fromWeb] })]);
    const { plan } = await lab.up();
    const [address = ''] = plan.pods.find(({ id }) => id === 'shop/db-0')?.addresses ?? [];
    const flows = labPaths(lab.name).flowLog(plan.nodes[0]?.slot ?? -1);
    const { url, stderr } = await serve('-f', lab.directory, '--flows', flows);

    await withPage(url, async (page) => {
      await openView(page, /Flows/);
      await page.locator('.empty .live', { hasText: 'live' }).waitFor();
      expect(await lab.ask('shop/web-0', address, 8080)).toBe('shop/db-0');

      // The page is open already when the packet is sent.
      expect(await lab.ask('shop/batch-0', address, 8080)).toBeUndefined();
      const row = page.locator('.flows tbody tr');
      await row.waitFor();
      expect(await row.locator('td:nth-child(n+3):nth-child(-n+5)').allTextContents()).toEqual([
        'shop/batch[Deployment]',
        'shop/db[Deployment]',
        '8080/TCP',
      ]);

      await row.getByRole('button', { name: 'why' }).click();
      await page.locator('.answer.no').waitFor();
      expect(await page.locator('.answer p').textContent()).toBe(
        'shop/batch[Deployment] may not connect to shop/db[Deployment] on 8080/TCP: the ingress of the destination does not admit it.',
      );

      await openView(page, /Flows/);
      await row.waitFor();
      await page.getByRole('button', { name: 'Advise a policy (1)' }).click();
      await row.locator('.opened', { hasText: 'allowed' }).waitFor();
      await page.locator('.status-changes', { hasText: '+1 opened−0 closed' }).waitFor();
      // So far it is an edit in the page: the kernel goes by the files.
      expect(await lab.ask('shop/batch-0', address, 8080)).toBeUndefined();

      const text = await download(page);
      const advised = path.join(lab.directory, 'advised.yaml');
      const [, content] = text.split('# advised.yaml\n');
      expect(content).toContain('kind: NetworkPolicy');
      writeWhole(advised, content ?? '');
      await lab.enforced();
      expect(await lab.ask('shop/batch-0', address, 8080)).toBe('shop/db-0');
      expect(await lab.ask('shop/web-0', address, 8080)).toBe('shop/db-0');
      // Nothing but this was opened.
      expect(await lab.open({ to: 'shop/deploy/db' })).toEqual([
        'node/node-1 shop/db-0',
        'shop/batch-0 shop/db-0',
        'shop/web-0 shop/db-0',
      ]);

      // The page takes the file for the one that it wrote itself.
      await page.locator('.toast', { hasText: 'changed on the server' }).waitFor();
      await row.locator('.opened', { hasText: 'allowed' }).waitFor();
      expect(await page.locator('.banner').allTextContents()).toEqual([]);
    });
    expect(stderr()).not.toMatch(/error|warn/i);
  });
});
