import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { readInputs } from '../kube/files.ts';
import { type AnalystOptions, type Log, readTls, type TlsContent, TlsError, type TlsPaths } from '../server/index.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import { defaultNamespace, podCidrs } from './load.ts';

/** Characters of a token, at least: fewer can be guessed. */
const SHORTEST_TOKEN = 16;

/** Who may ask a server, and over what. */
export interface Access {
  readonly token?: string;
  readonly tls?: TlsContent;
  readonly tlsPaths?: TlsPaths;
}

/** Whether only this machine can reach what listens on a host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** A port of the command line; 0 is any. Throws {@link UsageError}. */
export function portNumber(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) {
    throw new UsageError(`--${flag} "${text}" is not a port: 1 to 65535, or 0 for any that is free`);
  }
  return port;
}

/**
 * The token and the certificates. Throws {@link UsageError} where the server would be open to others without either, and
 * where a file is wrong.
 */
export function accessOf({ flags }: Context, host: string, log: Log): Access {
  const tokenFile = flags.text('auth-token-file');
  const token = tokenFile === undefined ? undefined : readToken(tokenFile, log);
  const [cert, key, clientCa] = [flags.text('tls-cert'), flags.text('tls-key'), flags.text('client-ca')];
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--tls-cert and --tls-key go together');
  if (clientCa !== undefined && cert === undefined) throw new UsageError('--client-ca needs --tls-cert and --tls-key');
  if (!isLoopback(host) && token === undefined && clientCa === undefined) {
    throw new UsageError(`--host ${host} lets others ask: say who may`, [
      '--auth-token-file FILE: who knows the token in it',
      '--tls-cert, --tls-key and --client-ca: who has a certificate',
    ]);
  }
  if (!isLoopback(host) && cert === undefined) {
    log.warn(
      'the token and all answers travel in the clear: give --tls-cert and --tls-key, or serve behind a proxy with TLS',
    );
  }
  if (cert === undefined || key === undefined) return token === undefined ? {} : { token };
  const tlsPaths = { cert, key, ...(clientCa === undefined ? {} : { clientCa }) };
  return { tls: tlsContent(tlsPaths), tlsPaths, ...(token === undefined ? {} : { token }) };
}

/** Reads certificate files. Throws {@link UsageError}. */
export function tlsContent(paths: TlsPaths): TlsContent {
  try {
    return readTls(paths);
  } catch (error) {
    if (error instanceof TlsError) throw new UsageError(error.message);
    throw error;
  }
}

function readToken(file: string, log: Log): string {
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
    if ((statSync(file).mode & 0o077) !== 0) log.warn(`${file} can be read by others: chmod 600 ${file}`);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!/^\S*$/.test(token) || token.length < SHORTEST_TOKEN) {
    throw new UsageError(`${file}: a token is one word of at least ${SHORTEST_TOKEN} characters`, [
      `openssl rand -hex 32 > ${file}`,
    ]);
  }
  return token;
}

/** How the input is understood, as the flags say. Throws {@link UsageError}. */
export async function analystOptions(context: Context): Promise<AnalystOptions> {
  const { flags, io } = context;
  podCidrs(context);
  const { inputs, problems } = await readInputs(flags.list('resolve'), { stdin: io.stdin, folders: false });
  const [problem] = problems;
  if (problem !== undefined) throw new UsageError(problem.message);
  const hosts = inputs.map(({ name, content }) => ({
    name,
    text: typeof content === 'string' ? content : new TextDecoder().decode(content),
  }));
  if (hosts.length > 0) {
    const { parseHosts } = await import('../analysis/index.ts');
    const [wrong] = parseHosts(hosts.map(({ name, text }) => ({ name, content: text }))).diagnostics;
    if (wrong !== undefined) {
      const place = wrong.source === undefined ? '' : `${wrong.source.file}:${wrong.source.line}: `;
      throw new UsageError(`${place}${wrong.message}`);
    }
  }
  return {
    defaultNamespace: defaultNamespace(context),
    strict: flags.on('strict'),
    podCidrs: flags.list('pod-cidr'),
    hosts,
  };
}
