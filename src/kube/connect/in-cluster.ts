import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import { ClusterError } from './cluster-error.ts';
import { proxyFor } from './proxy.ts';
import type { Target } from './target.ts';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The API server as the service account of a pod reaches it; undefined outside a cluster. The token and the authority
 * are read for every request, since kubelet replaces them while the pod runs.
 * @param folder where the service account is mounted
 */
export function inClusterTarget(
  env: Readonly<Record<string, string | undefined>>,
  folder: string = SERVICE_ACCOUNT,
): Target | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || host === '' || port === undefined || port === '') return undefined;
  if (!existsSync(path.join(folder, 'token'))) return undefined;
  const server = new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`);
  const proxy = proxyFor(server, undefined, env);
  return {
    name: 'the service account of this pod',
    server,
    namespace: read(folder, 'namespace') ?? 'default',
    ...(proxy === undefined ? {} : { proxy }),
    async credentials() {
      const token = read(folder, 'token');
      if (token === undefined) {
        throw new ClusterError('config', `cannot read the token of the service account: ${path.join(folder, 'token')}`);
      }
      const ca = read(folder, 'ca.crt');
      return { headers: { authorization: `Bearer ${token}` }, tls: ca === undefined ? {} : { ca } };
    },
  };
}

function read(folder: string, name: string): string | undefined {
  try {
    return readFileSync(path.join(folder, name), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
