import { describe, expect, test } from 'vitest';
import { fieldsAt, knownKinds } from './fields.ts';

describe('fieldsAt', () => {
  test.each([
    ['NetworkPolicy', [], ['apiVersion', 'kind', 'metadata', 'spec']],
    ['NetworkPolicy', ['spec'], ['podSelector', 'policyTypes', 'ingress', 'egress']],
    ['NetworkPolicy', ['spec', 'ingress'], ['ports', 'from']],
    ['NetworkPolicy', ['spec', 'egress', 'to', 'ipBlock'], ['cidr', 'except']],
    ['NetworkPolicy', ['spec', 'podSelector', 'matchExpressions'], ['key', 'operator', 'values']],
    ['ClusterNetworkPolicy', ['spec', 'subject'], ['namespaces', 'pods']],
  ])('%s at %j has the fields of the API', (kind, path, names) => {
    expect([...(fieldsAt(kind, path)?.names ?? [])].sort()).toEqual([...names].sort());
  });

  test('tells which fields hold fields', () => {
    const choice = fieldsAt('NetworkPolicy', ['spec']);
    expect([...(choice?.nested ?? [])].sort()).toEqual(['egress', 'ingress', 'podSelector']);
  });

  test('tells the values of a closed list', () => {
    expect(fieldsAt('ClusterNetworkPolicy', ['spec', 'ingress', 'action'])?.values).toContain('Deny');
  });

  test.each([
    ['NetworkPolicy', ['spec', 'podSelector', 'matchLabels', 'app']],
    ['NetworkPolicy', ['nothing']],
    ['Unknown', []],
  ])('%s at %j has none', (kind, path) => expect(fieldsAt(kind, path)).toBeUndefined());

  test('every known kind has fields', () => {
    for (const { kind } of knownKinds()) expect(fieldsAt(kind, [])?.names).toContain('metadata');
  });
});
