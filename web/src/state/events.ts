/** How a stream of events stands; `signed-out`: the server wants its token again. */
export type StreamState = 'live' | 'lost' | 'signed-out';

/** Time to the second attempt after a refusal in milliseconds; it doubles with each, up to the longest. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

const waiting = new Set<() => void>();

/**
 * Listens to a stream of the server until what is answered is called. A browser comes back by itself after a cut, but gives up
 * for good where a server refuses: then it is asked again, at longer and longer intervals.
 */
export function listen(
  path: string,
  on: Readonly<Record<string, (data: string) => void>>,
  tell: (state: StreamState) => void,
): () => void {
  let events: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT;
  let stopped = false;
  const open = (): void => {
    const source = new EventSource(path);
    events = source;
    source.onopen = () => {
      wait = FIRST_WAIT;
      tell('live');
    };
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) void ask();
      else tell('lost');
    };
    for (const [name, take] of Object.entries(on)) {
      source.addEventListener(name, ({ data }: MessageEvent<string>) => take(data));
    }
  };
  const ask = async (): Promise<void> => {
    waiting.delete(soon);
    clearTimeout(timer);
    const status = await statusOf(path);
    if (stopped) return;
    if (status === 200) return open();
    tell(status === 401 ? 'signed-out' : 'lost');
    waiting.add(soon);
    timer = setTimeout(soon, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  };
  const soon = (): void => void ask();
  open();
  return () => {
    stopped = true;
    waiting.delete(soon);
    clearTimeout(timer);
    events?.close();
  };
}

/** Lets all that wait for the server ask it at once. */
export function askAgain(): void {
  for (const soon of [...waiting]) soon();
}

/** The status that a stream answers with; 0 when nothing does. */
async function statusOf(path: string): Promise<number> {
  const hangUp = new AbortController();
  try {
    return (await fetch(path, { cache: 'no-store', signal: hangUp.signal })).status;
  } catch {
    return 0;
  } finally {
    hangUp.abort();
  }
}
