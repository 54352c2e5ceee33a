import { LAB_COMMANDS, LAB_GROUP } from './lab-commands.ts';
import { QUESTION_COMMANDS } from './question-commands.ts';
import { SERVICE_COMMANDS } from './service-commands.ts';
import { OUTPUT } from './shared-flags.ts';
import type { CommandGroup, CommandSpec, OptionSpec } from './spec.ts';

const SHELL = 'Shell:';

/** First words that several commands share. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [LAB_GROUP];

/** Every command there is. */
export const COMMANDS: readonly CommandSpec[] = [
  ...QUESTION_COMMANDS,
  ...LAB_COMMANDS,
  ...SERVICE_COMMANDS,
  {
    name: 'completion',
    group: SHELL,
    summary: 'completion script for a shell',
    description: 'Prints the script that completes commands, flags and, with -f on the line, the names of the input.',
    arguments: [
      {
        name: 'shell',
        description: 'the shell',
        required: true,
        choices: ['bash', 'zsh', 'fish', 'powershell'],
      },
    ],
    options: [],
    formats: [],
    examples: [
      { line: 'source <(portcullis completion bash)', does: 'for this session' },
      { line: 'portcullis completion fish > ~/.config/fish/completions/portcullis.fish', does: 'for every session' },
    ],
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'version',
    group: SHELL,
    summary: 'version of portcullis and of Node.js',
    description: 'Prints the version of portcullis and of the Node.js that runs it.',
    arguments: [],
    options: [],
    formats: ['text', 'json'],
    examples: [{ line: 'portcullis version -o json', does: 'for programs' }],
    load: () => import('./commands/version.ts'),
  },
];

/** The flags of a command, with `--output` where it has formats. */
export function optionsOf(command: CommandSpec): readonly OptionSpec[] {
  if (command.formats.length === 0) return command.options;
  const output: OptionSpec = {
    name: 'output',
    short: 'o',
    value: 'FORMAT',
    choices: command.formats,
    group: OUTPUT,
    description: `${command.formats.join(', ')} (default ${command.formats[0]})`,
  };
  return [...command.options, output];
}
