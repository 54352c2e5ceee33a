import { describe, expect, test } from 'vitest';
import { createWorld } from '../../../src/analysis/world.ts';
import { readManifests } from '../../../src/manifest/index.ts';
import { complete } from './complete.ts';
import { Vocabulary } from './vocabulary.ts';

const WORLD = `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: storefront}}
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart, tier: backend}}
spec: {containers: [{name: c, ports: [{name: grpc, containerPort: 7070}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: data, labels: {app: db}}
spec: {containers: [{name: c, ports: [{containerPort: 5432}]}]}
`;

const words = new Vocabulary(createWorld(readManifests([{ name: 'w', content: WORLD }]).objects).world);

/** The labels of what is offered at the bar in a text, and what is replaced. */
function offered(text: string): { readonly labels: readonly string[]; readonly word: string } {
  const offset = text.indexOf('|');
  const plain = text.replace('|', '');
  const { from, items } = complete({ file: 'a.yaml', text: plain, offset }, words);
  return { labels: items.map(({ label }) => label), word: plain.slice(from, offset) };
}

const HEAD = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: cart
  namespace: shop
`;

describe('complete', () => {
  test.each([
    ['fields of spec', `${HEAD}spec:\n  po|`, 'po', ['podSelector', 'policyTypes', 'ingress', 'egress']],
    ['without those that are there', `${HEAD}spec:\n  podSelector: {}\n  |`, '', ['policyTypes', 'ingress', 'egress']],
    ['of a rule in a list', `${HEAD}spec:\n  ingress:\n    - fr|`, 'fr', ['ports', 'from']],
    [
      'of a list at the column of its key',
      `${HEAD}spec:\n  ingress:\n  - from:\n    - ip|`,
      'ip',
      ['podSelector', 'namespaceSelector', 'ipBlock'],
    ],
    [
      'of a peer',
      `${HEAD}spec:\n  ingress:\n    - from:\n        - podSelector: {}\n          na|`,
      'na',
      ['namespaceSelector', 'ipBlock'],
    ],
    ['within braces', `${HEAD}spec:\n  podSelector: { matchL|`, 'matchL', ['matchLabels', 'matchExpressions']],
    ['label keys, own namespace first', `${HEAD}spec:\n  podSelector:\n    matchLabels:\n      |`, '', ['app', 'tier']],
    ['label values of a key', `${HEAD}spec:\n  podSelector:\n    matchLabels:\n      app: |`, '', ['cart', 'db']],
    [
      'label values while typing',
      `${HEAD}spec:\n  podSelector:\n    matchLabels:\n      app: ca|\n  policyTypes: [Ingress]`,
      'ca',
      ['cart', 'db'],
    ],
    ['label values within braces', `${HEAD}spec:\n  podSelector: { matchLabels: { app: c| } }`, 'c', ['cart', 'db']],
    [
      'labels of namespaces',
      `${HEAD}spec:\n  egress:\n    - to:\n        - namespaceSelector:\n            matchLabels:\n              te|`,
      'te',
      ['kubernetes.io/metadata.name', 'team'],
    ],
    [
      'values of an expression',
      `${HEAD}spec:\n  podSelector:\n    matchExpressions:\n      - key: tier\n        operator: In\n        values: [|`,
      '',
      ['backend'],
    ],
    [
      'operators',
      `${HEAD}spec:\n  podSelector:\n    matchExpressions:\n      - key: tier\n        operator: |`,
      '',
      ['In', 'NotIn', 'Exists', 'DoesNotExist'],
    ],
    ['namespaces', `kind: NetworkPolicy\nmetadata:\n  namespace: |`, '', ['data', 'shop']],
    [
      'ports and their names',
      `${HEAD}spec:\n  ingress:\n    - ports:\n        - port: |`,
      '',
      ['5432', 'grpc', '7070'],
    ],
    ['protocols', `${HEAD}spec:\n  ingress:\n    - ports:\n        - protocol: |`, '', ['TCP', 'UDP', 'SCTP']],
    ['policy types', `${HEAD}spec:\n  policyTypes: [|`, '', ['Ingress', 'Egress']],
    [
      'actions of cluster-wide policies',
      `kind: ClusterNetworkPolicy\nspec:\n  ingress:\n    - action: |`,
      '',
      ['Accept', 'Deny', 'Pass'],
    ],
    [
      'ends of assertions',
      `kind: PolicyTest\nassertions:\n  - from: |`,
      '',
      ['internet', '*/*', 'data/db', 'shop/cart'],
    ],
    [
      'in the second document',
      `kind: Pod\n---\n${HEAD}spec:\n  in|`,
      'in',
      ['podSelector', 'policyTypes', 'ingress', 'egress'],
    ],
    ['nothing in comments', `${HEAD}# |`, '', []],
    ['nothing below labels', `${HEAD}spec:\n  podSelector:\n    matchLabels:\n      app:\n        |`, '', []],
  ])('offers %s', (_, text, word, labels) => {
    const found = offered(text);
    expect(found.word).toBe(word);
    expect([...found.labels].sort()).toEqual([...labels].sort());
  });

  test('quotes values that YAML takes for something else', () => {
    const pods = `apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {enabled: "yes"}}\nspec: {containers: [{name: c}]}\n`;
    const own = new Vocabulary(createWorld(readManifests([{ name: 'w', content: pods }]).objects).world);
    const text = 'kind: NetworkPolicy\nspec:\n  podSelector:\n    matchLabels:\n      enabled: ';
    expect(complete({ file: 'a', text, offset: text.length }, own).items).toMatchObject([
      { label: 'yes', insert: '"yes"' },
    ]);
  });
});
