import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FlowFeed } from './flow-feed.ts';
import { followLogs } from './follow-logs.ts';

let place: string;
const closing: { close(): Promise<void> }[] = [];

beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'portcullis-logs-'));
});

afterEach(async () => {
  for (const followed of closing.splice(0)) await followed.close();
  rmSync(place, { recursive: true, force: true });
});

function log(name: string, ...lines: readonly string[]): string {
  const file = path.join(place, name);
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}

async function follow(...logs: readonly string[]): Promise<FlowFeed> {
  const feed = new FlowFeed();
  closing.push(await followLogs(logs, feed));
  return feed;
}

function texts(feed: FlowFeed): string[] {
  return feed.recent().map(({ text }) => text);
}

/** What a feed tells until it has told so many lines. */
function told(feed: FlowFeed, count: number): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const all: string[] = [];
    const stop = feed.subscribe({
      flow({ text }) {
        all.push(text);
        if (all.length < count) return;
        stop();
        resolve(all);
      },
      problem: () => undefined,
    });
  });
}

const at = (second: number): string =>
  `{"time":"2026-03-01T10:00:${String(second).padStart(2, '0')}.000Z","s":${second}}`;

test('what is in several logs comes by time, lines as they are', async () => {
  const feed = await follow(log('a', at(1), at(4), at(6)), log('b', at(2), at(3), at(7)), log('c', at(5)));
  expect(texts(feed)).toEqual([1, 2, 3, 4, 5, 6, 7].map(at));
});

test.each<[string, readonly string[], readonly string[], readonly string[]]>([
  [
    'a line without a time stays behind the one before it',
    [at(1), '{"n":1}', at(3)],
    [at(2)],
    [at(1), '{"n":1}', at(2), at(3)],
  ],
  [
    'of one moment those of the log that was named first come first',
    [at(2), '{"n":1}'],
    [at(2)],
    [at(2), '{"n":1}', at(2)],
  ],
  [
    'Hubble has the time within, and cut zeros',
    ['{"flow":{"time":"2026-03-01T10:00:01.5Z"}}'],
    ['{"flow":{"time":"2026-03-01T10:00:01.25Z"}}'],
    ['{"flow":{"time":"2026-03-01T10:00:01.25Z"}}', '{"flow":{"time":"2026-03-01T10:00:01.5Z"}}'],
  ],
  ['a log without times goes first', [at(1)], ['{"n":1}'], ['{"n":1}', at(1)]],
])('%s', async (_, one, other, merged) => {
  expect(texts(await follow(log('a', ...one), log('b', ...other)))).toEqual(merged);
});

test('what comes later is told as it comes, from each log', async () => {
  const [a, b] = [log('a', at(1)), log('b')];
  const feed = await follow(a, b);
  const lines = told(feed, 2);
  appendFileSync(b, `${at(3)}\n`);
  appendFileSync(a, `${at(2)}\n`);
  expect([...(await lines)].sort()).toEqual([at(2), at(3)]);
  expect(texts(feed)).toHaveLength(3);
});

test('the last lines of all are kept, not all of the last log', async () => {
  const many = (from: number): string[] =>
    Array.from({ length: 8000 }, (_, n) => `{"time":"${new Date(from + 2 * n).toISOString()}"}`);
  const [even, odd] = [many(0), many(1)];
  const kept = texts(await follow(log('a', ...even), log('b', ...odd)));
  expect(kept).toHaveLength(10_000);
  expect(kept[0]).toBe(even[3000]);
  expect(kept.at(-1)).toBe(odd.at(-1));
});

test('a log that is named twice is read once', async () => {
  const a = log('a', at(1));
  expect(texts(await follow(a, path.join(place, '.', 'a'), a))).toEqual([at(1)]);
});

test('a log that cannot be read is told of, however well the others can be', async () => {
  const missing = path.join(place, 'none');
  const feed = await follow(missing, log('a', at(1)), place);
  expect(feed.problems).toEqual([
    `cannot read ${missing}: no such file yet`,
    expect.stringContaining(`cannot read ${place}: `),
  ]);
  const lines = told(feed, 1);
  writeFileSync(missing, `${at(2)}\n`);
  expect(await lines).toEqual([at(2)]);
});
