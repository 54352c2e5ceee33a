/** The page in a browser, for tests: opened, watched, and closed. */

import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { CHROMIUM, hasChromium, launchChromium } from '../../scripts/chromium.mjs';

/** Whether browser tests can run; says loudly when not, and fails where `CI` is set. */
export function canBrowse(): boolean {
  if (hasChromium()) return true;
  const message = `no ${CHROMIUM}: the page is not tested in a browser; scripts/setup.sh installs it`;
  if (process.env['CI'] !== undefined) throw new Error(message);
  console.warn(`\n*** ${message} ***\n`);
  return false;
}

/** How a page is opened. */
export interface OpenOptions {
  /** Of the browser: `en-US`, `zh-CN`. */
  readonly locale?: string;
  readonly colorScheme?: 'light' | 'dark';
  readonly viewport?: { readonly width: number; readonly height: number };
}

/**
 * Opens an address in a browser of its own and uses it; afterwards makes sure that the page asked nobody else for anything,
 * broke no rule of its security policy and complained of nothing.
 */
export async function withPage(
  url: string,
  use: (page: Page) => Promise<void>,
  options: OpenOptions = {},
): Promise<void> {
  const { locale = 'en-US', ...rest } = options;
  // Offline would cut loopback too; requests to elsewhere are refused, and reported below.
  const { context, close } = await launchChromium({ offline: false, locale, acceptDownloads: true, ...rest });
  try {
    const page = await context.newPage();
    const elsewhere: string[] = [];
    const said: string[] = [];
    const { origin } = new URL(url);
    await context.route(
      (target) => target.origin !== origin && !['blob:', 'data:'].includes(target.protocol),
      (route) => {
        elsewhere.push(route.request().url());
        return route.abort();
      },
    );
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') said.push(message.text());
    });
    page.on('pageerror', (error) => said.push(error.stack ?? error.message));
    await page.goto(url);
    await use(page);
    expect({ elsewhere, said }).toEqual({ elsewhere: [], said: [] });
  } finally {
    await close();
  }
}

/** Opens an example from the first view, and waits for what is there. */
export async function openExample(page: Page, name: RegExp): Promise<void> {
  await page.locator('.example-list button', { hasText: name }).click();
  await page.locator('.node').first().waitFor();
}

/** Opens a view by its name in the navigation. */
export async function openView(page: Page, name: RegExp): Promise<void> {
  await page.locator('.rail li button', { hasText: name }).click();
}

/** Opens a file in the editor, and waits until its text is there. */
export async function openFile(page: Page, name: string): Promise<void> {
  await page.locator(`.files button[title="${name}"]`).click();
  await page.locator(`.cm-content[aria-label*="${name}"]`).waitFor();
}

/** Asks for a verdict. */
export async function askFor(page: Page, from: string, to: string, port: string): Promise<void> {
  const fields = page.locator('.verdict-view .question input');
  for (const [at, text] of [from, to, port].entries()) {
    await fields.nth(at).fill(text);
    await fields.nth(at).press('Enter');
  }
}

/** One rule of WCAG that the page breaks, and where. */
interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
}

/** Experimental, and wrong for drawings: it takes two texts of a box for one word. */
const WITHOUT = { 'label-content-name-mismatch': { enabled: false } };

/** Checks what is shown against WCAG 2.1 A and AA with axe-core. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(axe.source);
  const options = {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
    resultTypes: ['violations'],
    rules: WITHOUT,
  };
  const found = await page.evaluate<{ readonly violations: readonly Violation[] }>(
    `axe.run(document, ${JSON.stringify(options)})`,
  );
  const told = found.violations.map(({ id, nodes }) => ({
    rule: id,
    nodes: nodes.slice(0, 4).map(({ target, failureSummary }) => `${JSON.stringify(target)} ${failureSummary}`),
  }));
  expect({ what, told }).toEqual({ what, told: [] });
}
