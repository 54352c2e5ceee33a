import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { decodeObject } from '../../src/model/decode.ts';
import { type ApiObject, clusterObjects, type Json } from './cluster.ts';
import { type ClusterShape, DEFAULT_SHAPE, NUMBERS, PRESETS, shapeProblems } from './shape.ts';
import { textOf } from './write.ts';

const SMALL: ClusterShape = { ...DEFAULT_SHAPE, namespaces: 3, pods: 8, policies: 4, podsPerNode: 5 };

function objects(change: Partial<ClusterShape> = {}): ApiObject[] {
  return [...clusterObjects({ ...SMALL, ...change })];
}

function ofKind(kind: string, change: Partial<ClusterShape> = {}): ApiObject[] {
  return objects(change).filter((object) => object.kind === kind);
}

/** Every value found under a key, at any depth. */
function valuesAt(value: Json, key: string): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => [...(name === key ? [item] : []), ...valuesAt(item, key)]);
}

describe('clusterObjects', () => {
  it('makes the number of objects that the shape names', () => {
    expect(ofKind('Namespace')).toHaveLength(3);
    expect(ofKind('Pod')).toHaveLength(24);
    expect(ofKind('NetworkPolicy')).toHaveLength(12);
    expect(ofKind('NetworkPolicy', { denyAll: true })).toHaveLength(15);
  });

  it('gives each preset its sizes', () => {
    const totals = Object.values(PRESETS).map((preset) => {
      const { namespaces, pods, policies } = { ...DEFAULT_SHAPE, ...preset };
      return [namespaces * pods, namespaces * policies];
    });
    expect(totals).toEqual([
      [800, 400],
      [1_000, 100],
      [10_000, 1_000],
      [100_000, 10_000],
    ]);
  });

  it('answers the same objects for the same seed and others for another', () => {
    expect(objects({ seed: 7 })).toEqual(objects({ seed: 7 }));
    expect(objects({ seed: 7 })).not.toEqual(objects({ seed: 8 }));
  });

  it('gives no two pods one address and no two objects one name', () => {
    const pods = ofKind('Pod', { family: 'dual' });
    const addresses = pods.flatMap((pod) => valuesAt(valuesAt(pod, 'podIPs'), 'ip'));
    expect(addresses).toHaveLength(48);
    expect(new Set(addresses).size).toBe(48);
    const names = objects({ replicas: 3 }).map(
      ({ kind, metadata: { namespace, name } }) => `${kind} ${namespace}/${name}`,
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    ['ipv4', ['.'], [':']],
    ['ipv6', [':'], ['.']],
    ['dual', ['.', ':'], []],
  ] as const)('uses only addresses and blocks of the family %s', (family, wanted, unwanted) => {
    const texts = objects({ family }).flatMap((object) =>
      ['ip', 'podIP', 'hostIP', 'cidr'].flatMap((key) => valuesAt(object, key)).map(String),
    );
    for (const mark of wanted) expect(texts.some((text) => text.includes(mark))).toBe(true);
    for (const mark of unwanted) expect(texts.filter((text) => text.includes(mark))).toEqual([]);
  });

  it('fills a policy as the shape says', () => {
    const change = {
      podsSelected: 3,
      podSelectors: 2,
      peerNamespaces: 2,
      peerPods: 4,
      singlePorts: 1,
      portRanges: 3,
      cidrs: 5,
      excepts: 2,
    };
    const [policy] = ofKind('NetworkPolicy', { ...change, directions: 'ingress' });
    const spec = policy?.['spec'] as unknown as {
      podSelector: { matchExpressions: { values: string[] }[] };
      ingress: { from: { [selector: string]: { matchExpressions: { values: string[] }[] } }[]; ports: Json[] }[];
    };
    expect(spec.podSelector.matchExpressions[0]?.values).toHaveLength(3);
    expect(spec.ingress).toHaveLength(7);
    expect(spec.ingress[0]?.from[0]?.['namespaceSelector']?.matchExpressions[0]?.values).toHaveLength(2);
    expect(spec.ingress[0]?.from[0]?.['podSelector']?.matchExpressions[0]?.values).toHaveLength(4);
    expect(spec.ingress.map(({ ports }) => ports.length)).toEqual([4, 4, 4, 4, 4, 4, 4]);
    expect(valuesAt(spec as unknown as Json, 'except').map((holes) => (holes as Json[]).length)).toEqual([
      2, 2, 2, 2, 2,
    ]);
  });

  it('edits one policy of so many, and nothing else', () => {
    const [before, after] = [objects(), objects({ edited: 5 })];
    const changed = after.filter((object, at) => JSON.stringify(object) !== JSON.stringify(before[at]));
    expect(changed.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`)).toEqual([
      'netpol-0/ingress-0',
      'netpol-1/egress-1',
      'netpol-2/ingress-2',
    ]);
  });

  it('writes cluster-wide policies that the server accepts', () => {
    const policies = ofKind('ClusterNetworkPolicy', { clusterPolicies: 12, family: 'dual' });
    expect(policies.map((policy) => valuesAt(policy, 'tier')[0])).toEqual([
      ...Array(9).fill('Admin'),
      'Baseline',
      ...Array(2).fill('Admin'),
    ]);
    for (const policy of policies) expect(decodeObject(policy).diagnostics).toEqual([]);
  });

  it('alternates the directions and keeps to one when told', () => {
    const types = (change: Partial<ClusterShape>): Json[] =>
      ofKind('NetworkPolicy', { ...change, namespaces: 2 }).flatMap((policy) => valuesAt(policy, 'policyTypes').flat());
    expect(types({}).slice(0, 4)).toEqual(['Ingress', 'Egress', 'Ingress', 'Egress']);
    expect(new Set(types({ directions: 'egress' }))).toEqual(new Set(['Egress']));
  });
});

describe('textOf', () => {
  it('writes JSON and YAML that read back as the objects', () => {
    const expected = objects({ family: 'dual', replicas: 2, excepts: 1, denyAll: true });
    const json = JSON.parse([...textOf(expected, 'json')].join('')) as { kind: string; items: ApiObject[] };
    expect(json.kind).toBe('List');
    expect(json.items).toEqual(expected);
    const documents = parseAllDocuments([...textOf(expected, 'yaml')].join(''));
    expect([...documents].map((document) => document.toJS())).toEqual(expected);
  });
});

describe('shapeProblems', () => {
  it('finds nothing wrong with the presets', () => {
    for (const preset of Object.values(PRESETS)) expect(shapeProblems({ ...DEFAULT_SHAPE, ...preset })).toEqual([]);
  });

  it.each([
    [{ pods: 0 }, '--pods'],
    [{ seed: 1.5 }, '--seed'],
    [{ namespaces: Number.NaN }, '--namespaces'],
    [{ podsSelected: 9 }, '--pods-selected'],
    [{ peerPods: 5, replicas: 2 }, '--peer-pods'],
    [{ peerNamespaces: 4 }, '--peer-namespaces'],
    [{ namespaces: NUMBERS.namespaces.max, pods: 100, podsPerNode: 1 }, '--pods-per-node'],
  ])('names the flag that is wrong in %o', (change, flag) => {
    expect(shapeProblems({ ...SMALL, ...change }).some((line) => line.startsWith(flag))).toBe(true);
  });
});
