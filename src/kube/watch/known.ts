import { hash, randomBytes } from 'node:crypto';

/** What is remembered of an object that was told, to tell what is new, what is late and what is missing. */
export interface Memory {
  /** {@link fingerprint} of its uid. */
  readonly uid: number;
  /** Its resourceVersion; NaN where that is no number. */
  readonly version: number;
  /** {@link fingerprint} of what was told of it. */
  readonly content: number;
}

/**
 * The objects of one resource by namespace and name, a few numbers each: a cluster of a hundred thousand pods is
 * remembered in some megabytes, beside the objects themselves, which are whoever's asked for them.
 */
export class KnownObjects {
  readonly #slots = new Map<string, Map<string, number>>();
  readonly #free: number[] = [];
  #numbers = new Float64Array(4 * 64);
  #size = 0;
  #used = 0;

  get size(): number {
    return this.#size;
  }

  get(namespace: string, name: string): Memory | undefined {
    const slot = this.#slots.get(namespace)?.get(name);
    if (slot === undefined) return undefined;
    const at = 4 * slot;
    const [uid = 0, version = 0, content = 0] = this.#numbers.subarray(at, at + 3);
    return { uid, version, content };
  }

  /** @param round of the list that it was seen in, or that came last before it was told */
  set(namespace: string, name: string, { uid, version, content }: Memory, round: number): void {
    let names = this.#slots.get(namespace);
    if (names === undefined) {
      names = new Map();
      this.#slots.set(namespace, names);
    }
    let slot = names.get(name);
    if (slot === undefined) {
      slot = this.#free.pop() ?? this.#used++;
      names.set(name, slot);
      this.#size++;
      if (4 * slot + 4 > this.#numbers.length) this.#grow();
    }
    this.#numbers.set([uid, version, content, round], 4 * slot);
  }

  delete(namespace: string, name: string): void {
    const names = this.#slots.get(namespace);
    const slot = names?.get(name);
    if (names === undefined || slot === undefined) return;
    names.delete(name);
    if (names.size === 0) this.#slots.delete(namespace);
    this.#free.push(slot);
    this.#size--;
  }

  /** Objects that were not seen in this round. */
  *missing(round: number): Generator<{ readonly namespace: string; readonly name: string; readonly version: number }> {
    for (const [namespace, names] of this.#slots) {
      for (const [name, slot] of names) {
        if (this.#numbers[4 * slot + 3] === round) continue;
        yield { namespace, name, version: this.#numbers[4 * slot + 1] ?? Number.NaN };
      }
    }
  }

  #grow(): void {
    const larger = new Float64Array(this.#numbers.length * 2);
    larger.set(this.#numbers);
    this.#numbers = larger;
  }
}

/** Nobody outside can make two texts of the same number. */
const SALT = randomBytes(16).toString('hex');

/** 48 bits that tell texts apart. */
export function fingerprint(text: string): number {
  return hash('sha256', SALT + text, 'buffer').readUIntBE(0, 6);
}
