import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, visit } from 'yaml';
import type { FieldPath } from '../model/source.ts';
import { keyText, resolvePlain, resolveTagged } from './scalars.ts';
import type { Extent } from './text-file.ts';
import { isMergeKey } from './yaml-convert.ts';

interface Place {
  readonly key: Node | null;
  readonly value: Node | null;
}

/**
 * The place of a field among the nodes of a document. What an alias or a merge brought in is found where it is used,
 * not where it was written. Of duplicate keys the last counts, as it does for the value. A value that is not written
 * at all (`key:`) is found at its key.
 */
export function locateYaml(root: Node | null, path: FieldPath, part: 'key' | 'value'): Extent {
  let place: Place = { key: null, value: root };
  for (const step of path) {
    const next = child(root, place.value, step);
    if (next === undefined) break;
    place = next;
  }
  const value = isWritten(place.value) ? place.value : (place.key ?? place.value);
  const node = part === 'key' && place.key !== null ? place.key : value;
  const [start, end] = node?.range ?? [0, 0];
  return { start, end };
}

/** An empty scalar takes no room in the text, unless quotes or a block indicator show it. */
function isWritten(node: Node | null): boolean {
  return node !== null && (node.range?.[0] ?? 0) < (node.range?.[1] ?? 0);
}

function child(root: Node | null, node: Node | null, step: string | number): Place | undefined {
  if (isSeq(node) && typeof step === 'number') {
    const item = node.items[step] as Node | undefined;
    return item === undefined ? undefined : { key: null, value: item };
  }
  if (!isMap(node)) return undefined;
  const wanted = String(step);
  const pairs = node.items as Pair<Node, Node | null>[];
  for (let i = pairs.length - 1; i >= 0; i--) {
    const pair = pairs[i];
    if (pair === undefined) continue;
    if (isMergeKey(pair.key)) {
      const merged = mergedPlace(root, pair.value, wanted);
      if (merged !== undefined) return merged;
    } else if (keyOf(root, pair.key) === wanted) return pair;
  }
  return undefined;
}

/** Where a `<<` brings a key in: the alias in use, or the place inside a mapping written on the spot. */
function mergedPlace(root: Node | null, source: Node | null, key: string): Place | undefined {
  if (isSeq(source)) {
    for (const item of source.items) {
      const place = mergedPlace(root, item as Node, key);
      if (place !== undefined) return place;
    }
    return undefined;
  }
  if (!isAlias(source)) return child(root, source, key);
  const target = aliasTarget(root, source);
  const found = isSeq(target) ? mergedPlace(root, target, key) : child(root, target, key);
  return found === undefined ? undefined : { key: source, value: source };
}

function keyOf(root: Node | null, key: Node): string | undefined {
  const node = isAlias(key) ? aliasTarget(root, key) : key;
  if (!isScalar(node)) return undefined;
  const text = String(node.value);
  if (node.tag === undefined) return node.type === 'PLAIN' ? keyText(resolvePlain(text), text) : text;
  const tagged = resolveTagged(node.tag, text);
  return 'value' in tagged ? keyText(tagged.value, text) : undefined;
}

/** The last node before an alias that carries its anchor. */
function aliasTarget(root: Node | null, alias: Alias): Node | null {
  const before = alias.range?.[0] ?? 0;
  let target: Node | null = null;
  visit(root, {
    Node(_key, node) {
      if ((node.range?.[0] ?? 0) >= before) return visit.SKIP;
      if (!isAlias(node) && node.anchor === alias.source) target = node;
      return undefined;
    },
  });
  return target;
}
