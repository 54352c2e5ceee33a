import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FlowFeed } from './flow-feed.ts';
import { UrlFollower } from './follow-url.ts';

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Follows a log that a server on the loopback answers; the last answer is that of every later request. */
async function follow(...answers: readonly Answer[]): Promise<{ readonly feed: FlowFeed; readonly ranges: string[] }> {
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(ranges.length, answers.length - 1)] as Answer;
    ranges.push(request.headers.range ?? 'all');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const feed = new FlowFeed();
  const { port } = server.address() as AddressInfo;
  const follower = new UrlFollower(`http://127.0.0.1:${port}/flows`, feed.source('flows'), 1);
  closing.push(
    () => {
      server.closeAllConnections();
      server.close();
    },
    () => follower.close(),
  );
  follower.start();
  return { feed, ranges };
}

/** What a feed tells next, until it has told so much. */
function told(feed: FlowFeed, until: (all: readonly string[]) => boolean): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const all: string[] = [];
    const look = (text: string): void => {
      all.push(text);
      if (!until(all)) return;
      stop();
      resolve(all);
    };
    const stop = feed.subscribe({ flow: ({ text }) => look(text), problem: look });
  });
}

/** A file, as far as it was written, of which a part may be asked for. */
function file(content: string): Answer {
  return ({ headers }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    if (from >= content.length && from > 0) {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
      return;
    }
    const part = content.slice(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': part.length }).end(part);
  };
}

const LINE = (n: number): string => `{"n":${n}}\n`;

test('a stream is read as it comes, lines in pieces too', async () => {
  const { feed } = await follow((_, response) => {
    response.writeHead(200).write('{"n":1}\n{"n"');
    setImmediate(() => response.write(':2}\nno flow\n{"n":3}\n'));
  });
  expect(await told(feed, (all) => all.length === 3)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  expect(feed.rejected).toBe(1);
});

test('of a file that grows only what is new is asked for', async () => {
  const { feed, ranges } = await follow(file(LINE(1)), file(LINE(1)), file(LINE(1) + LINE(2)));
  expect(await told(feed, (all) => all.length === 2)).toEqual(['{"n":1}', '{"n":2}']);
  expect(ranges.slice(0, 3)).toEqual(['all', 'bytes=8-', 'bytes=8-']);
});

test('a server that cannot answer parts tells nothing twice', async () => {
  const whole = (content: string): Answer => {
    return (_, response) => response.writeHead(200, { 'content-length': content.length }).end(content);
  };
  const { feed } = await follow(whole(LINE(1)), whole(LINE(1) + LINE(2)));
  expect(await told(feed, (all) => all.length === 2)).toEqual(['{"n":1}', '{"n":2}']);
});

test('a file that was begun anew is read from its beginning', async () => {
  const { feed } = await follow(file(LINE(1) + LINE(2)), file(LINE(3)));
  expect(await told(feed, (all) => all.length === 3)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
});

test.each<[string, Answer, RegExp]>([
  ['an error', (_, response) => response.writeHead(500).end(), /^cannot read http:.*\/flows: HTTP 500$/],
  ['a redirect', (_, response) => response.writeHead(302, { location: '/other' }).end(), /: unexpected redirect$/],
  ['a connection that breaks', (request) => request.socket.destroy(), /: other side closed$/],
])('%s is told, and it is asked again', async (_, wrong, message) => {
  const { feed } = await follow(wrong, file(LINE(1)));
  const all = await told(feed, (lines) => lines.includes('{"n":1}'));
  expect(all[0]).toMatch(message);
  expect(feed.problems).toEqual([]);
});
