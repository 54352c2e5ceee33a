import { finish, type Steps } from '../model/steps.ts';
import { chainText } from './render.ts';
import type { Chain, Delta, NftMap, NftSet, Ruleset, Verdict } from './ruleset.ts';

/** Whether sets and maps of one name are of one kind in both, and hooks too: else there is no way from one to the other but anew. */
export function haveSameKinds(from: Ruleset, to: Ruleset): boolean {
  const alike = <T extends NftSet | NftMap>(some: ReadonlyMap<string, T>, others: ReadonlyMap<string, T>): boolean =>
    [...some].every(([name, one]) => {
      const other = others.get(name);
      return other === undefined || sameKind(one, other);
    });
  const hooks = [...from.chains].every(([name, { hook }]) => {
    const other = to.chains.get(name);
    return other === undefined || (other.hook?.hook === hook?.hook && other.hook?.priority === hook?.priority);
  });
  const crossed =
    [...from.sets.keys()].some((name) => to.maps.has(name)) || [...from.maps.keys()].some((name) => to.sets.has(name));
  return hooks && !crossed && alike(from.sets, to.sets) && alike(from.maps, to.maps);
}

/** What the kernel must be told to get from one ruleset to another. They {@link haveSameKinds}. */
export function diffRulesets(from: Ruleset, to: Ruleset): Delta {
  return finish(diffSteps(from, to));
}

/** As {@link diffRulesets}, in steps. */
export function* diffSteps(from: Ruleset, to: Ruleset): Steps<Delta> {
  const sets = compareNamed(from.sets, to.sets, sameKind);
  const maps = compareNamed(from.maps, to.maps, sameKind);
  const removedElements = new Map<string, readonly string[]>();
  const addedSetElements = new Map<string, readonly string[]>();
  const addedMapElements = new Map<string, ReadonlyMap<string, Verdict>>();
  for (const [name, old, now] of sets.kept) {
    // The packet path writes meters.
    if (now.type === 'meter') continue;
    const gone: string[] = [];
    const added: string[] = [];
    for (const element of old.elements) {
      if (!now.elements.has(element)) gone.push(element);
      yield;
    }
    for (const element of now.elements) {
      if (!old.elements.has(element)) added.push(element);
      yield;
    }
    if (gone.length > 0) removedElements.set(name, gone);
    if (added.length > 0) addedSetElements.set(name, added);
  }
  for (const [name, old, now] of maps.kept) {
    const gone: string[] = [];
    const added = new Map<string, Verdict>();
    for (const [element, verdict] of old.elements) {
      const wanted = now.elements.get(element);
      if (wanted === undefined || !sameVerdict(wanted, verdict)) gone.push(element);
      yield;
    }
    for (const [element, verdict] of now.elements) {
      const known = old.elements.get(element);
      if (known === undefined || !sameVerdict(known, verdict)) added.set(element, verdict);
      yield;
    }
    if (gone.length > 0) removedElements.set(name, gone);
    if (added.size > 0) addedMapElements.set(name, added);
  }
  const chains = new Map<string, Chain>();
  const newChains = new Set<string>();
  for (const [name, chain] of to.chains) {
    const old = from.chains.get(name);
    if (old === undefined) newChains.add(name);
    if (old === undefined || chainText(old) !== chainText(chain)) chains.set(name, chain);
    yield;
  }
  return {
    addedSets: sets.added,
    addedMaps: maps.added,
    chains,
    newChains,
    removedElements,
    addedSetElements,
    addedMapElements,
    removedSets: sets.removed,
    removedMaps: maps.removed,
    removedChains: [...from.chains.keys()].filter((name) => !to.chains.has(name)),
  };
}

/** The ruleset that the kernel has after a delta. */
export function applyDelta(ruleset: Ruleset, delta: Delta): Ruleset {
  const sets = new Map(ruleset.sets);
  const maps = new Map(ruleset.maps);
  const chains = new Map(ruleset.chains);
  for (const [name, set] of delta.addedSets) sets.set(name, set);
  for (const [name, map] of delta.addedMaps) maps.set(name, map);
  for (const [name, chain] of delta.chains) chains.set(name, chain);
  for (const [name, gone] of delta.removedElements) {
    const set = sets.get(name);
    const map = maps.get(name);
    if (set !== undefined) sets.set(name, { ...set, elements: without(set.elements, gone) });
    if (map !== undefined) {
      const elements = new Map(map.elements);
      for (const element of gone) elements.delete(element);
      maps.set(name, { ...map, elements });
    }
  }
  for (const [name, added] of delta.addedSetElements) {
    const set = sets.get(name);
    if (set !== undefined) sets.set(name, { ...set, elements: new Set([...set.elements, ...added]) });
  }
  for (const [name, added] of delta.addedMapElements) {
    const map = maps.get(name);
    if (map !== undefined) maps.set(name, { ...map, elements: new Map([...map.elements, ...added]) });
  }
  for (const name of delta.removedSets) sets.delete(name);
  for (const name of delta.removedMaps) maps.delete(name);
  for (const name of delta.removedChains) chains.delete(name);
  return { sets, maps, chains };
}

