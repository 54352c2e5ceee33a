import { namespaceOf } from '../../engine/state.ts';
import { say } from '../../model/say.ts';
import type { Severity } from '../../model/source.ts';
import { nearestNames } from '../../model/suggest.ts';
import type { KubeObject } from '../../model/types.ts';
import type { LintContext } from './context.ts';
import type { Remark } from './finding.ts';
import { findRule, LINT_RULES, type RuleId } from './rules.ts';

/** On an object: rules, separated by commas, whose findings about it are not told; `*` for all. */
export const IGNORE_ANNOTATION = 'portcullis.dev/lint-ignore';

/** Findings that are known and accepted: all conditions that are given must hold. Names may hold `*`. */
export interface LintException {
  readonly rules?: readonly string[];
  readonly namespaces?: readonly string[];
  /** Names of objects. */
  readonly names?: readonly string[];
  readonly files?: readonly string[];
}

export interface LintOptions {
  /** Only these rules. */
  readonly select?: ReadonlySet<RuleId>;
  readonly ignore?: ReadonlySet<RuleId>;
  /** Instead of what the rule says. */
  readonly severity?: ReadonlyMap<RuleId, Severity>;
  readonly exceptions?: readonly LintException[];
  /** False tells also of what annotations keep back. */
  readonly heedAnnotations?: boolean;
}

/** Whether the options ask for a rule at all. */
export function isWanted(rule: RuleId, { select, ignore }: LintOptions): boolean {
  return (select?.has(rule) ?? true) && ignore?.has(rule) !== true;
}

/** Tells of annotations that name rules that do not exist: `unknown-suppression`. */
export function checkAnnotations(context: LintContext): void {
  for (const object of context.judged.objects) {
    for (const name of ignoredBy(object)) {
      if (name === '*' || findRule(name) !== undefined) continue;
      const [near] = nearestNames(
        name,
        LINT_RULES.map(({ id }) => id),
        1,
      );
      context.remark({
        rule: 'unknown-suppression',
        object,
        path: ['metadata', 'annotations', IGNORE_ANNOTATION],
        message: say`there is no lint rule ${name}`,
        help: near === undefined ? say`portcullis lint --list shows all rules` : say`did you mean ${near}?`,
      });
    }
  }
}

/** Whether an annotation or an exception says not to tell. */
export function isSuppressed({ rule, object, diagnostic }: Remark, options: LintOptions): boolean {
  if (object !== undefined && options.heedAnnotations !== false) {
    const ignored = ignoredBy(object);
    if (ignored.includes('*') || ignored.includes(rule)) return true;
  }
  const ref = diagnostic?.object;
  const place: Place = {
    rule,
    namespace: object === undefined ? (ref?.namespace ?? '') : namespaceName(object),
    name: object?.metadata.name ?? ref?.name ?? '',
    file: object?.source?.file ?? diagnostic?.source?.file ?? '',
  };
  return (options.exceptions ?? []).some((exception) => applies(exception, place));
}

function namespaceName(object: KubeObject): string {
  return object.kind === 'Namespace' ? object.metadata.name : namespaceOf(object);
}

interface Place {
  readonly rule: string;
  readonly namespace: string;
  readonly name: string;
  readonly file: string;
}

function applies({ rules, namespaces, names, files }: LintException, place: Place): boolean {
  const holds = (patterns: readonly string[] | undefined, text: string): boolean =>
    patterns === undefined || patterns.some((pattern) => matchesPattern(pattern, text));
  return (
    holds(rules, place.rule) &&
    holds(namespaces, place.namespace) &&
    holds(names, place.name) &&
    holds(files, place.file.replace(/^(?:\.\/)+/, ''))
  );
}

/** `*` stands for any text. */
function matchesPattern(pattern: string, text: string): boolean {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`, 's').test(text);
}

/** The rules that an object says not to be told of, `*` for all. */
export function ignoredBy({ metadata }: KubeObject): readonly string[] {
  const text = metadata.annotations?.[IGNORE_ANNOTATION];
  return text === undefined
    ? []
    : text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '');
}
