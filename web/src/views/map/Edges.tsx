import type { JSX } from 'preact';
import { t } from '../../i18n/index.ts';
import { curve, edgesOf, type MapEdge, placeLabels } from './edge-layout.ts';
import type { Peer } from './facts.ts';
import type { Box, MapLayout } from './layout.ts';
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

interface LabelsProps {
  readonly lines: readonly MapEdge[];
  readonly scale: number;
  /** Names of areas, which no label covers. */
  readonly names: readonly Box[];
  /** Seen from afar, where no texts of workloads are below the labels. */
  readonly far: boolean;
}

/** Lines from which on labels hide more texts of workloads than they tell: those say what is open themselves. */
const CROWD = 30;

/** How many a line stands for, where it is not one. */
export function EdgeLabels({ lines, scale, names, far }: LabelsProps): JSX.Element {
  const size = Math.max(nameSize(scale), 12 / scale);
  const sizeOf = (label: string): { readonly width: number; readonly height: number } => ({
    width: (widthOf(label) + 0.6) * size,
    height: size * 1.5,
  });
  return (
    <g class="edges">
      {placeLabels(lines, sizeOf, names, far ? undefined : CROWD).map(({ label, box }, index) => (
        <g key={index}>
          <rect class="label-box" {...box} rx={size * 0.3} />
          <text class="edge-label" x={box.x + box.width / 2} y={box.y + box.height / 2} font-size={size}>
            {label}
          </text>
        </g>
      ))}
    </g>
  );
}
