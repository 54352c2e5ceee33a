import type { Diagnostic } from '../model/source.ts';
import type { KubeObject } from '../model/types.ts';

/** What happened to one object, as told by whatever the cluster is read from. */
export type ObjectChange =
  | { readonly type: 'set'; readonly object: KubeObject }
  | { readonly type: 'remove'; readonly kind: string; readonly namespace?: string; readonly name: string };

/** Who wants to know the state of a cluster and every change of it. Calls come in order and never nest. */
export interface ObjectSink {
  /**
   * Changes that belong together: all of one batch are to take effect at once. A `remove` may name an object that was
   * never `set`: one that was only told as refused is gone.
   */
  apply(changes: readonly ObjectChange[]): void;
  /** Everything that was there at the beginning has been told. Comes once. */
  synced(): void;
  /**
   * Something could not be read, or is invalid; what was told of it before stays in force. Told once, until
   * {@link resolved}.
   * @param refused the invalid object, where it could be decoded. When no version of it was `set` before, nothing of it
   *   is in force, and the sink decides what that means; it comes before the batch that it was read with.
   * @param lacks it keeps something back of which no earlier version was told: what was told is less than what was written
   */
  problem(diagnostic: Diagnostic, refused?: KubeObject, lacks?: boolean): void;
  /** What was told as this problem is over; the batch that follows has what it kept back. */
  resolved?(diagnostic: Diagnostic): void;
  /** A fault of the program: what the error says is told no more of. A sink without this is told a problem. */
  broken?(error: unknown): void;
}

/** A place that tells the state of a cluster until it is closed. */
export interface ObjectSource {
  /** Whether what is not told is not there. Of files it may be that they are not there yet, such as those of a mount. */
  readonly certain: boolean;
  /** Begins to tell. Rejects only for what no retry can mend, such as a path that is not there. */
  start(sink: ObjectSink): Promise<void>;
  close(): Promise<void>;
}
