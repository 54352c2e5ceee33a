import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

/** Debian's browser; scripts/setup.sh installs it. */
export const CHROMIUM = '/usr/bin/chromium';

/** Nothing that a browser does by itself at its start: no updates, no reports, no look-ups. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function hasChromium() {
  return existsSync(CHROMIUM);
}

/**
 * Starts a browser with an empty profile and no network. `close` ends it and removes the profile.
 *
 * @param {Partial<import('playwright-core').BrowserContextOptions>} options
 */
export async function launchChromium(options = {}) {
  const profile = mkdtempSync(path.join(tmpdir(), 'portcullis-chromium-'));
  const remove = () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      headless: true,
      args: ARGUMENTS,
      offline: true,
      viewport: { width: 1400, height: 900 },
      ...options,
    });
    return { context, close: () => context.close().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
