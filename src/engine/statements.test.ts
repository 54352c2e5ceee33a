import { describe, expect, test } from 'vitest';
import { flowOf } from '../../test/support/flows.ts';
import { policy, stateOf } from '../../test/support/manifests.ts';
import { expectProbes, type Probe } from '../../test/support/probes.ts';
import { app, cluster, denyIngress, ingress } from '../../test/support/statements/cluster.ts';
import { defaults, hostNetwork } from '../../test/support/statements/defaults.ts';
import { fields } from '../../test/support/statements/fields.ts';
import { isolation } from '../../test/support/statements/isolation.ts';
import { peers } from '../../test/support/statements/peers.ts';
import { evaluate } from './reference.ts';

describe.each([
  ['isolation', isolation],
  ['fields', fields],
  ['peers', peers],
  ['default policies and protocols', defaults],
  ['hostNetwork', hostNetwork],
])('%s', (_, cases) => {
  test.each(cases)('$name', ({ policies, probes }) => {
    expectProbes(stateOf([...cluster, ...policies]), probes);
  });
});

test('S9: one more policy for an isolated pod takes nothing away', () => {
  const before = [denyIngress, ingress({ from: [app('b')] })];
  const probe: Probe = ['x/b', 'x/a', '80/TCP', true];
  expectProbes(stateOf([...cluster, ...before]), [probe]);
  expectProbes(stateOf([...cluster, ...before, ingress({ ports: [{ port: 9 }] }, 'x/more')]), [probe]);
});

test('S8: verdicts do not depend on the order of policies', () => {
  const policies = [ingress({ from: [app('b')] }, 'x/1'), denyIngress, ingress({ ports: [{ port: 80 }] }, 'x/2')];
  const verdicts = [policies, policies.toReversed()].map((order) => {
    const state = stateOf([...cluster, ...order]);
    return evaluate(state, flowOf(state, 'x/b', 'x/a', '80/TCP'));
  });
  expect(verdicts[1]).toEqual(verdicts[0]);
  expect(verdicts[0]?.ingress.decidedBy?.policy.name).toBe('1');
  expect(verdicts[0]?.ingress.isolatedBy.map(({ name }) => name)).toEqual(['1', '2', 'deny-ingress']);
});

test('S10: the verdict tells which side refuses', () => {
  const state = stateOf([...cluster, denyIngress]);
  const verdict = evaluate(state, flowOf(state, 'y/a', 'x/a', '80/TCP'));
  expect([verdict.allowed, verdict.egress.allowed, verdict.ingress.allowed]).toEqual([false, true, false]);
});

describe('S15 to S16: tiers', () => {
  const state = stateOf([...cluster, policy('x/p', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })]);
  test.each([
    ['x/a', 'x/a', 'self', 'self'],
    ['x/a', 'node/n1', 'node', 'default'],
    ['node/n1', 'x/a', 'default', 'node'],
    ['y/a', 'y/b', 'default', 'default'],
    ['x/a', 'y/b', 'networkpolicy', 'default'],
    ['node/n2', 'x/a', 'default', 'networkpolicy'],
  ])('%s -> %s: egress %s, ingress %s', (from, to, egress, ingress) => {
    const verdict = evaluate(state, flowOf(state, from, to, '80/TCP'));
    expect([verdict.egress.tier, verdict.ingress.tier]).toEqual([egress, ingress]);
  });
});
