import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Problem } from './problem.ts';

/** What requests are let in. */
export interface GuardOptions {
  /** Names besides addresses and `localhost` under which the server may be asked for. */
  readonly hosts: readonly string[];
  /** What a client must know; absent: nothing. */
  readonly token?: string;
  /** Whether answers travel over TLS. */
  readonly tls: boolean;
}

const COOKIE = 'portcullis-session';
/** Milliseconds that a session lasts. */
const SESSION = 12 * 60 * 60 * 1000;
const MOST_SESSIONS = 1000;

/** For who shows a token that is not that of the server. */
export const WRONG_TOKEN: Problem = {
  status: 401,
  title: 'wrong token',
  detail: 'this is not the token of the server',
};

/** The page's content security policy: everything comes from this server, nothing is inline. */
export const CONTENT_SECURITY_POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every answer. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

/** Decides who is let in: from which name, from which page, and who can show that they may. */
export class Guard {
  readonly #hosts: ReadonlySet<string>;
  readonly #token: Buffer | undefined;
  readonly #tls: boolean;
  /** Digests of session ids with the time at which each ends. */
  readonly #sessions = new Map<string, number>();

  constructor({ hosts, token, tls }: GuardOptions) {
    this.#hosts = new Set(hosts.map((host) => host.toLowerCase()));
    this.#token = token === undefined ? undefined : digest(token);
    this.#tls = tls;
  }

  get needsToken(): boolean {
    return this.#token !== undefined;
  }

  /**
   * A page of another site must not ask: neither by a name that it lets point here (DNS rebinding; an address in `Host`
   * cannot be one) nor across origins. Undefined when the request may go on.
   */
  refuseForeign(headers: Headers, method: string): Problem | undefined {
    const host = headers.get('host') ?? '';
    if (!this.#isOurs(host)) {
      return {
        status: 421,
        title: 'unknown host',
        detail: `this server does not answer for the host ${quoted(host)}; --allowed-host names further ones`,
      };
    }
    const origin = headers.get('origin');
    const site = headers.get('sec-fetch-site');
    const scheme = this.#tls ? 'https' : 'http';
    const foreignOrigin = origin !== null && origin.toLowerCase() !== `${scheme}://${host.toLowerCase()}`;
    // A browser says `none` where the user typed the address; following a link from elsewhere may open the page.
    const navigates = method === 'GET' && headers.get('sec-fetch-mode') === 'navigate';
    const foreignSite = site !== null && site !== 'same-origin' && site !== 'none' && !navigates;
    if (!foreignOrigin && !foreignSite) return undefined;
    return { status: 403, title: 'cross-origin request', detail: 'pages of other origins may not ask this server' };
  }

  /** Undefined when the client may ask. */
  refuseUnknown(headers: Headers): Problem | undefined {
    if (this.#token === undefined) return undefined;
    const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '') ?? [];
    if (bearer !== undefined && this.isToken(bearer)) return undefined;
    const cookie = readCookie(headers.get('cookie') ?? '');
    if (cookie !== undefined && this.#isSession(cookie)) return undefined;
    if (bearer !== undefined) return WRONG_TOKEN;
    const ended = cookie === undefined ? '' : 'the session has ended: ';
    return {
      status: 401,
      title: 'token needed',
      detail: `${ended}send the token as \`Authorization: Bearer TOKEN\`, or open the page at /#token=TOKEN`,
    };
  }

  /** Compares in a time that tells nothing about the token. */
  isToken(text: string): boolean {
    return this.#token !== undefined && timingSafeEqual(digest(text), this.#token);
  }

  /** Begins a session for a browser; answers the `Set-Cookie` header. */
  startSession(now: number = Date.now()): string {
    for (const [key, ends] of this.#sessions) if (ends <= now) this.#sessions.delete(key);
    const oldest = this.#sessions.keys().next();
    if (this.#sessions.size >= MOST_SESSIONS && oldest.value !== undefined) this.#sessions.delete(oldest.value);
    const id = randomBytes(32).toString('base64url');
    this.#sessions.set(digest(id).toString('hex'), now + SESSION);
    return `${COOKIE}=${id}; Max-Age=${SESSION / 1000}; ${this.#attributes()}`;
  }

  /** Ends the session of a request; answers the `Set-Cookie` header. */
  endSession(headers: Headers): string {
    const cookie = readCookie(headers.get('cookie') ?? '');
    if (cookie !== undefined) this.#sessions.delete(digest(cookie).toString('hex'));
    return `${COOKIE}=; Max-Age=0; ${this.#attributes()}`;
  }

  #attributes(): string {
    return `Path=/; HttpOnly; SameSite=Strict${this.#tls ? '; Secure' : ''}`;
  }

  #isSession(id: string): boolean {
    const ends = this.#sessions.get(digest(id).toString('hex'));
    return ends !== undefined && ends > Date.now();
  }

  #isOurs(host: string): boolean {
    const [, name = ''] = /^(\[[0-9a-fA-F:.%]+\]|[^:[\]]+)(?::\d{1,5})?$/.exec(host) ?? [];
    const bare = name.replace(/^\[|\]$/g, '').toLowerCase();
    return bare === 'localhost' || isIP(bare) !== 0 || this.#hosts.has(bare);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function readCookie(header: string): string | undefined {
  for (const part of header.split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === COOKIE && value !== undefined && value !== '') return value;
  }
  return undefined;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
