import { signal } from '@preact/signals';
import type { SourceFile, WorldSettings } from '../worker/protocol.ts';
import { applyRoute, keepRoute, readRoute } from './route.ts';
import { connect, type ServerInfo, takeToken } from './server.ts';
import { openFiles } from './store.ts';

/** Nothing is opened yet, and nothing will be by itself. */
export const idle = signal(false);
/** The link that the page was opened with is damaged. */
export const brokenLink = signal(false);

/** Opens what the address says, else what the server has, else nothing. */
export async function start(): Promise<void> {
  const route = readRoute();
  brokenLink.value = route.broken;
  const info = await serverInfo();
  if (info.server) {
    await takeToken();
    const opened = await connect(route.state);
    idle.value = !opened;
  } else if (route.state !== undefined) {
    const { files, base } = route.state;
    await openFiles(files, { settings: settingsOf(info), ...(base === undefined ? {} : { base }) });
  } else if (info.files !== undefined && info.files.length > 0) {
    const files = info.files.map(({ name, text }): SourceFile => ({ name, content: text }));
    await openFiles(files, { settings: settingsOf(info), ...(info.title === undefined ? {} : { title: info.title }) });
  } else idle.value = true;
  applyRoute(route);
  keepRoute();
}

function settingsOf({
  defaultNamespace = 'default',
  strict = false,
  podCidrs = [],
  hosts = [],
}: ServerInfo): WorldSettings {
  return { defaultNamespace, strict, podCidrs, hosts };
}

async function serverInfo(): Promise<ServerInfo> {
  try {
    const response = await fetch('server.json', { cache: 'no-store' });
    return response.ok ? ((await response.json()) as ServerInfo) : { server: false };
  } catch {
    return { server: false };
  }
}
