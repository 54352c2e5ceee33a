import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { nearestNames } from '../../model/suggest.ts';
import { ClusterError } from './cluster-error.ts';
import { proxyFor } from './proxy.ts';
import type { Credentials, Target, TlsIdentity } from './target.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A named entry, with the folder that its relative paths start at. */
interface Entry {
  readonly name: string;
  readonly folder: string;
  readonly fields: Fields;
}

/** Kubeconfig files together, as kubectl merges them: the first to say something is right. */
export interface Kubeconfig {
  /** Files that were read. */
  readonly files: readonly string[];
  readonly currentContext?: string;
  readonly contexts: ReadonlyMap<string, Entry>;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
}

/** Where kubeconfig files are looked for. */
export interface KubeconfigPlace {
  /** `--kubeconfig`: this file and no other. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the kubeconfig: the file that is named, else those of `$KUBECONFIG`, else `~/.kube/config`. Of the last two,
 * files that are not there count as empty; undefined when none is there. Throws {@link ClusterError}.
 */
export function readKubeconfig({ file, env }: KubeconfigPlace): Kubeconfig | undefined {
  if (file !== undefined) {
    if (!existsSync(file)) throw new ClusterError('config', `cannot read the kubeconfig ${file}: no such file`);
    return merge([file]);
  }
  const listed = (env['KUBECONFIG'] ?? '').split(path.delimiter).filter((name) => name !== '');
  const home = env['HOME'] ?? env['USERPROFILE'];
  const candidates = listed.length > 0 ? listed : home === undefined ? [] : [path.join(home, '.kube', 'config')];
  const present = candidates.filter((name) => existsSync(name));
  return present.length === 0 ? undefined : merge(present);
}

function merge(files: readonly string[]): Kubeconfig {
  const contexts = new Map<string, Entry>();
  const clusters = new Map<string, Entry>();
  const users = new Map<string, Entry>();
  let currentContext: string | undefined;
  for (const file of files) {
    const root = readFields(file);
    addEntries(contexts, file, root, 'contexts', 'context');
    addEntries(clusters, file, root, 'clusters', 'cluster');
    addEntries(users, file, root, 'users', 'user');
    currentContext ??= text(root, 'current-context');
  }
  return { files, contexts, clusters, users, ...(currentContext === undefined ? {} : { currentContext }) };
}

function readFields(file: string): Fields {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ClusterError('config', `cannot read the kubeconfig ${file}: ${reason}`, [], error);
  }
  const document = parseDocument(content, { lineCounter: new LineCounter() });
  const [problem] = document.errors;
  const value: unknown = problem === undefined ? document.toJS() : undefined;
  if (problem !== undefined || (value !== null && !isFields(value))) {
    const what = problem?.message.split('\n')[0]?.replace(/:$/, '') ?? 'it is not a mapping';
    throw new ClusterError('config', `the kubeconfig ${file} is malformed: ${what}`);
  }
  return value ?? {};
}

function addEntries(into: Map<string, Entry>, file: string, root: Fields, list: string, field: string): void {
  const items = root[list] ?? [];
  if (!Array.isArray(items))
    throw new ClusterError('config', `the kubeconfig ${file} is malformed: ${list} is no list`);
  for (const item of items as readonly unknown[]) {
    const name = isFields(item) ? text(item, 'name') : undefined;
    if (!isFields(item) || name === undefined || into.has(name)) continue;
    const fields = item[field];
    into.set(name, { name, folder: path.dirname(path.resolve(file)), fields: isFields(fields) ? fields : {} });
  }
}

/** Names of all contexts, in the order of the files. */
export function contextNames(config: Kubeconfig): string[] {
  return [...config.contexts.keys()];
}

/**
 * The server of a context and its credentials.
 * @param context the current one when absent. Throws {@link ClusterError}.
 */
export function targetOf(config: Kubeconfig, context: string | undefined, env: KubeconfigPlace['env']): Target {
  const where = config.files.join(', ');
  const names = contextNames(config);
  const name = context ?? config.currentContext;
  if (name === undefined) {
    throw new ClusterError('config', `the kubeconfig ${where} has no current context`, [
      names.length === 0 ? 'it has no contexts either' : `--context names one: ${names.join(', ')}`,
    ]);
  }
  const chosen = config.contexts.get(name);
  if (chosen === undefined) {
    const near = nearestNames(name, names);
    const known = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
    throw new ClusterError('config', `no context "${name}" in the kubeconfig ${where}`, [
      near.length > 0 ? `did you mean ${near.join(' or ')}?` : known,
    ]);
  }
  const cluster = referred(config.clusters, text(chosen.fields, 'cluster'), 'cluster', name, where);
  const userName = text(chosen.fields, 'user');
  const user =
    userName === undefined
      ? { name: '', folder: '', fields: {} }
      : referred(config.users, userName, 'user', name, where);
  const server = serverOf(cluster, where);
  const proxy = proxyFor(server, text(cluster.fields, 'proxy-url'), env);
  return {
    name: `context "${name}"`,
    server,
    namespace: text(chosen.fields, 'namespace') ?? 'default',
    ...(proxy === undefined ? {} : { proxy }),
    credentials: credentialsOf(cluster, user, server),
  };
}

