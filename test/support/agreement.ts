import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { evaluate, type Flow, type PolicyIndex, type Verdict } from '../../src/engine/index.ts';
import { flowText } from './random-flow.ts';

/** Expects an index to answer a flow as the reference evaluator does, in each of its ways. Returns the verdict. */
export function expectAgreement(index: PolicyIndex, flow: Flow): Verdict {
  const { from, to, family, protocol, port } = flow;
  const wanted = evaluate(index.state, flow);
  const before = index.statistics().compiledVerdicts;
  const verdict = index.verdict(flow);
  // Comparing by vitest only where it has something to show is ten times faster.
  if (!isDeepStrictEqual(verdict, wanted)) expect(verdict, flowText(flow)).toEqual(wanted);
  const { egress, ingress } = index.ports(from, to, family);
  const answers = {
    verdict: wanted.allowed,
    allows: index.allows(from, to, family, protocol, port),
    egress: protocol === 'other' ? egress.other : egress.contains(protocol, port),
    ingress: protocol === 'other' ? ingress.other : ingress.contains(protocol, port),
    compiledVerdicts: index.statistics().compiledVerdicts - before,
  };
  const expected = {
    verdict: wanted.egress.allowed && wanted.ingress.allowed,
    allows: wanted.allowed,
    egress: wanted.egress.allowed,
    ingress: wanted.ingress.allowed,
    compiledVerdicts: 2,
  };
  if (!isDeepStrictEqual(answers, expected)) expect(answers, flowText(flow)).toEqual(expected);
  return verdict;
}
