import type { JSX } from 'preact';
import { t } from '../../i18n/index.ts';
import { AREA, type Box, type PlacedArea } from './layout.ts';
import { cut, cutMiddle, nameSize, widthOf } from './text.ts';

/** What an area is called. */
export function areaTitle({ kind, name }: Pick<PlacedArea, 'kind' | 'name'>): string {
  return kind === 'namespace' ? name : t(`map.${kind}`);
}

/** The ground of an area. */
export function Area({ area }: { readonly area: PlacedArea }): JSX.Element {
  return (
    <g class={`area ${area.kind}`}>
      <title>{areaTitle(area)}</title>
      <rect x={area.x} y={area.y} width={area.width} height={area.height} rx="10" />
    </g>
  );
}

interface TitleProps {
  readonly area: PlacedArea;
  readonly scale: number;
}

/** The name of an area over its workloads. */
export function NearTitle({ area, scale }: TitleProps): JSX.Element {
  const size = nameSize(scale);
  return (
    <text class={`area-title ${area.kind}`} x={area.x + AREA.pad} y={area.y + 22} font-size={size}>
      {cut(areaTitle(area), area.width - AREA.pad, size)}
    </text>
  );
}

/** The size of names that are seen from afar, in pixels of the screen, and the least at which they can be read. */
const FAR_SIZE = { wanted: 15, least: 12 } as const;

interface FarName {
  readonly shown: string;
  readonly size: number;
  readonly upright: boolean;
  /** How long the ground of the name is. */
  readonly length: number;
}

function farName({ area, scale }: TitleProps): FarName | undefined {
  const text = areaTitle(area);
  // In pixels of the screen, less a margin.
  const [width, height] = [area.width * scale - 6, area.height * scale - 6];
  const needed = widthOf(text) * FAR_SIZE.least;
  const upright = needed > width && height > width && height > FAR_SIZE.least * 4;
  const length = upright ? height : width;
  if (length < Math.min(needed, FAR_SIZE.least * 3)) return undefined;
  const pixels = Math.min(FAR_SIZE.wanted, Math.max(FAR_SIZE.least, length / widthOf(text)));
  const shown = cutMiddle(text, length, pixels);
  const size = pixels / scale;
  return { shown, size, upright, length: (widthOf(shown) + 0.8) * size };
}

/** Where the name of an area stands. */
export function titleBox({ area, scale, far }: TitleProps & { readonly far: boolean }): Box | undefined {
  if (!far) {
    const size = nameSize(scale);
    const width = Math.min(area.width - AREA.pad, widthOf(areaTitle(area)) * size);
    return { x: area.x + AREA.pad, y: area.y + 22 - size, width, height: size * 1.3 };
  }
  const name = farName({ area, scale });
  if (name === undefined) return undefined;
  const [width, height] = name.upright ? [name.size * 1.6, name.length] : [name.length, name.size * 1.6];
  return { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
}

/**
 * Names of areas across their workloads, for who looks from afar: as large as fits, upright where an area is tall and narrow, cut
 * in the middle where nothing else helps, and left out where not even that says anything.
 */
export function FarTitle({ area, scale }: TitleProps): JSX.Element | null {
  const name = farName({ area, scale });
  if (name === undefined) return null;
  const { shown, size, upright, length: box } = name;
  const middle = `translate(${area.x + area.width / 2} ${area.y + area.height / 2})`;
  return (
    <g class="far-title" transform={upright ? `${middle} rotate(-90)` : middle}>
      <rect x={-box / 2} y={-size * 0.8} width={box} height={size * 1.6} rx={size * 0.4} />
      <text font-size={size}>{shown}</text>
    </g>
  );
}
