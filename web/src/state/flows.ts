import { signal } from '@preact/signals';
import { servesFlows } from './server.ts';
import { failure } from './store.ts';

/** The flow log that is looked at. */
export const flowText = signal<{ readonly name: string; readonly text: string } | undefined>(undefined);
/** Whether a server tells flows as they happen. */
export const live = signal<'off' | 'live' | 'lost'>('off');

/** Characters of a live log that are kept: the oldest lines go. */
const KEPT = 2_000_000;

/** Listens to the server's flows, where there is a server, until the answer is called. */
export function listenToFlows(): (() => void) | undefined {
  if (!servesFlows.value) return undefined;
  const events = new EventSource('api/flows');
  let lines: string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const take = (): void => {
    timer = undefined;
    const text = `${flowText.value?.name === LIVE ? flowText.value.text : ''}${lines.join('\n')}\n`;
    lines = [];
    const from = text.length > KEPT ? text.indexOf('\n', text.length - KEPT) + 1 : 0;
    flowText.value = { name: LIVE, text: text.slice(from) };
  };
  events.onopen = () => {
    live.value = 'live';
    // A connection begins with the last flows: those of the one before would count twice.
    lines = [];
    if (flowText.value?.name === LIVE) flowText.value = undefined;
  };
  events.onerror = () => {
    live.value = 'lost';
  };
  events.addEventListener('flow', ({ data }: MessageEvent<string>) => {
    lines.push(data);
    timer ??= setTimeout(take, 200);
  });
  events.addEventListener('problem', ({ data }: MessageEvent<string>) => {
    failure.value = (JSON.parse(data) as { message: string }).message;
  });
  return () => {
    clearTimeout(timer);
    events.close();
    live.value = 'off';
  };
}

const LIVE = 'live';
