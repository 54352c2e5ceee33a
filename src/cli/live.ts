import type { ManifestResult } from '../manifest/index.ts';
import { count } from '../report/text.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import { Progress } from './terminal.ts';

/**
 * Reads the cluster that the command line names, else the one of the current context, and stores it where `--save` says.
 * Throws {@link UsageError} when it cannot be read.
 */
export async function readLive(context: Context): Promise<ManifestResult> {
  const { flags, io, err } = context;
  const { ClusterError } = await import('../kube/connect/cluster-error.ts');
  const { connect } = await import('../kube/connect/connect.ts');
  const { readCluster } = await import('../kube/live/read-cluster.ts');
  const kubeconfig = flags.text('kubeconfig');
  const name = flags.text('context');
  const file = flags.text('save');
  const progress = new Progress(err, flags.on('quiet'));
  try {
    const connection = connect({
      env: io.env,
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(name === undefined ? {} : { context: name }),
    });
    try {
      const { objects, diagnostics, items } = await readCluster(connection, {
        strict: flags.on('strict'),
        keepItems: file !== undefined,
        onProgress: (read, expected) => progress.show(`reading ${connection.name}`, read, expected),
      });
      progress.clear();
      if (flags.on('verbose')) {
        err.add(`read ${count(objects.length, 'object')} from ${connection.name}, ${connection.server}\n`);
      }
      if (file !== undefined) await save(context, file, items);
      return { objects, replaced: [], ignored: [], diagnostics, documents: objects.length };
    } finally {
      connection.close();
    }
  } catch (error) {
    progress.clear();
    if (!(error instanceof ClusterError)) throw error;
    const hints = error.code === 'config' ? [...error.hints, '-f reads files instead of a cluster'] : error.hints;
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
