import type { FieldPath } from '../source.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../types.ts';
import { type FieldErrors, jsonValue } from './field-errors.ts';
import { validateLabels } from './metadata.ts';
import { labelKeyProblems, labelValueProblems } from './names.ts';

/** The rules for label selectors (spec section 3.3). */
export function validateSelector(selector: LabelSelector, path: FieldPath, errors: FieldErrors): void {
  if (selector.matchLabels !== undefined) validateLabels(selector.matchLabels, [...path, 'matchLabels'], errors);
  for (const [index, requirement] of (selector.matchExpressions ?? []).entries()) {
    validateRequirement(requirement, [...path, 'matchExpressions', index], errors);
  }
}

function validateRequirement(requirement: LabelSelectorRequirement, path: FieldPath, errors: FieldErrors): void {
  const { key, operator, values = [] } = requirement;
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        errors.required([...path, 'values'], "must be specified when `operator` is 'In' or 'NotIn'");
      }
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        errors.forbidden([...path, 'values'], "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
      break;
    default:
      errors.invalid([...path, 'operator'], jsonValue(operator), 'not a valid selector operator');
  }
  errors.invalidEach([...path, 'key'], key, labelKeyProblems(key));
  for (const [index, value] of values.entries()) {
    errors.invalidEach([...path, 'values', index], value, labelValueProblems(value));
  }
}
