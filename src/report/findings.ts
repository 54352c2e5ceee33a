import type { Diagnostic, ObjectRef, Severity } from '../model/source.ts';
import { countSeverities, uniqueDiagnostics } from './diagnostics.ts';
import { renderSnippet } from './snippet.ts';
import { PLAIN } from './style.ts';
import { count } from './text.ts';

/** What was looked at, for the closing line. */
export interface FindingsScope {
  /** Policies that were checked, also the wrong ones. */
  readonly policies: number;
  /** Other objects that were read. */
  readonly others: number;
  /** Objects of kinds that say nothing to policies. */
  readonly ignored: number;
  /** Findings that were kept back on demand. */
  readonly suppressed?: number;
}

/** What is known of a code beyond its findings, for formats that describe them. */
export interface CodeText {
  readonly id: string;
  readonly severity: Severity;
  /** One line. */
  readonly summary: string;
}

/** One finding as JSON output has it. */
export interface FindingData {
  readonly code: string;
  readonly severity: Severity;
  readonly object?: { readonly kind: string; readonly namespace?: string; readonly name: string };
  readonly path?: string;
  readonly message: string;
  readonly help?: string;
  readonly source?: { readonly file: string; readonly line: number; readonly column: number };
  /** The line of the source with carets under the place, only where it is asked for. */
  readonly caret?: string;
}

/**
 * Findings as data, in the order given, each once.
 * @param carets whether each has its line with carets, for readers who do not have the text
 */
export function findingsData(diagnostics: readonly Diagnostic[], carets = false): FindingData[] {
  return uniqueDiagnostics(diagnostics).map(({ code, severity, object, path, message, help, source }) => ({
    code,
    severity,
    ...(object === undefined ? {} : { object: named(object) }),
    ...(path === undefined ? {} : { path }),
    message,
    ...(help === undefined ? {} : { help }),
    ...(source === undefined ? {} : { source: { file: source.file, line: source.line, column: source.column } }),
    ...(carets && source !== undefined && 'lineText' in source ? { caret: renderSnippet(source, PLAIN) } : {}),
  }));
}

function named({ kind, namespace, name }: ObjectRef): Required<FindingData>['object'] {
  return namespace === undefined ? { kind, name } : { kind, namespace, name };
}

/** The `Findings` document as JSON, in the order given. */
export function findingsJson(diagnostics: readonly Diagnostic[]): string {
  const findings = findingsData(diagnostics);
  return `${JSON.stringify({ apiVersion: 'portcullis.dev/v1', kind: 'Findings', findings }, null, 2)}\n`;
}

/** `12 network policies checked: 2 errors, 1 warning; 37 other objects read, 4 of other kinds ignored`. */
export function findingsSummary(diagnostics: readonly Diagnostic[], scope: FindingsScope): string {
  const checked = `${count(scope.policies, 'network policy', 'network policies')} checked`;
  const parts = [`${checked}: ${countSeverities(uniqueDiagnostics(diagnostics))}`];
  if (scope.others > 0) parts.push(`${count(scope.others, 'other object')} read`);
  if (scope.ignored > 0) parts.push(`${count(scope.ignored, 'object')} of other kinds ignored`);
  if ((scope.suppressed ?? 0) > 0) parts.push(`${count(scope.suppressed ?? 0, 'finding')} suppressed`);
  return `${parts.join('; ')}\n`;
}

const LEVELS = { error: 'error', warning: 'warning', info: 'note' } as const;

/**
 * SARIF 2.1.0, as code-scanning services read it; columns count UTF-16 code units.
 * @param texts of the codes, where they have any
 */
export function findingsSarif(
  diagnostics: readonly Diagnostic[],
  version: string,
  texts: readonly CodeText[] = [],
): string {
  const findings = uniqueDiagnostics(diagnostics);
  const codes = [...new Set(findings.map((finding) => finding.code))].sort();
  const document = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'portcullis', version, rules: codes.map((id) => sarifRule(id, texts)) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => ({
          ruleId: finding.code,
          ruleIndex: codes.indexOf(finding.code),
          level: LEVELS[finding.severity],
          message: { text: sarifMessage(finding) },
          locations: sarifLocations(finding),
        })),
      },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function sarifRule(id: string, texts: readonly CodeText[]): object {
  const text = texts.find((one) => one.id === id);
  if (text === undefined) return { id };
  return {
    id,
    shortDescription: { text: text.summary },
    defaultConfiguration: { level: LEVELS[text.severity] },
  };
}

function sarifMessage({ path, message, help }: Diagnostic): string {
  const text = path === undefined || path === '' ? message : `${path}: ${message}`;
  return help === undefined ? text : `${text}\n${help}`;
}

function sarifLocations({ source, object }: Diagnostic): object[] {
  const logical =
    object === undefined
      ? undefined
      : [
          {
            name: object.name,
            fullyQualifiedName: [object.kind, object.namespace, object.name]
              .filter((part) => part !== undefined)
              .join('/'),
            kind: 'resource',
          },
        ];
  if (source === undefined) return logical === undefined ? [] : [{ logicalLocations: logical }];
  const { line, column } = source;
  const endColumn = 'length' in source ? column + source.length : undefined;
  const physical = {
    artifactLocation: { uri: fileUri(source.file) },
    region: { startLine: line, startColumn: column, endColumn },
  };
  return [{ physicalLocation: physical, logicalLocations: logical }];
}

/** A path as a URI reference: relative paths stay relative, absolute ones get the `file` scheme. */
function fileUri(file: string): string {
  if (file === '-') return 'stdin';
  const path = file.replaceAll('\\', '/').replace(/^(?:\.\/)+/, '');
  const encoded = path
    .split('/')
    .map((part) => encodeURIComponent(part.replace(/\p{Cs}/gu, '\ufffd')))
    .join('/');
  return path.startsWith('/') ? `file://${encoded}` : encoded;
}
