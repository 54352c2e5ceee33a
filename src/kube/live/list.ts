import { ClusterError } from '../connect/cluster-error.ts';
import type { Connection } from '../connect/connection.ts';
import { getJson, isFields, type PatienceOptions, StatusError } from './api.ts';
import { apiVersionOf, pathOf, type ServedResource } from './resources.ts';

/** Objects of one page. */
const PAGE = 500;
/** A list whose pages expire is begun anew this often; then the rest is taken as it is now. */
const RESTARTS = 2;

/** An object as the server gives it, with `apiVersion` and `kind` as it would have in a file. */
export type RawObject = Readonly<Record<string, unknown>>;

/** How a resource is listed. */
export interface ListOptions extends PatienceOptions {
  /** Objects of one page. */
  readonly limit?: number;
  readonly fieldSelector?: string;
  /** Only objects in it; all when absent. */
  readonly namespace?: string;
  /** Objects of one page, and how many there are beyond them where the server says. */
  onPage(items: readonly RawObject[], remaining: number): void;
  /** What was given so far is void: the list begins anew. */
  onRestart(): void;
}

/**
 * Lists all objects of a resource page by page. When the pages expire in between, the list begins anew; when they keep
 * doing so, the rest is read as of a later moment, as the API offers.
 * @returns the version of the list, from which a watch goes on. Rejects with {@link ClusterError}.
 */
export async function listAll(connection: Connection, resource: ServedResource, options: ListOptions): Promise<string> {
  const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  let next = '';
  for (let restarts = 0; ; ) {
    let page: Page;
    try {
      page = await readPage(connection, resource, next, options);
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 'expired' || next === '') throw error;
      const later = error.status.continue;
      if (restarts >= RESTARTS && later === undefined) throw error;
      if (restarts >= RESTARTS && later !== undefined) {
        next = later;
        continue;
      }
      restarts++;
      next = '';
      options.onRestart();
      continue;
    }
    options.onPage(
      page.items.map((item) => ({ ...type, ...item })),
      page.remaining,
    );
    if (page.next === '') return page.resourceVersion;
    next = page.next;
  }
}

interface Page {
  readonly items: readonly RawObject[];
  readonly next: string;
  readonly resourceVersion: string;
  readonly remaining: number;
}

async function readPage(
  connection: Connection,
  resource: ServedResource,
  next: string,
  { limit = PAGE, fieldSelector, namespace, ...patience }: ListOptions,
): Promise<Page> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (fieldSelector !== undefined) query.set('fieldSelector', fieldSelector);
  if (next !== '') query.set('continue', next);
  const path = pathOf(resource, namespace);
  const value = await getJson(connection, `${path}?${query}`, patience);
  const metadata = isFields(value) && isFields(value['metadata']) ? value['metadata'] : {};
  const items = isFields(value) ? (value['items'] ?? []) : undefined;
  if (!Array.isArray(items)) throw new ClusterError('server', `${connection.server} answers ${path} with no list`);
  const { continue: more, resourceVersion, remainingItemCount } = metadata;
  return {
    items: (items as readonly unknown[]).filter(isFields),
    next: typeof more === 'string' ? more : '',
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    remaining: typeof remainingItemCount === 'number' ? remainingItemCount : 0,
  };
}
