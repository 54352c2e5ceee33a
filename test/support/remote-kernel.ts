/** A {@link LinuxKernel} in a network namespace: in a process of its own, since a process is in one namespace. */

import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { buildSync } from 'esbuild';
import {
  type Closer,
  type Connection,
  type Kernel,
  KernelError,
  type KernelErrorCode,
  type LoggedPacket,
} from '../../src/agent/kernel/kernel.ts';
import type { Address } from '../../src/net/address.ts';
import type { Ruleset } from '../../src/nft/index.ts';

export type Call = { readonly id: number } & (
  | { readonly method: 'run'; readonly args: readonly [script: string] }
  | { readonly method: 'connections'; readonly args: readonly [involving: readonly Address[] | undefined] }
  | { readonly method: 'cut'; readonly args: readonly [connections: readonly Connection[]] }
  | { readonly method: 'receiveLog'; readonly args: readonly [group: number] }
  | { readonly method: 'closeOne'; readonly args: readonly [id: number] }
  | {
      readonly method: 'claim' | 'ownAddresses' | 'dump' | 'watch' | 'denied' | 'preflight' | 'close';
      readonly args: readonly [];
    }
);

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string; readonly code: KernelErrorCode | undefined }
  | { readonly event: number; readonly values: readonly unknown[] };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const ROOT = path.join(import.meta.dirname, '../..');

/** Makes a program of a file of the tests: Node 20 runs no TypeScript. */
export function bundled(file: string): string {
  const outfile = path.join(ROOT, 'node_modules/.cache/portcullis', `${path.basename(file, '.ts')}-${process.pid}.mjs`);
  buildSync({ entryPoints: [file], outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' });
  return outfile;
}

let child: string | undefined;

export class RemoteKernel implements Kernel {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<number, (...values: readonly unknown[]) => void>();
  #next = 0;

  /** @param through a program that runs another, with its arguments: `setpriv` for example */
  constructor(namespace: string, through: readonly string[] = []) {
    child ??= bundled(path.join(import.meta.dirname, 'kernel-child.ts'));
    this.#process = fork(child, [], {
      execPath: 'ip',
      execArgv: ['netns', 'exec', namespace, ...through, process.execPath],
      serialization: 'advanced',
    });
    this.#process.on('message', (answer: Answer) => this.#take(answer));
    this.ended = new Promise((resolve) => this.#process.once('exit', () => resolve()));
    this.#process.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the kernel's process ended: ${code ?? signal}`));
    });
  }

  /** Resolves when its process has ended. */
  readonly ended: Promise<void>;

  /** Of its process. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  #take(answer: Answer): void {
    if ('event' in answer) {
      this.#listeners.get(answer.event)?.(...answer.values);
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('result' in answer) waiting?.resolve(answer.result);
    else {
      const { error, code } = answer;
      waiting?.reject(code === undefined ? new Error(error) : new KernelError(code, error));
    }
  }

  #call(method: Call['method'], args: readonly unknown[], id = this.#next++): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, method, args });
    });
  }

  async claim(): Promise<boolean> {
    return (await this.#call('claim', [])) as boolean;
  }

  async run(script: string): Promise<void> {
    await this.#call('run', [script]);
  }

  async dump(): Promise<Ruleset | undefined> {
    return (await this.#call('dump', [])) as Ruleset | undefined;
  }

  async denied(): Promise<ReadonlyMap<string, number>> {
    return (await this.#call('denied', [])) as ReadonlyMap<string, number>;
  }

  async connections(involving?: readonly Address[]): Promise<readonly Connection[]> {
    return (await this.#call('connections', [involving])) as readonly Connection[];
  }

  async ownAddresses(): Promise<ReadonlySet<string>> {
    return (await this.#call('ownAddresses', [])) as ReadonlySet<string>;
  }

  async cut(connections: readonly Connection[]): Promise<number> {
    return (await this.#call('cut', [connections])) as number;
  }

  watch(onForeignChange: () => void): Promise<Closer> {
    return this.#listen('watch', [], onForeignChange);
  }

  receiveLog(group: number, onPacket: (packet: LoggedPacket) => void, onLost: () => void): Promise<Closer> {
    return this.#listen('receiveLog', [group], (packet) =>
      packet === undefined ? onLost() : onPacket(packet as LoggedPacket),
    );
  }

  async #listen(
    method: 'watch' | 'receiveLog',
    args: readonly unknown[],
    listener: (...values: readonly unknown[]) => void,
  ): Promise<Closer> {
    const id = this.#next++;
    this.#listeners.set(id, listener);
    await this.#call(method, args, id);
    return {
      close: async () => {
        await this.#call('closeOne', [id]);
        this.#listeners.delete(id);
      },
    };
  }

  async preflight(): Promise<readonly string[]> {
    return (await this.#call('preflight', [])) as readonly string[];
  }

  /** Ends the process too, which must go by itself: nothing of the kernel may hold it. */
  async close(): Promise<void> {
    await this.#call('close', []);
    await this.ended;
  }
}
