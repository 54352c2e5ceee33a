import type { ReachabilitySource } from '../reachability-source.ts';
import { count } from '../text.ts';
import { draw } from './draw.ts';
import type { Picture } from './model.ts';
import { type Matrix, partsOf, placeKey, placesWithOwnConnections, summarise } from './parts.ts';

/** How a picture is made. */
export interface PictureOptions {
  /** Leave out endpoints without connections, as for a listing that was limited. */
  readonly connectedOnly?: boolean;
}

/** A picture, or one sentence that says why there is none. */
export type PictureResult = { readonly picture: Picture } | { readonly tooLarge: string };

/** Up to these everything is drawn. */
const COMFORTABLE = { boxes: 60, edges: 240 };
/** Beyond these nobody can read it, and the layout takes minutes. */
const BEARABLE = { boxes: 120, edges: 360 };

/**
 * What is drawn of a reachability: many endpoints that connect alike are one box, many equal lines are one. Where that
 * is too much still, namespaces without connections of their own are summarised, then all.
 */
export function buildPicture(reachability: ReachabilitySource, options: PictureOptions = {}): PictureResult {
  const matrix = partsOf(reachability, options.connectedOnly === true);
  const places = new Set(matrix.parts.map(({ place }) => placeKey(place)));
  const what = `${count(reachability.endpoints.length, 'endpoint')} in ${count(places.size, 'place')}`;
  const narrow = 'narrow it with --namespace, --from, --to or --port';
  const busy = placesWithOwnConnections(matrix);
  const attempts: readonly (() => {
    readonly matrix: Matrix;
    readonly limit: typeof COMFORTABLE;
    readonly note?: string;
  })[] = [
    () => ({ matrix, limit: COMFORTABLE }),
    () => ({
      matrix: summarise(matrix, (place) => !busy.has(placeKey(place))),
      limit: BEARABLE,
      note: `${what}: namespaces without connections of their own are one box each`,
    }),
    () => ({ matrix, limit: BEARABLE }),
    () => ({
      matrix: summarise(matrix, () => true),
      limit: BEARABLE,
      note: `${what}: too many to draw one by one, so each namespace is one box; ${narrow}`,
    }),
  ];
  for (const attempt of attempts) {
    const { matrix: tried, limit, note } = attempt();
    if (tried.parts.length > limit.boxes) continue;
    const picture = draw(tried);
    if (picture.edges.length > limit.edges) continue;
    const summarised = tried.parts.some(({ summary }) => summary === true);
    return { picture: summarised && note !== undefined ? { ...picture, note } : picture };
  }
  return { tooLarge: `${what} are too many to draw; ${narrow}` };
}
