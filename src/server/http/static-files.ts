import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};
const COMPRESSIBLE = /^(?:text\/|application\/(?:json|wasm|manifest)|image\/svg)/;
/** Bytes below which compressing saves nothing. */
const SMALL = 1024;
const ENCODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const;
/** Names with a hash of the content: the file of that name never changes. */
const HASHED = /[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;

interface StaticFile {
  readonly path: string;
  readonly type: string;
  readonly immutable: boolean;
  readonly encoded: ReadonlyMap<string, string>;
  /** Of the content; read when first asked for. */
  etag?: string;
  gzipped?: Promise<Uint8Array>;
}

/** The files of a folder over HTTP. The folder is listed once: a name that is not in the list is not there, whatever it says. */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  /** @param folder need not exist; then there are no files */
  constructor(folder: string) {
    if (!existsSync(folder)) return;
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
    const present = new Set(names);
    for (const name of names) {
      const type = TYPES[path.extname(name)];
      if (type === undefined) continue;
      const encoded = ENCODINGS.flatMap((encoding) =>
        present.has(name + encoding.extension)
          ? [[encoding.name, path.join(folder, name + encoding.extension)] as const]
          : [],
      );
      this.#files.set(`/${name}`, {
        path: path.join(folder, name),
        type,
        immutable: name.startsWith('assets/') && HASHED.test(name),
        encoded: new Map(encoded),
      });
    }
  }

  /** Whether there is anything to serve. */
  get isEmpty(): boolean {
    return this.#files.size === 0;
  }

  has(pathname: string): boolean {
    return this.#files.has(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
  }

  /** Undefined when there is no such file. */
  async respond(pathname: string, headers: Headers): Promise<Response | undefined> {
    const file = this.#files.get(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    if (file === undefined) return undefined;
    const content = readFileSync(file.path);
    file.etag ??= `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
    const base = {
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: file.etag,
      vary: 'accept-encoding',
    };
    if (headers.get('if-none-match') === file.etag) return new Response(null, { status: 304, headers: base });
    const body = await encode(file, content, headers.get('accept-encoding') ?? '');
    return new Response(body.bytes as Uint8Array<ArrayBuffer>, {
      headers: {
        ...base,
        'content-type': file.type,
        'content-length': String(body.bytes.length),
        ...(body.encoding === undefined ? {} : { 'content-encoding': body.encoding }),
      },
    });
  }
}

async function encode(
  file: StaticFile,
  content: Uint8Array,
  accepted: string,
): Promise<{ readonly bytes: Uint8Array; readonly encoding?: string }> {
  const accepts = (encoding: string): boolean =>
    accepted.split(',').some((part) => {
      const [name = '', weight = ''] = part.trim().split(';');
      return name.trim() === encoding && !/^\s*q=0(?:\.0*)?$/.test(weight);
    });
  for (const { name } of ENCODINGS) {
    const found = file.encoded.get(name);
    if (found !== undefined && accepts(name)) return { bytes: readFileSync(found), encoding: name };
  }
  if (!COMPRESSIBLE.test(file.type) || content.length < SMALL || !accepts('gzip')) return { bytes: content };
  file.gzipped ??= promisify(gzip)(content, { level: 9 });
  return { bytes: await file.gzipped, encoding: 'gzip' };
}
