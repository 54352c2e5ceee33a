import type { Diagnostic, Severity, SourcePosition, SourceSpan } from '../model/source.ts';
import { renderSnippet } from './snippet.ts';
import type { Style } from './style.ts';
import { count, visible } from './text.ts';

/** More than these are summed up unless asked for. */
const DEFAULT_LIMIT = 50;

/** How diagnostics are shown. */
export interface DiagnosticsOptions {
  readonly style: Style;
  /** Leave out warnings and infos. */
  readonly quiet?: boolean;
  /** Show all, however many. */
  readonly all?: boolean;
}

/** `cart.yaml:14:7`, with invisible characters of the file name made visible. */
export function formatPosition(position: SourcePosition): string {
  return `${visible(position.file)}:${position.line}:${position.column}`;
}

/** `shop/cart`, or `cart` for a cluster-scoped object. */
export function objectName(ref: { readonly namespace?: string; readonly name: string }): string {
  return visible(ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`);
}

/** The same problem is told once, wherever it was found twice. */
export function uniqueDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter((diagnostic) => {
    const { source, object, severity, path, message } = diagnostic;
    const where =
      source === undefined
        ? [object?.kind, object?.namespace, object?.name]
        : [source.file, source.line, source.column];
    const key = JSON.stringify([...where, severity, path, message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** The line of one diagnostic, its source line with carets where that is known, and the help. Ends with a line break. */
export function renderDiagnostic(diagnostic: Diagnostic, style: Style): string {
  const { source, object, severity, path, message, help } = diagnostic;
  let text = '';
  if (source !== undefined) text += `${style.bold(formatPosition(source))}: `;
  else if (object !== undefined) text += `${style.bold(`${visible(object.kind)} ${objectName(object)}`)}: `;
  text += `${style[severity](severity)}: `;
  if (path !== undefined && path !== '') text += `${visible(path)}: `;
  text += `${visible(message)}\n`;
  if (source !== undefined && isSpan(source)) text += renderSnippet(source, style);
  if (help !== undefined) text += `  ${style.bold('help')}: ${visible(help)}\n`;
  return text;
}

/** All diagnostics in order, then a line that counts them; nothing when there are none to show. */
export function* renderDiagnostics(diagnostics: readonly Diagnostic[], options: DiagnosticsOptions): Generator<string> {
  const unique = uniqueDiagnostics(diagnostics);
  const wanted = options.quiet === true ? unique.filter((one) => one.severity === 'error') : unique;
  if (wanted.length === 0) return;
  const shown = options.all === true ? wanted : mostSevere(wanted, DEFAULT_LIMIT);
  for (const diagnostic of shown) yield renderDiagnostic(diagnostic, options.style);
  const left = wanted.length - shown.length;
  const rest = left === 0 ? '' : ` (${left} not shown; -v shows all)`;
  yield `${countSeverities(wanted)}${rest}\n`;
}

/** `2 errors, 1 warning`; `no findings` for none. */
export function countSeverities(diagnostics: readonly { readonly severity: Severity }[]): string {
  const parts = (['error', 'warning', 'info'] as const).flatMap((severity) => {
    const number = diagnostics.filter((one) => one.severity === severity).length;
    return number === 0 ? [] : [count(number, severity === 'info' ? 'note' : severity)];
  });
  return parts.length === 0 ? 'no findings' : parts.join(', ');
}

function mostSevere(diagnostics: readonly Diagnostic[], limit: number): Diagnostic[] {
  const rank = { error: 0, warning: 1, info: 2 } as const;
  const order = [...diagnostics.keys()].sort(
    (a, b) => rank[diagnostics[a]?.severity ?? 'info'] - rank[diagnostics[b]?.severity ?? 'info'] || a - b,
  );
  const kept = new Set(order.slice(0, limit));
  return diagnostics.filter((_, index) => kept.has(index));
}

function isSpan(source: SourceSpan | SourcePosition): source is SourceSpan {
  return 'lineText' in source;
}
