import { decodeObject } from '../../model/decode.ts';
import type { Diagnostic } from '../../model/source.ts';
import type { KubeObject } from '../../model/types.ts';
import { ClusterError } from '../connect/cluster-error.ts';
import type { Connection } from '../connect/connection.ts';
import { type PatienceOptions, StatusError } from './api.ts';
import { discover } from './discover.ts';
import { listAll, type RawObject } from './list.ts';
import { type Resource, rbacRules, type ServedResource } from './resources.ts';
import { slim } from './slim.ts';

/** Lists that are read at the same time. */
const PARALLEL = 4;

/** How a cluster is read. */
export interface ReadClusterOptions extends PatienceOptions {
  /** Unknown fields are errors, which drop their object. */
  readonly strict?: boolean;
  /** Objects of one page. */
  readonly limit?: number;
  /** Also answers {@link ClusterObjects.items}. */
  readonly keepItems?: boolean;
  /** Told now and then how many objects have been read, and how many there seem to be. */
  readonly onProgress?: (read: number, expected: number) => void;
  /** What is read; everything when absent. */
  readonly resources?: readonly Resource[];
}

/** The objects of a cluster at about one moment. */
export interface ClusterObjects {
  /** Without sources. */
  readonly objects: readonly KubeObject[];
  /** Of decoding, and warnings about kinds that must not be read. */
  readonly diagnostics: readonly Diagnostic[];
  /** As the server gave them, without what policies do not depend on; empty unless asked for. */
  readonly items: readonly RawObject[];
}

/**
 * Reads everything that policies depend on. Kinds that a cluster does not have are no problem. Where RBAC forbids a kind
 * without which answers would be wrong, nothing is answered; where it forbids another, there is a warning.
 * Rejects with {@link ClusterError}.
 */
export async function readCluster(connection: Connection, options: ReadClusterOptions = {}): Promise<ClusterObjects> {
  const served = await discover(connection, options, options.resources);
  const progress = new Counter(options.onProgress);
  const lists = await eachOf(served, PARALLEL, (resource) => readResource(connection, resource, options, progress));
  const forbidden = served.filter((_, index) => lists[index] === undefined);
  const necessary = forbidden.filter((resource) => resource.necessary);
  if (necessary.length > 0) throw forbiddenError(connection, necessary, ['list']);
  const found = lists.flatMap((list) => list ?? []);
  return {
    objects: found.flatMap(({ object }) => (object === undefined ? [] : [object])),
    diagnostics: [
      ...forbidden.map((resource) => forbiddenWarning(resource, ['list'])),
      ...found.flatMap(({ diagnostics }) => diagnostics),
    ],
    items: found.flatMap(({ item }) => (item === undefined ? [] : [item])),
  };
}

interface Found {
  readonly object: KubeObject | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly item: RawObject | undefined;
}

/** Undefined when it is forbidden. */
async function readResource(
  connection: Connection,
  resource: ServedResource,
  { strict = false, keepItems = false, limit, clock, signal, attempts }: ReadClusterOptions,
  progress: Counter,
): Promise<readonly Found[] | undefined> {
  let found: Found[] = [];
  try {
    await listAll(connection, resource, {
      ...(limit === undefined ? {} : { limit }),
      ...(clock === undefined ? {} : { clock }),
      ...(signal === undefined ? {} : { signal }),
      ...(attempts === undefined ? {} : { attempts }),
      onPage(items, remaining) {
        for (const raw of items) {
          const item = slim(raw);
          const { object, diagnostics } = decodeObject(item, { strict });
          found.push({ object, diagnostics, item: keepItems ? item : undefined });
        }
        progress.set(resource.plural, found.length, remaining);
      },
      onRestart() {
        found = [];
      },
    });
  } catch (error) {
    // A custom resource may be removed between being found and being read.
    if (error instanceof StatusError && error.code === 'not-found' && resource.custom) return [];
    if (error instanceof StatusError && error.code === 'forbidden') return undefined;
    throw error;
  }
  return found;
}

/** Sums what the parallel lists have read. */
class Counter {
  readonly #tell: (read: number, expected: number) => void;
  readonly #lists = new Map<string, { readonly read: number; readonly remaining: number }>();

  constructor(tell: (read: number, expected: number) => void = () => undefined) {
    this.#tell = tell;
  }

  set(list: string, read: number, remaining: number): void {
    this.#lists.set(list, { read, remaining });
    let sum = 0;
    let expected = 0;
    for (const one of this.#lists.values()) {
      sum += one.read;
      expected += one.read + one.remaining;
    }
    this.#tell(sum, expected);
  }
}

async function eachOf<T, R>(items: readonly T[], parallel: number, action: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const take = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await action(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, take));
  return results;
}

/** RBAC forbids what cannot be done without: the message names it all, the hints are the rules to add. */
export function forbiddenError(
  connection: Connection,
  resources: readonly ServedResource[],
  verbs: readonly string[],
): ClusterError {
  const names = resources.map(qualifiedName).join(', ');
  return new ClusterError('forbidden', `${connection.name} may not ${verbs.join(' and ')} ${names} in all namespaces`, [
    resources.length === 1 ? 'its ClusterRole lacks this rule:' : 'its ClusterRole lacks these rules:',
    ...rbacRules(resources, verbs),
  ]);
}

/** RBAC forbids what answers are only poorer without. */
export function forbiddenWarning(resource: ServedResource, verbs: readonly string[]): Diagnostic {
  const [group = '', plurals = '', verb = ''] = rbacRules([resource], verbs).map((line) => line.slice(2));
  return {
    code: 'forbidden',
    severity: 'warning',
    message: `may not ${verbs.join(' and ')} ${qualifiedName(resource)}: ${WITHOUT[resource.kind] ?? 'they are not looked at'}`,
    help: `RBAC rule: { ${group}, ${plurals}, ${verb} }`,
  };
}

const WITHOUT: Readonly<Record<string, string>> = {
  Node: 'policies about nodes match none, and hostNetwork pods have no node',
};

function qualifiedName({ group, plural }: ServedResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}
