import { escapeXml } from '../../../../src/report/text.ts';
import { t } from '../../i18n/index.ts';
import { selected } from '../../state/store.ts';
import type { MatrixData, Snapshot } from '../../worker/protocol.ts';
import { curve, edgesOf } from './edge-layout.ts';
import { exposedWorkloads, markOf, peersOf, wordsOf } from './facts.ts';
import { AREA, layoutMap } from './layout.ts';
import { cut } from './text.ts';

/** Colours of the drawing: it is light, wherever it is looked at. */
const INK = {
  text: '#172030',
  muted: '#4d5a6e',
  line: '#6b7a90',
  area: '#f3f6fa',
  frame: '#b8c4d4',
  bad: '#b3261e',
  out: '#1f5fbf',
  into: '#7a4d00',
};

/**
 * The map as an SVG file of its own, without style sheets or scripts: areas, workloads with their state in words, and the lines
 * of the endpoint that is chosen.
 */
export function mapSvg(now: Snapshot, data: MatrixData | undefined): string {
  const layout = layoutMap(now.endpoints);
  const exposed = data === undefined ? new Set<number>() : exposedWorkloads(now, data);
  const chosen = now.endpoints.findIndex(({ id }) => id === selected.value);
  const width = Math.ceil(layout.width);
  const height = Math.ceil(layout.height);
  const text = (x: number, y: number, content: string, attributes: string): string =>
    `<text x="${x}" y="${y}" font-family="system-ui,sans-serif" ${attributes}>${escapeXml(content)}</text>`;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeXml(t('map.label'))}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
  ];
  for (const area of layout.areas) {
    const name = area.kind === 'namespace' ? area.name : t(`map.${area.kind}`);
    parts.push(
      `<rect x="${area.x}" y="${area.y}" width="${area.width}" height="${area.height}" rx="10" fill="${INK.area}" stroke="${INK.frame}"${area.kind === 'namespace' ? '' : ' stroke-dasharray="6 4"'}/>`,
      text(area.x + AREA.pad, area.y + 20, name, `font-size="14" font-weight="600" fill="${INK.text}"`),
    );
  }
  for (const { endpoint, at, x, y, width: w, height: h } of layout.nodes.values()) {
    const open = markOf(endpoint) === 'none';
    const words = wordsOf(endpoint);
    const sub = exposed.has(at) ? `${words} · ${t('map.exposed')}` : words;
    parts.push(
      `<g><title>${escapeXml(`${endpoint.id}: ${sub}`)}</title>`,
      `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="${open ? 2 : 7}" fill="#ffffff" stroke="${open ? INK.bad : INK.line}"${open ? ' stroke-dasharray="6 3" stroke-width="1.6"' : ''}/>`,
      text(
        x + 10,
        y + 19,
        cut(endpoint.type === 'workload' ? endpoint.name : endpoint.id, w - 20, 12),
        `font-size="12" font-weight="600" fill="${INK.text}"`,
      ),
      text(x + 10, y + 36, cut(sub, w - 20, 10), `font-size="10" fill="${open ? INK.bad : INK.muted}"`),
      '</g>',
    );
  }
  if (chosen >= 0 && data !== undefined) {
    for (const edge of edgesOf(layout, chosen, peersOf(data, chosen), (n, of) => t('map.many', { n, of }))) {
      const { d, at } = curve(edge);
      const { x, y } = at(0.5);
      const colour = edge.direction === 'out' ? INK.out : INK.into;
      parts.push(
        `<path d="${d}" fill="none" stroke="${colour}" stroke-width="1.6"${edge.direction === 'in' ? ' stroke-dasharray="5 4"' : ''}/>`,
        text(
          x,
          y,
          cut(edge.label, 200, 11),
          `font-size="11" text-anchor="middle" fill="${colour}" stroke="#ffffff" stroke-width="3" paint-order="stroke"`,
        ),
      );
    }
  }
  parts.push('</svg>');
  return parts.join('\n');
}
