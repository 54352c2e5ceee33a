import type { Diagnostic } from '../../model/source.ts';
import { type KubeObject, objectRef } from '../../model/types.ts';
import { isClusterPolicy, isPolicy } from '../../model/validate/index.ts';
import { renderDiagnostic, uniqueDiagnostics } from '../../report/diagnostics.ts';
import { findingsJson, findingsSarif, findingsSummary } from '../../report/findings.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { defaultNamespace, inScope, load, podCidrs, scopeOf } from '../load.ts';
import { packageVersion } from '../package-version.ts';

/** `portcullis validate`: the findings are the result, so they go to standard output. */
export async function run(context: Context): Promise<number> {
  const { flags, out, err, outStyle, errStyle } = context;
  const scope = scopeOf(context);
  const { objects, replaced, ignored, diagnostics, unreadable } = await load(context, {
    scope,
    together: (all) =>
      equalPriorities(
        context,
        all.filter((object) => !isPolicy(object) || inScope(scope, object)),
      ),
  });
  const unplaced = diagnostics.filter((one) => one.code === 'unreadable-input' || one.code === 'empty-input');
  for (const problem of unplaced) err.add(renderDiagnostic(problem, errStyle));
  const findings = diagnostics
    .filter((one) => !unplaced.includes(one))
    .filter((one) => one.severity === 'error' || !flags.on('quiet'));
  const format = flags.text('output') ?? 'table';
  if (format === 'json') {
    await out.write(findingsJson(findings));
  } else if (format === 'sarif') {
    await out.write(findingsSarif(findings, packageVersion()));
  } else {
    for (const finding of uniqueDiagnostics(findings)) await out.write(renderDiagnostic(finding, outStyle));
    const given = [...objects, ...replaced];
    const policies = given.filter(isPolicy);
    const broken = new Set(
      findings.flatMap(({ object }) =>
        object?.kind.endsWith('NetworkPolicy') === true ? [JSON.stringify(object)] : [],
      ),
    );
    const whole = new Set(policies.map((policy) => JSON.stringify(objectRef(policy))));
    // Where nothing could be read, "no findings" would be praise for nothing.
    const nothing = unreadable && objects.length === 0 && findings.length === 0;
    if (!nothing)
      await out.write(
        findingsSummary(findings, {
          policies:
            policies.filter((policy) => inScope(scope, policy)).length +
            [...broken].filter((key) => !whole.has(key)).length,
          others: given.length - policies.length,
          ignored: ignored.reduce((sum, kind) => sum + kind.count, 0),
        }),
      );
  }
  // An error of no object is text that is none: broken YAML, a binary file, a template.
  const undecided = findings.some((one) => one.severity === 'error' && one.object === undefined);
  if (unreadable || undecided) return EXIT.usage;
  return findings.some((one) => one.severity === 'error') ? EXIT.negative : EXIT.ok;
}

/** Warnings about cluster-wide policies that contradict each other: an error of no single object (spec section 3). */
async function equalPriorities(context: Context, objects: readonly KubeObject[]): Promise<readonly Diagnostic[]> {
  if (objects.filter(isClusterPolicy).length < 2) return [];
  const { createWorld } = await import('../../analysis/index.ts');
  const options = { podCidrs: podCidrs(context), defaultNamespace: defaultNamespace(context) };
  return createWorld(objects, options).diagnostics.filter(({ code }) => code === 'equal-priority');
}
