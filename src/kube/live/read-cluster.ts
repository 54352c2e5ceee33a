import { decodeObject } from '../../model/decode.ts';
import type { Diagnostic } from '../../model/source.ts';
import type { KubeObject } from '../../model/types.ts';
import { ClusterError } from '../connect/cluster-error.ts';
import type { Connection } from '../connect/connection.ts';
import { getJson, isFields, type PatienceOptions, StatusError } from './api.ts';
import { discover } from './discover.ts';
import { listAll, type RawObject } from './list.ts';
import { apiVersionOf, isNamespaced, pathOf, type Resource, rbacRules, type ServedResource } from './resources.ts';
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
  /** What is in this namespace is enough where RBAC forbids to read all of them; a warning says so. */
  readonly namespace?: string;
}

/** The objects of a cluster at about one moment. */
export interface ClusterObjects {
  /** Without sources. */
  readonly objects: readonly KubeObject[];
  /** Of decoding, and warnings about kinds that must not be read. */
  readonly diagnostics: readonly Diagnostic[];
  /** As the server gave them, without what policies do not depend on; empty unless asked for. */
  readonly items: readonly RawObject[];
  /** RBAC forbade to read more than this namespace; a warning says so. */
  readonly onlyNamespace?: string;
}

/**
 * Reads everything that policies depend on. Kinds that a cluster does not have are no problem. Where RBAC forbids a kind
 * without which answers would be wrong, nothing is answered; where it forbids another, there is a warning.
 * Rejects with {@link ClusterError}.
 */
export async function readCluster(connection: Connection, options: ReadClusterOptions = {}): Promise<ClusterObjects> {
  const served = await discover(connection, options, options.resources);
  const progress = new Counter(options.onProgress);
  const { namespace, ...everywhere } = options;
  const readAll = (limits: ReadClusterOptions): Promise<Lists> =>
    eachOf(served, PARALLEL, (resource) => readResource(connection, resource, limits, progress));
  const missingIn = (all: Lists): ServedResource[] => served.filter((_, index) => all[index] === undefined);
  let lists = await readAll(everywhere);
  let forbidden = missingIn(lists);
  let necessary = forbidden.filter((resource) => resource.necessary);
  const narrowed: Diagnostic[] = [];
  if (namespace !== undefined && necessary.some(ofNamespaces)) {
    narrowed.push(narrowedWarning(connection, necessary.filter(ofNamespaces), namespace));
    lists = await readAll(options);
    forbidden = missingIn(lists);
    necessary = forbidden.filter((resource) => resource.necessary && resource.kind !== 'Namespace');
    const within = necessary.filter(isNamespaced);
    if (within.length > 0) throw forbiddenError(connection, within, ['list'], namespace);
  }
  if (necessary.length > 0) throw forbiddenError(connection, necessary, ['list']);
  const found = lists.flatMap((list) => list ?? []);
  return {
    objects: found.flatMap(({ object }) => (object === undefined ? [] : [object])),
    diagnostics: [
      ...narrowed,
      ...forbidden.map((resource) => forbiddenWarning(resource, [resource.kind === 'Namespace' ? 'get' : 'list'])),
      ...found.flatMap(({ diagnostics }) => diagnostics),
    ],
    items: found.flatMap(({ item }) => (item === undefined ? [] : [item])),
    ...(narrowed.length === 0 || namespace === undefined ? {} : { onlyNamespace: namespace }),
  };
}

function ofNamespaces(resource: ServedResource): boolean {
  return isNamespaced(resource) || resource.kind === 'Namespace';
}

interface Found {
  readonly object: KubeObject | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly item: RawObject | undefined;
}

/** What was found of each resource; undefined where it is forbidden. */
type Lists = readonly (readonly Found[] | undefined)[];

/** Undefined when it is forbidden. */
async function readResource(
  connection: Connection,
  resource: ServedResource,
  { strict = false, keepItems = false, limit, clock, signal, attempts, namespace }: ReadClusterOptions,
  progress: Counter,
): Promise<readonly Found[] | undefined> {
  const patience = {
    ...(clock === undefined ? {} : { clock }),
    ...(signal === undefined ? {} : { signal }),
    ...(attempts === undefined ? {} : { attempts }),
  };
  let found: Found[] = [];
  const take = (raw: RawObject): void => {
    const item = slim(raw);
    const { object, diagnostics } = decodeObject(item, { strict });
    found.push({ object, diagnostics, item: keepItems ? item : undefined });
  };
  try {
    if (namespace !== undefined && resource.kind === 'Namespace') {
      take(await readNamespace(connection, resource, namespace, patience));
      return found;
    }
    await listAll(connection, resource, {
      ...(limit === undefined ? {} : { limit }),
      ...(namespace === undefined ? {} : { namespace }),
      ...patience,
      onPage(items, remaining) {
        for (const raw of items) take(raw);
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

async function readNamespace(
  connection: Connection,
  resource: ServedResource,
  name: string,
  patience: PatienceOptions,
): Promise<RawObject> {
  try {
    const value = await getJson(connection, `${pathOf(resource)}/${encodeURIComponent(name)}`, patience);
    return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...(isFields(value) ? value : {}) };
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 'not-found') throw error;
    throw new ClusterError('not-found', `${connection.name} has no namespace "${name}"`);
  }
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
  namespace?: string,
): ClusterError {
  const names = resources.map(qualifiedName).join(', ');
  const [role, where] =
    namespace === undefined ? ['ClusterRole', 'in all namespaces'] : ['Role', `in namespace "${namespace}" either`];
  return new ClusterError('forbidden', `${connection.name} may not ${verbs.join(' and ')} ${names} ${where}`, [
    `its ${role} lacks ${resources.length === 1 ? 'this rule' : 'these rules'}:`,
    ...rbacRules(resources, verbs),
  ]);
}

function narrowedWarning(connection: Connection, resources: readonly ServedResource[], namespace: string): Diagnostic {
  const names = resources.map(qualifiedName).join(', ');
  return {
    code: 'forbidden',
    severity: 'warning',
    message: `only namespace "${namespace}" was read: ${connection.name} may not list ${names} in all namespaces`,
    help: 'connections with other namespaces are left out, and addresses of their pods count as outside the cluster',
  };
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
  Namespace: 'its labels are taken to be kubernetes.io/metadata.name only',
};

function qualifiedName({ group, plural }: ServedResource): string {
  return group === '' ? plural : `${plural}.${group}`;
}
