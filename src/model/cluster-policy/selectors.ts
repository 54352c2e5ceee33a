import type { DecodeContext } from '../decode/context.ts';
import { isObject } from '../decode/schema.ts';
import { goQuote } from '../go-text.ts';
import { say } from '../say.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../types.ts';
import { labelKeyProblems, labelValueProblems } from '../validate/names.ts';
import { fields, items, text, texts } from './raw.ts';

/**
 * A label selector of a custom resource. Its schema does not look at operators, keys and values, so that what is wrong
 * with them is a warning, `bad-selector`, and the selector means what `matchesSelector` makes of it.
 * @param path of the selector, relative to the context
 */
export function readSelector(value: unknown, path: readonly string[], context: DecodeContext): LabelSelector {
  if (value === undefined) return {};
  return context.at(path, () => {
    const { matchLabels, matchExpressions } = fields(value);
    return {
      ...(isObject(matchLabels) ? { matchLabels: readLabels(matchLabels, context) } : {}),
      ...(matchExpressions === undefined
        ? {}
        : {
            matchExpressions: items(matchExpressions).map((entry, index) =>
              context.at(['matchExpressions', index], () => readRequirement(entry, context)),
            ),
          }),
    };
  });
}

function readLabels(
  labels: Readonly<Record<string, unknown>>,
  context: DecodeContext,
): Readonly<Record<string, string>> {
  const entries = Object.entries(labels).map(([key, value]) => [key, text(value)] as const);
  for (const [key, value] of entries) {
    warnOfLabel(['matchLabels', key], key, labelKeyProblems(key), context);
    warnOfLabel(['matchLabels', key], value, labelValueProblems(value), context);
  }
  return Object.fromEntries(entries);
}

function readRequirement(entry: unknown, context: DecodeContext): LabelSelectorRequirement {
  const raw = fields(entry);
  const [key, operator, values] = [text(raw['key']), text(raw['operator']), texts(raw['values'])];
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) warn(['values'], say`${operator} needs values: the selector matches nothing`, context);
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) warn(['values'], say`${operator} takes no values: the selector matches nothing`, context);
      break;
    default:
      warn(
        ['operator'],
        say`${goQuote(operator)} is not an operator: the selector matches nothing`,
        context,
        say`the operators are In, NotIn, Exists and DoesNotExist`,
      );
  }
  warnOfLabel(['key'], key, labelKeyProblems(key), context);
  for (const [index, value] of values.entries()) {
    warnOfLabel(['values', index], value, labelValueProblems(value), context);
  }
  return { key, operator, ...(raw['values'] === undefined ? {} : { values }) };
}

function warnOfLabel(
  path: readonly (string | number)[],
  part: string,
  problems: readonly string[],
  context: DecodeContext,
): void {
  for (const problem of problems) warn(path, say`no label can be ${goQuote(part)}: ${problem}`, context);
}

function warn(path: readonly (string | number)[], message: string, context: DecodeContext, help?: string): void {
  context.at(path, () => context.report('bad-selector', message, { severity: 'warning', help }));
}
