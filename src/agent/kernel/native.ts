import koffi, { type LibraryHandle } from 'koffi';
import { KernelError } from './kernel.ts';

/** A C pointer; what it points to is C's own. */
export type Pointer = bigint | null;

/** A C function that may also run in a thread of the pool, off the event loop. */
export interface NativeFunction<Arguments extends unknown[], Result> {
  (...args: Arguments): Result;
  inThread(...args: Arguments): Promise<Result>;
}

/** Declares a function of a library in C. Types in the declaration are not checked against those of TypeScript. */
export function declare<Arguments extends unknown[], Result>(
  library: LibraryHandle,
  declaration: string,
): NativeFunction<Arguments, Result> {
  const native = library.func(declaration);
  const inThread = (...args: Arguments): Promise<Result> =>
    new Promise((resolve, reject) => {
      native.async(...args, (error: Error | null, result: Result) => {
        if (error === null) resolve(result);
        else reject(error);
      });
    });
  return Object.assign((...args: Arguments): Result => native(...args) as Result, { inThread });
}

/*
 * Calls in threads run on stacks of koffi's own, of 128 KiB unless told otherwise. libnftables 1.1 has frames of 128 KiB that
 * call each other: it would crash.
 */
koffi.config({ async_stack_size: 4 * 2 ** 20 });

/** Loads a shared library. */
export function loadLibrary(name: string): LibraryHandle {
  try {
    return koffi.load(name);
  } catch (error) {
    throw new KernelError('unsupported', `${name} cannot be loaded: ${String(error)}`, { cause: error });
  }
}

interface Libc {
  readonly socket: NativeFunction<[domain: number, type: number, protocol: number], number>;
  readonly bind: NativeFunction<[fd: number, address: Uint8Array, length: number], number>;
  readonly send: NativeFunction<[fd: number, bytes: Uint8Array, length: number, flags: number], number>;
  readonly recv: NativeFunction<[fd: number, bytes: Uint8Array, length: number, flags: number], number>;
  readonly setsockopt: NativeFunction<
    [fd: number, level: number, name: number, value: Uint8Array, length: number],
    number
  >;
  readonly close: NativeFunction<[fd: number], number>;
  readonly strlen: NativeFunction<[text: Pointer], number | bigint>;
  /** Gives memory that was freed back to the system. */
  readonly mallocTrim: NativeFunction<[pad: number], number>;
}

let loaded: Libc | undefined;

/** The C library. Where its functions answer -1, {@link koffi.errno} says why. */
export function libc(): Libc {
  if (loaded !== undefined) return loaded;
  const library = loadLibrary('libc.so.6');
  loaded = {
    socket: declare(library, 'int socket(int, int, int)'),
    bind: declare(library, 'int bind(int, const void *, uint32_t)'),
    send: declare(library, 'intptr_t send(int, const void *, size_t, int)'),
    recv: declare(library, 'intptr_t recv(int, void *, size_t, int)'),
    setsockopt: declare(library, 'int setsockopt(int, int, int, const void *, uint32_t)'),
    close: declare(library, 'int close(int)'),
    strlen: declare(library, 'size_t strlen(const void *)'),
    mallocTrim: declare(library, 'int malloc_trim(size_t)'),
  };
  return loaded;
}

/** Reads text that C has, up to its end or to a limit of bytes, as Latin-1. */
export function readText(pointer: Pointer, limit = Number.MAX_SAFE_INTEGER): string {
  if (pointer === null) return '';
  const length = Math.min(limit, Number(libc().strlen(pointer)));
  return length === 0 ? '' : Buffer.from(koffi.view(pointer, length)).toString('latin1');
}

/** ASCII text as C has it, with the zero byte at its end: a copy, many times faster than to let the call convert it. */
export function toText(text: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(text.length + 1);
  bytes.write(text, 0, 'latin1');
  bytes[text.length] = 0;
  return bytes;
}
