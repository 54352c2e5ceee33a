import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StaticFiles } from './static-files.ts';

const SCRIPT = 'export const text = "a script";\n'.repeat(100);
let place: string;
let files: StaticFiles;

beforeAll(() => {
  place = mkdtempSync(path.join(tmpdir(), 'portcullis-static-'));
  mkdirSync(path.join(place, 'site/assets'), { recursive: true });
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(path.join(place, name), content);
  write('site/index.html', '<!doctype html>');
  write('site/assets/main-A1b2C3d4.js', SCRIPT);
  write('site/assets/main-A1b2C3d4.js.br', brotliCompressSync(SCRIPT));
  write('site/notes.unknown', 'x');
  write('secret.html', 'secret');
  files = new StaticFiles(path.join(place, 'site'));
});

afterAll(() => rmSync(place, { recursive: true }));

function get(pathname: string, headers: Record<string, string> = {}): Promise<Response | undefined> {
  return files.respond(pathname, new Headers(headers));
}

test.each(['/../secret.html', '/assets/../../secret.html', '/%2e%2e/secret.html', '/notes.unknown', '/assets', '/x'])(
  '%s is not there',
  async (pathname) => {
    expect([files.has(pathname), await get(pathname)]).toEqual([false, undefined]);
  },
);

test('a folder is its index', async () => {
  const response = await get('/');
  expect(response?.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response?.headers.get('cache-control')).toBe('no-cache');
  expect(await response?.text()).toBe('<!doctype html>');
});

test.each([
  ['gzip, br', 'br'],
  ['gzip', 'gzip'],
  ['gzip;q=0, br;q=0.0', null],
  ['', null],
])('a script for who accepts "%s" is encoded as %s', async (accepted, encoding) => {
  const response = await get('/assets/main-A1b2C3d4.js', { 'accept-encoding': accepted });
  expect(response?.headers.get('content-encoding')).toBe(encoding);
  expect(response?.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(response?.headers.get('vary')).toBe('accept-encoding');
  const bytes = Buffer.from((await response?.arrayBuffer()) ?? new ArrayBuffer(0));
  expect(response?.headers.get('content-length')).toBe(String(bytes.length));
  if (encoding === 'gzip') expect(gunzipSync(bytes).toString()).toBe(SCRIPT);
  if (encoding === null) expect(bytes.toString()).toBe(SCRIPT);
});

test('what a client has is not sent again', async () => {
  const etag = (await get('/'))?.headers.get('etag') ?? '';
  const again = await get('/', { 'if-none-match': etag });
  expect([again?.status, await again?.text()]).toEqual([304, '']);
});

test('a folder that does not exist has no files', () => {
  expect(new StaticFiles(path.join(place, 'nowhere')).isEmpty).toBe(true);
});
