import { type Box, type MapLayout, overlap } from './layout.ts';

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

/** The curve of a line, from border to border. */
export interface Curve {
  /** The `d` of its path. */
  readonly d: string;
  /** The point at a part of it, from 0 to 1. */
  readonly at: (along: number) => { readonly x: number; readonly y: number };
}

/** Places along a line where its label may stand, the best first. */
const ALONG = [0.5, 0.62, 0.38, 0.74, 0.26, 0.84, 0.16];

/**
 * Where the labels of lines that stand for many go: at the first place along the line that nothing else has. A label for which
 * there is none is left out: on others nobody could read either.
 * @param taken what no label may cover
 * @param most lines from which on there are no labels at all
 */
export function placeLabels(
  lines: readonly MapEdge[],
  sizeOf: (label: string) => { readonly width: number; readonly height: number },
  taken: readonly Box[],
  most = Number.POSITIVE_INFINITY,
): readonly { readonly label: string; readonly box: Box }[] {
  if (lines.length > most) return [];
  const placed: { readonly label: string; readonly box: Box }[] = [];
  for (const edge of lines) {
    if (!edge.many) continue;
    const line = curve(edge);
    const { width, height } = sizeOf(edge.label);
    const boxes = ALONG.map((along): Box => {
      const { x, y } = line.at(along);
      return { x: x - width / 2, y: y - height / 2, width, height };
    });
    const isFree = (one: Box): boolean =>
      !taken.some((other) => overlap(one, other)) && !placed.some(({ box }) => overlap(one, box));
    const box = boxes.find(isFree);
    if (box !== undefined) placed.push({ label: edge.label, box });
  }
  return placed;
}

/** Bends to the left of its direction, so that lines there and back do not lie on each other. */
export function curve({ from, to }: Pick<MapEdge, 'from' | 'to'>): Curve {
  const a = { x: from.x + from.width / 2, y: from.y + from.height / 2 };
  const b = { x: to.x + to.width / 2, y: to.y + to.height / 2 };
  const start = border(from, b);
  const end = border(to, a);
  const length = Math.hypot(end.x - start.x, end.y - start.y);
  const bend = length === 0 ? 0 : Math.min(60, length / 4) / length;
  const middle = {
    x: (start.x + end.x) / 2 - (end.y - start.y) * bend,
    y: (start.y + end.y) / 2 + (end.x - start.x) * bend,
  };
  const round = (n: number): string => n.toFixed(1);
  return {
    d: `M${round(start.x)} ${round(start.y)}Q${round(middle.x)} ${round(middle.y)} ${round(end.x)} ${round(end.y)}`,
    at: (along) => {
      const [one, two, three] = [(1 - along) ** 2, 2 * along * (1 - along), along ** 2];
      return {
        x: one * start.x + two * middle.x + three * end.x,
        y: one * start.y + two * middle.y + three * end.y,
      };
    },
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
