import { type Finding, LINT_RULES, type LintResult, lint, lintInputOf } from '../../analysis/lint/index.ts';
import type { Diagnostic, Severity } from '../../model/source.ts';
import { type KubeObject, objectRef } from '../../model/types.ts';
import { isPolicy } from '../../model/validate/index.ts';
import { renderDiagnostic, uniqueDiagnostics } from '../../report/diagnostics.ts';
import { findingsJson, findingsSarif, findingsSummary } from '../../report/findings.ts';
import { findingsMarkdown } from '../../report/findings-markdown.ts';
import { tableLine } from '../../report/table.ts';
import { count } from '../../report/text.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../errors.ts';
import { loadDomains } from '../hosts.ts';
import { type FailLevel, lintSettings } from '../lint-config.ts';
import { fixFiles, keepStdin } from '../lint-fix.ts';
import {
  checkController,
  defaultNamespace,
  ingressController,
  inScope,
  type Loaded,
  load,
  podCidrs,
  type Scope,
  scopeOf,
} from '../load.ts';
import { packageVersion } from '../package-version.ts';

/** `portcullis lint`: the findings are the result, so they go to standard output. */
export async function run(given: Context): Promise<number> {
  if (given.flags.on('list')) return listRules(given);
  const { flags, err, errStyle } = given;
  if (flags.on('dry-run') && !flags.on('fix')) throw new UsageError('--dry-run needs --fix');
  if (flags.on('fix') && flags.list('filename').length === 0) {
    throw new UsageError('--fix changes files: name them with -f', ['a live cluster is only read']);
  }
  const settings = lintSettings(given);
  const scope = scopeOf(given);
  const { context, stdin } = flags.on('fix') ? await keepStdin(given) : { context: given, stdin: undefined };
  const named = await loadDomains(context);
  if ('exit' in named) return named.exit;
  const loaded = await load(context);
  const unplaced = loaded.diagnostics.filter(({ code }) => code === 'unreadable-input' || code === 'empty-input');
  for (const problem of unplaced) err.add(renderDiagnostic(problem, errStyle));
  const input = lintInputOf(loaded, {
    podCidrs: podCidrs(context),
    domains: named.domains,
    defaultNamespace: defaultNamespace(context),
    ...ingressController(context),
  });
  await checkController(input.world);
  const result = lint(
    { ...input, diagnostics: input.diagnostics.filter((one) => !unplaced.includes(one)) },
    settings.options,
  );
  const shown = result.findings.filter(inScopeOf(scope, loaded));
  const fixed = flags.on('fix') ? await fixFiles(context, shown, stdin) : { left: shown, printed: false };
  // What --fix prints on standard output is the text; the findings that are left go to standard error.
  const target = fixed.printed ? { ...context, out: context.err, outStyle: errStyle } : context;
  const nothing = loaded.unreadable && loaded.objects.length === 0 && shown.length === 0;
  if (!nothing) await report(target, fixed.left, result, loaded, scope);
  if (loaded.unreadable || shown.some(({ code, object }) => code === 'invalid-input' && object === undefined)) {
    return EXIT.usage;
  }
  return fixed.left.some(({ severity }) => fails(severity, settings.failOn)) ? EXIT.negative : EXIT.ok;
}

const RANK: Readonly<Record<FailLevel, number>> = { never: -1, error: 0, warning: 1, info: 2 };

function fails(severity: Severity, level: FailLevel): boolean {
  return RANK[severity] <= RANK[level];
}

/** By `-n`, `-A` and `-l`: findings about objects in scope; what has no object is always shown. */
function inScopeOf(scope: Scope, { objects }: Loaded): (finding: Finding) => boolean {
  const out = new Set(
    objects.filter((object) => !isListed(scope, object)).map((object) => JSON.stringify(objectRef(object))),
  );
  return ({ object }) => object === undefined || !out.has(JSON.stringify(object));
}

function isListed(scope: Scope, object: KubeObject): boolean {
  if (object.kind !== 'Namespace') return inScope(scope, object);
  return inScope(scope, { metadata: { ...object.metadata, namespace: object.metadata.name } });
}

async function report(
  { flags, out, outStyle, err, errStyle }: Context,
  findings: readonly Finding[],
  { suppressed, skipped }: LintResult,
  { objects, ignored }: Loaded,
  scope: Scope,
): Promise<void> {
  const shown = flags.on('quiet') ? findings.filter(({ severity }) => severity === 'error') : findings;
  const format = flags.text('output') ?? 'table';
  if (format === 'json') await out.write(findingsJson(shown));
  else if (format === 'sarif') await out.write(findingsSarif(shown, packageVersion(), LINT_RULES));
  else if (format === 'md') await out.write(findingsMarkdown(shown));
  else {
    for (const finding of uniqueDiagnostics(shown)) await out.write(renderDiagnostic(withRule(finding), outStyle));
    const policies = objects.filter(isPolicy);
    await out.write(
      findingsSummary(shown, {
        policies: policies.filter((policy) => inScope(scope, policy)).length,
        others: objects.length - policies.length,
        ignored: ignored.reduce((sum, kind) => sum + kind.count, 0),
        suppressed,
      }),
    );
  }
  if (skipped.length > 0 && !flags.on('quiet')) {
    const what = count(skipped.length, 'rule');
    err.add(
      `${errStyle.info('info')}: there are no pods in the input: ${what} that judge policies by pods had nothing to say\n`,
    );
  }
}

/** In text, findings carry the name by which they are looked up and suppressed. */
function withRule(finding: Diagnostic): Diagnostic {
  return { ...finding, message: `${finding.message} [${finding.code}]` };
}

async function listRules({ flags, out, outStyle }: Context): Promise<number> {
  if (flags.text('output') === 'json') {
    await out.write(
      `${JSON.stringify({ apiVersion: 'portcullis.dev/v1', kind: 'LintRules', rules: LINT_RULES }, null, 2)}\n`,
    );
    return EXIT.ok;
  }
  const header = ['RULE', 'SEVERITY', 'FIX', 'FINDS'];
  const rows = LINT_RULES.map(({ id, severity, fixable, summary }) => [id, severity, fixable ? 'some' : '-', summary]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => (row[column] ?? '').length)));
  if (!flags.on('no-headers')) await out.write(`${outStyle.bold(tableLine(header, widths))}\n`);
  for (const row of rows) await out.write(`${tableLine(row, widths)}\n`);
  return EXIT.ok;
}
