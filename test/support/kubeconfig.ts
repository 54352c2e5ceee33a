import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { type ApiServer, sharedAuthority } from './api-server.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A user that the test servers let in. */
export const TOKEN_USER: Fields = { token: 'secret' };

/** A kubeconfig of one context `test` for a server, as an object. */
export function kubeconfigOf(server: ApiServer | string, user: Fields = TOKEN_USER, cluster: Fields = {}): Fields {
  const ca = Buffer.from(sharedAuthority().authority.cert).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'tester', namespace: 'shop' } }],
    clusters: [
      {
        name: 'test',
        cluster: {
          server: typeof server === 'string' ? server : server.url,
          'certificate-authority-data': ca,
          ...cluster,
        },
      },
    ],
    users: [{ name: 'tester', user }],
  };
}

/** Files in a folder of their own, which {@link remove} takes away. */
export class TestFolder {
  readonly path: string = mkdtempSync(path.join(tmpdir(), 'portcullis-kube-'));

  /** Writes a file; objects become YAML. Answers its path. */
  write(name: string, content: string | Fields, mode: number = 0o600): string {
    const file = path.join(this.path, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : stringify(content), { mode });
    return file;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
