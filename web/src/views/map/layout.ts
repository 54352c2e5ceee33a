import { compareNatural } from '../../natural.ts';
import type { EndpointItem } from '../../worker/protocol.ts';

/** A rectangle in the units of the map. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Whether two rectangles share more than a border. */
export function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** An endpoint's place; `at` is its number in the snapshot. */
export interface PlacedNode extends Box {
  readonly at: number;
  readonly endpoint: EndpointItem;
  readonly area: number;
}

/** A namespace, the nodes, or the outside. */
export interface PlacedArea extends Box {
  readonly kind: 'namespace' | 'outside' | 'nodes' | 'domains';
  readonly name: string;
  readonly nodes: readonly PlacedNode[];
}

export interface MapLayout {
  readonly width: number;
  readonly height: number;
  readonly areas: readonly PlacedArea[];
  /** By number in the snapshot. */
  readonly nodes: ReadonlyMap<number, PlacedNode>;
}

export const NODE = { width: 176, height: 46, gap: 10 } as const;
export const AREA = { pad: 14, title: 30, gap: 26 } as const;

interface Group {
  readonly kind: PlacedArea['kind'];
  readonly name: string;
  readonly members: readonly number[];
}

/**
 * Places endpoints: namespaces as areas in the middle, by name; outside blocks, nodes and domains at the edges: left and
 * right, or above and below. Of the arrangements that come into question it is the one that can be shown largest. The same
 * endpoints always get the same places.
 * @param aspect width by height of what the map is shown in
 */
export function layoutMap(endpoints: readonly EndpointItem[], aspect: number = 1.6): MapLayout {
  const groups = groupsOf(endpoints);
  const best = bestArrangement(groups, aspect);
  const areas = best.boxes.map(({ at, x, y, columns }, index) =>
    place(endpoints, groups[at] as Group, x, y, columns, index),
  );
  const nodes = new Map(areas.flatMap((area) => area.nodes.map((node) => [node.at, node] as const)));
  return { width: best.width, height: best.height, areas, nodes };
}

let known: { readonly key: string; readonly best: Arrangement } | undefined;

/** Asked at every edit, and nearly always about as many workloads of the same namespaces: the last answer is kept. */
function bestArrangement(groups: readonly Group[], aspect: number): Arrangement {
  const key = JSON.stringify([aspect, ...groups.map(({ kind, members }) => [kind, members.length])]);
  if (known?.key === key) return known.best;
  let best: Arrangement = { width: 0, height: 0, boxes: [] };
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of arrangements(groups)) {
    const size = Math.max(candidate.width / aspect, candidate.height);
    if (size >= least) continue;
    least = size;
    best = candidate;
  }
  known = { key, best };
  return best;
}

function groupsOf(endpoints: readonly EndpointItem[]): Group[] {
  const groups = new Map<
    string,
    { readonly kind: PlacedArea['kind']; readonly name: string; readonly members: number[] }
  >();
  for (const [at, { type, namespace }] of endpoints.entries()) {
    const kind =
      type === 'workload'
        ? 'namespace'
        : type === 'external' || type === 'ingress-controller'
          ? 'outside'
          : type === 'domain'
            ? 'domains'
            : 'nodes';
    const name = kind === 'namespace' ? namespace : '';
    const key = `${kind} ${name}`;
    const known = groups.get(key) ?? { kind, name, members: [] };
    groups.set(key, known);
    known.members.push(at);
  }
  return [...groups.values()].sort((a, b) => compareNatural(a.name, b.name));
}

/** An area without its endpoints: many arrangements are tried, one is drawn. */
interface Plot extends Box {
  /** The number of its group. */
  readonly at: number;
  readonly columns: number;
}

interface Arrangement {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Plot[];
}

/** How wide areas are for their height: few columns, as many as look well, many. */
const BREADTHS = [0.8, 1.5, 2.5];
/** How wide the middle may be, by the width at which it would be a square. */
const WIDTHS = [0.45, 0.6, 0.75, 0.9, 1.05, 1.2, 1.4, 1.65, 2, 2.4];
/** Rows of a column at the edge. */
const TALL = 24;

/** A group to arrange: where it stands among all, and how many it has. */
interface Sized {
  readonly at: number;
  readonly kind: PlacedArea['kind'];
  readonly count: number;
}

