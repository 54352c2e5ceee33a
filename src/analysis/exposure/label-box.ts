import { NAMESPACE_NAME_LABEL } from '../../engine/namespace.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../../model/types.ts';

type Labels = Readonly<Record<string, string>>;

/** What a label may be: whether it may be absent, and which values it may have: those listed, or all but those. */
interface Choice {
  readonly absent: boolean;
  readonly allBut: boolean;
  readonly values: ReadonlySet<string>;
}

const NO_VALUES: ReadonlySet<string> = new Set();
const ANYTHING: Choice = { absent: true, allBut: true, values: NO_VALUES };
const NOTHING: Choice = { absent: false, allBut: false, values: NO_VALUES };

/**
 * A set of label sets that requirements describe, each key by itself. Unlike a selector it has one form for one meaning,
 * so that sets can be compared without knowing any labels: label values are without end, so "not a" is never empty.
 */
export class LabelBox {
  static readonly ALL: LabelBox = new LabelBox(new Map());
  readonly #choices: ReadonlyMap<string, Choice>;
  #key: string | undefined;

  private constructor(choices: ReadonlyMap<string, Choice>) {
    this.#choices = choices;
  }

  /** The label sets that a selector matches. What matches nothing in `matchesSelector` is empty here. */
  static ofSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): LabelBox {
    const choices = new Map<string, Choice>();
    const add = (key: string, choice: Choice): void => {
      choices.set(key, intersection(choices.get(key) ?? ANYTHING, choice));
    };
    for (const [key, value] of Object.entries(matchLabels)) add(key, oneOf([value]));
    for (const requirement of matchExpressions) add(requirement.key, choiceOf(requirement));
    return new LabelBox(choices);
  }

  /** Labels of namespaces: the name label is always there (S37). */
  static ofNamespaces(selector: LabelSelector): LabelBox {
    const box = LabelBox.ofSelector(selector);
    const choice = box.#choices.get(NAMESPACE_NAME_LABEL);
    if (choice === undefined) return box;
    const choices = new Map(box.#choices);
    if (choice.allBut && choice.values.size === 0) choices.delete(NAMESPACE_NAME_LABEL);
    else choices.set(NAMESPACE_NAME_LABEL, { ...choice, absent: false });
    return new LabelBox(choices);
  }

  /** The namespace of a name. */
  static namespace(name: string): LabelBox {
    return new LabelBox(new Map([[NAMESPACE_NAME_LABEL, oneOf([name])]]));
  }

  isAll(): boolean {
    return this.#choices.size === 0;
  }

  isEmpty(): boolean {
    for (const choice of this.#choices.values()) if (isNothing(choice)) return true;
    return false;
  }

  matches(labels: Labels): boolean {
    for (const [key, { absent, allBut, values }] of this.#choices) {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      if (value === undefined ? !absent : values.has(value) === allBut) return false;
    }
    return true;
  }

  intersect(other: LabelBox): LabelBox {
    if (this === other || other.isAll()) return this;
    if (this.isAll()) return other;
    const choices = new Map(this.#choices);
    for (const [key, choice] of other.#choices) choices.set(key, intersection(choices.get(key) ?? ANYTHING, choice));
    return new LabelBox(choices);
  }

  /** Whether every label set of this one is in `other`. */
  isWithin(other: LabelBox): boolean {
    if (this === other || other.isAll() || this.isEmpty()) return true;
    for (const [key, choice] of other.#choices) {
      if (!isPart(this.#choices.get(key) ?? ANYTHING, choice)) return false;
    }
    return true;
  }

  /** The only value that a key may have; undefined when it may have others, or none. */
  only(key: string): string | undefined {
    const choice = this.#choices.get(key);
    if (choice === undefined || choice.absent || choice.allBut || choice.values.size !== 1) return undefined;
    return [...choice.values][0];
  }

  /** The number of keys that something is asked of. */
  get size(): number {
    return this.#choices.size;
  }

  /** Equal exactly when the sets are equal, for sets that are not empty. */
  get key(): string {
    this.#key ??= [...this.#choices]
      .map(([key, { absent, allBut, values }]) => JSON.stringify([key, absent, allBut, ...[...values].sort()]))
      .sort()
      .join();
    return this.#key;
  }

  /** The same set as a selector, keys in order. */
  toSelector(): LabelSelector {
    const matchLabels: [string, string][] = [];
    const matchExpressions: LabelSelectorRequirement[] = [];
    for (const key of [...this.#choices.keys()].sort(compareCodePoints)) {
      const { absent, allBut, values } = this.#choices.get(key) ?? ANYTHING;
      const sorted = [...values].sort(compareCodePoints);
      if (allBut) {
        if (!absent) matchExpressions.push({ key, operator: 'Exists' });
        if (sorted.length > 0) matchExpressions.push({ key, operator: 'NotIn', values: sorted });
      } else if (absent) matchExpressions.push({ key, operator: 'DoesNotExist' });
      else if (sorted.length === 1) matchLabels.push([key, sorted[0] as string]);
      else matchExpressions.push({ key, operator: 'In', values: sorted });
    }
    return {
      ...(matchLabels.length === 0 ? {} : { matchLabels: Object.fromEntries(matchLabels) }),
      ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
    };
  }
}

function oneOf(values: readonly string[]): Choice {
  return { absent: false, allBut: false, values: new Set(values) };
}

function choiceOf({ operator, values = [] }: LabelSelectorRequirement): Choice {
  switch (operator) {
    case 'In':
      return oneOf(values);
    case 'NotIn':
      return values.length === 0 ? NOTHING : { absent: true, allBut: true, values: new Set(values) };
    case 'Exists':
      return values.length > 0 ? NOTHING : { absent: false, allBut: true, values: NO_VALUES };
    case 'DoesNotExist':
      return values.length > 0 ? NOTHING : { absent: true, allBut: false, values: NO_VALUES };
    default:
      return NOTHING;
  }
}

function isNothing({ absent, allBut, values }: Choice): boolean {
  return !absent && !allBut && values.size === 0;
}

function intersection(a: Choice, b: Choice): Choice {
  const absent = a.absent && b.absent;
  if (a.allBut && b.allBut) return { absent, allBut: true, values: new Set([...a.values, ...b.values]) };
  const [listed, other] = a.allBut ? [b, a] : [a, b];
  const values = [...listed.values].filter((value) => other.values.has(value) !== other.allBut);
  return { absent, allBut: false, values: new Set(values) };
}

function isPart(a: Choice, b: Choice): boolean {
  if (a.absent && !b.absent) return false;
  if (!a.allBut) return [...a.values].every((value) => b.values.has(value) !== b.allBut);
  return b.allBut && [...b.values].every((value) => a.values.has(value));
}
