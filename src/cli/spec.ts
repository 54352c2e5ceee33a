import type { Context } from './context.ts';

/** What a word on the command line stands for, for completion. A `destination` is an endpoint or a domain name. */
export type Completes =
  | 'controller'
  | 'file'
  | 'context'
  | 'namespace'
  | 'endpoint'
  | 'destination'
  | 'policy'
  | 'rule'
  | 'nothing';

/** A flag as data: parsing, help and completion are made from it. */
export interface OptionSpec {
  /** Long name without dashes. */
  readonly name: string;
  readonly short?: string;
  /** Name of the value in the help, in capitals; absent for a switch. */
  readonly value?: string;
  readonly repeatable?: boolean;
  /** The only values that are right. */
  readonly choices?: readonly string[];
  readonly description: string;
  /** Heading in the help. */
  readonly group: string;
  /** Taken, since every command takes it, but without a use here. */
  readonly hidden?: boolean;
  readonly completes?: Completes;
}

/** A word without dashes. */
export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly variadic?: boolean;
  readonly choices?: readonly string[];
  readonly completes?: Completes;
}

/** A command line of the help with what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** A command as data. Its code is loaded when it runs. */
export interface CommandSpec {
  /** Words of the command line: `reach`, `lab up`. Of several words, the first is a {@link CommandGroup}. */
  readonly name: string;
  /** Heading in the list of commands. */
  readonly group: string;
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** Not listed: for other commands to start. */
  readonly internal?: boolean;
  /** Output formats; the first is the default. */
  readonly formats: readonly string[];
  readonly examples: readonly Example[];
  readonly load: () => Promise<{ readonly run: (context: Context) => Promise<number> }>;
}

/** The first word that several commands share. */
export interface CommandGroup {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  readonly description: string;
}

/** Severities at which `lint` fails. */
export const FAIL_LEVELS = ['error', 'warning', 'info', 'never'] as const;
