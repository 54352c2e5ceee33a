import { matchesSelector, selectorKey } from '../../model/selector.ts';
import type { LabelSelector } from '../../model/types.ts';

export type Labels = Readonly<Record<string, string>>;

/** One distinct selector. Everything that uses it shares this entry. */
export interface SelectorEntry {
  readonly id: number;
  readonly key: string;
  readonly selector: LabelSelector;
  /** Label keys that it looks at. */
  readonly labelKeys: readonly string[];
  /**
   * What a label set must hold to be worth testing: one of these `key\0value` pairs, or this key;
   * `undefined` when nothing can be told without testing (empty selectors, NotIn, DoesNotExist).
   */
  readonly anchors: readonly string[] | undefined;
  uses: number;
}

/** The posting key of one label. */
function pairKey(key: string, value: string): string {
  return `${key}\0${value}`;
}

/**
 * Distinct selectors with the reverse question answered fast: which selectors match these labels? Each selector is filed
 * under the labels that it cannot match without.
 */
export class SelectorTable {
  readonly #byKey = new Map<string, SelectorEntry>();
  readonly #anchored = new Map<string, Set<SelectorEntry>>();
  readonly #unanchored = new Set<SelectorEntry>();
  readonly #labelKeys = new Map<string, number>();
  #nextId = 0;

  get size(): number {
    return this.#byKey.size;
  }

  /** The entry of a selector, made if there is none; counts one use. `created` tells which. */
  acquire(selector: LabelSelector): { entry: SelectorEntry; created: boolean } {
    const key = selectorKey(selector);
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.uses++;
      return { entry: known, created: false };
    }
    const labelKeys = [
      ...Object.keys(selector.matchLabels ?? {}),
      ...(selector.matchExpressions ?? []).map((expression) => expression.key),
    ];
    const entry: SelectorEntry = {
      id: this.#nextId++,
      key,
      selector,
      labelKeys: [...new Set(labelKeys)],
      anchors: anchorsOf(selector),
      uses: 1,
    };
    this.#byKey.set(key, entry);
    for (const anchor of entry.anchors ?? []) addTo(this.#anchored, anchor, entry);
    if (entry.anchors === undefined) this.#unanchored.add(entry);
    for (const label of entry.labelKeys) this.#labelKeys.set(label, (this.#labelKeys.get(label) ?? 0) + 1);
    return { entry, created: true };
  }

  /** Gives one use back; answers true when it was the last and the entry is gone. */
  release(entry: SelectorEntry): boolean {
    if (--entry.uses > 0) return false;
    this.#byKey.delete(entry.key);
    this.#unanchored.delete(entry);
    for (const anchor of entry.anchors ?? []) removeFrom(this.#anchored, anchor, entry);
    for (const label of entry.labelKeys) {
      const left = (this.#labelKeys.get(label) ?? 1) - 1;
      if (left === 0) this.#labelKeys.delete(label);
      else this.#labelKeys.set(label, left);
    }
    return true;
  }

  /** Whether any selector looks at this label key. */
  usesLabel(key: string): boolean {
    return this.#labelKeys.has(key);
  }

  /** Every selector that matches, in no order. */
  matching(labels: Labels): SelectorEntry[] {
    const found: SelectorEntry[] = [];
    const seen = new Set<SelectorEntry>();
    const test = (entry: SelectorEntry): void => {
      if (seen.has(entry)) return;
      seen.add(entry);
      if (matchesSelector(entry.selector, labels)) found.push(entry);
    };
    for (const key of Object.keys(labels)) {
      this.#anchored.get(key)?.forEach(test);
      this.#anchored.get(pairKey(key, labels[key] as string))?.forEach(test);
    }
    this.#unanchored.forEach(test);
    return found;
  }
}

/** Items by the labels they carry: which items could a selector match? */
export class LabelPostings<T> {
  readonly #postings = new Map<string, Set<T>>();

  add(item: T, labels: Labels): void {
    for (const key of Object.keys(labels)) {
      addTo(this.#postings, key, item);
      addTo(this.#postings, pairKey(key, labels[key] as string), item);
    }
  }

  remove(item: T, labels: Labels): void {
    for (const key of Object.keys(labels)) {
      removeFrom(this.#postings, key, item);
      removeFrom(this.#postings, pairKey(key, labels[key] as string), item);
    }
  }

  /** The items that may match; a superset of those that do. `undefined`: every item may. */
  candidates(entry: SelectorEntry): readonly ReadonlySet<T>[] | undefined {
    return entry.anchors?.flatMap((anchor) => this.#postings.get(anchor) ?? []);
  }
}

/** Adds to a map of sets. */
export function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}

/** Removes from a map of sets, and the set when it is empty. */
export function removeFrom<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set?.delete(value) === true && set.size === 0) map.delete(key);
}

function anchorsOf(selector: LabelSelector): readonly string[] | undefined {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) return [pairKey(key, value)];
  const expressions = selector.matchExpressions ?? [];
  const lists = expressions
    .filter((expression) => expression.operator === 'In')
    .map(({ key, values }) => [...new Set(values ?? [])].map((value) => pairKey(key, value)))
    .sort((a, b) => a.length - b.length);
  if (lists[0] !== undefined) return lists[0];
  const present = expressions.find((expression) => expression.operator === 'Exists');
  return present === undefined ? undefined : [present.key];
}
