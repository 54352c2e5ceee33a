import { KernelError, type KernelErrorCode } from './kernel.ts';
import { declare, libc, loadLibrary, type NativeFunction, type Pointer, readText, toText } from './native.ts';
import { NetlinkSocket } from './netlink.ts';

/** The library's ABI since nftables 0.9; the package is `libnftables1` on Debian, `nftables` on most others. */
const LIBRARY = 'libnftables.so.1';

/** NFT_CTX_OUTPUT_JSON. */
const OUTPUT_JSON = 1 << 4;

/** Scripts from this size on leave so much freed memory behind that it is given back to the system. */
const LARGE_SCRIPT = 2 ** 19;

/** The library repeats the first statement, however long it is. */
const MOST_OF_MESSAGE = 2000;

interface Library {
  readonly newContext: NativeFunction<[flags: number], Pointer>;
  readonly freeContext: NativeFunction<[context: Pointer], undefined>;
  readonly setOutput: NativeFunction<[context: Pointer, flags: number], undefined>;
  readonly setDryRun: NativeFunction<[context: Pointer, dry: boolean], undefined>;
  readonly bufferOutput: NativeFunction<[context: Pointer], number>;
  readonly bufferErrors: NativeFunction<[context: Pointer], number>;
  readonly output: NativeFunction<[context: Pointer], Pointer>;
  readonly errors: NativeFunction<[context: Pointer], Pointer>;
  readonly run: NativeFunction<[context: Pointer, script: Uint8Array], number>;
}

function libraryOf(name: string): Library {
  const library = loadLibrary(name);
  return {
    newContext: declare(library, 'void *nft_ctx_new(uint32_t)'),
    freeContext: declare(library, 'void nft_ctx_free(void *)'),
    setOutput: declare(library, 'void nft_ctx_output_set_flags(void *, unsigned int)'),
    setDryRun: declare(library, 'void nft_ctx_set_dry_run(void *, bool)'),
    bufferOutput: declare(library, 'int nft_ctx_buffer_output(void *)'),
    bufferErrors: declare(library, 'int nft_ctx_buffer_error(void *)'),
    output: declare(library, 'void *nft_ctx_get_output_buffer(void *)'),
    errors: declare(library, 'void *nft_ctx_get_error_buffer(void *)'),
    run: declare(library, 'int nft_run_cmd_from_buffer(void *, const void *)'),
  };
}

/**
 * libnftables in this process. A call takes its time in a thread of libuv's pool, so that the event loop goes on.
 * Contexts are not for several threads: calls must not overlap.
 */
export class Nftables {
  readonly #library: Library;
  #context: Pointer;

  /** @throws KernelError when the library is missing */
  constructor(library: string = LIBRARY) {
    this.#library = libraryOf(library);
    this.#context = this.#open();
  }

  #open(): Pointer {
    // The library ends the process when it gets no socket: a KernelError says so instead.
    new NetlinkSocket().close();
    const context = this.#library.newContext(0);
    if (context === null) throw new KernelError('memory', 'libnftables gave no context');
    this.#library.bufferOutput(context);
    this.#library.bufferErrors(context);
    return context;
  }

  /** Runs a script as one transaction. Rejects with {@link KernelError}; nothing has changed then. */
  async run(script: string): Promise<void> {
    await this.#run(this.#context, script);
    if (script.length >= LARGE_SCRIPT) await libc().mallocTrim.inThread(0);
  }

  /** Reads and evaluates a script, asks the kernel, and changes nothing. */
  async check(script: string): Promise<void> {
    await this.#throwaway((context) => {
      this.#library.setDryRun(context, true);
      return this.#run(context, script);
    });
  }

  /** What a listing command says, in JSON. */
  async list(command: string): Promise<string> {
    return await this.#throwaway((context) => {
      this.#library.setOutput(context, OUTPUT_JSON);
      return this.#run(context, command);
    });
  }

  /** As of the package: `1.0.6`. */
  async version(): Promise<string> {
    const listed = JSON.parse(await this.list('list tables')) as {
      readonly nftables: readonly { readonly metainfo?: { readonly version?: string } }[];
    };
    return listed.nftables.find(({ metainfo }) => metainfo !== undefined)?.metainfo?.version ?? '';
  }

  /** In a context of its own: what listings cache is gone with it. */
  async #throwaway(work: (context: Pointer) => Promise<string>): Promise<string> {
    const context = this.#open();
    try {
      return await work(context);
    } finally {
      await this.#library.freeContext.inThread(context);
      await libc().mallocTrim.inThread(0);
    }
  }

  /** Answers what the script says. */
  async #run(context: Pointer, script: string): Promise<string> {
    const status = await this.#library.run.inThread(context, toText(script));
    // Either call empties its buffer.
    const output = readText(this.#library.output(context));
    const message = readText(this.#library.errors(context), MOST_OF_MESSAGE);
    if (status !== 0) throw new KernelError(codeOf(message), messageOf(message, script));
    return output;
  }

  async close(): Promise<void> {
    const context = this.#context;
    this.#context = null;
    if (context !== null) await this.#library.freeContext.inThread(context);
  }
}

/** What `strerror` says of the errors that are told apart, in the order in which they are looked for. */
const MESSAGES: readonly (readonly [text: string, code: KernelErrorCode])[] = [
  ['Operation not permitted', 'permission'],
  ['Permission denied', 'permission'],
  ['File exists', 'exists'],
  ['interval overlaps', 'exists'],
  ['conflicting intervals', 'exists'],
  ['No such file or directory', 'missing'],
  ['does not exist', 'missing'],
  ['Device or resource busy', 'busy'],
  ['Resource temporarily unavailable', 'busy'],
  ['Interrupted system call', 'busy'],
  ['Operation not supported', 'unsupported'],
  ['Protocol not supported', 'unsupported'],
  ['Address family not supported', 'unsupported'],
  ['syntax error', 'unsupported'],
  ['Cannot allocate memory', 'memory'],
  ['No buffer space available', 'memory'],
  ['Too many open files', 'memory'],
];

function codeOf(message: string): KernelErrorCode {
  // The lines after the first repeat a statement.
  const first = firstLine(message);
  return MESSAGES.find(([text]) => first.includes(text))?.[1] ?? 'other';
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}

/** The error, and the statement when there is one only: of several the library always repeats the first. */
function messageOf(message: string, script: string): string {
  const reason = firstLine(message).replace(/^.*?Error: /, '') || 'libnftables failed and did not say why';
  const end = script.indexOf('\n');
  if (end >= 0 && end < script.length - 1) return reason;
  const statement = script.trimEnd();
  return `${reason}: ${statement.length > 200 ? `${statement.slice(0, 200)}…` : statement}`;
}
