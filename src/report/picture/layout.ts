import type { ELK, ElkExtendedEdge, ElkNode, ElkPort } from 'elkjs/lib/elk-api.js';
import { displayWidth } from '../text.ts';
import type { Box, Edge, Frame, Picture } from './model.ts';

/** A place in the picture, in CSS pixels from its top left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Rectangle extends Point {
  readonly width: number;
  readonly height: number;
}

/** Where connections with the same ports enter a box. */
export interface Slot {
  readonly text: string;
  readonly open: boolean;
  readonly partial: boolean;
  /** Middle of the left edge of the box, where lines end. */
  readonly at: Point;
}

export interface PlacedBox extends Rectangle {
  readonly box: Box;
  readonly slots: readonly Slot[];
}

export interface PlacedFrame extends Rectangle {
  readonly frame: Frame;
}

export interface PlacedEdge {
  readonly edge: Edge;
  /** Corners of the line, from its beginning to its end. */
  readonly points: readonly Point[];
  /** Where lines of one beginning or end part. */
  readonly junctions: readonly Point[];
}

/** A picture with a place for everything. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly PlacedFrame[];
  readonly boxes: readonly PlacedBox[];
  readonly edges: readonly PlacedEdge[];
}

/** Sizes in CSS pixels. The fonts are monospaced, so that a text's width is known without measuring it. */
export const METRICS = {
  title: { size: 13, advance: 7.9, line: 18 },
  small: { size: 11, advance: 6.7, line: 15 },
  padX: 10,
  padY: 7,
  slot: 18,
  frameTitle: 30,
  framePad: 16,
} as const;

const MAX_SLOT_TEXT = 34;

/** Long port lists are cut; the whole is in the tooltip. */
export function slotText(text: string): string {
  if (text.length <= MAX_SLOT_TEXT) return text;
  const parts = text.split(', ');
  let kept = parts.length - 1;
  const shown = (): string => `${parts.slice(0, kept).join(', ')}, +${parts.length - kept} more`;
  while (kept > 1 && shown().length > MAX_SLOT_TEXT) kept--;
  return shown();
}

/** The lines of small text under a box's title. */
export function smallLines(box: Box): readonly string[] {
  return box.among === undefined ? box.lines : [...box.lines, `among: ${slotText(box.among)}`];
}

/** Height of the part of a box above its slots. */
export function headHeight(box: Box): number {
  const { title, small, padY } = METRICS;
  const badge = box.isolation === undefined ? 0 : small.line;
  return padY * 2 + title.line + smallLines(box).length * small.line + badge;
}

/**
 * Places boxes in layers from left to right and routes lines around them. The same picture always gets the same layout.
 * The layout engine is loaded when it is first needed.
 */
export async function layoutPicture(picture: Picture): Promise<Layout> {
  const { default: loaded } = await import('elkjs/lib/elk.bundled.js');
  // The module is CommonJS whose exports are the class itself, which its types do not say.
  const Elk = loaded as unknown as new () => ELK;
  const elk = new Elk();
  const slots = slotsOf(picture.edges);
  const root = await elk.layout({
    id: 'root',
    layoutOptions: ROOT_OPTIONS,
    children: picture.frames.map((frame) => frameNode(frame, slots)),
    edges: picture.edges.map((edge, at) => edgeOf(edge, at, slots)),
  });
  return readLayout(picture, root, slots);
}

const ROOT_OPTIONS: Readonly<Record<string, string>> = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.edgeCoords': 'ROOT',
  'elk.randomSeed': '1',
  'elk.padding': '[top=12,left=12,bottom=12,right=12]',
  'elk.spacing.nodeNode': '22',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '9',
  'elk.layered.spacing.nodeNodeBetweenLayers': '32',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '9',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.thoroughness': '12',
};

interface SlotPort {
  readonly id: string;
  readonly text: string;
  readonly open: boolean;
  readonly partial: boolean;
}

function slotKey(edge: Edge): string {
  return `${edge.ports}${edge.partial ? ' some' : ''}`;
}

/** The slots of each box, by what its incoming lines say; all ports last. */
function slotsOf(edges: readonly Edge[]): ReadonlyMap<string, ReadonlyMap<string, SlotPort>> {
  const slots = new Map<string, Map<string, SlotPort>>();
  for (const edge of edges) {
    const own = slots.get(edge.to) ?? new Map<string, SlotPort>();
    slots.set(edge.to, own);
    const { ports: text, open, partial } = edge;
    if (!own.has(slotKey(edge))) own.set(slotKey(edge), { id: `${edge.to}.in${own.size}`, text, open, partial });
  }
  return slots;
}

