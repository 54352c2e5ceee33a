import { signal } from '@preact/signals';
import { t } from '../i18n/index.ts';
import type { SourceFile, WorldSettings } from '../worker/protocol.ts';
import { askAgain } from './events.ts';
import { applyRoute, carryState, keepRoute, readRoute } from './route.ts';
import { connect, connection, openShared, type ServerInfo, takeToken } from './server.ts';
import { offerUndo, openFiles, whatIsOpen } from './store.ts';

/** Nothing is opened yet, and nothing will be by itself. */
export const idle = signal(false);
/** The link that was opened last is damaged. */
export const brokenLink = signal(false);

/** Opens what the address says, else what the server has, else nothing; and what the address says later. */
export async function start(): Promise<void> {
  const route = readRoute();
  brokenLink.value = route.broken;
  if (route.state !== undefined) carryState();
  const info = await serverInfo();
  if (info.server) {
    await takeToken(location.hash);
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
  // Not of what the page writes itself: that is told nobody.
  addEventListener('hashchange', ({ newURL }) => void goTo(new URL(newURL).hash, info.server));
}

/** Goes where an address leads that was opened in the page as it is. */
async function goTo(fragment: string, isServed: boolean): Promise<void> {
  const route = readRoute(fragment);
  brokenLink.value = route.broken;
  if (isServed && (await takeToken(fragment))) {
    if (connection.value === 'none') idle.value = !(await connect(route.state));
    else askAgain();
  } else if (route.state !== undefined) {
    const back = whatIsOpen();
    carryState();
    idle.value = !(await openShared(route.state));
    if (back !== undefined) offerUndo(t('link.opened'), back);
  }
  applyRoute(route);
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
