import { signal } from '@preact/signals';
import { t } from '../i18n/index.ts';
import type { SourceFile, WorldSettings } from '../worker/protocol.ts';
import type { SharedState } from './share.ts';
import { failure, moveStart, openFiles } from './store.ts';

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
export const connection = signal<'none' | 'live' | 'lost'>('none');

/** Digests of the server's files as they were last fetched, by name. */
let digests = new Map<string, string>();
let served: readonly SourceFile[] = [];

/** Whether the token of the address was not that of the server. */
let wrongToken = false;

/** `#token=…`: exchanged for a cookie, and taken out of the address. */
export async function takeToken(): Promise<void> {
  const params = new URLSearchParams(location.hash.slice(1));
  const token = params.get('token');
  if (token === null) return;
  params.delete('token');
  history.replaceState(null, '', `${location.pathname}${location.search}#${params}`);
  const headers = { 'content-type': 'application/json' };
  const response = await fetch('api/session', { method: 'POST', headers, body: JSON.stringify({ token }) });
  wrongToken = response.status === 401;
  if (!response.ok) failure.value = wrongToken ? t('server.wrong-token') : await problemText(response);
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
  served = world.files.map(({ name, text }): SourceFile => ({ name, content: text }));
  const { defaultNamespace = 'default', strict = false, podCidrs = [], hosts = [] } = world;
  const settings: WorldSettings = { defaultNamespace, strict, podCidrs, hosts };
  if (shared === undefined) await openFiles(served, { settings });
  else await openShared(shared, settings);
  follow();
  return true;
}

async function openShared(shared: SharedState | undefined, settings: WorldSettings = {}): Promise<boolean> {
  if (shared === undefined) return false;
  await openFiles(shared.files, { settings, ...(shared.base === undefined ? {} : { base: shared.base }) });
  return true;
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
  const events = new EventSource('api/events');
  let last: Promise<void> = Promise.resolve();
  events.onopen = () => {
    connection.value = 'live';
  };
  events.onerror = () => {
    connection.value = 'lost';
  };
  events.addEventListener('world', ({ data }: MessageEvent<string>) => {
    const { files: listed } = JSON.parse(data) as { files: readonly { name: string; digest: string }[] };
    last = last
      .then(() => refresh(listed))
      .catch((error: unknown) => {
        failure.value = error instanceof Error ? error.message : String(error);
      });
  });
}

/** Takes over what changed on the server. Files that were edited here stay as they are here. */
async function refresh(listed: readonly { readonly name: string; readonly digest: string }[]): Promise<void> {
  const same = listed.length === digests.size && listed.every(({ name, digest }) => digests.get(name) === digest);
  if (same) return;
  const before = new Map(served.map((file) => [file.name, file]));
  const fresh: SourceFile[] = [];
  for (const { name, digest } of listed) {
    const known = before.get(name);
    if (known !== undefined && digests.get(name) === digest) fresh.push(known);
    else {
      const response = await fetch(`api/file?name=${encodeURIComponent(name)}`);
      // Gone again: the next event says so.
      if (!response.ok) continue;
      const { text } = (await response.json()) as { text: string };
      fresh.push({ name, content: text });
    }
  }
  digests = new Map(listed.map(({ name, digest }) => [name, digest]));
  served = fresh;
  await moveStart(fresh, t('server.changed'));
}
