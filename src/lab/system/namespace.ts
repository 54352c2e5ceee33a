import { closeSync, openSync } from 'node:fs';
import { checked } from './libc.ts';

const NAMED = '/run/netns';
const CLONE_NEWNET = 0x4000_0000;

/** A named network namespace. While it is open the kernel keeps it, even when its name is removed. */
export class NetworkNamespace {
  readonly name: string;
  readonly #fd: number;

  /** Throws when there is none of the name. */
  constructor(name: string) {
    this.name = name;
    this.#fd = openSync(`${NAMED}/${name}`, 'r');
  }

  /**
   * Runs a function in the namespace and comes back. Only what it does before it returns is in the namespace, and only
   * on this thread: it must not wait for anything.
   */
  run<T>(act: () => T): T {
    const home = openSync('/proc/thread-self/ns/net', 'r');
    try {
      checked('setns', this.#fd, CLONE_NEWNET);
      try {
        return act();
      } finally {
        checked('setns', home, CLONE_NEWNET);
      }
    } finally {
      closeSync(home);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
