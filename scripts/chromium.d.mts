import type { BrowserContext, BrowserContextOptions } from 'playwright-core';

export interface Chromium {
  readonly context: BrowserContext;
  readonly close: () => Promise<void>;
}

export declare const CHROMIUM: string;
export declare function hasChromium(): boolean;
export declare function launchChromium(options?: Partial<BrowserContextOptions>): Promise<Chromium>;
