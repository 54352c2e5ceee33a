import type { ReachabilitySource } from '../reachability-source.ts';
import { visible } from '../text.ts';
import { buildPicture, type PictureOptions } from './build.ts';
import type { DocumentResult } from './document.ts';
import { type Box, type Edge, type Frame, ISOLATION_TEXT, type Picture } from './model.ts';

/** The reachability for Graphviz (`dot -Tsvg`): namespaces as clusters, ports on the lines. */
export function reachDot(reachability: ReachabilitySource, options: PictureOptions = {}): DocumentResult {
  const built = buildPicture(reachability, options);
  return 'tooLarge' in built ? built : { text: dotLines(built.picture) };
}

function* dotLines({ frames, edges, note }: Picture): Generator<string> {
  yield 'digraph reachability {\n';
  yield '  rankdir=LR;\n  compound=true;\n  fontname="sans-serif";\n';
  yield '  node [shape=box, fontname="sans-serif", fontsize=11];\n  edge [fontname="sans-serif", fontsize=10];\n';
  if (note !== undefined) yield `  label=${quote([note])};\n`;
  for (const [at, frame] of frames.entries()) yield frameDot(frame, at);
  for (const edge of edges) yield edgeDot(edge);
  yield '}\n';
}

function frameDot(frame: Frame, at: number): string {
  const style = frame.kind.endsWith('-outside') ? 'dashed' : 'solid';
  const boxes = frame.boxes.map((box) => `    ${box.id} [${boxAttributes(box)}];\n`);
  return `  subgraph cluster_${at + 1} {\n    label=${quote([frame.title])};\n    style=${style};\n${boxes.join('')}  }\n`;
}

function boxAttributes(box: Box): string {
  const style = box.kind === 'all' ? 'rounded,dotted' : box.isolation === 'none' ? 'dashed' : 'solid';
  return `label=${quote(boxWords(box))}, style="${style}"${box.isolation === 'both' ? ', penwidth=2' : ''}`;
}

/** What a box says in formats without a layout of their own: title, lines, isolation, ports among its members. */
export function boxWords(box: Box): readonly string[] {
  return [
    box.title,
    ...box.lines,
    ...(box.isolation === undefined ? [] : [ISOLATION_TEXT[box.isolation].toUpperCase()]),
    ...(box.among === undefined ? [] : [`among: ${box.among}`]),
  ];
}

/** What a line says. */
export function edgeWords({ ports, partial }: Edge): string {
  return partial ? `some: ${ports}` : ports;
}

function edgeDot(edge: Edge): string {
  const look = edge.open ? ', style=bold, penwidth=3, color="#b3261e", fontcolor="#b3261e"' : '';
  const partial = edge.partial && !edge.open ? ', style=dashed' : '';
  return `  ${edge.from} -> ${edge.to} [label=${quote([edgeWords(edge)])}${look}${partial}];\n`;
}

/** Lines as a DOT string: nothing in them is an escape of Graphviz or ends the string. */
function quote(lines: readonly string[]): string {
  const escaped = lines.map((line) => visible(line).replaceAll('\\', '\\\\').replaceAll('"', '\\"'));
  return `"${escaped.join('\\n')}"`;
}
