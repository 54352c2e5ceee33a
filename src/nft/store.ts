import type { Steps } from '../model/steps.ts';
import { sameVerdict } from './delta.ts';
import { chainText } from './render.ts';
import type { Chain, Delta, NftMap, NftSet, Rule, Ruleset, Verdict } from './ruleset.ts';

interface MutableSet extends NftSet {
  readonly elements: Set<string>;
}

interface MutableMap extends NftMap {
  readonly elements: Map<string, Verdict>;
}

/**
 * A ruleset that changes, and remembers what changed since it was last asked. What nothing leads to any more stays until
 * {@link RulesetStore.collect}: a packet that is on its way through the old rules while the new ones come into force
 * still finds all of them.
 */
export class RulesetStore {
  readonly #sets = new Map<string, MutableSet>();
  readonly #maps = new Map<string, MutableMap>();
  readonly #chains = new Map<string, Chain>();
  /** How many rules and elements lead to a set, map or chain that was put in as referenced. */
  readonly #uses = new Map<string, number>();
  /** Unused, to be collected. */
  readonly #idle = new Set<string>();
  /** As they were when the changes were last taken. */
  #before = emptyJournal();

  /** As it is now; changes with the store. */
  get ruleset(): Ruleset {
    return { sets: this.#sets, maps: this.#maps, chains: this.#chains };
  }

  // Changes

  /** Makes a set or gives the one of that name these elements. */
  putSet(name: string, { type, version, elements }: NftSet): void {
    const known = this.#sets.get(name);
    if (known === undefined) {
      this.#before.sets.add(name);
      this.#sets.set(name, { type, version, elements: new Set(elements) });
      this.#appear(name);
      return;
    }
    for (const element of known.elements) if (!elements.has(element)) this.removeFromSet(name, element);
    for (const element of elements) this.addToSet(name, element);
  }

  addToSet(name: string, element: string): void {
    const { elements } = found(this.#sets, name);
    if (elements.has(element)) return;
    this.#rememberElement(this.#before.sets, this.#before.setElements, name, element, false);
    elements.add(element);
  }

  removeFromSet(name: string, element: string): void {
    const { elements } = found(this.#sets, name);
    if (!elements.has(element)) return;
    this.#rememberElement(this.#before.sets, this.#before.setElements, name, element, true);
    elements.delete(element);
  }

  /** Makes a map or gives the one of that name these elements. */
  putMap(name: string, { type, version, elements }: NftMap): void {
    const known = this.#maps.get(name);
    if (known === undefined) {
      this.#before.maps.add(name);
      this.#maps.set(name, { type, version, elements: new Map(elements) });
      this.#appear(name);
      for (const verdict of elements.values()) this.#use(verdict);
      return;
    }
    for (const key of known.elements.keys()) if (!elements.has(key)) this.removeFromMap(name, key);
    for (const [key, verdict] of elements) this.setInMap(name, key, verdict);
  }

  /** Answers the verdict that was there. */
  setInMap(name: string, key: string, verdict: Verdict): Verdict | undefined {
    const { elements } = found(this.#maps, name);
    const old = elements.get(key);
    if (old !== undefined && sameVerdict(old, verdict)) return old;
    this.#rememberElement(this.#before.maps, this.#before.mapElements, name, key, old);
    this.#use(verdict);
    if (old !== undefined) this.#release(old);
    elements.set(key, verdict);
    return old;
  }

  removeFromMap(name: string, key: string): Verdict | undefined {
    const { elements } = found(this.#maps, name);
    const old = elements.get(key);
    if (old === undefined) return undefined;
    this.#rememberElement(this.#before.maps, this.#before.mapElements, name, key, old);
    this.#release(old);
    elements.delete(key);
    return old;
  }

  /** Makes a chain or gives the one of that name these rules. */
  putChain(name: string, chain: Chain): void {
    const old = this.#chains.get(name);
    if (old !== undefined && sameChain(old, chain)) return;
    if (!this.#before.chains.has(name)) this.#before.chains.set(name, old);
    this.#chains.set(name, chain);
    if (old === undefined) this.#appear(name);
    for (const rule of chain.rules) this.#useOf(rule, (used) => this.#useName(used));
    for (const rule of old?.rules ?? []) this.#useOf(rule, (used) => this.#releaseName(used));
  }

  /** Declares that something leads to it that is no rule or element, so that it is never collected. */
  keep(name: string): void {
    this.#useName(name);
  }

  /** Takes back what {@link keep} said. */
  unkeep(name: string): void {
    this.#releaseName(name);
  }

  has(name: string): boolean {
    return this.#chains.has(name) || this.#maps.has(name) || this.#sets.has(name);
  }

  /** Whether there is something to {@link collect}. */
  get hasIdle(): boolean {
    return this.#idle.size > 0;
  }

  /** Removes what nothing leads to, and what then nothing leads to. Answers the names. */
  collect(): string[] {
    const gone: string[] = [];
    for (let [name] = this.#idle; name !== undefined; [name] = this.#idle) {
      this.#idle.delete(name);
      this.#uses.delete(name);
      gone.push(name);
      this.#remove(name);
    }
    return gone;
  }

  #remove(name: string): void {
    const chain = this.#chains.get(name);
    if (chain !== undefined) {
      if (!this.#before.chains.has(name)) this.#before.chains.set(name, chain);
      this.#chains.delete(name);
      for (const rule of chain.rules) this.#useOf(rule, (used) => this.#releaseName(used));
      return;
    }
    const map = this.#maps.get(name);
    if (map !== undefined) {
      this.#maps.delete(name);
      for (const verdict of map.elements.values()) this.#release(verdict);
      if (!this.#before.maps.delete(name)) this.#before.removedMaps.add(name);
      this.#before.mapElements.delete(name);
      return;
    }
    if (!this.#sets.delete(name)) return;
    if (!this.#before.sets.delete(name)) this.#before.removedSets.add(name);
    this.#before.setElements.delete(name);
  }

  // What leads where

  #appear(name: string): void {
    // One that was removed and comes back before the kernel heard of it would be two things of one name.
    if (this.#before.removedSets.has(name) || this.#before.removedMaps.has(name)) {
      throw new Error(`${name} comes back before its removal was taken`);
    }
    if (!this.#uses.has(name)) {
      this.#uses.set(name, 0);
      this.#idle.add(name);
    }
  }

  #useName(name: string): void {
    this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
    this.#idle.delete(name);
  }

  #releaseName(name: string): void {
    const uses = (this.#uses.get(name) ?? 0) - 1;
    this.#uses.set(name, uses);
    if (uses === 0) this.#idle.add(name);
  }

  #use(verdict: Verdict): void {
    if ('chain' in verdict) this.#useName(verdict.chain);
  }

  #release(verdict: Verdict): void {
    if ('chain' in verdict) this.#releaseName(verdict.chain);
  }

  #useOf({ matches, action }: Rule, use: (name: string) => void): void {
    for (const match of matches) if ('set' in match) use(match.set);
    if (action.kind === 'vmap') use(action.map);
    else if (action.kind === 'log') use(action.meter);
    else if ('chain' in action) use(action.chain);
  }

  // What changed

  #rememberElement<T>(
    added: ReadonlySet<string>,
    elements: Map<string, Map<string, T>>,
    name: string,
    element: string,
    old: T,
  ): void {
    if (added.has(name)) return;
    let changed = elements.get(name);
    if (changed === undefined) {
      changed = new Map();
      elements.set(name, changed);
    }
    if (!changed.has(element)) changed.set(element, old);
  }

  /** What changed since the last call, to be told to the kernel at once. */
  *take(): Steps<Delta> {
    const before = this.#before;
    this.#before = emptyJournal();
    const removedElements = new Map<string, readonly string[]>();
    const addedSetElements = new Map<string, readonly string[]>();
    const addedMapElements = new Map<string, ReadonlyMap<string, Verdict>>();
    for (const [name, changed] of before.setElements) {
      const { elements } = found(this.#sets, name);
      const gone = [...changed].filter(([element, was]) => was && !elements.has(element));
      const added = [...changed].filter(([element, was]) => !was && elements.has(element));
      yield;
      if (gone.length > 0) removedElements.set(name, gone.map(first));
      if (added.length > 0) addedSetElements.set(name, added.map(first));
    }
    for (const [name, changed] of before.mapElements) {
      const { elements } = found(this.#maps, name);
      const gone: string[] = [];
      const added = new Map<string, Verdict>();
      for (const [key, was] of changed) {
        const now = elements.get(key);
        if (was === undefined ? now === undefined : now !== undefined && sameVerdict(was, now)) continue;
        if (was !== undefined) gone.push(key);
        if (now !== undefined) added.set(key, now);
      }
      if (gone.length > 0) removedElements.set(name, gone);
      if (added.size > 0) addedMapElements.set(name, added);
      yield;
    }
    const chains = new Map<string, Chain>();
    const newChains = new Set<string>();
    const removedChains: string[] = [];
    for (const [name, was] of before.chains) {
      const now = this.#chains.get(name);
      if (now === undefined) {
        if (was !== undefined) removedChains.push(name);
      } else if (was === undefined || !sameChain(was, now)) {
        chains.set(name, now);
        if (was === undefined) newChains.add(name);
      }
    }
    return {
      addedSets: picked(this.#sets, before.sets),
      addedMaps: picked(this.#maps, before.maps),
      chains,
      newChains,
      removedElements,
      addedSetElements,
      addedMapElements,
      removedSets: [...before.removedSets],
      removedMaps: [...before.removedMaps],
      removedChains,
    };
  }
}

interface Journal {
  /** Made since. */
  readonly sets: Set<string>;
  readonly maps: Set<string>;
  readonly removedSets: Set<string>;
  readonly removedMaps: Set<string>;
  /** Undefined: made since. */
  readonly chains: Map<string, Chain | undefined>;
  /** Whether an element was there, of sets that were. */
  readonly setElements: Map<string, Map<string, boolean>>;
  /** The verdict that an element had, of maps that were. */
  readonly mapElements: Map<string, Map<string, Verdict | undefined>>;
}

function emptyJournal(): Journal {
  return {
    sets: new Set(),
    maps: new Set(),
    removedSets: new Set(),
    removedMaps: new Set(),
    chains: new Map(),
    setElements: new Map(),
    mapElements: new Map(),
  };
}

function found<T>(all: ReadonlyMap<string, T>, name: string): T {
  const one = all.get(name);
  if (one === undefined) throw new Error(`there is no ${name}`);
  return one;
}

function first<T>([one]: readonly [T, unknown]): T {
  return one;
}

function picked<T>(all: ReadonlyMap<string, T>, names: ReadonlySet<string>): Map<string, T> {
  return new Map([...names].map((name) => [name, found(all, name)]));
}

function sameChain(a: Chain, b: Chain): boolean {
  return a === b || chainText(a) === chainText(b);
}
