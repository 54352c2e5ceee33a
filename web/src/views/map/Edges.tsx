import type { JSX } from 'preact';
import { t } from '../../i18n/index.ts';
import { curve, edgesOf, type MapEdge } from './edge-layout.ts';
import type { Peer } from './facts.ts';
import { type Box, type MapLayout, overlap } from './layout.ts';
import { nameSize, widthOf } from './text.ts';

/** The lines of an endpoint. */
export function linesOf(layout: MapLayout, at: number, peers: readonly Peer[]): readonly MapEdge[] {
  return edgesOf(layout, at, peers, (n, of) => t('map.many', { n, of }));
}

/** The head of a line, to be defined once. */
export function Head(): JSX.Element {
  return (
    <marker
      id="head"
      viewBox="0 0 10 10"
      refX="9"
      refY="5"
      markerWidth="5"
      markerHeight="5"
      orient="auto-start-reverse"
    >
      <path d="M0 0L10 5L0 10z" />
    </marker>
  );
}

/** Lines; what they are open on stands in the boxes. */
export function Edges({ lines }: { readonly lines: readonly MapEdge[] }): JSX.Element {
  return (
    <g class="edges">
      {lines.map((edge, index) => (
        <path
          key={index}
          class={`edge ${edge.direction}${edge.open ? ' open' : ''}`}
          d={curve(edge).d}
          marker-end="url(#head)"
        />
      ))}
    </g>
  );
}

/** Places along a line where its label may stand, the best first. */
const ALONG = [0.5, 0.62, 0.38, 0.74, 0.26, 0.84];

interface LabelsProps {
  readonly lines: readonly MapEdge[];
  readonly scale: number;
}

/** How many a line stands for, where it is not one; at the first place along it that no other label has. */
export function EdgeLabels({ lines, scale }: LabelsProps): JSX.Element {
  const size = Math.max(nameSize(scale), 12 / scale);
  const placed: Box[] = [];
  return (
    <g class="edges">
      {lines.map((edge, index) => {
        if (!edge.many) return null;
        const line = curve(edge);
        const [width, height] = [(widthOf(edge.label) + 0.6) * size, size * 1.5];
        const boxes = ALONG.map((along): Box => {
          const { x, y } = line.at(along);
          return { x: x - width / 2, y: y - height / 2, width, height };
        });
        const box = boxes.find((one) => !placed.some((other) => overlap(one, other))) ?? (boxes[0] as Box);
        placed.push(box);
        return (
          <g key={index}>
            <rect class="label-box" {...box} rx={size * 0.3} />
            <text class="edge-label" x={box.x + width / 2} y={box.y + height / 2} font-size={size}>
              {edge.label}
            </text>
          </g>
        );
      })}
    </g>
  );
}
