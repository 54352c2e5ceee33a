import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { stringify } from 'yaml';
import { CHROMIUM, hasChromium, launchChromium } from '../../scripts/chromium.mjs';
import { servePage } from '../../scripts/page-server.mjs';
import { clusterObjects } from './cluster.ts';
import type { Failure, Figure } from './figures.ts';
import { DEFAULT_SHAPE } from './shape.ts';
import { median } from './stats.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ASSETS = path.join(ROOT, 'dist/web/assets');
const SHOP = path.join(ROOT, 'examples/shop');

/** Scripts that the first view does without: the text editor and the examples. */
const LATER = /^(Code|_virtual_examples)-/;

interface PageFile {
  readonly name: string;
  readonly text: string;
}

/** A world to edit: the file, a line of it that ends with a number, and how often it is edited. */
interface Edited {
  readonly size: string;
  readonly what: string;
  readonly files: readonly PageFile[];
  readonly file: string;
  readonly line: string;
  readonly target: number;
}

/** Sizes of scripts, the first view, and edits to their differences, each beside what it is to be. */
export async function measurePage(runs: number): Promise<(Figure | Failure)[]> {
  const sizes = scriptSizes();
  if (!hasChromium()) return [...sizes, { size: '', what: 'page', problem: `no ${CHROMIUM}` }];
  const shop = shopFiles();
  const large: Edited = {
    size: '1k/500',
    what: 'edit to difference',
    files: largeFiles(),
    file: 'netpol-3/policies.yaml',
    line: 'port: 8080',
    target: 1000,
  };
  const small: Edited = {
    size: 'shop',
    what: 'edit to difference',
    files: shop,
    file: 'policies/shop/cart.yaml',
    line: 'port: 7070',
    target: 100,
  };
  return [...sizes, await firstView(shop, runs), ...(await edits(small, runs)), ...(await edits(large, runs))];
}

function scriptSizes(): Figure[] {
  const scripts = readdirSync(ASSETS).filter((name) => name.endsWith('.js'));
  const bytes = (names: readonly string[]): number =>
    names.reduce((sum, name) => sum + gzipSync(readFileSync(path.join(ASSETS, name)), { level: 9 }).length, 0);
  const figure = (what: string, value: number, budget: number): Figure => {
    return { size: '', what, unit: 'memory', value, baseline: { what: 'budget', value: budget } };
  };
  return [
    figure('script in all, gzip', bytes(scripts), 600_000),
    figure('script of the first view, gzip', bytes(scripts.filter((name) => !LATER.test(name))), 250_000),
  ];
}

function shopFiles(): PageFile[] {
  return readdirSync(SHOP, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => ({ name, text: readFileSync(path.join(SHOP, name), 'utf8') }));
}

/** A thousand workloads and five hundred policies, pods and policies of each namespace in a file. */
function largeFiles(): PageFile[] {
  const texts = new Map<string, string[]>();
  for (const object of clusterObjects({ ...DEFAULT_SHAPE, namespaces: 10, pods: 100, policies: 50 })) {
    const kinds: Readonly<Record<string, string>> = { Namespace: 'namespace', Pod: 'pods', NetworkPolicy: 'policies' };
    const namespace = String(object.metadata['namespace'] ?? object.metadata['name']);
    const name = `${namespace}/${kinds[object.kind] ?? 'others'}.yaml`;
    const documents = texts.get(name) ?? [];
    texts.set(name, documents);
    documents.push(stringify(object));
  }
  return [...texts].map(([name, documents]) => ({ name, text: documents.join('---\n') }));
}

/** Serves the page with a world in it, and uses it in a browser. */
async function withWorld<T>(files: readonly PageFile[], use: (page: Page, url: string) => Promise<T>): Promise<T> {
  const server = await servePage({ 'server.json': JSON.stringify({ server: false, files }) });
  const { context, close } = await launchChromium({ offline: false, locale: 'en-US' });
  try {
    return await use(await context.newPage(), server.url);
  } finally {
    await close();
    await server.close();
  }
}

/** A script that answers what an expression is as soon as it is something. */
function once(expression: string): string {
  return `new Promise((done) => {
    const look = () => {
      const value = ${expression};
      if (value) done(value);
      else requestAnimationFrame(look);
    };
    look();
  })`;
}

/** Runs before the page: notes when the first workload of the map is there. */
const NOTE_FIRST = `new MutationObserver((_, observer) => {
  if (document.querySelector('.node') === null) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.firstView = performance.now(); });
}).observe(document, { subtree: true, childList: true })`;

async function firstView(files: readonly PageFile[], runs: number): Promise<Figure> {
  const times = await withWorld(files, async (page, url) => {
    await page.addInitScript(NOTE_FIRST);
    const found: number[] = [];
    for (let run = 0; run < runs; run++) {
      await page.goto(url);
      found.push(await page.evaluate<number>(once('window.firstView')));
      await page.goto('about:blank');
    }
    return found;
  });
  const baseline = { what: 'target', value: 1000 };
  return { size: 'shop', what: `first view (median of ${runs})`, unit: 'time', value: median(times), baseline };
}

/** Notes when a key is pressed, when the status says something else, and what kept the page from answering. */
const NOTE_EDITS = `(() => {
  const status = document.querySelector('.status-changes');
  const seen = { edit: 0, told: 0, longest: 0 };
  window.edits = seen;
  addEventListener('beforeinput', () => { seen.edit = performance.now(); seen.told = 0; seen.longest = 0; }, true);
  new MutationObserver(() => { if (seen.told === 0) seen.told = performance.now(); })
    .observe(status, { subtree: true, childList: true, characterData: true });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longest = Math.max(seen.longest, duration);
  }).observe({ type: 'longtask' });
})()`;

async function edits({ size, what, files, file, line, target }: Edited, runs: number): Promise<Figure[]> {
  const { times, longest } = await withWorld(files, async (page, url) => {
    await page.goto(url);
    await page.locator('.rail li button', { hasText: 'Changes' }).click();
    await page.locator(`.files button[title="${file}"]`).click();
    await page.locator(`.cm-content[aria-label*="${file}"]`).waitFor();
    await page.evaluate(NOTE_EDITS);
    await page.locator('.cm-line', { hasText: line }).first().click();
    await page.keyboard.press('End');
    const found = { times: [] as number[], longest: 0 };
    for (let run = 0; run < runs * 2; run++) {
      // A digit goes and comes back: each time the difference is another one.
      if (run % 2 === 0) await page.keyboard.press('Backspace');
      else await page.keyboard.insertText(line.slice(-1));
      found.times.push(
        await page.evaluate<number>(once('window.edits.told > 0 && window.edits.told - window.edits.edit')),
      );
      // Findings come after the difference; the next edit waits for them.
      await page.waitForTimeout(1500);
      found.longest = Math.max(found.longest, await page.evaluate<number>('window.edits.longest'));
    }
    return found;
  });
  const baseline = { what: 'target', value: target };
  return [
    { size, what: `${what} (median of ${runs * 2})`, unit: 'time', value: median(times), baseline },
    { size, what: 'longest the page is busy meanwhile', unit: 'time', value: longest },
  ];
}
