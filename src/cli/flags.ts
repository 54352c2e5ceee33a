/** The values of the flags of one call, read by their long names as in the command's specification. */
export class Flags {
  readonly #values: ReadonlyMap<string, string | boolean | readonly string[]>;

  constructor(values: ReadonlyMap<string, string | boolean | readonly string[]>) {
    this.#values = values;
  }

  /** The value of a flag that may be given once. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** The values of a repeatable flag, in order. */
  list(name: string): readonly string[] {
    const value = this.#values.get(name);
    return Array.isArray(value) ? value : [];
  }

  /** Whether a switch was given; `--no-color` is the switch `no-color`. */
  on(name: string): boolean {
    return this.#values.get(name) === true;
  }
}
