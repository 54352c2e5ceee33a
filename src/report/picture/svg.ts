import type { ReachabilitySource } from '../reachability-source.ts';
import { escapeXml } from '../text.ts';
import { buildPicture, type PictureOptions } from './build.ts';
import type { DocumentResult } from './document.ts';
import {
  headHeight,
  type Layout,
  layoutPicture,
  METRICS,
  type PlacedBox,
  type PlacedEdge,
  type PlacedFrame,
  type Point,
  type Slot,
  slotText,
  smallLines,
  textWidth,
} from './layout.ts';
import { type Box, ISOLATION_TEXT, type Isolation, type Picture } from './model.ts';
import { DARK, LIGHT, pictureCss } from './palette.ts';

/** The reachability as a standalone SVG drawing, light or dark as the viewer prefers. Deterministic to the byte. */
export async function reachSvg(
  reachability: ReachabilitySource,
  options: PictureOptions = {},
): Promise<DocumentResult> {
  const built = buildPicture(reachability, options);
  return 'tooLarge' in built ? built : { text: [await drawPicture(built.picture, true), '\n'] };
}

const LEGEND_HEIGHT = 64;

/**
 * Draws a picture.
 * @param standalone with its own style sheet; otherwise the page that holds it brings {@link pictureCss}
 */
export async function drawPicture(picture: Picture, standalone: boolean): Promise<string> {
  const layout = await layoutPicture(picture);
  const noteWidth = textWidth(picture.note ?? '', METRICS.small.advance) + 28;
  const width = Math.ceil(Math.max(layout.width, 800, noteWidth));
  const height = Math.ceil(layout.height) + LEGEND_HEIGHT + (picture.note === undefined ? 0 : 20);
  const boxes = picture.frames.flatMap((frame) => frame.boxes);
  const titles = new Map(boxes.map((box) => [box.id, box.title]));
  const summary = `${boxes.length} boxes in ${picture.frames.length} groups, ${picture.edges.length} kinds of connections`;
  const css = `${pictureCss(LIGHT)}\n@media (prefers-color-scheme:dark){\n${pictureCss(DARK)}\n}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="pc" role="img" aria-labelledby="pc-title pc-desc" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title id="pc-title">Reachability</title>`,
    `<desc id="pc-desc">${escapeXml(summary)}</desc>`,
    ...(standalone ? [`<style>\n${css}\n</style>`] : []),
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...layout.frames.map(frameSvg),
    // Lines for all ports lie below the others: they are wide.
    ...[...layout.edges].sort((a, b) => Number(b.edge.open) - Number(a.edge.open)).map((edge) => edgeSvg(edge, titles)),
    ...layout.boxes.map((placed) => boxSvg(placed, hubsOf(placed.box, picture))),
    ...legend(layout, picture.note),
    '</svg>',
  ].join('\n');
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function text(at: Point, classes: string, content: string, anchor?: 'middle' | 'end'): string {
  const anchored = anchor === undefined ? '' : ` text-anchor="${anchor}"`;
  return `<text class="${classes}" x="${round(at.x)}" y="${round(at.y)}"${anchored}>${escapeXml(content)}</text>`;
}

function frameSvg({ frame, x, y, width, height }: PlacedFrame): string {
  const outside = frame.kind.endsWith('-outside') ? ' outside' : '';
  const name = frame.kind === 'namespace' ? `namespace ${frame.title}` : frame.title;
  return [
    `<g><title>${escapeXml(name)}</title>`,
    `<rect class="frame${outside}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="10"/>`,
    text({ x: x + METRICS.framePad, y: y + 21 }, 'title', frame.title),
    '</g>',
  ].join('');
}

/** The boxes that stand for this one among others. */
function hubsOf(box: Box, { frames }: Picture): readonly string[] {
  if (box.kind === 'all') return [];
  const outside = frames.find(({ boxes }) => boxes.includes(box))?.kind.endsWith('-outside') === true;
  return frames.flatMap(({ kind, boxes }) => {
    if (kind.endsWith('-outside') !== outside || (outside && !boxes.includes(box))) return [];
    return boxes.flatMap((hub) => (hub.kind === 'all' && hub.members.includes(box.members[0] ?? '') ? hub.id : []));
  });
}