function referred(
  entries: ReadonlyMap<string, Entry>,
  name: string | undefined,
  what: string,
  context: string,
  where: string,
): Entry {
  const found = name === undefined ? undefined : entries.get(name);
  if (found !== undefined) return found;
  const missing = name === undefined ? `no ${what}` : `the ${what} "${name}", which is not there`;
  throw new ClusterError('config', `context "${context}" of the kubeconfig ${where} names ${missing}`);
}

function serverOf(cluster: Entry, where: string): URL {
  const written = text(cluster.fields, 'server') ?? '';
  const full = written.includes('://') ? written : `https://${written}`;
  const url = written !== '' && URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    const what = written === '' ? 'has no server' : `has the server "${written}", which is no URL`;
    throw new ClusterError('config', `cluster "${cluster.name}" of the kubeconfig ${where} ${what}`);
  }
  return url;
}

function credentialsOf(cluster: Entry, user: Entry, server: URL): Target['credentials'] {
  const plugin =
    isFields(user.fields['exec']) || isFields(user.fields['auth-provider'])
      ? import('./plugin.ts').then(({ CredentialPlugin }) => new CredentialPlugin(user, clusterInfo(cluster, server)))
      : undefined;
  // Whoever asks for credentials is told; nobody may ask.
  plugin?.catch(() => undefined);
  return async (rejected) => {
    const given = plugin === undefined ? undefined : await (await plugin).credentials(rejected);
    return {
      headers: { ...basicHeaders(user), ...impersonation(user), ...tokenHeaders(user), ...given?.headers },
      tls: { ...tlsOf(cluster, user), ...given?.tls },
    };
  };
}

function clusterInfo(cluster: Entry, server: URL): Fields {
  const ca = pem(cluster, 'certificate-authority');
  return {
    server: server.href,
    ...(cluster.fields['insecure-skip-tls-verify'] === true ? { 'insecure-skip-tls-verify': true } : {}),
    ...(text(cluster.fields, 'tls-server-name') === undefined
      ? {}
      : { 'tls-server-name': cluster.fields['tls-server-name'] }),
    ...(ca === undefined ? {} : { 'certificate-authority-data': ca.toString('base64') }),
  };
}

function tlsOf(cluster: Entry, user: Entry): TlsIdentity {
  const ca = pem(cluster, 'certificate-authority');
  const cert = pem(user, 'client-certificate');
  const key = pem(user, 'client-key');
  const servername = text(cluster.fields, 'tls-server-name');
  if ((cert === undefined) !== (key === undefined)) {
    const missing =
      cert === undefined ? 'a client key but no client certificate' : 'a client certificate but no client key';
    throw new ClusterError('config', `user "${user.name}" of the kubeconfig has ${missing}`);
  }
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(cluster.fields['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
  };
}

/** `FIELD-data` in base64, else the file that `FIELD` names. */
function pem(entry: Entry, field: string): Buffer | undefined {
  const data = text(entry.fields, `${field}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64');
  const named = text(entry.fields, field);
  return named === undefined ? undefined : readNamed(entry, field, named);
}

function readNamed(entry: Entry, field: string, named: string): Buffer {
  const file = path.resolve(entry.folder, named);
  try {
    return readFileSync(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message;
    throw new ClusterError('config', `cannot read the ${field} of "${entry.name}": ${file}: ${reason}`, [], error);
  }
}

function tokenHeaders(user: Entry): Credentials['headers'] {
  const named = text(user.fields, 'tokenFile');
  const token =
    named === undefined ? text(user.fields, 'token') : readNamed(user, 'tokenFile', named).toString('utf8').trim();
  return token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` };
}

function basicHeaders(user: Entry): Credentials['headers'] {
  const name = text(user.fields, 'username');
  if (name === undefined) return {};
  const pair = Buffer.from(`${name}:${text(user.fields, 'password') ?? ''}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

function impersonation(user: Entry): Credentials['headers'] {
  const name = text(user.fields, 'as');
  const uid = text(user.fields, 'as-uid');
  return {
    ...(name === undefined ? {} : { 'impersonate-user': name }),
    ...(uid === undefined ? {} : { 'impersonate-uid': uid }),
  };
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
