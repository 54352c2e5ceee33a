import { signal } from '@preact/signals';
import { t } from '../i18n/index.ts';
import type { SourceFile, WorldSettings } from '../worker/protocol.ts';
import { listen, type StreamState } from './events.ts';
import { conflictsOf, mergeFiles, mostlyIn, sameTexts } from './merge.ts';
import type { SharedState } from './share.ts';
import { failure, offerUndo, openFiles, servedFiles, takeOver } from './store.ts';

/** What `server.json` beside the page says; how the texts of an export are read with it. */
export interface ServerInfo extends WorldSettings {
  readonly server: boolean;
  readonly title?: string;
  /** Of an export: the texts to begin with. */
  readonly files?: readonly { readonly name: string; readonly text: string }[];
}

interface ServedWorld extends WorldSettings {
  readonly mode: 'files' | 'cluster' | 'empty';
  readonly flows: boolean;
  readonly files: readonly { readonly name: string; readonly digest: string; readonly text: string }[];
}

/** Whether a server has flows to tell. */
export const servesFlows = signal(false);
/** How the server stands: `none` when there is no server. */
export const connection = signal<'none' | StreamState>('none');

/** Digests of the server's files as they were last fetched, by name. */
let digests = new Map<string, string>();
/** How the server reads its files; undefined where no server has any. */
let settings: WorldSettings | undefined;

/** Whether the token of the address was not that of the server. */
let wrongToken = false;

/** `#token=…`: exchanged for a cookie, and taken out of the address. Answers whether the server took one. */
export async function takeToken(fragment: string): Promise<boolean> {
  const params = new URLSearchParams(fragment.slice(1));
  const token = params.get('token');
  if (token === null) return false;
  params.delete('token');
  history.replaceState(null, '', `${location.pathname}${location.search}#${params}`);
  const headers = { 'content-type': 'application/json' };
  const response = await fetch('api/session', { method: 'POST', headers, body: JSON.stringify({ token }) });
  wrongToken = response.status === 401;
  if (!response.ok) failure.value = wrongToken ? t('server.wrong-token') : await problemText(response);
  return response.ok;
}

/**
 * Opens the server's world, with a shared state over it where the address has one, and follows it.
 * @returns whether something is open now
 */
export async function connect(shared: SharedState | undefined): Promise<boolean> {
  const response = await fetch('api/world');
  if (!response.ok) {
    const refused = response.status === 401;
    failure.value = refused ? t(wrongToken ? 'server.wrong-token' : 'server.no-token') : await problemText(response);
    return openShared(shared);
  }
  const world = (await response.json()) as ServedWorld;
  servesFlows.value = world.flows;
  if (world.mode === 'empty') return openShared(shared);
  digests = new Map(world.files.map(({ name, digest }) => [name, digest]));
  servedFiles.value = world.files.map(({ name, text }): SourceFile => ({ name, content: text }));
  const { defaultNamespace = 'default', strict = false, podCidrs = [], hosts = [] } = world;
  settings = { defaultNamespace, strict, podCidrs, hosts };
  if (shared === undefined) await openServed();
  else await openShared(shared);
  follow();
  return true;
}

/** Opens the server's files as they are there, and follows them. */
export function openServed(): Promise<void> {
  return openFiles(servedFiles.value, { ...readAs(), following: true });
}

/**
 * Opens the state of a link. One that was made of the server's files goes on from what the server has now; any other stays as it
 * is, and the server is not followed.
 * @returns whether there was one
 */
export async function openShared(shared: SharedState | undefined): Promise<boolean> {
  if (shared === undefined) return false;
  const { files, base } = shared;
  const start = base ?? files;
  const fresh = servedFiles.value;
  const asItWas = (): Promise<void> => openFiles(files, { ...readAs(), ...(base === undefined ? {} : { base }) });
  const same = sameTexts(start, fresh);
  if (settings === undefined || !(same || (shared.served === true && mostlyIn(start, fresh)))) {
    await asItWas();
    return true;
  }
  const both = conflictsOf(start, fresh, files);
  const merged = mergeFiles(start, fresh, files);
  await openFiles(merged, { base: fresh, ...readAs(), following: true, conflicts: both });
  if (!same) offerUndo(changedText('server.link-moved', both), () => void asItWas());
  return true;
}

function readAs(): { readonly settings?: WorldSettings } {
  return settings === undefined ? {} : { settings };
}

/** What is told of a change on the server. @param both names of files that were changed here too */
function changedText(key: 'server.changed' | 'server.link-moved', both: readonly string[]): string {
  if (both.length === 0) return t(key);
  const names = both.slice(0, 3).join(t('list.comma'));
  return t('server.conflicts', { names: both.length > 3 ? `${names} …` : names });
}

async function problemText(response: Response): Promise<string> {
  try {
    const { detail, title: short } = (await response.json()) as { detail?: string; title?: string };
    return detail ?? short ?? `${response.status} ${response.statusText}`;
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}

function follow(): void {
  let last: Promise<void> = Promise.resolve();
  const world = (data: string): void => {
    const { files: listed } = JSON.parse(data) as { files: readonly Listed[] };
    last = last
      .then(() => refresh(listed))
      .catch((error: unknown) => {
        failure.value = error instanceof Error ? error.message : String(error);
      });
  };
  listen('api/events', { world }, (state) => {
    connection.value = state;
  });
}

interface Listed {
  readonly name: string;
  readonly digest: string;
}

/** Takes over what changed on the server. Files that were edited here stay as they are here. */
async function refresh(listed: readonly Listed[]): Promise<void> {
  const same = listed.length === digests.size && listed.every(({ name, digest }) => digests.get(name) === digest);
  if (same) return;
  const served = servedFiles.value;
  const before = new Map(served.map((file) => [file.name, file]));
  const fresh: SourceFile[] = [];
  for (const { name, digest } of listed) {
    const known = before.get(name);
    if (known !== undefined && digests.get(name) === digest) fresh.push(known);
    else {
      const response = await fetch(`api/file?name=${encodeURIComponent(name)}`);
      // Gone again: the next event says so.
      if (response.status === 404) continue;
      if (!response.ok) throw new Error(await problemText(response));
      const { text } = (await response.json()) as { text: string };
      fresh.push({ name, content: text });
    }
  }
  digests = new Map(listed.map(({ name, digest }) => [name, digest]));
  servedFiles.value = fresh;
  await takeOver(served, fresh, (both) => changedText('server.changed', both));
}
