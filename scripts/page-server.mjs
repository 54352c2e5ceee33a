import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../dist/web');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/** Nothing inline, nothing from elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "worker-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Serves a folder on a free port of loopback as static files, under a strict security policy.
 *
 * @param {Readonly<Record<string, string>>} extra answers instead of files, by path such as `server.json`
 * @param {string} root the folder; dist/web when absent
 */
export async function servePage(extra = {}, root = ROOT) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const name = pathname === '/' ? 'index.html' : decodeURIComponent(pathname.slice(1));
    const send = (status, body) => {
      response.writeHead(status, {
        'content-type': TYPES[path.extname(name)] ?? 'text/plain',
        'content-security-policy': POLICY,
        'cache-control': 'no-store',
      });
      response.end(body);
    };
    if (Object.hasOwn(extra, name)) send(200, extra[name]);
    else if (name.split('/').includes('..')) send(404, 'not found');
    else
      readFile(path.join(root, name)).then(
        (body) => send(200, body),
        () => send(404, 'not found'),
      );
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve(undefined));
        server.closeAllConnections();
      }),
  };
}
