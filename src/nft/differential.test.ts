import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effort, patient } from '../../test/support/property.ts';
import { decodeCluster, randomCluster } from '../../test/support/random-cluster.ts';
import { flowFrom, flowParts, flowPicks, flowText } from '../../test/support/random-flow.ts';
import { compileNodes, settled, simulatedAllows } from '../../test/support/simulated-nodes.ts';
import { evaluate, PolicyIndex } from '../engine/index.ts';
import type { Verdict } from '../engine/verdict.ts';
import { DEFAULT_OPTIONS } from './options.ts';

const FLOWS = 60;

/** What the judged flows came to, so that a run that only met easy cases fails. */
function outcomeText({ allowed, egress, ingress }: Verdict): string[] {
  const sides = [egress, ingress].map(({ tier, allowed: open }) => `${tier} ${open ? 'allows' : 'denies'}`);
  return [allowed ? 'allowed' : 'denied', ...sides];
}

const EVERYTHING = [
  'allowed',
  'denied',
  ...['self', 'node', 'default', 'networkpolicy', 'admin', 'baseline'].map((tier) => `${tier} allows`),
  ...['networkpolicy', 'admin', 'baseline'].map((tier) => `${tier} denies`),
];

describe('the simulated ruleset answers as the engine does', () => {
  test.each([
    { denial: 'drop', sharedPeerSize: 2 },
    { denial: 'reject', sharedPeerSize: 128 },
  ] as const)('with %o', patient, (options) => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(randomCluster, flowPicks(FLOWS), (cluster, picks) => {
        const state = settled(decodeCluster(cluster));
        const index = new PolicyIndex(state);
        const rulesets = compileNodes(index, { ...DEFAULT_OPTIONS, ...options });
        const parts = flowParts(state);
        for (const pick of picks) {
          const flow = flowFrom(parts, pick);
          const simulated = flow === undefined ? undefined : simulatedAllows(rulesets, flow);
          if (flow === undefined || simulated === undefined) continue;
          const verdict = evaluate(state, flow);
          for (const text of outcomeText(verdict)) seen.add(text);
          expect(simulated, flowText(flow)).toBe(verdict.allowed);
        }
      }),
      effort(300),
    );
    expect([...seen].sort()).toEqual(EVERYTHING.sort());
  });
});
