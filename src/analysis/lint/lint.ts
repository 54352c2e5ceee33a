import { type Diagnostic, formatPath } from '../../model/source.ts';
import { objectRef } from '../../model/types.ts';
import { checkAddresses } from './checks/addresses.ts';
import { checkDefaults } from './checks/defaults.ts';
import { checkForm } from './checks/form.ts';
import { checkInput } from './checks/input.ts';
import { checkPorts } from './checks/ports.ts';
import { checkRedundant } from './checks/redundant.ts';
import { checkRoutes } from './checks/routes.ts';
import { checkSelectors } from './checks/selectors.ts';
import { checkTiers } from './checks/tiers.ts';
import { LintContext, type LintInput } from './context.ts';
import type { Finding, Remark } from './finding.ts';
import { findRule, LINT_RULES, type LintRule, type RuleId } from './rules.ts';
import { checkAnnotations, isSuppressed, isWanted, type LintOptions } from './suppress.ts';

/** The result of {@link lint}. */
export interface LintResult {
  /** In the order of the input. */
  readonly findings: readonly Finding[];
  /** Findings that annotations or exceptions keep back. */
  readonly suppressed: number;
  /** Wanted rules that were silent because the input has no pods. */
  readonly skipped: readonly LintRule[];
}

interface Family {
  readonly check: (context: LintContext) => void;
  readonly rules: readonly RuleId[];
  /** Nothing to say without pods. */
  readonly needsPods?: boolean;
}

/** The rules by the code that finds them, in an order in which later ones can see what earlier ones said. */
const FAMILIES: readonly Family[] = [
  { check: checkInput, rules: ['invalid-input', 'unknown-field', 'misplaced-selector'] },
  {
    check: checkAddresses,
    rules: ['irregular-cidr', 'except-covers-block', 'allows-any-address', 'ip-block-in-pod-range'],
  },
  {
    check: checkForm,
    rules: ['policy-types-omitted', 'rules-without-policy-type', 'peer-or-not-and', 'empty-selector'],
  },
  {
    check: checkSelectors,
    rules: ['policy-selects-no-pod', 'peer-selects-nothing', 'label-typo', 'rule-admits-nothing'],
    needsPods: true,
  },
  { check: checkPorts, rules: ['unresolved-named-port', 'port-not-listened', 'rule-admits-nothing'], needsPods: true },
  { check: checkDefaults, rules: ['namespace-without-default-deny', 'egress-forgets-dns'], needsPods: true },
  {
    check: checkRedundant,
    rules: ['redundant-policy', 'duplicate-policy', 'redundant-rule', 'rule-admits-nothing', 'redundant-entry'],
  },
  { check: checkRoutes, rules: ['ingress-blocked', 'route-leads-nowhere'], needsPods: true },
  { check: checkTiers, rules: ['equal-priority', 'unreachable-tier-rule'] },
  { check: checkAnnotations, rules: ['unknown-suppression'] },
];

/** Runs the rules over an input. */
export function lint(input: LintInput, options: LintOptions = {}): LintResult {
  const context = new LintContext(input);
  for (const { check, rules, needsPods = false } of FAMILIES) {
    if ((needsPods && !context.hasPods) || !rules.some((rule) => isWanted(rule, options))) continue;
    check(context);
  }
  const wanted = context.remarks.filter(({ rule }) => isWanted(rule, options));
  const told = byObject(wanted.filter((remark) => !isSuppressed(remark, options)));
  return {
    findings: inOrder(
      told.map((remark) => finding(remark, options)),
      input,
    ),
    suppressed: wanted.length - told.length,
    skipped: context.hasPods ? [] : LINT_RULES.filter(({ id, needsPods }) => needsPods && isWanted(id, options)),
  };
}

/** Those of one object together: finding places means reading an object's text again. */
function byObject(remarks: readonly Remark[]): Remark[] {
  const groups = new Map<unknown, Remark[]>();
  for (const remark of remarks) {
    const group = groups.get(remark.object);
    if (group === undefined) groups.set(remark.object, [remark]);
    else group.push(remark);
  }
  return [...groups.values()].flat();
}

function finding(remark: Remark, { severity: severities }: LintOptions): Finding {
  const { rule, object, path, at = 'value', message, fix, diagnostic } = remark;
  const help = remark.help ?? diagnostic?.help;
  const place: Pick<Diagnostic, 'object' | 'path' | 'source'> =
    object === undefined
      ? pick(diagnostic)
      : {
          object: objectRef(object),
          ...(path.length === 0 ? {} : { path: formatPath(path) }),
          ...(object.source === undefined ? {} : { source: object.source.locate(path, at) }),
        };
  return {
    code: rule,
    severity: severities?.get(rule) ?? remark.severity ?? findRule(rule)?.severity ?? 'warning',
    message,
    ...(help === undefined ? {} : { help }),
    ...place,
    ...(fix === undefined || object === undefined ? {} : { fix: { object, fix } }),
  };
}

function pick(diagnostic: Diagnostic | undefined): Pick<Diagnostic, 'object' | 'path' | 'source'> {
  const { object, path, source } = diagnostic ?? {};
  return {
    ...(object === undefined ? {} : { object }),
    ...(path === undefined ? {} : { path }),
    ...(source === undefined ? {} : { source }),
  };
}

/** By file as they were read, then by place; what came from no text keeps its order and comes last. */
function inOrder(findings: readonly Finding[], { objects, diagnostics }: LintInput): Finding[] {
  const files = new Map<string, number>();
  for (const { source } of [...objects, ...diagnostics]) {
    if (source !== undefined && !files.has(source.file)) files.set(source.file, files.size);
  }
  const rank = ({ source }: Finding): number => (source === undefined ? files.size : (files.get(source.file) ?? 0));
  return [...findings].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (a.source?.line ?? 0) - (b.source?.line ?? 0) ||
      (a.source?.column ?? 0) - (b.source?.column ?? 0),
  );
}