function* arrangements(all: readonly Group[]): Generator<Arrangement> {
  const groups = all.map(({ kind, members }, at): Sized => ({ at, kind, count: members.length }));
  const inner = groups.filter(({ kind }) => kind === 'namespace');
  const outside = groups.filter(({ kind }) => kind === 'outside');
  const others = groups.filter(({ kind }) => kind === 'nodes' || kind === 'domains');
  for (const breadth of BREADTHS) {
    const plots = inner.map((group) => {
      const square = Math.sqrt((group.count * NODE.height) / NODE.width);
      return plot(group, Math.max(1, Math.round(square * breadth)));
    });
    const total = plots.reduce((sum, { width, height }) => sum + (width + AREA.gap) * (height + AREA.gap), 0);
    const widest = Math.max(areaWidth(1), ...plots.map(({ width }) => width));
    for (const factor of WIDTHS) {
      const limit = Math.max(widest, Math.sqrt(total) * factor);
      const middle = packed(plots, limit);
      yield between(stacked(outside), middle, stacked(others), 'x');
      const room = Math.max(limit, middle.width);
      yield between(banded(outside, room), middle, banded(others, room), 'y');
    }
  }
}

function plot({ at, count }: Sized, wanted: number): Plot {
  const columns = Math.min(wanted, count);
  const height = areaHeight(Math.ceil(count / columns));
  return { at, columns, x: 0, y: 0, width: areaWidth(columns), height };
}

function bounded(boxes: readonly Plot[]): Arrangement {
  return {
    width: Math.max(0, ...boxes.map(({ x, width }) => x + width)),
    height: Math.max(0, ...boxes.map(({ y, height }) => y + height)),
    boxes,
  };
}

/** Each as high up as there is room for it, and then as far left. */
function packed(plots: readonly Plot[], limit: number): Arrangement {
  // What is taken, from left to right: up to `end`, down to `y`.
  let skyline = [{ end: limit + AREA.gap, y: 0 }];
  const boxes = plots.map((one): Plot => {
    const [width, height] = [one.width + AREA.gap, one.height + AREA.gap];
    let at = { x: 0, y: Number.POSITIVE_INFINITY };
    let x = 0;
    for (const { end } of skyline) {
      if (x > 0 && x + width > limit + AREA.gap) break;
      const left = x;
      const y = Math.max(
        ...skyline
          .filter((part, index) => part.end > left && (skyline[index - 1]?.end ?? 0) < left + width)
          .map(({ y }) => y),
      );
      if (y < at.y) at = { x, y };
      x = end;
    }
    const right = at.x + width;
    const next: typeof skyline = [];
    let start = 0;
    for (const { end, y } of skyline) {
      if (start < at.x) next.push({ end: Math.min(end, at.x), y });
      if (end >= right && start < right) next.push({ end: right, y: at.y + height });
      if (end > right) next.push({ end, y });
      start = end;
    }
    skyline = next;
    return { ...one, ...at };
  });
  return bounded(boxes);
}

/** One below the other. */
function stacked(groups: readonly Sized[]): Arrangement {
  let y = 0;
  return bounded(
    groups.map((group): Plot => {
      const one = { ...plot(group, Math.ceil(group.count / TALL)), y };
      y += one.height + AREA.gap;
      return one;
    }),
  );
}

/** Side by side where there is room, as wide as that. */
function banded(groups: readonly Sized[], room: number): Arrangement {
  const most = Math.max(1, Math.floor((room - AREA.pad * 2 + NODE.gap) / (NODE.width + NODE.gap)));
  return packed(
    groups.map((group) => plot(group, most)),
    room,
  );
}

/** The middle between two edges, along an axis, with a margin around it all. */
function between(before: Arrangement, middle: Arrangement, after: Arrangement, axis: 'x' | 'y'): Arrangement {
  const length = axis === 'x' ? 'width' : 'height';
  const boxes: Plot[] = [];
  let offset: number = AREA.gap;
  for (const part of [before, middle, after]) {
    const [dx, dy] = axis === 'x' ? [offset, AREA.gap] : [AREA.gap, offset];
    boxes.push(...part.boxes.map((one) => ({ ...one, x: one.x + dx, y: one.y + dy })));
    if (part.boxes.length > 0) offset += part[length] + AREA.gap * 1.5;
  }
  const { width, height } = bounded(boxes);
  return { width: width + AREA.gap, height: height + AREA.gap, boxes };
}

function areaWidth(columns: number): number {
  return AREA.pad * 2 + columns * NODE.width + (columns - 1) * NODE.gap;
}

function areaHeight(rows: number): number {
  return AREA.title + AREA.pad + rows * NODE.height + (rows - 1) * NODE.gap;
}

function place(
  endpoints: readonly EndpointItem[],
  { kind, name, members }: Group,
  x: number,
  y: number,
  columns: number,
  area: number,
): PlacedArea {
  const nodes = members.map((at, index): PlacedNode => {
    const endpoint = endpoints[at] as EndpointItem;
    return {
      at,
      endpoint,
      area,
      x: x + AREA.pad + (index % columns) * (NODE.width + NODE.gap),
      y: y + AREA.title + Math.floor(index / columns) * (NODE.height + NODE.gap),
      width: NODE.width,
      height: NODE.height,
    };
  });
  const rows = Math.ceil(members.length / columns);
  return { kind, name, x, y, width: areaWidth(Math.min(columns, members.length)), height: areaHeight(rows), nodes };
}
