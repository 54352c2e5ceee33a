import { expect } from 'vitest';
import type { ClusterState } from '../../src/engine/index.ts';
import { flowOf, judges } from './flows.ts';

/** A connection, written as for {@link flowOf}, and whether it is allowed. */
export type Probe = readonly [from: string, to: string, port: string, allowed: boolean];

/** Expects every implementation to answer every probe as it says. */
export function expectProbes(state: ClusterState, probes: readonly Probe[]): void {
  for (const judge of judges(state)) {
    const answers = probes.map(([from, to, port]) => [from, to, port, judge.allows(flowOf(state, from, to, port))]);
    expect(answers, judge.name).toEqual(probes);
  }
}
