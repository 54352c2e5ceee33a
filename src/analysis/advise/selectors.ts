import { matchesSelector } from '../../model/selector.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { LabelSelector, LabelSelectorRequirement } from '../../model/types.ts';
import { labelKeyProblems, labelValueProblems } from '../../model/validate/names.ts';

type Labels = Readonly<Record<string, string>>;

/** Labels that controllers put on pods and that change with every rollout or differ from pod to pod. */
const VOLATILE: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'pod-template-generation',
  'controller-revision-hash',
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
  'job-name',
  'batch.kubernetes.io/job-name',
  'batch.kubernetes.io/job-completion-index',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
]);

/** Keys that say what a workload is, best first; the others follow by name. */
const TELLING = [
  'app.kubernetes.io/name',
  'app',
  'k8s-app',
  'name',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/component',
  'component',
  'role',
  'tier',
];
const EXACT_SIZE = 3;
/** More candidates than these are not tried in every combination. */
const EXACT_CANDIDATES = 24;

/** The labels of a pod that a policy can and should rely on. */
export function usableLabels(labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).filter(
      ([key, value]) =>
        !VOLATILE.has(key) && labelKeyProblems(key).length === 0 && labelValueProblems(value).length === 0,
    ),
  );
}

/** Equal exactly for equal labels. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => compareCodePoints(a, b)));
}

interface Candidate {
  readonly cost: number;
  readonly matchLabel?: readonly [string, string];
  readonly requirement?: LabelSelectorRequirement;
}

/**
 * The smallest selectors that together match each of `wanted` and none of `others`: one where one can, else one for each
 * of `wanted`. The sets of labels must be distinct and usable. A selector has a label that must be there wherever
 * `wanted` have any, so that a workload added later is not selected by accident.
 */
export function selectorsFor(wanted: readonly Labels[], others: readonly Labels[]): readonly LabelSelector[] {
  const single = oneSelector(wanted, others);
  if (single !== undefined) return [single];
  return wanted.map((labels) => {
    const rest = [...others, ...wanted.filter((other) => other !== labels)];
    // A set of labels can always be told from a different one.
    return oneSelector([labels], rest) ?? exactly(labels, rest);
  });
}

function oneSelector(wanted: readonly Labels[], others: readonly Labels[]): LabelSelector | undefined {
  const candidates = candidatesFor(wanted, others).sort((a, b) => a.cost - b.cost);
  const needsLabel = candidates.some(isPositive);
  const works = (chosen: readonly Candidate[]): boolean => {
    if (needsLabel && !chosen.some(isPositive)) return false;
    const selector = selectorOf(chosen);
    return !others.some((labels) => matchesSelector(selector, labels));
  };
  if (works([])) return {};
  const tried = candidates.slice(0, EXACT_CANDIDATES);
  for (let size = 1; size <= EXACT_SIZE; size++) {
    let best: { readonly cost: number; readonly chosen: readonly Candidate[] } | undefined;
    for (const chosen of combinations(tried, size)) {
      const cost = chosen.reduce((sum, one) => sum + one.cost, 0);
      if ((best === undefined || cost < best.cost) && works(chosen)) best = { cost, chosen };
    }
    if (best !== undefined) return selectorOf(best.chosen);
  }
  return works(candidates) ? selectorOf(shrink(candidates, works)) : undefined;
}

/** Leaves out what is not needed, the costliest first. */
function shrink(
  candidates: readonly Candidate[],
  works: (chosen: readonly Candidate[]) => boolean,
): readonly Candidate[] {
  let kept = [...candidates];
  for (const one of [...candidates].reverse()) {
    const without = kept.filter((other) => other !== one);
    if (works(without)) kept = without;
  }
  return kept;
}

function* combinations<T>(items: readonly T[], size: number, from: number = 0): Generator<readonly T[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let at = from; at <= items.length - size; at++) {
    for (const rest of combinations(items, size - 1, at + 1)) yield [items[at] as T, ...rest];
  }
}

function isPositive({ matchLabel, requirement }: Candidate): boolean {
  return matchLabel !== undefined || requirement?.operator === 'In' || requirement?.operator === 'Exists';
}

/** Every requirement that holds for all of `wanted`: equality costs least, what must be absent most. */
function candidatesFor(wanted: readonly Labels[], others: readonly Labels[]): Candidate[] {
  const keys = new Set([...wanted, ...others].flatMap((labels) => Object.keys(labels)));
  return [...keys].sort(compareCodePoints).flatMap((key, at): Candidate[] => {
    const told = TELLING.indexOf(key);
    const rank = (told === -1 ? TELLING.length : told) + at / (keys.size + 1);
    const values = [...new Set(wanted.map((labels) => (Object.hasOwn(labels, key) ? labels[key] : undefined)))];
    const [only] = values;
    if (values.length === 1 && only !== undefined) return [{ cost: 10 + rank, matchLabel: [key, only] }];
    const present = values.filter((value) => value !== undefined).sort(compareCodePoints);
    if (present.length === values.length) {
      return [{ cost: 40 + rank, requirement: { key, operator: 'In', values: present } }];
    }
    if (present.length === 0) return [{ cost: 60 + rank, requirement: { key, operator: 'DoesNotExist' } }];
    const foreign = new Set(others.flatMap((labels) => (Object.hasOwn(labels, key) ? [labels[key] as string] : [])));
    const excluded = [...foreign].filter((value) => !present.includes(value)).sort(compareCodePoints);
    return excluded.length === 0
      ? []
      : [{ cost: 80 + rank, requirement: { key, operator: 'NotIn', values: excluded } }];
  });
}

function selectorOf(chosen: readonly Candidate[]): LabelSelector {
  const labels = chosen.flatMap(({ matchLabel }) => (matchLabel === undefined ? [] : [matchLabel]));
  const requirements = chosen.flatMap(({ requirement }) => requirement ?? []);
  const byKey =
    <T>(key: (item: T) => string) =>
    (a: T, b: T) =>
      compareCodePoints(key(a), key(b));
  return {
    ...(labels.length === 0
      ? {}
      : { matchLabels: Object.fromEntries(labels.sort(byKey(([key]: readonly [string, string]) => key))) }),
    ...(requirements.length === 0
      ? {}
      : { matchExpressions: requirements.sort(byKey(({ key }: LabelSelectorRequirement) => key)) }),
  };
}

/** All labels as they are, and none of the others' keys. */
function exactly(labels: Labels, others: readonly Labels[]): LabelSelector {
  const absent = new Set(others.flatMap((other) => Object.keys(other).filter((key) => !Object.hasOwn(labels, key))));
  return selectorOf([
    ...Object.entries(labels).map(([key, value]) => ({ cost: 0, matchLabel: [key, value] as const })),
    ...[...absent].map((key) => ({ cost: 0, requirement: { key, operator: 'DoesNotExist' } })),
  ]);
}
