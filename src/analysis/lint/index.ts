/** Mistakes and smells in policies, with what can be put right without asking. */
export { applyFixes, type FixedText } from './apply-fixes.ts';
export type { LintInput } from './context.ts';
export type { Finding, Fix, ObjectFix } from './finding.ts';
export { type LintResult, lint } from './lint.ts';
export { findRule, LINT_RULES, type LintRule, type RuleId } from './rules.ts';
export { IGNORE_ANNOTATION, type LintException, type LintOptions } from './suppress.ts';
export type { TextEdit } from './text-edits.ts';
