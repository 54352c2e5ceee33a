/** Where the objects of a cluster come from. */

export { type Clock, systemClock } from './clock.ts';
export { objectKey, sameContent } from './object-key.ts';
export type { ObjectChange, ObjectSink, ObjectSource } from './source.ts';
export { type FilesSource, filesDigest, SourceError, type WatchFilesOptions, watchFiles } from './watch-files.ts';
