import type { ReachabilitySource } from '../reachability-source.ts';
import { visible } from '../text.ts';
import { buildPicture, type PictureOptions } from './build.ts';
import type { DocumentResult } from './document.ts';
import { boxWords, edgeWords } from './dot.ts';
import type { Box, Edge, Frame, Picture } from './model.ts';

/** The reachability as a Mermaid flow chart, which GitHub and GitLab draw in Markdown. */
export function reachMermaid(reachability: ReachabilitySource, options: PictureOptions = {}): DocumentResult {
  const built = buildPicture(reachability, options);
  return 'tooLarge' in built ? built : { text: mermaidLines(built.picture) };
}

function* mermaidLines({ frames, edges, note }: Picture): Generator<string> {
  if (note !== undefined) yield `---\ntitle: ${JSON.stringify(visible(note))}\n---\n`;
  yield 'flowchart LR\n';
  for (const frame of frames) yield frameText(frame);
  for (const edge of edges) yield edgeText(edge);
  const marked = (wanted: Box['isolation']): string =>
    frames.flatMap(({ boxes }) => boxes.filter(({ isolation }) => isolation === wanted).map(({ id }) => id)).join(',');
  const open = marked('none');
  const closed = marked('both');
  if (closed !== '') yield `  classDef isolated stroke-width:3px\n  class ${closed} isolated\n`;
  if (open !== '')
    yield `  classDef unisolated stroke:#b3261e,stroke-width:2px,stroke-dasharray:6 3\n  class ${open} unisolated\n`;
  const wide = edges.flatMap((edge, at) => (edge.open ? [at] : []));
  if (wide.length > 0) yield `  linkStyle ${wide.join(',')} stroke:#b3261e,stroke-width:3px\n`;
}

function frameText(frame: Frame): string {
  const boxes = frame.boxes.map((box) => {
    const label = boxWords(box).map(quoted).join('<br/>');
    return box.kind === 'all' ? `    ${box.id}(["${label}"])\n` : `    ${box.id}["${label}"]\n`;
  });
  return `  subgraph ${frame.id}["${quoted(frame.title)}"]\n${boxes.join('')}  end\n`;
}

function edgeText(edge: Edge): string {
  const arrow = edge.open ? '==>' : edge.partial ? '-.->' : '-->';
  return `  ${edge.from} ${arrow}|"${quoted(edgeWords(edge))}"| ${edge.to}\n`;
}

/** Everything but letters, digits and a few harmless signs as a character reference, in the way that Mermaid writes them. */
function quoted(text: string): string {
  return visible(text).replace(/[^\p{L}\p{N} .,:+()/_-]/gu, (char) => `#${char.codePointAt(0)};`);
}
