/** What a TLS connection to a server needs. PEM texts. */
export interface TlsIdentity {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** What identifies a client in one request. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsIdentity;
}

/** A server and how to be let in. */
export interface Target {
  /** For messages: `context "kind"`, `the service account of this pod`. */
  readonly name: string;
  /** `http:` or `https:`, perhaps with a path. */
  readonly server: URL;
  /** Of the context; `default` where it gives none. */
  readonly namespace: string;
  /** HTTP, HTTPS or SOCKS proxy. */
  readonly proxy?: URL;
  /**
   * Credentials as they are now: files are read each time, so that rotated ones count at once.
   * @param rejected the last ones were refused: nothing may be answered from memory
   */
  credentials(rejected: boolean): Promise<Credentials>;
}
