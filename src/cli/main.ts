import { CommanderError } from 'commander';
import { EXIT, OutputError, UsageError } from './errors.ts';
import { type Io, processIo } from './io.ts';
import { Output } from './output.ts';
import { buildProgram, type Call } from './program.ts';
import { styleFor } from './terminal.ts';

/** What the completion scripts call: `portcullis complete -- WORDS`. */
const COMPLETE = 'complete';

/**
 * Runs one command line.
 * @param argv the words after the program's name
 * @returns the exit code: 0, 1 (denied, findings) or 2 (wrong usage, unreadable input), once all output is written
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  const out = new Output(io.stdout);
  const err = new Output(io.stderr);
  try {
    const code = await outcome(argv, io, out, err);
    await out.flush();
    return code;
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    err.add(`portcullis: error: ${error.message}\n`);
    return EXIT.usage;
  } finally {
    await err.flush().catch(ignoreLostMessages);
    out.release();
    err.release();
  }
}

async function outcome(argv: readonly string[], io: Io, out: Output, err: Output): Promise<number> {
  try {
    if (argv[0] === COMPLETE) {
      const { complete } = await import('./complete.ts');
      return await complete(argv.slice(argv[1] === '--' ? 2 : 1), io, out);
    }
    const call = parse(argv, out, err);
    return typeof call === 'number' ? call : await run(call, io, out, err);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    err.add(`portcullis: error: ${error.message}\n`);
    for (const hint of error.hints) err.add(`  ${hint}\n`);
    return EXIT.usage;
  }
}

function parse(argv: readonly string[], out: Output, err: Output): Call | number {
  let call: Call | undefined;
  const program = buildProgram({ out: (text) => out.add(text), err: (text) => err.add(text) }, (parsed) => {
    call = parsed;
  });
  // As every program does, although `version` is the command.
  const words = argv[0] === '--version' ? ['version', ...argv.slice(1)] : argv;
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return call ?? EXIT.usage;
}

async function run({ command, args, flags }: Call, io: Io, out: Output, err: Output): Promise<number> {
  const noColor = flags.on('no-color');
  const loaded = await command.load();
  return loaded.run({
    commandName: command.name,
    args,
    flags,
    io,
    out,
    err,
    outStyle: styleFor(out, io.env, noColor),
    errStyle: styleFor(err, io.env, noColor),
  });
}

/** Standard error is gone: nobody is left to be told. */
function ignoreLostMessages(error: unknown): void {
  if (!(error instanceof OutputError)) throw error;
}
