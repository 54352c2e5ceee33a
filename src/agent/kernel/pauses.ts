import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long the event loop may be held at a time, in milliseconds. */
const SLICE = 8;

/** A function to call between steps of long work: it lets the event loop go on when it has been held for long enough. */
export function pauses(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE) return;
    await nextTurn();
    since = performance.now();
  };
}
