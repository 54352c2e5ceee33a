/**
 * Long work that can be interrupted: the generator yields wherever a pause is fit, and returns what the work results in.
 * Between two steps only little is done, so whoever must stay responsive pauses between them; {@link finish} does not.
 * What the work reads must not change before it has ended.
 */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Does all steps at once. */
export function finish<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** Texts sorted at once, before such runs are merged. */
const RUN = 1024;

/** Sorts texts by code units. */
export function* sorted(texts: readonly string[]): Steps<readonly string[]> {
  let runs: string[][] = [];
  for (let at = 0; at < texts.length; at += RUN) {
    runs.push(texts.slice(at, at + RUN).sort());
    yield;
  }
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let at = 0; at < runs.length; at += 2) merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? []));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge(some: readonly string[], others: readonly string[]): Steps<string[]> {
  const all: string[] = [];
  let other = 0;
  for (const text of some) {
    for (let next = others[other]; next !== undefined && next < text; next = others[other]) {
      all.push(next);
      other++;
      yield;
    }
    all.push(text);
    yield;
  }
  for (; other < others.length; other++) {
    all.push(others[other] as string);
    yield;
  }
  return all;
}
