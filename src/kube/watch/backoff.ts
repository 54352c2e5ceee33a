const FIRST_MS = 800;
const LONGEST_MS = 30_000;

/** Pauses between attempts: each at random up to a limit that doubles, so that many clients do not come all at once. */
export class Backoff {
  readonly #random: () => number;
  readonly #firstMs: number;
  readonly #longestMs: number;
  #failures = 0;

  /** @param random from 0 to less than 1 */
  constructor(random: () => number, firstMs: number = FIRST_MS, longestMs: number = LONGEST_MS) {
    this.#random = random;
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const limit = Math.min(this.#longestMs, this.#firstMs * 2 ** Math.min(this.#failures++, 30));
    return this.#random() * limit;
  }

  /** It works again. */
  reset(): void {
    this.#failures = 0;
  }
}
