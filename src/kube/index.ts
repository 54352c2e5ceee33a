/** Where the objects of a cluster come from. */

export { type Clock, systemClock } from './clock.ts';
export { ClusterError, type ClusterErrorCode } from './connect/cluster-error.ts';
export { type ConnectOptions, connect, connectInCluster } from './connect/connect.ts';
export type { Connection } from './connect/connection.ts';
export { REST_MS } from './manifest-file.ts';
export { objectKey, sameContent } from './object-key.ts';
export type { ObjectChange, ObjectSink, ObjectSource } from './source.ts';
export {
  type ClusterSource,
  enforcedResources,
  type WatchClusterOptions,
  watchCluster,
} from './watch/watch-cluster.ts';
export { type FilesSource, filesDigest, SourceError, type WatchFilesOptions, watchFiles } from './watch-files.ts';
