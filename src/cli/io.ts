import type { Readable } from 'node:stream';

/** A stream that a command writes to; `isTTY` as on `process.stdout`. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Everything a command touches of the process, so that tests can run commands in their own process. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The streams and the environment of this process. Standard input is opened only when it is read. */
export function processIo(): Io {
  return {
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
  };
}
