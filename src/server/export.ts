import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AnalystOptions, TextFile } from './analyst/question.ts';

/** An export that cannot be written. */
export class ExportError extends Error {
  readonly code = 'export';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExportError';
  }
}

/** What a static site is made of. */
export interface ExportOptions {
  /** The page's built files. */
  readonly page: string;
  /** Made where it does not exist; must be empty otherwise. */
  readonly target: string;
  /** What the page opens by itself; absent: it begins empty. */
  readonly world?: ExportedWorld;
}

/** Texts of an export, and how they are read. */
export interface ExportedWorld extends AnalystOptions {
  readonly title: string;
  readonly files: readonly TextFile[];
}

/**
 * Writes the page as static files that any web server can serve; `server.json` tells it that there is no server behind,
 * and has the world. Answers how many files there are. Throws {@link ExportError}.
 */
export function exportPage({ page, target, world }: ExportOptions): number {
  if (!existsSync(path.join(page, 'index.html'))) {
    throw new ExportError('this build has no page: run `npm run build` in the checkout');
  }
  try {
    mkdirSync(target, { recursive: true });
    if (readdirSync(target).length > 0) throw new ExportError(`${target} is not empty; name a new directory`);
    cpSync(page, target, { recursive: true });
    writeFileSync(path.join(target, 'server.json'), `${JSON.stringify({ server: false, ...world })}\n`);
    return readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
  } catch (error) {
    if (error instanceof ExportError) throw error;
    throw new ExportError(`cannot write ${target}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
