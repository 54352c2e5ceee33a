import { RootCommand } from '@bomb.sh/tab';
import { bashCompletion } from '../completion-bash.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';

const PROGRAM = 'portcullis';

/** `portcullis completion SHELL`: the script; it calls `portcullis complete -- WORDS` for the candidates. */
export async function run({ args, out }: Context): Promise<number> {
  await out.write(completionScript(args[0] ?? ''));
  return EXIT.ok;
}

/** tab only prints: what it prints is caught here, so that it goes the way of all output. */
function completionScript(shell: string): string {
  if (shell === 'bash') return bashCompletion(PROGRAM);
  const lines: string[] = [];
  const log = console.log;
  console.log = (text: string) => lines.push(text);
  try {
    new RootCommand().setup(PROGRAM, PROGRAM, shell);
  } finally {
    console.log = log;
  }
  return `${lines.join('\n')}\n`;
}
