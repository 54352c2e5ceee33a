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
 * Places endpoints: namespaces as areas in the middle, by name, in rows of about one width; outside blocks on the left, nodes
 * and domains on the right. The same endpoints always get the same places.
 * @param aspect width by height that the middle is to have, about
 */
export function layoutMap(endpoints: readonly EndpointItem[], aspect: number = 1.6): MapLayout {
  const groups = groupsOf(endpoints);
  const inner = groups.filter(({ kind }) => kind === 'namespace');
  const left = groups.filter(({ kind }) => kind === 'outside');
  const right = groups.filter(({ kind }) => kind === 'nodes' || kind === 'domains');
  const areas: PlacedArea[] = [];
  let x: number = AREA.gap;
  const column = (list: readonly Group[]): void => {
    let y: number = AREA.gap;
    let width = 0;
    for (const group of list) {
      const columns = group.members.length > 24 ? Math.ceil(group.members.length / 24) : 1;
      const placed = place(endpoints, group, x, y, columns, areas.length);
      areas.push(placed);
      y += placed.height + AREA.gap;
      width = Math.max(width, placed.width);
    }
    if (width > 0) x += width + AREA.gap * 2;
  };
  column(left);
  x = shelves(endpoints, inner, x, areas, aspect) + AREA.gap * 2;
  column(right);
  const nodes = new Map(areas.flatMap((area) => area.nodes.map((node) => [node.at, node] as const)));
  return {
    width: Math.max(...areas.map((area) => area.x + area.width), 0) + AREA.gap,
    height: Math.max(...areas.map((area) => area.y + area.height), 0) + AREA.gap,
    areas,
    nodes,
  };
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

/** Namespaces in rows; answers the right edge. */
function shelves(
  endpoints: readonly EndpointItem[],
  groups: readonly Group[],
  left: number,
  areas: PlacedArea[],
  aspect: number,
): number {
  const sizes = groups.map(({ members }) => {
    const columns = Math.max(1, Math.round(Math.sqrt((members.length * NODE.height) / NODE.width) * 1.5));
    return { columns, width: areaWidth(columns), height: areaHeight(Math.ceil(members.length / columns)) };
  });
  const total = sizes.reduce((sum, { width, height }) => sum + (width + AREA.gap) * (height + AREA.gap), 0);
  const limit = Math.max(Math.sqrt(total * aspect * 1.15), ...sizes.map(({ width }) => width));
  let x = left;
  let y: number = AREA.gap;
  let row = 0;
  let edge = left;
  for (const [index, group] of groups.entries()) {
    const { columns = 1, width = 0, height = 0 } = sizes[index] ?? {};
    if (x > left && x + width > left + limit) {
      x = left;
      y += row + AREA.gap;
      row = 0;
    }
    areas.push(place(endpoints, group, x, y, columns, areas.length));
    x += width + AREA.gap;
    row = Math.max(row, height);
    edge = Math.max(edge, x - AREA.gap);
  }
  return edge;
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
