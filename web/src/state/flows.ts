import { signal } from '@preact/signals';
import { listen, type StreamState } from './events.ts';
import { servesFlows } from './server.ts';
import { failure } from './store.ts';

/** The flow log that is looked at. */
export const flowText = signal<{ readonly name: string; readonly text: string } | undefined>(undefined);
/** Whether a server tells flows as they happen. */
export const live = signal<'off' | StreamState>('off');

/** Characters of a live log that are kept: the oldest lines go. */
const KEPT = 2_000_000;

/** Listens to the server's flows, where there is a server, until the answer is called. */
export function listenToFlows(): (() => void) | undefined {
  if (!servesFlows.value) return undefined;
  let lines: string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const take = (): void => {
    timer = undefined;
    const text = `${flowText.value?.name === LIVE ? flowText.value.text : ''}${lines.join('\n')}\n`;
    lines = [];
    const from = text.length > KEPT ? text.indexOf('\n', text.length - KEPT) + 1 : 0;
    flowText.value = { name: LIVE, text: text.slice(from) };
  };
  const flow = (data: string): void => {
    lines.push(data);
    timer ??= setTimeout(take, 200);
  };
  const problem = (data: string): void => {
    failure.value = (JSON.parse(data) as { message: string }).message;
  };
  const stop = listen('api/flows', { flow, problem }, (state) => {
    live.value = state;
    if (state !== 'live') return;
    // A connection begins with the last flows: those of the one before would count twice.
    lines = [];
    if (flowText.value?.name === LIVE) flowText.value = undefined;
  });
  return () => {
    clearTimeout(timer);
    stop();
    live.value = 'off';
  };
}

const LIVE = 'live';
