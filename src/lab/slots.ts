/** The lowest free place for each name; who has one keeps it. */
export class Slots {
  readonly #slots = new Map<string, number>();

  constructor(earlier: Readonly<Record<string, number>>, names: readonly string[]) {
    const used = new Set<number>();
    for (const name of names) {
      const slot = earlier[name];
      if (slot === undefined) continue;
      this.#slots.set(name, slot);
      used.add(slot);
    }
    let next = 0;
    for (const name of names) {
      if (this.#slots.has(name)) continue;
      while (used.has(next)) next++;
      this.#slots.set(name, next++);
    }
  }

  of(name: string): number {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new Error(`no place for ${name}`);
    return slot;
  }
}
