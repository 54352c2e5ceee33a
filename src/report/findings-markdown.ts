import type { Diagnostic } from '../model/source.ts';
import { countSeverities, formatPosition, objectName, uniqueDiagnostics } from './diagnostics.ts';
import { visible } from './text.ts';

const ICONS = { error: '❌', warning: '⚠️', info: 'ℹ️' } as const;

/** Findings as a table for a comment on a pull request, in the order given, with a line that counts them. */
export function* findingsMarkdown(diagnostics: readonly Diagnostic[]): Generator<string> {
  const findings = uniqueDiagnostics(diagnostics);
  yield `**${countSeverities(findings)}**\n`;
  if (findings.length === 0) return;
  yield '\n| | rule | where | finding |\n|---|---|---|---|\n';
  for (const { severity, code, object, source, path, message, help } of findings) {
    const place = source === undefined ? undefined : asCode(formatPosition(source));
    const name = object === undefined ? undefined : escaped(`${object.kind} ${objectName(object)}`);
    const field = path === undefined || path === '' ? '' : `${asCode(path)}: `;
    const where = [place, name].filter((part) => part !== undefined).join('<br>');
    const advice = help === undefined ? '' : `<br>_${escaped(help)}_`;
    yield `| ${ICONS[severity]} | ${asCode(code)} | ${where} | ${field}${escaped(message)}${advice} |\n`;
  }
}

/** Text in which Markdown sees no markup and the table no column. */
function escaped(text: string): string {
  return visible(text).replace(/[\\`*_{}[\]<>|#~]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Text in the type of code. A bar would end the column, a back quote the code. */
function asCode(text: string): string {
  return `\`${visible(text).replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}
