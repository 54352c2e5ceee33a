/** Values of one generation; twice as many may be held. */
const MOST = 50_000;

/**
 * Gives equal values as one object, so that what is the same in many pods takes memory once. It forgets what has not been
 * asked for in a long time.
 */
export class Interner {
  #young = new Map<string, unknown>();
  #old = new Map<string, unknown>();
  readonly #most: number;

  constructor(most: number = MOST) {
    this.#most = most;
  }

  /** A value that JSON can say, in the one form of all that are equal to it. */
  value<T>(value: T): T {
    return this.#get(JSON.stringify(value), value);
  }

  /** One string of all that are equal. */
  text(text: string): string {
    return this.#get(text, text);
  }

  #get<T>(key: string, value: T): T {
    const young = this.#young.get(key);
    if (young !== undefined) return young as T;
    const kept = (this.#old.get(key) as T | undefined) ?? value;
    if (this.#young.size >= this.#most) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, kept);
    return kept;
  }
}
