import { describe, expect, test } from 'vitest';
import { type ClusterState, PolicyIndex } from '../../src/engine/index.ts';
import type { Family } from '../../src/net/address.ts';
import { type E2eProbe, E2eWorld, e2ePairs, e2eSuite } from '../support/e2e-suite.ts';
import { endOf, type Judge, judgesOf } from '../support/flows.ts';
import { placed, simulatedJudge } from '../support/simulated-nodes.ts';

/** Pairs that must not connect, by the rules of the table: later expectations overwrite earlier ones. */
function deniedByTable(probe: E2eProbe): string[] {
  const fits = (pattern: string, id: string): boolean =>
    pattern === '*' || pattern === id || (pattern.endsWith('/*') && id.startsWith(pattern.slice(0, -1)));
  return e2ePairs
    .filter(({ from, to }) => {
      const last = probe.expect.findLast((entry) => fits(entry.from, from) && fits(entry.to, to));
      return !(last?.connected ?? probe.default);
    })
    .map(({ from, to }) => `${from} -> ${to}`);
}

function deniedBy(judge: Judge, state: ClusterState, probe: E2eProbe, family: Family): string[] {
  return e2ePairs
    .filter(({ from, to }) => {
      const ends = { from: endOf(state, from), to: endOf(state, to) };
      return !judge.allows({ ...ends, family, protocol: probe.protocol, port: probe.port });
    })
    .map(({ from, to }) => `${from} -> ${to}`);
}

test('the suite has its 48 cases over 9 pods', () => {
  expect(e2eSuite.cases).toHaveLength(48);
  expect(e2ePairs).toHaveLength(72);
});

describe.each(['IPv4', 'IPv6'] as const)('%s', (family) => {
  test.each(e2eSuite.cases.map((entry) => [entry.id, entry] as const))('%s', (_, entry) => {
    const world = new E2eWorld(entry, family);
    for (const step of entry.steps) {
      for (const action of step.actions) world.apply(action);
      expect(step.probes).not.toHaveLength(0);
      for (const probe of step.probes) {
        const listed = probe.denied.map(([from, to]) => `${from} -> ${to}`);
        expect(deniedByTable(probe)).toEqual(listed);
        // The index that followed the steps, one built from the state it ended in, and the reference.
        for (const judge of [...judgesOf(world.index), ...judgesOf(new PolicyIndex(world.index.state))]) {
          expect(deniedBy(judge, world.index.state, probe, family), judge.name).toEqual(listed);
        }
        const onNodes = new PolicyIndex(placed(world.index.state));
        expect(deniedBy(simulatedJudge(onNodes), onNodes.state, probe, family)).toEqual(listed);
      }
    }
  });
});
