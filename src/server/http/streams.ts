import type { FlowFeed } from '../flows/flow-feed.ts';
import type { InputState, LiveInput } from '../input/live-input.ts';
import type { EventStreams } from './event-stream.ts';
import type { Status, WorldStatus } from './world-status.ts';

/** Lines of the flow logs that a client gets at first. */
const BACKLOG = 1000;

/** The stream of `/api/events`: each event tells all, so that a lost one costs nothing once the next comes. */
export function worldStream(streams: EventStreams, input: LiveInput, status: WorldStatus): () => Response | undefined {
  return () =>
    streams.open((listener) => {
      const tell = ({ version, digest, synced, files }: InputState): void => {
        const names = files.map((file) => ({ name: file.name, digest: file.digest }));
        listener.send({ event: 'world', data: { version, digest, synced, files: names } });
      };
      const tellStatus = ({ version, summary, problems }: Status): void => {
        listener.send({ event: 'status', data: { version, summary, problems } });
      };
      tell(input.state);
      const known = status.of(input.state.version);
      if (known !== undefined) tellStatus(known);
      const stops = [input.subscribe(tell), status.subscribe(tellStatus)];
      return () => {
        for (const stop of stops) stop();
      };
    });
}

/** The stream of `/api/flows`. */
export function flowStream(streams: EventStreams, feed: FlowFeed): () => Response | undefined {
  return () =>
    streams.open((listener) => {
      let lost = 0;
      const send = ({ id, text }: { readonly id: number; readonly text: string }): void => {
        if (lost > 0 && listener.send({ event: 'lost', data: { lines: lost } })) lost = 0;
        if (lost > 0 || !listener.send({ event: 'flow', data: text, id: String(id) })) lost++;
      };
      const problem = (message: string): void => {
        listener.send({ event: 'problem', data: { message } });
      };
      for (const line of feed.recent(BACKLOG)) send(line);
      for (const message of feed.problems) problem(message);
      return feed.subscribe({ flow: send, problem });
    });
}
