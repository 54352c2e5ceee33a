import type { Style } from '../report/style.ts';
import type { Flags } from './flags.ts';
import type { Io } from './io.ts';
import type { Output } from './output.ts';

/** What a running command has. */
export interface Context {
  /** As it was called. */
  readonly commandName: string;
  readonly args: readonly string[];
  readonly flags: Flags;
  readonly io: Io;
  readonly out: Output;
  readonly err: Output;
  /** Colours for results and for diagnostics. */
  readonly outStyle: Style;
  readonly errStyle: Style;
}
