/** Mistakes and smells in policies, with what can be put right without asking. */
export { applyFixes } from './apply-fixes.ts';
export type { LintInput } from './context.ts';
export type { Finding, ObjectFix } from './finding.ts';
export { lintInputOf } from './input.ts';
export { type LintResult, lint } from './lint.ts';
export { findRule, LINT_RULES, type RuleId } from './rules.ts';
export type { LintException, LintOptions } from './suppress.ts';
