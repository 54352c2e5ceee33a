import { pino } from 'pino';
import type { Log } from '../server/index.ts';
import type { Context } from './context.ts';

/** Where a command that runs until it is stopped tells what it does: lines on standard error, with `-o json` for programs. */
export function commandLog({ flags, err, errStyle }: Context): Log {
  const quiet = flags.on('quiet');
  if (flags.text('output') === 'json') {
    const logger = pino({ level: quiet ? 'warn' : 'info', base: null }, { write: (line) => err.now(line) });
    return {
      info: (text, fields = {}) => logger.info(fields, text),
      warn: (text, fields = {}) => logger.warn(fields, text),
      error: (text, fields = {}) => logger.error(fields, text),
    };
  }
  const stackOf = (fields: Readonly<Record<string, unknown>>): string =>
    flags.on('verbose') && typeof fields['stack'] === 'string' ? `${fields['stack']}\n` : '';
  return {
    info: (text) => {
      if (!quiet) err.now(`portcullis: ${text}\n`);
    },
    warn: (text) => err.now(`portcullis: ${errStyle.warning('warning')}: ${text}\n`),
    error: (text, fields = {}) => err.now(`portcullis: ${errStyle.error('error')}: ${text}\n${stackOf(fields)}`),
  };
}
