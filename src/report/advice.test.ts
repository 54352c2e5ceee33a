import { describe, expect, it } from 'vitest';
import type { AdvisedPolicy } from '../analysis/index.ts';
import { readManifests } from '../manifest/index.ts';
import { adviceYaml } from './advice.ts';

const advised: AdvisedPolicy = {
  policy: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: '7', namespace: 'yes' },
    spec: {
      podSelector: {
        matchLabels: { app: 'true', 'app.kubernetes.io/name': 'a' },
        matchExpressions: [
          { key: 'track', operator: 'DoesNotExist' },
          { key: 'tier', operator: 'In', values: ['1', 'b'] },
        ],
      },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [
            { podSelector: {} },
            { namespaceSelector: { matchLabels: { team: '' } }, podSelector: { matchLabels: { app: 'b' } } },
            { ipBlock: { cidr: '::/0', except: ['fd00::/8'] } },
          ],
          ports: [
            { protocol: 'TCP', port: 80 },
            { protocol: 'UDP', port: 8000, endPort: 8080 },
          ],
        },
        { from: [], ports: [{ protocol: 'SCTP', port: 1 }] },
      ],
      egress: [{ to: [{ podSelector: {} }], ports: [] }],
    },
  },
  comment: 'first\nsecond: {',
  ingress: [Array.from({ length: 10 }, (_, at) => `reason ${at}`), []],
  egress: [['because']],
};

describe('adviceYaml', () => {
  const text = [
    ...adviceYaml([advised, { ...advised, policy: { ...advised.policy, metadata: { name: 'b', namespace: 'x' } } }]),
  ].join('');

  it('reads back as the policies', () => {
    const { objects, diagnostics } = readManifests([{ name: 'advice.yaml', content: text }]);
    expect(diagnostics).toEqual([]);
    expect(objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual(['yes/7', 'x/b']);
    expect(objects[0]).toMatchObject({ spec: advised.policy.spec });
  });

  it('keeps comments in their lines, and counts reasons beyond the first', () => {
    expect(text.startsWith('# first\\nsecond: {\napiVersion: networking.k8s.io/v1\n')).toBe(true);
    expect(text).toContain('    # reason 7\n    # and 2 more\n    - from:\n');
  });
});
