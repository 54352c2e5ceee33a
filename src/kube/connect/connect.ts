import { ClusterError } from './cluster-error.ts';
import { type Connection, connectionTo } from './connection.ts';
import { inClusterTarget } from './in-cluster.ts';
import { readKubeconfig, targetOf } from './kubeconfig.ts';

/** Which cluster to connect to. */
export interface ConnectOptions {
  /** Path of a kubeconfig, instead of `$KUBECONFIG` and `~/.kube/config`. */
  readonly kubeconfig?: string;
  /** A context of it, instead of the current one. */
  readonly context?: string;
  /** The environment; that of this process when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where a pod's service account is mounted, for tests. */
  readonly serviceAccount?: string;
}

/**
 * A connection to the cluster that kubectl would use: the kubeconfig's context or, where there is no kubeconfig, the
 * service account of the pod that this runs in. Nothing is sent yet. Throws {@link ClusterError}.
 */
export function connect(options: ConnectOptions = {}): Connection {
  const { kubeconfig: file, context, env = process.env, serviceAccount } = options;
  const config = readKubeconfig({ env, ...(file === undefined ? {} : { file }) });
  if (config !== undefined) return connectionTo(targetOf(config, context, env));
  if (context !== undefined) {
    throw new ClusterError('config', `no context "${context}": there is no kubeconfig`, [
      '--kubeconfig or $KUBECONFIG names one',
    ]);
  }
  const target = inClusterTarget(env, serviceAccount);
  if (target !== undefined) return connectionTo(target);
  throw new ClusterError('config', 'there is no kubeconfig and this is no pod of a cluster', [
    '--kubeconfig or $KUBECONFIG names a kubeconfig; ~/.kube/config is the default',
  ]);
}

/** Connects as the service account of this pod, whatever kubeconfig there is. Throws {@link ClusterError}. */
export function connectInCluster(options: Pick<ConnectOptions, 'env' | 'serviceAccount'> = {}): Connection {
  const target = inClusterTarget(options.env ?? process.env, options.serviceAccount);
  if (target === undefined) throw new ClusterError('config', 'this is no pod of a cluster with a service account');
  return connectionTo(target);
}
