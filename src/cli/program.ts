import { Argument, Command, Option } from 'commander';
import { nearestNames } from '../model/suggest.ts';
import { COMMAND_GROUPS, COMMANDS, optionsOf } from './commands.ts';
import { didYouMean, UsageError } from './errors.ts';
import { Flags } from './flags.ts';
import type { CommandSpec, Example, OptionSpec } from './spec.ts';

const HELP_WIDTH = 120;

/** Where help and messages of the parser go. */
export interface ProgramOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** A parsed command line. */
export interface Call {
  readonly command: CommandSpec;
  readonly args: readonly string[];
  readonly flags: Flags;
}

const TOP_EXAMPLES: readonly Example[] = [
  { line: 'portcullis validate -f policies/', does: 'check policies' },
  { line: 'portcullis can -f shop/ shop/deploy/frontend shop/deploy/cart 8080 --explain', does: 'one question' },
  { line: 'portcullis reach -f shop/', does: 'every connection that is allowed' },
];

/** The parser, made from {@link COMMANDS}. `onCall` gets the command line once it is known to be right. */
export function buildProgram(output: ProgramOutput, onCall: (call: Call) => void): Command {
  const program = new Command('portcullis')
    .description('Explains, proves and enforces Kubernetes network policy.')
    .usage('COMMAND [flags]')
    .helpOption('-h, --help', 'help for a command')
    .addHelpCommand(new Command('help').argument('[command]').summary('help for a command').helpGroup('Shell:'))
    .configureHelp({ helpWidth: HELP_WIDTH, subcommandTerm })
    .addHelpText('after', () => examplesText(TOP_EXAMPLES));
  configure(program, '', output);
  const groups = new Map<string, Command>();
  for (const spec of COMMANDS) {
    const [first = '', second] = spec.name.split(' ');
    if (second === undefined) {
      program.addCommand(buildCommand(spec, output, onCall));
      continue;
    }
    const group = groups.get(first) ?? buildGroup(first, output);
    if (!groups.has(first)) program.addCommand(group);
    groups.set(first, group);
    group.addCommand(buildCommand(spec, output, onCall), { hidden: spec.internal === true });
  }
  return program;
}

/** The first word of several commands, which does nothing by itself. */
function buildGroup(name: string, output: ProgramOutput): Command {
  const spec = COMMAND_GROUPS.find((group) => group.name === name);
  if (spec === undefined) throw new Error(`no group ${name}`);
  const examples = COMMANDS.flatMap((command) =>
    command.name.startsWith(`${name} `) ? command.examples.slice(0, 1) : [],
  );
  const group = new Command(name)
    .helpGroup(spec.group)
    .summary(spec.summary)
    .description(spec.description)
    .usage('COMMAND [flags]')
    .helpOption('-h, --help', 'this help')
    .helpCommand(false)
    .configureHelp({ helpWidth: HELP_WIDTH, subcommandTerm })
    .addHelpText('after', () => examplesText(examples));
  configure(group, name, output);
  return group;
}

/** Text whose paragraphs are one line each, to be wrapped anew; indented lines stay as they are. */
function flowing(text: string): string {
  return text.replace(/(?<=\S)\n(?=\S)/g, ' ');
}

/** A command in the list: its name and its words, without the flags that each has. */
function subcommandTerm(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`.toUpperCase();
    return argument.required ? name : `[${name}]`;
  });
  return [command.name(), ...words].join(' ');
}

/** @param words of the command line that lead to it */
function configure(command: Command, words: string, output: ProgramOutput): void {
  command
    .exitOverride()
    .showHelpAfterError(`  see \`portcullis ${words === '' ? '' : `${words} `}--help\``)
    .configureOutput({
      writeOut: output.out,
      writeErr: output.err,
      outputError: (text, write) =>
        write(`portcullis: ${text.replace(/^\(Did you mean (.*)\)$/m, '  did you mean $1')}`),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

function buildCommand(spec: CommandSpec, output: ProgramOutput, onCall: (call: Call) => void): Command {
  const command = new Command(spec.name.split(' ').at(-1))
    .helpGroup(spec.group)
    .summary(spec.summary)
    .description(flowing(spec.description))
    .helpOption('-h, --help', 'this help')
    .configureHelp({ helpWidth: HELP_WIDTH });
  configure(command, spec.name, output);
  for (const argument of spec.arguments) {
    const name = argument.variadic === true ? `${argument.name}...` : argument.name;
    const built = new Argument(argument.required ? `<${name}>` : `[${name}]`, argument.description);
    command.addArgument(built);
  }
  const attributes = new Map<OptionSpec, string>();
  for (const option of optionsOf(spec)) {
    const built = buildOption(option);
    attributes.set(option, built.attributeName());
    command.addOption(built);
  }
  if (spec.examples.length > 0) command.addHelpText('after', () => examplesText(spec.examples));
  command.action(() => {
    const values = readFlags(spec, attributes, command.opts<Record<string, unknown>>());
    checkArguments(spec, command.args);
    onCall({ command: spec, args: command.args, flags: new Flags(values) });
  });
  return command;
}

function buildOption(spec: OptionSpec): Option {
  const short = spec.short === undefined ? '' : `-${spec.short}, `;
  const value = spec.value === undefined ? '' : ` <${spec.value}>`;
  const option = new Option(`${short}--${spec.name}${value}`, spec.description).helpGroup(spec.group);
  if (spec.hidden === true) option.hideHelp();
  if (spec.repeatable === true) {
    option.argParser((text: string, previous: readonly string[] | undefined) => [...(previous ?? []), text]);
  }
  return option;
}

function readFlags(
  spec: CommandSpec,
  attributes: ReadonlyMap<OptionSpec, string>,
  opts: Readonly<Record<string, unknown>>,
): Map<string, string | boolean | readonly string[]> {
  const values = new Map<string, string | boolean | readonly string[]>();
  for (const [option, attribute] of attributes) {
    const given = opts[attribute];
    if (option.name.startsWith('no-')) {
      values.set(option.name, given === false);
    } else if (typeof given === 'string') {
      checkChoice(`${option.name === 'output' ? 'output format' : `--${option.name}`}`, given, option.choices, spec);
      values.set(option.name, given);
    } else if (typeof given === 'boolean' || Array.isArray(given)) {
      values.set(option.name, given);
    }
  }
  return values;
}

function checkArguments(spec: CommandSpec, args: readonly string[]): void {
  for (const [index, argument] of spec.arguments.entries()) {
    const given = args[index];
    if (given !== undefined) checkChoice(argument.name, given, argument.choices, spec);
  }
}

function checkChoice(what: string, given: string, choices: readonly string[] | undefined, spec: CommandSpec): void {
  if (choices === undefined || choices.includes(given)) return;
  throw new UsageError(
    `unknown ${what} "${given}": ${spec.name} has ${choices.join(', ')}`,
    didYouMean(nearestNames(given, choices)),
  );
}

function examplesText(examples: readonly Example[]): string {
  const lines = examples.map(({ line, does }) => `  # ${does}\n  ${line}`);
  return `\nExamples:\n${lines.join('\n')}\n`;
}
