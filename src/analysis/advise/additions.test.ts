import { describe, expect, test } from 'vitest';
import { readManifests } from '../../manifest/index.ts';
import type { KubeObject } from '../../model/types.ts';
import { diffReachability } from '../diff.ts';
import { createWorld } from '../world.ts';
import { adviseAdditions } from './additions.ts';
import { readFlowLog } from './flow-log.ts';

const PODS = ['web', 'api', 'db']
  .map(
    (name) => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop, labels: {app: ${name}}}
spec: {containers: [{name: main, ports: [{containerPort: 8080}]}]}
`,
  )
  .join('---\n');
const DENY_IN = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec: {podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress]}
`;
const DENY_OUT = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-out, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
`;
const ADMIN_DENY = `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: never}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
`;

function objectsOf(text: string): readonly KubeObject[] {
  const { objects, diagnostics } = readManifests([{ name: 'a.yaml', content: text }]);
  expect(diagnostics).toEqual([]);
  return objects;
}

function denied(from: string, to: string, port: number): string {
  const end = (pod: string): object => ({ namespace: 'shop', pod });
  return JSON.stringify({ verdict: 'denied', source: end(from), destination: end(to), protocol: 'TCP', port });
}

function additions(text: string, ...lines: string[]): ReturnType<typeof adviseAdditions> {
  return adviseAdditions(objectsOf(text), readFlowLog('flows', lines.join('\n')).refused);
}

describe('adviseAdditions', () => {
  test('writes for the direction that denies, and no other', () => {
    const { policies, admitted, diagnostics } = additions(PODS + DENY_IN, denied('web', 'api', 8080));
    expect(diagnostics).toEqual([]);
    expect(admitted).toBe(1);
    expect(policies.map(({ policy }) => [policy.metadata.name, policy.spec])).toEqual([
      [
        'api-pod',
        {
          podSelector: { matchLabels: { app: 'api' } },
          policyTypes: ['Ingress'],
          ingress: [
            {
              from: [{ podSelector: { matchLabels: { app: 'web' } } }],
              ports: [{ protocol: 'TCP', port: 8080 }],
            },
          ],
          egress: [],
        },
      ],
    ]);
  });

  test('writes both directions where both deny', () => {
    const { policies } = additions(PODS + DENY_IN + DENY_OUT, denied('web', 'api', 8080));
    expect(policies.map(({ policy }) => [policy.metadata.name, policy.spec.policyTypes])).toEqual([
      ['api-pod', ['Ingress']],
      ['web', ['Egress']],
    ]);
  });

  test.each([
    [DENY_IN, ['web api 8080', 'db api 9090']],
    [DENY_OUT, ['web api 8080', 'api db 5432']],
    [DENY_IN + DENY_OUT, ['web api 8080', 'db web 80']],
  ])('opens what was asked and closes nothing', (policy, flows) => {
    const objects = objectsOf(PODS + policy);
    const lines = flows.map((flow) => {
      const [from = '', to = '', port] = flow.split(' ');
      return denied(from, to, Number(port));
    });
    const { policies } = adviseAdditions(objects, readFlowLog('flows', lines.join('\n')).refused);
    const before = createWorld(objects).world;
    const after = createWorld([...objects, ...policies.map((one) => one.policy)]).world;
    const result = diffReachability(before, after);
    if ('error' in result) throw new Error(result.error.error);
    expect(result.diff.counts.closed).toBe(0);
    expect([...result.diff.changes()].map(({ from, to, opened }) => `${from} ${to} ${JSON.stringify(opened)}`)).toEqual(
      flows
        .map((flow) => {
          const [from, to, port] = flow.split(' ');
          const ports = [{ protocol: 'TCP', ranges: [[Number(port), Number(port)]] }];
          return `shop/${from}[Pod] shop/${to}[Pod] ${JSON.stringify(ports)}`;
        })
        .sort(),
    );
  });

  test('adds nothing for what passes already', () => {
    expect(additions(PODS, denied('web', 'api', 8080))).toEqual({ policies: [], admitted: 0, diagnostics: [] });
  });

  test('says where a cluster-wide policy keeps denying', () => {
    const { policies, diagnostics } = additions(PODS + ADMIN_DENY, denied('web', 'api', 8080));
    expect(policies).toEqual([]);
    expect(diagnostics).toMatchObject([{ code: 'flow-stays-denied', severity: 'error', source: { line: 1 } }]);
  });

  test('leaves out what cannot pass when told to, and says so', () => {
    const subject = 'subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}}';
    const text = PODS + DENY_IN + ADMIN_DENY.replace('subject: {namespaces: {}}', subject);
    const lines = [denied('web', 'gone', 1), denied('web', 'api', 8080), denied('api', 'db', 8080)];
    expect(additions(text, ...lines).policies).toEqual([]);
    const flows = readFlowLog('flows', lines.join('\n')).refused;
    const { policies, admitted, diagnostics } = adviseAdditions(objectsOf(text), flows, { skipUnusable: true });
    expect(policies.map(({ policy }) => policy.spec.podSelector)).toEqual([{ matchLabels: { app: 'api' } }]);
    expect(admitted).toBe(1);
    expect(diagnostics).toMatchObject([
      { code: 'unusable-flow', severity: 'warning', source: { line: 1 } },
      { code: 'flow-stays-denied', severity: 'warning', source: { line: 3 } },
    ]);
  });
});
