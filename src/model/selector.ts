/** Label selectors: matching, the text kubectl prints for them, and the text users write on the command line. */

import { goQuote } from './go-text.ts';
import { say } from './say.ts';
import { compareCodePoints } from './text.ts';
import type { LabelSelector, LabelSelectorRequirement } from './types.ts';
import { labelKeyProblems, labelValueProblems } from './validate/names.ts';

/**
 * Whether all requirements of a selector hold for a set of labels (spec section 1). An empty selector matches
 * everything. An unknown operator, and `In` or `NotIn` without values, match nothing: an invalid selector never
 * widens access.
 */
export function matchesSelector(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels, matchExpressions } = selector;
  if (matchLabels !== undefined) {
    for (const key of Object.keys(matchLabels)) {
      if (!Object.hasOwn(labels, key) || labels[key] !== matchLabels[key]) return false;
    }
  }
  return matchExpressions === undefined || matchExpressions.every((requirement) => holds(requirement, labels));
}

function holds(requirement: LabelSelectorRequirement, labels: Readonly<Record<string, string>>): boolean {
  const { key, operator } = requirement;
  const values = requirement.values ?? [];
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return values.length > 0 && (value === undefined || !values.includes(value));
    case 'Exists':
      return values.length === 0 && value !== undefined;
    case 'DoesNotExist':
      return values.length === 0 && value === undefined;
    default:
      return false;
  }
}

/** Whether a selector has no requirement, and so matches everything. */
export function selectorIsEmpty(selector: LabelSelector): boolean {
  return (
    (selector.matchLabels === undefined || Object.keys(selector.matchLabels).length === 0) &&
    (selector.matchExpressions === undefined || selector.matchExpressions.length === 0)
  );
}

/**
 * The text of a selector as kubectl prints it: requirements sorted by key and joined with commas, `<none>` for an
 * empty selector and `<error>` for an invalid one. `matchLabels` come before `matchExpressions` of the same key, and
 * expressions of one key keep their written order.
 */
export function formatLabelSelector(selector: LabelSelector): string {
  if (selectorIsEmpty(selector)) return '<none>';
  const parts: { readonly key: string; readonly text: string }[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (labelKeyProblems(key).length > 0 || labelValueProblems(value).length > 0) return '<error>';
    parts.push({ key, text: `${key}=${value}` });
  }
  for (const requirement of selector.matchExpressions ?? []) {
    const text = formatRequirement(requirement);
    if (text === undefined) return '<error>';
    parts.push({ key: requirement.key, text });
  }
  parts.sort((a, b) => compareCodePoints(a.key, b.key));
  return parts.map((part) => part.text).join(',');
}

function formatRequirement(requirement: LabelSelectorRequirement): string | undefined {
  const { key, operator } = requirement;
  const values = requirement.values ?? [];
  if (labelKeyProblems(key).length > 0 || values.some((value) => labelValueProblems(value).length > 0))
    return undefined;
  const hasValues = values.length > 0;
  const set = [...values].sort(compareCodePoints).join(',');
  switch (operator) {
    case 'In':
      return hasValues ? `${key} in (${set})` : undefined;
    case 'NotIn':
      return hasValues ? `${key} notin (${set})` : undefined;
    case 'Exists':
      return hasValues ? undefined : key;
    case 'DoesNotExist':
      return hasValues ? undefined : `!${key}`;
    default:
      return undefined;
  }
}

/**
 * A canonical key: two selectors have equal keys exactly when they state the same requirements, whatever their order
 * and repetitions. `k=v` in `matchLabels` and `k In [v]` are one requirement. Selectors that match the same labels by
 * different requirements (`In [a]` twice over `In [a, b]`) may differ.
 */
export function selectorKey(selector: LabelSelector): string {
  const requirements = new Set<string>();
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.add(JSON.stringify([key, 'In', value]));
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    requirements.add(JSON.stringify([key, operator, ...[...new Set(values ?? [])].sort()]));
  }
  return [...requirements].sort().join('');
}

/**
 * Reads a selector as users write it on the command line: `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `k`,
 * `!k`, joined by commas. Empty text selects everything. Keys and values must be valid ones; `error` says in one line
 * what is not understood.
 */
export function parseLabelSelector(
  text: string,
):
  | { readonly selector: LabelSelector; readonly error?: never }
  | { readonly selector?: never; readonly error: string } {
  const matchExpressions: LabelSelectorRequirement[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const match = REQUIREMENT.exec(rest);
    if (match === null) return { error: say`cannot read ${goQuote(rest)} in selector ${goQuote(text)}` };
    const requirement = writtenRequirement(match.groups ?? {});
    const error = requirementError(requirement);
    if (error !== undefined) return { error };
    matchExpressions.push(requirement);
    rest = rest.slice(match[0].length);
    const endsWithComma = rest === '' && /,\s*$/.test(match[0]);
    if (endsWithComma) return { error: say`nothing after the last comma of selector ${goQuote(text)}` };
  }
  return { selector: matchExpressions.length === 0 ? {} : { matchExpressions } };
}

/** One requirement with the comma behind it. */
const REQUIREMENT =
  /^(?:!\s*(?<absent>[^\s=!,()]+)|(?<key>[^\s=!,()]+)(?:\s*(?<equality>==?|!=)\s*(?<value>[^\s=!,()]*)|\s+(?<set>in|notin)\s*\((?<values>[^()]*)\))?)\s*(?:,\s*|$)/;

function writtenRequirement(groups: Readonly<Record<string, string | undefined>>): LabelSelectorRequirement {
  const { absent, key = '', equality, value = '', set, values = '' } = groups;
  if (absent !== undefined) return { key: absent, operator: 'DoesNotExist' };
  if (equality !== undefined) return { key, operator: equality === '!=' ? 'NotIn' : 'In', values: [value] };
  if (set === undefined) return { key, operator: 'Exists' };
  return { key, operator: set === 'in' ? 'In' : 'NotIn', values: values.split(',').map((item) => item.trim()) };
}

function requirementError({ key, values = [] }: LabelSelectorRequirement): string | undefined {
  const [keyProblem] = labelKeyProblems(key);
  if (keyProblem !== undefined) return say`invalid label key ${goQuote(key)}: ${keyProblem}`;
  for (const value of values) {
    const [problem] = labelValueProblems(value);
    if (problem !== undefined) return say`invalid label value ${goQuote(value)}: ${problem}`;
  }
  return undefined;
}