function edgeOf(edge: Edge, at: number, slots: ReadonlyMap<string, ReadonlyMap<string, SlotPort>>): ElkExtendedEdge {
  const target = slots.get(edge.to)?.get(slotKey(edge));
  return { id: `e${at}`, sources: [`${edge.from}.out`], targets: [target?.id ?? edge.to] };
}

function frameNode(frame: Frame, slots: ReadonlyMap<string, ReadonlyMap<string, SlotPort>>): ElkNode {
  const { framePad, frameTitle, title } = METRICS;
  const constraint = { 'from-outside': 'FIRST', 'to-outside': 'LAST' }[frame.kind as string];
  return {
    id: frame.id,
    layoutOptions: {
      'elk.padding': `[top=${frameTitle + 6},left=${framePad},bottom=${framePad},right=${framePad}]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${textWidth(frame.title, title.advance) + 2 * framePad},60)`,
      ...(constraint === undefined ? {} : { 'elk.layered.layering.layerConstraint': constraint }),
    },
    children: frame.boxes.map((box) => boxNode(box, [...(slots.get(box.id)?.values() ?? [])])),
  };
}

function boxNode(box: Box, slots: readonly SlotPort[]): ElkNode {
  const { title, small, padX, padY, slot } = METRICS;
  const head = headHeight(box);
  const texts = [
    textWidth(box.title, title.advance),
    ...smallLines(box).map((line) => textWidth(line, small.advance)),
    ...slots.map(({ text }) => textWidth(slotText(text), small.advance) + 14),
    box.isolation === undefined ? 0 : 165,
  ];
  const width = Math.ceil(Math.max(90, ...texts) + 2 * padX);
  const height = head + slots.length * slot + (slots.length > 0 ? padY : 0);
  const ports: ElkPort[] = slots.map(({ id }, at) => ({
    id,
    x: 0,
    y: head + at * slot + slot / 2,
    width: 0,
    height: 0,
    layoutOptions: { 'elk.port.side': 'WEST' },
  }));
  ports.push({
    id: `${box.id}.out`,
    x: width,
    y: padY + title.line / 2,
    width: 0,
    height: 0,
    layoutOptions: { 'elk.port.side': 'EAST' },
  });
  return { id: box.id, width, height, ports, layoutOptions: { 'elk.portConstraints': 'FIXED_POS' } };
}

/** Estimated width of a text in pixels. */
export function textWidth(text: string, advance: number): number {
  return displayWidth(text) * advance;
}

function readLayout(
  picture: Picture,
  root: ElkNode,
  slots: ReadonlyMap<string, ReadonlyMap<string, SlotPort>>,
): Layout {
  const frames: PlacedFrame[] = [];
  const boxes: PlacedBox[] = [];
  const nodes = new Map((root.children ?? []).map((node) => [node.id, node]));
  for (const frame of picture.frames) {
    const outer = nodes.get(frame.id);
    const place = rectangle(outer, { x: 0, y: 0 });
    frames.push({ frame, ...place });
    const inner = new Map((outer?.children ?? []).map((node) => [node.id, node]));
    for (const box of frame.boxes) {
      const node = inner.get(box.id);
      const own = rectangle(node, place);
      const ports = new Map((node?.ports ?? []).map((port) => [port.id, port]));
      boxes.push({
        box,
        ...own,
        slots: [...(slots.get(box.id)?.values() ?? [])].map(({ id, text, open, partial }) => ({
          text,
          open,
          partial,
          at: { x: own.x, y: own.y + (ports.get(id)?.y ?? 0) },
        })),
      });
    }
  }
  const routes = new Map((root.edges ?? []).map((edge) => [edge.id, edge]));
  const edges = picture.edges.map((edge, at): PlacedEdge => {
    const route = routes.get(`e${at}`);
    const sections = route?.sections ?? [];
    return {
      edge,
      junctions: route?.junctionPoints ?? [],
      points: sections.flatMap(({ startPoint, bendPoints, endPoint }) => [startPoint, ...(bendPoints ?? []), endPoint]),
    };
  });
  return { width: root.width ?? 0, height: root.height ?? 0, frames, boxes, edges };
}

function rectangle(node: ElkNode | undefined, origin: Point): Rectangle {
  const { x = 0, y = 0, width = 0, height = 0 } = node ?? {};
  return { x: origin.x + x, y: origin.y + y, width, height };
}
