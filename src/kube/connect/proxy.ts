import { request as httpRequest } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { parseAddress } from '../../net/address.ts';
import { AddressSet } from '../../net/address-set.ts';
import { parseCidr } from '../../net/cidr.ts';
import { ClusterError } from './cluster-error.ts';

/**
 * The proxy on the way to a server: the one of the kubeconfig, else `HTTPS_PROXY` (`HTTP_PROXY` for http) unless
 * `NO_PROXY` names the server. As for Go programs, the variables never count for this machine itself.
 * Throws {@link ClusterError} for what is no URL.
 */
export function proxyFor(
  server: URL,
  configured: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): URL | undefined {
  if (configured !== undefined) return proxyUrl(configured, 'proxy-url of the kubeconfig');
  const variable = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const value = env[variable] || env[variable.toLowerCase()];
  if (value === undefined || value === '') return undefined;
  const host = bareHost(server);
  if (isThisMachine(host) || isExempt(host, effectivePort(server), env['NO_PROXY'] || env['no_proxy'] || '')) {
    return undefined;
  }
  return proxyUrl(value, variable);
}

function proxyUrl(text: string, origin: string): URL {
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url !== undefined && /^(?:https?|socks5h?):$/.test(url.protocol)) return url;
  throw new ClusterError('config', `the proxy "${text}" (${origin}) is not a URL of http, https or socks5`);
}

/** The host of a URL without the brackets around an IPv6 address. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The port of a URL, also where it is the scheme's own. */
export function effectivePort(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function isExempt(host: string, port: number, list: string): boolean {
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matchesExemption(host.toLowerCase(), port, entry.toLowerCase()));
}

function matchesExemption(host: string, port: number, entry: string): boolean {
  if (entry === '*') return true;
  const address = parseAddress(host);
  const block = parseCidr(entry);
  if (block !== undefined) return address !== undefined && AddressSet.ofCidr(block.cidr).contains(address);
  const [, name = entry, entryPort] = /^(?:\[(?=.*\]))?([^\]]*?)\]?(?::(\d+))?$/.exec(entry) ?? [];
  if (isIP(entry) === 0 && entryPort !== undefined && Number(entryPort) !== port) return false;
  const wanted = isIP(entry) === 0 ? name : entry;
  if (address !== undefined) return host === wanted;
  if (wanted.startsWith('.') || wanted.startsWith('*.')) return host.endsWith(wanted.replace(/^\*/, ''));
  return host === wanted || host.endsWith(`.${wanted}`);
}

/** Connects through an HTTP or HTTPS proxy, and speaks TLS with the server inside the tunnel. */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;
  readonly #server: URL;

  constructor(proxy: URL, server: URL, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
    this.#server = server;
  }

  override createConnection(
    options: ConnectionOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const proxy = this.#proxy;
    const target = `${this.#server.hostname}:${effectivePort(this.#server)}`;
    const failed = (error: Error): void => callback?.(error, undefined as unknown as Duplex);
    const user = decodeURIComponent(proxy.username);
    const pair = Buffer.from(`${user}:${decodeURIComponent(proxy.password)}`).toString('base64');
    const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
      host: bareHost(proxy),
      port: effectivePort(proxy),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...(user === '' ? {} : { 'proxy-authorization': `Basic ${pair}` }) },
      agent: false,
    });
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) {
        if (this.#server.protocol === 'http:') callback?.(null, socket);
        else callback?.(null, tlsConnect({ ...options, socket }));
        return;
      }
      socket.destroy();
      failed(
        new ClusterError(
          'unreachable',
          `the proxy ${proxy.host} does not connect to ${target}: ${response.statusCode}`,
        ),
      );
    });
    request.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'ECONNREFUSED' ? 'the connection is refused' : error.message;
      failed(new ClusterError('unreachable', `cannot reach the proxy ${proxy.host}: ${reason}`, [], error));
    });
    request.end();
    return undefined;
  }
}
