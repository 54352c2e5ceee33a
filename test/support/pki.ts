import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A certificate with its key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority that exists only in memory and for this run. Needs the program openssl. */
export class Authority {
  readonly cert: string;
  readonly #key: string;

  constructor(name: string = 'test authority') {
    const { cert, key } = inFolder((folder) => {
      openssl(folder, [
        'req',
        '-x509',
        ...NEW_KEY,
        '-keyout',
        'key',
        '-out',
        'cert',
        '-subj',
        `/CN=${name}`,
        '-days',
        '2',
      ]);
      return { cert: read(folder, 'cert'), key: read(folder, 'key') };
    });
    this.cert = cert;
    this.#key = key;
  }

  /** A certificate of a server for these names and addresses. */
  server(names: readonly string[], days: number = 2): Certificate {
    const list = names.map((name) => `${/^[\d.]+$|:/.test(name) ? 'IP' : 'DNS'}:${name}`).join(',');
    return this.#issue('/CN=server', days, `subjectAltName=${list}\n`);
  }

  /** A certificate of a client, who is in a group. Negative days are in the past. */
  client(user: string, days: number = 2, group: string = 'testers'): Certificate {
    return this.#issue(`/O=${group}/CN=${user}`, days, 'extendedKeyUsage=clientAuth\n');
  }

  #issue(subject: string, days: number, extensions: string): Certificate {
    return inFolder((folder) => {
      writeFileSync(path.join(folder, 'ca.crt'), this.cert);
      writeFileSync(path.join(folder, 'ca.key'), this.#key);
      writeFileSync(path.join(folder, 'ext'), extensions);
      openssl(folder, ['req', '-new', ...NEW_KEY, '-keyout', 'key', '-out', 'csr', '-subj', subject]);
      const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days), '-extfile', 'ext'];
      openssl(folder, ['x509', '-req', '-in', 'csr', '-out', 'cert', ...signed]);
      return { cert: read(folder, 'cert'), key: read(folder, 'key') };
    });
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(folder: string, args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
}

function read(folder: string, name: string): string {
  return readFileSync(path.join(folder, name), 'utf8');
}

function inFolder<T>(action: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'portcullis-pki-'));
  try {
    return action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
