import type { Connection } from '../connect/connection.ts';
import { getJson, isFields, type PatienceOptions, StatusError } from './api.ts';
import { knownResources, type Resource, type ServedResource } from './resources.ts';

/**
 * The resources that the cluster has, each in the best version that it serves. Those of Kubernetes itself are taken to be
 * there; custom ones are asked for, and it is normal that they are missing.
 */
export async function discover(
  connection: Connection,
  options: PatienceOptions = {},
  resources: readonly Resource[] = knownResources(),
): Promise<ServedResource[]> {
  const groups = new Set(resources.filter(({ custom }) => custom).map(({ group }) => group));
  const served = new Map<string, ReadonlyMap<string, string>>();
  await Promise.all(
    [...groups].map(async (group) => {
      const members = resources.filter((resource) => resource.group === group);
      served.set(group, await versionsOf(connection, group, members, options));
    }),
  );
  return resources.flatMap((resource): ServedResource[] => {
    const version = resource.custom ? served.get(resource.group)?.get(resource.plural) : resource.versions[0];
    return version === undefined ? [] : [{ ...resource, version }];
  });
}

/** By the plural of the resource. */
async function versionsOf(
  connection: Connection,
  group: string,
  members: readonly Resource[],
  options: PatienceOptions,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const offered = namesIn(await ask(connection, `/apis/${group}`, options), 'versions', 'version');
  const wanted = [...new Set(members.flatMap(({ versions }) => versions))].filter((one) => offered.includes(one));
  const lists = await Promise.all(
    wanted.map(async (version) => {
      const names = namesIn(await ask(connection, `/apis/${group}/${version}`, options), 'resources', 'name');
      return { version, names };
    }),
  );
  for (const { plural, versions } of members) {
    const best = versions.find((version) => lists.some((one) => one.version === version && one.names.includes(plural)));
    if (best !== undefined) found.set(plural, best);
  }
  return found;
}

async function ask(connection: Connection, path: string, options: PatienceOptions): Promise<unknown> {
  try {
    return await getJson(connection, path, options);
  } catch (error) {
    if (error instanceof StatusError && error.code === 'not-found') return undefined;
    throw error;
  }
}

function namesIn(value: unknown, list: string, field: string): string[] {
  const entries = isFields(value) && Array.isArray(value[list]) ? (value[list] as readonly unknown[]) : [];
  return entries.flatMap((entry) => {
    const name = isFields(entry) ? entry[field] : undefined;
    return typeof name === 'string' ? [name] : [];
  });
}
