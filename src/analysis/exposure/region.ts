import type { PortSet } from '../../net/port-set.ts';
import type { LabelBox } from './label-box.ts';

/** Pods by their own labels and those of their namespace, whether they exist or not. */
export interface PodBox {
  readonly namespaces: LabelBox;
  readonly pods: LabelBox;
}

/**
 * Connections with pods: any pod of the box, on the ports of the set. Each of `names` (`TCP/http`) narrows the ports to
 * those that the destination has under that name.
 */
export interface Region {
  readonly box: PodBox;
  readonly ports: PortSet;
  readonly names: readonly string[];
}

/** A region without some pods; an exception with names takes only the ports of those names away. */
export interface Entry extends Region {
  readonly except: readonly Omit<Region, 'ports'>[];
}

export function intersectBoxes(a: PodBox, b: PodBox): PodBox {
  return { namespaces: a.namespaces.intersect(b.namespaces), pods: a.pods.intersect(b.pods) };
}

export function isEmptyBox({ namespaces, pods }: PodBox): boolean {
  return namespaces.isEmpty() || pods.isEmpty();
}

function isWithin(a: PodBox, b: PodBox): boolean {
  return a.namespaces.isWithin(b.namespaces) && a.pods.isWithin(b.pods);
}

function disjoint(a: PodBox, b: PodBox): boolean {
  return isEmptyBox(intersectBoxes(a, b));
}

/** A text for a box: equal for equal ones. */
export function boxKey({ namespaces, pods }: PodBox): string {
  return `${namespaces.key} / ${pods.key}`;
}

function exceptionKey({ box, names }: Omit<Region, 'ports'>): string {
  return `${boxKey(box)} ${names.join(' ')}`;
}

/** What an entry is about, whatever its ports: equal for equal conditions. */
export function conditionKey({ box, names, except }: Entry): string {
  return [exceptionKey({ box, names }), ...except.map(exceptionKey).sort()].join('\n');
}

/** The part of an entry that lies in a region, if there is one. */
export function within(entry: Entry, region: Region): Entry | undefined {
  const box = intersectBoxes(entry.box, region.box);
  const ports = entry.ports.intersect(region.ports);
  if (isEmptyBox(box) || ports.isEmpty()) return undefined;
  return pruned({ box, ports, names: merged(entry.names, region.names), except: entry.except });
}

/** The parts of an entry that lie outside regions. Together they hold exactly what is left. */
export function without(entry: Entry, regions: readonly Region[]): Entry[] {
  let parts: Entry[] = [entry];
  for (const region of regions) {
    parts = parts.flatMap((part) => {
      const inside = part.ports.intersect(region.ports);
      if (inside.isEmpty() || disjoint(part.box, region.box)) return [part];
      const outside = part.ports.subtract(region.ports);
      const rest = outside.isEmpty() ? [] : [{ ...part, ports: outside }];
      const narrowed = pruned({ ...part, ports: inside, except: [...part.except, region] });
      return narrowed === undefined ? rest : [...rest, narrowed];
    });
  }
  return parts;
}

/** An entry without exceptions that do nothing; undefined when they leave nothing. */
function pruned(entry: Entry): Entry | undefined {
  const touching = entry.except.filter(({ box }) => !disjoint(entry.box, box));
  if (touching.some(({ box, names }) => isWithin(entry.box, box) && holdsAll(entry.names, names))) return undefined;
  const except = touching.filter(
    (one, at) =>
      !touching.some((other, index) => index !== at && covers(other, one) && (index < at || !covers(one, other))),
  );
  return { ...entry, except: except.map(({ box, names }) => ({ box, names })) };
}

function covers(a: Omit<Region, 'ports'>, b: Omit<Region, 'ports'>): boolean {
  return isWithin(b.box, a.box) && holdsAll(b.names, a.names);
}

function holdsAll(names: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((name) => names.includes(name));
}

function merged(a: readonly string[], b: readonly string[]): readonly string[] {
  return b.length === 0 ? a : [...new Set([...a, ...b])].sort();
}

/**
 * Fewer entries that hold the same: those with one condition joined, and from each the ports taken away that a wider
 * condition has as well. In a stable order: wider conditions first.
 */
export function simplify(entries: readonly Entry[]): Entry[] {
  const joined = new Map<string, Entry>();
  for (const entry of entries) {
    if (isEmptyBox(entry.box) || entry.ports.isEmpty()) continue;
    const key = conditionKey(entry);
    const known = joined.get(key);
    joined.set(key, known === undefined ? entry : { ...known, ports: known.ports.union(entry.ports) });
  }
  const list = [...joined.entries()]
    .sort(([one, a], [other, b]) => breadth(a) - breadth(b) || (one < other ? -1 : 1))
    .map(([, entry]) => entry);
  for (const [at, entry] of list.entries()) {
    let { ports } = entry;
    for (const [index, wider] of list.entries()) {
      if (index === at || ports.isEmpty() || wider.ports.isEmpty()) continue;
      if (ports.intersects(wider.ports) && holdsCondition(wider, entry)) ports = ports.subtract(wider.ports);
    }
    list[at] = { ...entry, ports };
  }
  return list.filter(({ ports }) => !ports.isEmpty());
}

/** A rough measure: how much a condition asks for. */
function breadth({ box, names, except }: Entry): number {
  return box.namespaces.size * 4 + box.pods.size * 4 + names.length * 2 + (except.length > 0 ? 1 : 0);
}

/** Whether a pod in the condition of `narrow` is always in that of `wide`. False may mean "not seen". */
function holdsCondition(wide: Entry, narrow: Entry): boolean {
  return (
    isWithin(narrow.box, wide.box) &&
    holdsAll(narrow.names, wide.names) &&
    wide.except.every(
      (exception) => disjoint(exception.box, narrow.box) || narrow.except.some((own) => covers(own, exception)),
    )
  );
}
