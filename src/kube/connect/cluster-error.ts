/**
 * Why a cluster gave no answer:
 * `config` (kubeconfig, context, credentials plugin), `unreachable`, `certificate`, `unauthorized`, `forbidden`,
 * `not-found`, `expired` (410), `throttled` (429), `server` (any other answer), `aborted` (by the caller).
 */
export type ClusterErrorCode =
  | 'config'
  | 'unreachable'
  | 'certificate'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'expired'
  | 'throttled'
  | 'server'
  | 'aborted';

/** A cluster could not be read: one sentence for the user, and what can be done about it. */
export class ClusterError extends Error {
  readonly code: ClusterErrorCode;
  /** Further lines: what to do, what there is instead. */
  readonly hints: readonly string[];

  constructor(code: ClusterErrorCode, message: string, hints: readonly string[] = [], cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'ClusterError';
    this.code = code;
    this.hints = hints;
  }
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused: is the API server running?',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOTFOUND: 'its name has no address',
  EAI_AGAIN: 'its name cannot be looked up now',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'no route leads to it',
  ENETUNREACH: 'no route leads to it',
  EPROTO: 'it does not speak TLS as expected: is the scheme of the server right?',
};

const CERTIFICATE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: are the clocks right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself and by no known authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority',
  CERT_SIGNATURE_FAILURE: 'its certificate is signed by an unknown authority',
};

/** Whether an error is one of the system, such as too many open files, or of a connection: it may be over later. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  const { code } = (error instanceof Error ? error : {}) as NodeJS.ErrnoException;
  return code !== undefined && (/^E(?!RR_)/.test(code) || /^ERR_(?:TLS|SSL|OSSL|SOCKET|STREAM_PREMATURE)/.test(code));
}

/** What went wrong on the way to a server. */
export function networkError(server: string, error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  const { code = '', message = String(error) } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  const at = `the API server ${server}`;
  const certificate = CERTIFICATE[code];
  if (certificate !== undefined) {
    const hint = 'the kubeconfig says which authority is trusted: certificate-authority or certificate-authority-data';
    const hints = code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID' ? [] : [hint];
    return new ClusterError('certificate', `${at} cannot be trusted: ${certificate}`, hints, error);
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const hints = ['tls-server-name in the kubeconfig names the host that the certificate is for'];
    return new ClusterError('certificate', `${at} cannot be trusted: ${message}`, hints, error);
  }
  if (/^ERR_(?:SSL|OSSL)_/.test(code)) {
    const alert = /alert ([a-z ]+)/.exec(message)?.[1];
    const what = alert === undefined ? message : `it refuses the client certificate (${alert.trim()})`;
    return new ClusterError(alert === undefined ? 'unreachable' : 'unauthorized', `${at}: ${what}`, [], error);
  }
  return new ClusterError('unreachable', `cannot reach ${at}: ${UNREACHABLE[code] ?? message}`, [], error);
}
