import path from 'node:path';
import type { FlowFeed, FlowSink } from './flow-feed.ts';
import { UrlFollower } from './follow-url.ts';
import { FileTail } from './tail-file.ts';

/** Logs that are followed. */
export interface FollowedLogs {
  close(): Promise<void>;
}

/** Whether a flow log is behind an http or https address; else it is a file. */
export function isFlowUrl(log: string): boolean {
  return /^https?:\/\//i.test(log);
}

/**
 * Follows flow logs, files and addresses, each once, and merges them into a feed until closed. What is in files at the
 * beginning comes by time, so that the last lines of all logs are kept and not all of the last log; whatever comes later is
 * told as it is read.
 */
export async function followLogs(logs: readonly string[], feed: FlowFeed): Promise<FollowedLogs> {
  const distinct = [...new Map(logs.map((log) => [isFlowUrl(log) ? log : path.resolve(log), log])).values()];
  const early = new Map<string, string[]>();
  const tails = distinct
    .filter((log) => !isFlowUrl(log))
    .map((file) => new FileTail(file, heldBack(file, feed, early)));
  for (const tail of tails) await tail.start();
  const lines = [...early.values()];
  early.clear();
  for (const line of byTime(lines)) feed.add(line);
  const followers = distinct.filter(isFlowUrl).map((url) => new UrlFollower(url, feed.source(url)));
  for (const follower of followers) follower.start();
  return {
    async close() {
      for (const followed of [...tails, ...followers]) await followed.close();
    },
  };
}

/** Takes the lines of a log: as long as there is a list for it, into that, then into the feed. */
function heldBack(log: string, feed: FlowFeed, early: Map<string, string[]>): FlowSink {
  const direct = feed.source(log);
  early.set(log, []);
  const add = (line: string): void => {
    const held = early.get(log);
    if (held === undefined) direct.add(line);
    else held.push(line);
  };
  return { ...direct, add };
}

/** The lines of several logs in the order of their times; one without a time goes with the one before it in its log. */
function byTime(logs: readonly (readonly string[])[]): readonly string[] {
  if (logs.length === 1) return logs[0] as readonly string[];
  const timed = logs.flatMap((lines) => {
    let last = Number.NEGATIVE_INFINITY;
    return lines.map((line) => {
      const [, text = ''] = /"time"\s*:\s*"([^"]+)"/.exec(line) ?? [];
      const time = Date.parse(text);
      if (!Number.isNaN(time)) last = time;
      return { line, time: last };
    });
  });
  return timed.sort((a, b) => (a.time === b.time ? 0 : a.time < b.time ? -1 : 1)).map(({ line }) => line);
}
