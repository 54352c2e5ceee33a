/** A server in this process over texts that the test has, asked over real HTTP. */

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { readInputs } from '../../src/kube/files.ts';
import { LocalAnalyst } from '../../src/server/analyst/local.ts';
import type { AnalystOptions } from '../../src/server/analyst/question.ts';
import { LiveInput, type ServedPage, type ServeOptions, servePage } from '../../src/server/index.ts';
import { inputFile } from '../../src/server/input/live-input.ts';
import { root } from '../package/run.ts';
import { afterwards } from './afterwards.ts';

/** What a server told in its log. */
export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** A running server with what the test may touch. */
export interface TestServer extends ServedPage {
  readonly input: LiveInput;
  readonly log: readonly LogLine[];
}

export const WORLD_OPTIONS: AnalystOptions = { defaultNamespace: 'default', strict: false, podCidrs: [], hosts: [] };

/** Starts a server on any port of the loopback; it is stopped after the tests of the file. */
export async function startServer(
  files: Readonly<Record<string, string>>,
  options: Partial<ServeOptions> = {},
): Promise<TestServer> {
  const lines: LogLine[] = [];
  const input = options.input ?? new LiveInput('files');
  // An input of the test's own is the test's to fill.
  if (options.input === undefined) setFiles(input, files);
  const world = options.world ?? WORLD_OPTIONS;
  const server = await servePage({
    host: '127.0.0.1',
    port: 0,
    version: '0.0.0-test',
    input,
    world,
    page: `${root}/does-not-exist`,
    examples: `${root}/examples`,
    allowedHosts: [],
    log: {
      info: (text) => lines.push({ level: 'info', text }),
      warn: (text) => lines.push({ level: 'warn', text }),
      error: (text) => lines.push({ level: 'error', text }),
    },
    verbose: false,
    analyst: new LocalAnalyst(world),
    ...options,
  });
  afterwards(() => server.stop());
  return { ...server, input, log: lines };
}

/** Gives an input these texts instead of what it has. */
export function setFiles(input: LiveInput, files: Readonly<Record<string, string>>): void {
  const texts = Object.entries(files).map(([name, text]) => inputFile(name, text));
  input.update(texts, [], true);
}

/** The texts of a folder of the repository, by name. */
export async function textsIn(folder: string): Promise<Record<string, string>> {
  const { inputs, problems } = await readInputs([path.join(root, folder)], { stdin: Readable.from([]) });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return Object.fromEntries(
    inputs.map(({ name, content }) => [path.relative(root, name), Buffer.from(content as Uint8Array).toString()]),
  );
}

/** An answer, read whole. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request as it is, with headers that `fetch` would not let a script set. */
export function ask(
  url: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    /** As it is sent, where a URL would be tidied up. */
    readonly path?: string;
  } = {},
): Promise<Reply> {
  const { method = 'GET', headers = {}, body, path } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, ...(path === undefined ? {} : { path }) }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(pieces).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** One event of a stream. */
export interface ReadEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/** Reads a stream of events; `return()` of the generator hangs up. */
export async function* readEvents(url: string): AsyncGenerator<ReadEvent, void, undefined> {
  const hangUp = new AbortController();
  try {
    const response = await fetch(url, { signal: hangUp.signal });
    if (response.body === null || !response.ok) throw new Error(`${url}: ${response.status}`);
    const decoder = new TextDecoder();
    let rest = '';
    for await (const piece of response.body) {
      const blocks = (rest + decoder.decode(piece, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = new Map(
          block.split('\n').flatMap((line) => {
            const [, name, value] = /^(\w+): (.*)$/.exec(line) ?? [];
            return name === undefined ? [] : [[name, value ?? ''] as const];
          }),
        );
        const event = fields.get('event');
        const id = fields.get('id');
        if (event !== undefined) yield { event, data: fields.get('data') ?? '', ...(id === undefined ? {} : { id }) };
      }
    }
  } finally {
    hangUp.abort();
  }
}
