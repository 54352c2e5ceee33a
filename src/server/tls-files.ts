import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { FolderWatch } from '../kube/folder-watch.ts';
import type { Log } from './log.ts';

/** Milliseconds of silence after a change before the files are read: certificate and key are written one by one. */
const QUIET = 100;

/** Files of a TLS server, in PEM. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
  /** Clients must show a certificate of one of these authorities. */
  readonly clientCa?: string;
}

/** What the files hold, as Node wants it. */
export interface TlsContent {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  readonly requestCert?: true;
  readonly rejectUnauthorized?: true;
  readonly minVersion: 'TLSv1.2';
}

/** The files cannot be read, or do not fit together. */
export class TlsError extends Error {
  readonly code = 'tls';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TlsError';
  }
}

/** Reads the files. Throws {@link TlsError}. */
export function readTls(paths: TlsPaths): TlsContent {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new TlsError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
    }
  };
  const { cert, key, clientCa } = paths;
  const content: TlsContent = {
    cert: read(cert),
    key: read(key),
    minVersion: 'TLSv1.2',
    ...(clientCa === undefined ? {} : { ca: read(clientCa), requestCert: true, rejectUnauthorized: true }),
  };
  try {
    createSecureContext(content);
  } catch (error) {
    const names = [cert, key, ...(clientCa === undefined ? [] : [clientCa])].join(', ');
    throw new TlsError(`${names}: not a certificate and its key in PEM: ${messageOf(error)}`, { cause: error });
  }
  return content;
}

/**
 * Gives a server new certificates when the files change: open connections go on with the old ones. Files that are wrong
 * change nothing and are told of; they are read again at the next change.
 */
export class TlsReloader {
  readonly #server: Pick<Server, 'setSecureContext'>;
  readonly #paths: TlsPaths;
  readonly #log: Log;
  readonly #watch = new FolderWatch(() => this.#soon());
  #current: string;
  #timer: NodeJS.Timeout | undefined;

  constructor(server: Pick<Server, 'setSecureContext'>, paths: TlsPaths, content: TlsContent, log: Log) {
    this.#server = server;
    this.#paths = paths;
    this.#log = log;
    this.#current = JSON.stringify(content);
    this.#reload();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watch.close();
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#reload(), QUIET);
  }

  #reload(): void {
    const { cert, key, clientCa } = this.#paths;
    if (this.#watch.watch([], [cert, key, ...(clientCa === undefined ? [] : [clientCa])]).fresh) this.#soon();
    try {
      const content = readTls(this.#paths);
      const text = JSON.stringify(content);
      if (text === this.#current) return;
      this.#server.setSecureContext(content);
      this.#current = text;
      this.#log.info('the TLS certificate was read anew', { file: cert });
    } catch (error) {
      this.#log.error(`the TLS certificate stays as it was: ${messageOf(error)}`);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
