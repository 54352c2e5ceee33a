import { buildPicture, type PictureOptions } from '../picture/build.ts';
import { drawPicture } from '../picture/svg.ts';
import type { ReachabilitySource } from '../reachability-source.ts';
import { escapeXml } from '../text.ts';
import { reportHtml } from './report.ts';

/**
 * The reachability as one HTML file that needs nothing else: a searchable matrix, the map, the list of connections and a
 * legend. Its security policy lets it load nothing and run no script but its own. Deterministic to the byte.
 */
export async function reachHtml(reachability: ReachabilitySource, options: PictureOptions = {}): Promise<string> {
  const built = buildPicture(reachability, options);
  const map =
    'tooLarge' in built
      ? `<p class="empty">${escapeXml(built.tooLarge)}.</p>`
      : await drawPicture(built.picture, false);
  return reportHtml(reachability, map);
}