/** A delta in the steps in which the kernel is told, each of them a transaction. */
export interface DeltaSteps {
  /** What is new, and nothing leads to yet. */
  readonly additions: Delta;
  /** What leads elsewhere from now on. */
  readonly changes: Delta;
  /** What nothing leads to any more. */
  readonly removals: Delta;
}

const NOTHING: Delta = {
  addedSets: new Map(),
  addedMaps: new Map(),
  chains: new Map(),
  newChains: new Set(),
  removedElements: new Map(),
  addedSetElements: new Map(),
  addedMapElements: new Map(),
  removedSets: [],
  removedMaps: [],
  removedChains: [],
};

/**
 * Takes a delta apart. Intervals of a new set are seen a little after the transaction that made them, and packets that are on
 * their way through chains that nothing leads to any more still look for them: so what is new comes before what leads there,
 * and what is left over goes a little later.
 */
export function stepsOf(delta: Delta): DeltaSteps {
  const { addedSets, addedMaps, chains, newChains, removedSets, removedMaps, removedChains } = delta;
  const isAddition = (name: string, { hook }: Chain): boolean => newChains.has(name) && hook === undefined;
  const added = new Map([...chains].filter(([name, chain]) => isAddition(name, chain)));
  const changed = new Map([...chains].filter(([name, chain]) => !isAddition(name, chain)));
  return {
    additions: { ...NOTHING, addedSets, addedMaps, chains: added, newChains: new Set(added.keys()) },
    changes: {
      ...delta,
      addedSets: NOTHING.addedSets,
      addedMaps: NOTHING.addedMaps,
      chains: changed,
      newChains: new Set([...newChains].filter((name) => changed.has(name))),
      removedSets: [],
      removedMaps: [],
      removedChains: [],
    },
    removals: { ...NOTHING, removedSets, removedMaps, removedChains },
  };
}

/** Whether there is nothing to tell the kernel. */
export function isEmptyDelta(delta: Delta): boolean {
  return (
    elementsOf(delta) === 0 &&
    delta.addedSets.size + delta.addedMaps.size + delta.chains.size === 0 &&
    delta.removedSets.length + delta.removedMaps.length + delta.removedChains.length === 0
  );
}

/** Elements that a delta writes or takes away, those of new sets and maps included. */
export function elementsOf(delta: Delta): number {
  let count = 0;
  for (const { elements } of [...delta.addedSets.values(), ...delta.addedMaps.values()]) count += elements.size;
  for (const elements of [...delta.removedElements.values(), ...delta.addedSetElements.values()]) {
    count += elements.length;
  }
  for (const elements of delta.addedMapElements.values()) count += elements.size;
  return count;
}

interface Named<T> {
  readonly added: Map<string, T>;
  readonly removed: string[];
  readonly kept: readonly (readonly [string, T, T])[];
}

function compareNamed<T>(
  from: ReadonlyMap<string, T>,
  to: ReadonlyMap<string, T>,
  same: (a: T, b: T) => boolean,
): Named<T> {
  const added = new Map<string, T>();
  const kept: [string, T, T][] = [];
  for (const [name, now] of to) {
    const old = from.get(name);
    if (old === undefined) added.set(name, now);
    else if (same(old, now)) kept.push([name, old, now]);
    else throw new Error(`${name} changes its type: names must tell types apart`);
  }
  return { added, removed: [...from.keys()].filter((name) => !to.has(name)), kept };
}

function sameKind(a: NftSet | NftMap, b: NftSet | NftMap): boolean {
  return a.type === b.type && a.version === b.version;
}

/** Whether two verdicts send a packet to the same place. */
export function sameVerdict(a: Verdict, b: Verdict): boolean {
  return a.kind === b.kind && ('chain' in a ? a.chain : '') === ('chain' in b ? b.chain : '');
}

function without(elements: ReadonlySet<string>, gone: readonly string[]): Set<string> {
  const left = new Set(elements);
  for (const element of gone) left.delete(element);
  return left;
}
