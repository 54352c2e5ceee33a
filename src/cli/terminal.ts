import { ANSI, PLAIN, type Style } from '../report/style.ts';
import type { Io } from './io.ts';
import type { Output } from './output.ts';

/**
 * Colours only where they can be seen: on a terminal that is not dumb, unless `--no-color` or `NO_COLOR` says no.
 * `FORCE_COLOR` asks for them without a terminal.
 */
export function styleFor(output: Output, env: Io['env'], noColor: boolean): Style {
  if (noColor || (env['NO_COLOR'] ?? '') !== '') return PLAIN;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced === '0' || forced === 'false' ? PLAIN : ANSI;
  return output.isTerminal && env['TERM'] !== 'dumb' ? ANSI : PLAIN;
}

const SHOW_AFTER_MS = 1000;
const REFRESH_MS = 100;

/** A line on standard error that tells how far a long piece of work is; only on a terminal and only after a second. */
export class Progress {
  readonly #err: Output;
  readonly #enabled: boolean;
  #started: number | undefined;
  #lastShown = 0;
  #visible = false;

  constructor(err: Output, quiet: boolean) {
    this.#err = err;
    this.#enabled = err.isTerminal && !quiet;
  }

  /** Called as often as the work likes. */
  show(what: string, done: number, total: number): void {
    if (!this.#enabled) return;
    const now = performance.now();
    this.#started ??= now;
    if (now - this.#started < SHOW_AFTER_MS || now - this.#lastShown < REFRESH_MS) return;
    this.#lastShown = now;
    this.#visible = true;
    this.#err.now(`\r${what} ${Math.floor((100 * done) / Math.max(1, total))} %\u001b[K`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#visible) this.#err.now('\r\u001b[K');
    this.#visible = false;
  }
}
