import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildState } from '../engine/index.ts';
import { Endpoint, type EndpointContext, parseListenAddress } from './endpoint.ts';
import { AgentMetrics } from './metrics.ts';

describe('where to listen', () => {
  test.each([
    ['127.0.0.1:9470', { host: '127.0.0.1', port: 9470 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    [':9470', { host: '::', port: 9470 }],
    ['[::1]:9470', { host: '::1', port: 9470 }],
    ['[192.0.2.7]:9470', { host: '192.0.2.7', port: 9470 }],
    ['unix:/run/portcullis.sock', { path: '/run/portcullis.sock' }],
    ['unix:', undefined],
    ['::1:9470', undefined],
    ['[]:9470', undefined],
    ['[localhost]:9470', undefined],
    ['127.0.0.1', undefined],
    ['127.0.0.1:65536', undefined],
  ])('%s', (text, wanted) => {
    expect(parseListenAddress(text)).toEqual(wanted);
  });
});

describe('an endpoint', () => {
  let directory = '';
  const opened: Endpoint[] = [];
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'endpoint-'));
  });
  afterEach(async () => {
    for (const endpoint of opened.splice(0)) await endpoint.close();
    rmSync(directory, { recursive: true });
  });
  const context: EndpointContext = {
    status: () => {
      throw new Error('no status');
    },
    unhealthy: () => undefined,
    metrics: new AgentMetrics(() => ({ cluster: buildState([]), node: 'n', isolated: 0, problems: 0 })),
    refresh: () => Promise.reject(new Error('no counters')),
  };
  const open = async (address: Parameters<typeof Endpoint.open>[0]): Promise<Endpoint> => {
    const endpoint = await Endpoint.open(address, context);
    opened.push(endpoint);
    return endpoint;
  };

  test('leaves a file alone that is no socket', async () => {
    const file = path.join(directory, 'precious');
    writeFileSync(file, 'words');
    await expect(open({ path: file })).rejects.toThrow('EADDRINUSE');
    expect(readFileSync(file, 'utf8')).toBe('words');
  });

  test('does not take the socket of a process that listens', async () => {
    const socket = path.join(directory, 'socket');
    await open({ path: socket });
    await expect(open({ path: socket })).rejects.toThrow('EADDRINUSE');
    expect(existsSync(socket)).toBe(true);
  });

  test('replaces the socket of a process that is gone', async () => {
    const socket = path.join(directory, 'socket');
    const listener = `require('node:net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', listener]);
    expect(existsSync(socket)).toBe(true);
    expect((await open({ path: socket })).url).toBe(`unix:${socket}`);
  });

  test('answers an error when it cannot tell', async () => {
    const { url } = await open({ host: '127.0.0.1', port: 0 });
    expect((await fetch(`${url}/readyz`)).status).toBe(500);
    expect((await fetch(`${url}/metrics`)).status).toBe(500);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});
