import type { EndpointItem } from '../worker/protocol.ts';

/** A rectangle in the units of the map. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
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
  let best: Arrangement = { width: 0, height: 0, boxes: [] };
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of arrangements(groups)) {
    const size = Math.max(candidate.width / aspect, candidate.height);
    if (size >= least) continue;
    least = size;
    best = candidate;
  }
  const areas = best.boxes.map(({ group, x, y, columns }, at) => place(endpoints, group, x, y, columns, at));
  const nodes = new Map(areas.flatMap((area) => area.nodes.map((node) => [node.at, node] as const)));
  return { width: best.width, height: best.height, areas, nodes };
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
  return [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** An area without its endpoints: many arrangements are tried, one is drawn. */
interface Plot extends Box {
  readonly group: Group;
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

function* arrangements(groups: readonly Group[]): Generator<Arrangement> {
  const inner = groups.filter(({ kind }) => kind === 'namespace');
  const outside = groups.filter(({ kind }) => kind === 'outside');
  const others = groups.filter(({ kind }) => kind === 'nodes' || kind === 'domains');
  for (const breadth of BREADTHS) {
    const plots = inner.map((group) => {
      const { length } = group.members;
      return plot(group, Math.max(1, Math.round(Math.sqrt((length * NODE.height) / NODE.width) * breadth)));
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

function plot(group: Group, wanted: number): Plot {
  const columns = Math.min(wanted, group.members.length);
  const height = areaHeight(Math.ceil(group.members.length / columns));
  return { group, columns, x: 0, y: 0, width: areaWidth(columns), height };
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
function stacked(groups: readonly Group[]): Arrangement {
  let y = 0;
  return bounded(
    groups.map((group): Plot => {
      const one = { ...plot(group, Math.ceil(group.members.length / TALL)), y };
      y += one.height + AREA.gap;
      return one;
    }),
  );
}

/** Side by side where there is room, as wide as that. */
function banded(groups: readonly Group[], room: number): Arrangement {
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

/** A line of the map: from one box to another, and what it stands for. */
export interface MapEdge {
  readonly direction: 'out' | 'in';
  readonly from: Box;
  readonly to: Box;
  /** Ports, or how many of an area's workloads. */
  readonly label: string;
  readonly open: boolean;
  /** The line ends at an area and stands for many. */
  readonly many: boolean;
}

/** Peers of an endpoint in one area from which on one line stands for all of them. */
const MANY = 7;

/** The lines of one endpoint: few, whatever the number of its peers. */
export function edgesOf(
  layout: MapLayout,
  at: number,
  peers: readonly {
    readonly at: number;
    readonly direction: 'out' | 'in';
    readonly ports: string;
    readonly open: boolean;
  }[],
  count: (n: number, of: number) => string,
): MapEdge[] {
  const self = layout.nodes.get(at);
  if (self === undefined) return [];
  const edges: MapEdge[] = [];
  for (const direction of ['out', 'in'] as const) {
    const byArea = new Map<number, (typeof peers)[number][]>();
    for (const peer of peers) {
      const node = layout.nodes.get(peer.at);
      if (peer.direction !== direction || node === undefined) continue;
      const list = byArea.get(node.area) ?? [];
      byArea.set(node.area, list);
      list.push(peer);
    }
    for (const [index, list] of byArea) {
      const area = layout.areas[index];
      if (area === undefined) continue;
      const line = (box: Box, label: string, open: boolean, many: boolean): MapEdge =>
        direction === 'out'
          ? { direction, from: self, to: box, label, open, many }
          : { direction, from: box, to: self, label, open, many };
      // Of its own area they are lit, and say what is open: lines between neighbours would hide them.
      if (list.length >= MANY && index === self.area) continue;
      if (list.length >= MANY) {
        edges.push(
          line(
            area,
            count(list.length, area.nodes.length),
            list.every(({ open }) => open),
            true,
          ),
        );
      } else {
        for (const peer of list) {
          const node = layout.nodes.get(peer.at);
          if (node !== undefined) edges.push(line(node, peer.ports, peer.open, false));
        }
      }
    }
  }
  return edges;
}

/** The curve of a line, from border to border, as the `d` of a path, and its middle. */
export function curve({ from, to }: Pick<MapEdge, 'from' | 'to'>): {
  readonly d: string;
  readonly x: number;
  readonly y: number;
} {
  const a = { x: from.x + from.width / 2, y: from.y + from.height / 2 };
  const b = { x: to.x + to.width / 2, y: to.y + to.height / 2 };
  const start = border(from, b);
  const end = border(to, a);
  const bend = Math.min(60, Math.hypot(end.x - start.x, end.y - start.y) / 4);
  const length = Math.hypot(end.x - start.x, end.y - start.y) || 1;
  // Bent to the left of its direction, so that lines there and back do not lie on each other.
  const middle = {
    x: (start.x + end.x) / 2 + (-(end.y - start.y) / length) * bend,
    y: (start.y + end.y) / 2 + ((end.x - start.x) / length) * bend,
  };
  const round = (n: number): string => n.toFixed(1);
  return {
    d: `M${round(start.x)} ${round(start.y)}Q${round(middle.x)} ${round(middle.y)} ${round(end.x)} ${round(end.y)}`,
    x: (start.x + 2 * middle.x + end.x) / 4,
    y: (start.y + 2 * middle.y + end.y) / 4,
  };
}

/** Where the line from a box's middle to a point leaves it. */
function border(
  box: Box,
  towards: { readonly x: number; readonly y: number },
): { readonly x: number; readonly y: number } {
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  const dx = towards.x - x;
  const dy = towards.y - y;
  if (dx === 0 && dy === 0) return { x, y };
  const scale = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : box.width / 2 / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : box.height / 2 / Math.abs(dy),
  );
  return { x: x + dx * Math.min(1, scale), y: y + dy * Math.min(1, scale) };
}
