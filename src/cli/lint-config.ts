import { findRule, LINT_RULES, type LintException, type LintOptions, type RuleId } from '../analysis/lint/index.ts';
import type { Severity } from '../model/source.ts';
import { nearestNames } from '../model/suggest.ts';
import { type Config, readConfig } from './config.ts';
import type { Context } from './context.ts';
import { didYouMean, UsageError } from './errors.ts';
import { FAIL_LEVELS } from './spec.ts';

export type FailLevel = (typeof FAIL_LEVELS)[number];

/** What the command line and the configuration say together; the command line has the last word. */
export interface LintSettings {
  readonly options: LintOptions;
  readonly failOn: FailLevel;
}

const SEVERITIES: readonly string[] = ['error', 'warning', 'info'];

/** Reads the flags and the `lint` section of the configuration. Throws {@link UsageError}. */
export function lintSettings({ flags }: Context): LintSettings {
  const config = readConfig(flags.text('config'));
  const section = new Section(config);
  const selected = rulesNamed(flags.list('select'), '--select');
  const ignored = rulesNamed(flags.list('ignore'), '--ignore');
  const select = selected ?? section.rules('select');
  const { off, severity } = section.severities();
  const ignore = new Set([...(ignored ?? []), ...(section.rules('ignore') ?? []), ...off]);
  // Who asks for a rule on the command line gets it.
  for (const rule of selected ?? []) if (ignored?.has(rule) !== true) ignore.delete(rule);
  section.checkNames();
  return {
    options: {
      ...(select === undefined ? {} : { select }),
      ignore,
      severity,
      exceptions: section.exceptions(),
    },
    failOn: (flags.text('fail-on') as FailLevel | undefined) ?? section.failOn() ?? 'warning',
  };
}

function rulesNamed(texts: readonly string[], where: string): Set<RuleId> | undefined {
  if (texts.length === 0) return undefined;
  return new Set(
    texts
      .flatMap((text) => text.split(','))
      .map((text) => text.trim())
      .filter((text) => text !== '')
      .map((text) => ruleNamed(text, where)),
  );
}

function ruleNamed(text: string, where: string): RuleId {
  const rule = findRule(text);
  if (rule !== undefined) return rule.id;
  const ids = LINT_RULES.map(({ id }) => id);
  throw new UsageError(`${where}: there is no lint rule "${text}"`, [
    ...didYouMean(nearestNames(text, ids)),
    'portcullis lint --list shows all rules',
  ]);
}

const FIELDS = ['select', 'ignore', 'severity', 'failOn', 'exceptions'];
const EXCEPTION_FIELDS = ['rules', 'namespaces', 'names', 'files', 'reason'];

/** The `lint` section, checked as it is read. */
class Section {
  readonly #file: string;
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #top: Readonly<Record<string, unknown>>;

  constructor(config: Config | undefined) {
    this.#file = config?.file ?? '';
    this.#top = config?.value ?? {};
    this.#value = this.#mapping(this.#top['lint'], 'lint');
  }

  checkNames(): void {
    this.#known(this.#top, ['apiVersion', 'kind', 'lint'], '');
    this.#known(this.#value, FIELDS, 'lint.');
  }

  rules(field: 'select' | 'ignore'): Set<RuleId> | undefined {
    const value = this.#value[field];
    if (value === undefined || value === null) return undefined;
    return rulesNamed(this.#texts(value, `lint.${field}`), `${this.#file}: lint.${field}`);
  }

  severities(): { readonly off: readonly RuleId[]; readonly severity: ReadonlyMap<RuleId, Severity> } {
    const off: RuleId[] = [];
    const severity = new Map<RuleId, Severity>();
    for (const [name, value] of Object.entries(this.#mapping(this.#value['severity'], 'lint.severity'))) {
      const rule = ruleNamed(name, `${this.#file}: lint.severity`);
      // YAML 1.1 would read off as false.
      if (value === 'off' || value === false) off.push(rule);
      else if (typeof value === 'string' && SEVERITIES.includes(value)) severity.set(rule, value as Severity);
      else throw this.#wrong(`lint.severity.${name}`, `one of ${SEVERITIES.join(', ')}, off`);
    }
    return { off, severity };
  }

  failOn(): FailLevel | undefined {
    const value = this.#value['failOn'];
    if (value === undefined || value === null) return undefined;
    const level = FAIL_LEVELS.find((one) => one === value);
    if (level === undefined) throw this.#wrong('lint.failOn', `one of ${FAIL_LEVELS.join(', ')}`);
    return level;
  }

  exceptions(): readonly LintException[] {
    const value = this.#value['exceptions'] ?? [];
    if (!Array.isArray(value)) throw this.#wrong('lint.exceptions', 'a list');
    return value.map((entry: unknown, index) => {
      const where = `lint.exceptions[${index}]`;
      const fields = this.#mapping(entry, where);
      this.#known(fields, EXCEPTION_FIELDS, `${where}.`);
      const exception: Record<string, readonly string[]> = {};
      for (const field of ['rules', 'namespaces', 'names', 'files']) {
        const list = fields[field];
        if (list !== undefined && list !== null) exception[field] = this.#texts(list, `${where}.${field}`);
      }
      for (const rule of exception['rules'] ?? [])
        if (!rule.includes('*')) ruleNamed(rule, `${this.#file}: ${where}.rules`);
      if (Object.keys(exception).length === 0)
        throw this.#wrong(where, `a mapping with ${EXCEPTION_FIELDS.join(', ')}`);
      return exception;
    });
  }

  #mapping(value: unknown, where: string): Readonly<Record<string, unknown>> {
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) throw this.#wrong(where, 'a mapping');
    return value as Readonly<Record<string, unknown>>;
  }

  #texts(value: unknown, where: string): readonly string[] {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    const texts = list.filter((item): item is string => typeof item === 'string');
    if (texts.length < list.length) throw this.#wrong(where, 'text, or a list of texts');
    return texts;
  }

  #known(fields: Readonly<Record<string, unknown>>, names: readonly string[], where: string): void {
    const unknown = Object.keys(fields).find((name) => !names.includes(name));
    if (unknown === undefined) return;
    throw new UsageError(`${this.#file}: unknown field ${where}${unknown}`, didYouMean(nearestNames(unknown, names)));
  }

  #wrong(where: string, wanted: string): UsageError {
    return new UsageError(`${this.#file}: ${where} must be ${wanted}`);
  }
}