function boxSvg(placed: PlacedBox, hubs: readonly string[]): string {
  const { box, x, y, width, height, slots } = placed;
  const { padX, padY, title, small } = METRICS;
  const parts = [
    `<g class="node" data-box="${box.id}"${hubs.length === 0 ? '' : ` data-in="${hubs.join(' ')}"`}><title>${escapeXml(boxTooltip(box))}</title>`,
    `<rect class="box k-${box.kind}${box.isolation === undefined ? '' : ` i-${box.isolation}`}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${box.kind === 'all' ? 14 : 5}"/>`,
    text({ x: x + padX, y: y + padY + 13 }, 'title', box.title),
  ];
  let line = y + padY + title.line;
  for (const content of smallLines(box)) {
    parts.push(text({ x: x + padX, y: line + 11 }, 'small', content));
    line += small.line;
  }
  if (box.isolation !== undefined) parts.push(badge({ x: x + padX, y: line + 11 }, box.isolation));
  if (slots.length > 0) {
    const top = round(y + headHeight(box));
    parts.push(`<line class="rule" x1="${round(x)}" x2="${round(x + width)}" y1="${top}" y2="${top}"/>`);
  }
  parts.push(...slots.map(slotSvg));
  return `${parts.join('')}</g>`;
}

/** A shield, whole, half or empty, and the words: the state does not depend on colour. */
function badge(at: Point, isolation: Isolation): string {
  const { x, y } = at;
  const shape = `M${round(x)} ${round(y - 9)}h8v5q0 4 -4 5q-4 -1 -4 -5z`;
  const half = `M${round(x)} ${round(y - 9)}h4v10q-4 -1 -4 -5z`;
  const fill = isolation === 'both' ? shape : isolation === 'none' ? '' : half;
  return [
    `<path class="b-${isolation}" d="${shape}" fill-opacity="0.15" stroke="currentColor" stroke-width="0.8"/>`,
    fill === '' ? '' : `<path class="b-${isolation}" d="${fill}"/>`,
    text({ x: x + 13, y }, `small b-${isolation}`, ISOLATION_TEXT[isolation]),
  ].join('');
}

function slotSvg(slot: Slot): string {
  const { at, open, partial } = slot;
  const head = `M${round(at.x)} ${round(at.y)}l-7 -4v8z`;
  const shown = `${partial ? 'some: ' : ''}${slotText(slot.text)}`;
  return [
    `<path class="head${open ? ' head-open' : ''}" d="${head}"/>`,
    `<g><title>${escapeXml(slot.text)}</title>`,
    text({ x: at.x + METRICS.padX, y: at.y + 4 }, open ? 'slot-open' : 'slot', shown),
    '</g>',
  ].join('');
}

function edgeSvg({ edge, points, junctions }: PlacedEdge, titles: ReadonlyMap<string, string>): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const path = `M${round(first.x)} ${round(first.y)}${rest.map((point) => `L${round(point.x)} ${round(point.y)}`).join('')}`;
  const classes = `line${edge.open ? ' line-open' : ''}${edge.partial ? ' line-partial' : ''}`;
  const tooltip = `${titles.get(edge.from)} to ${titles.get(edge.to)}: ${edge.partial ? 'some of ' : ''}${edge.ports}`;
  const dots = junctions.map(
    ({ x, y }) => `<circle class="head${edge.open ? ' head-open' : ''}" cx="${round(x)}" cy="${round(y)}" r="2.4"/>`,
  );
  const title = `<title>${escapeXml(tooltip)}</title>`;
  return `<g class="edge" data-from="${edge.from}" data-to="${edge.to}">${title}<path class="${classes}" d="${path}"/>${dots.join('')}</g>`;
}

function boxTooltip(box: Box): string {
  const shown = box.members.slice(0, 40);
  const more = box.members.length - shown.length;
  const state = box.isolation === undefined ? '' : ` (${ISOLATION_TEXT[box.isolation]})`;
  return `${box.title}${state}: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function legend({ height }: Layout, note: string | undefined): string[] {
  const y = height + 18;
  const x = 14;
  const line = (at: number, classes: string, base: number = y): string =>
    `<path class="line ${classes}" d="M${at} ${round(base - 4)}h34"/><path class="head${classes.includes('open') ? ' head-open' : ''}" d="M${at + 38} ${round(base - 4)}l-7 -4v8z"/>`;
  const states: readonly Isolation[] = ['both', 'ingress', 'none'];
  const parts = [
    line(x, ''),
    text({ x: x + 46, y }, 'small', 'open on the ports it ends at'),
    line(x + 262, 'line-open'),
    text({ x: x + 308, y }, 'small', 'open on all ports'),
    text({ x: x + 456, y }, 'small', 'dotted box: stands for all of its group'),
    line(x + 570, 'line-partial', y + 22),
    text({ x: x + 616, y: y + 22 }, 'small', 'only some pairs'),
    ...states.map((state, at) => badge({ x: x + at * 190, y: y + 22 }, state)),
  ];
  if (note !== undefined) parts.push(text({ x, y: y + 44 }, 'small', note));
  return parts;
}
