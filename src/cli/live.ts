import type { ConnectOptions } from '../kube/connect/connect.ts';
import type { ManifestResult } from '../manifest/index.ts';
import { count } from '../report/text.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import { Progress } from './terminal.ts';

/**
 * Commands that answer of one namespace by itself where RBAC forbids the others. The others would take what is not read
 * for what is not there: a peer that matches nothing, an assertion that holds, a policy without need.
 */
const OF_ONE_NAMESPACE: ReadonlySet<string> = new Set(['validate', 'describe', 'can', 'reach', 'exposure']);

/** What was read, where that is not all. */
export interface OneNamespace {
  /** Objects of other namespaces were not read; documents for programs say so. */
  readonly onlyNamespace?: string;
}

/** The cluster that the command line names, else that of the environment. */
export function connectOptions({ flags, io }: Pick<Context, 'flags' | 'io'>): ConnectOptions {
  const [kubeconfig, context] = [flags.text('kubeconfig'), flags.text('context')];
  return {
    env: io.env,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  };
}

/**
 * Reads the cluster that the command line names, else the one of the current context, and stores it where `--save` says.
 * Throws {@link UsageError} when it cannot be read.
 */
export async function readLive(context: Context): Promise<ManifestResult & OneNamespace> {
  const { flags, err } = context;
  const { ClusterError } = await import('../kube/connect/cluster-error.ts');
  const { connect } = await import('../kube/connect/connect.ts');
  const { readCluster } = await import('../kube/live/read-cluster.ts');
  const file = flags.text('save');
  // A snapshot is of a whole cluster: whoever reads it would not know.
  const narrows = OF_ONE_NAMESPACE.has(context.commandName) && file === undefined && !flags.on('all-namespaces');
  const namespace = narrows ? flags.text('namespace') : undefined;
  const progress = new Progress(err, flags.on('quiet'));
  try {
    const connection = connect(connectOptions(context));
    try {
      const { objects, diagnostics, items, onlyNamespace } = await readCluster(connection, {
        strict: flags.on('strict'),
        keepItems: file !== undefined,
        ...(namespace === undefined ? {} : { namespace }),
        onProgress: (read, expected) => progress.show(`reading ${connection.name}`, read, expected),
      });
      progress.clear();
      if (flags.on('verbose')) {
        err.add(`read ${count(objects.length, 'object')} from ${connection.name}, ${connection.server}\n`);
      }
      if (file !== undefined) await save(context, file, items);
      return {
        ...{ objects, replaced: [], ignored: [], diagnostics, documents: objects.length },
        ...(onlyNamespace === undefined ? {} : { onlyNamespace }),
      };
    } finally {
      connection.close();
    }
  } catch (error) {
    progress.clear();
    if (!(error instanceof ClusterError)) throw error;
    const hints = [...error.hints];
    if (error.code === 'config') hints.push('-f reads files instead of a cluster');
    if (error.code === 'forbidden' && narrows && namespace === undefined) {
      hints.push('or name one namespace with -n: then only that is read');
    }
    throw new UsageError(error.message, hints);
  }
}

async function save(
  { flags, err }: Context,
  file: string,
  items: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const { writeSnapshot } = await import('../kube/live/snapshot.ts');
  try {
    writeSnapshot(file, items);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!flags.on('quiet')) err.add(`saved ${count(items.length, 'object')} in ${file}\n`);
}
