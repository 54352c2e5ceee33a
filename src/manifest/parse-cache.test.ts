import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../model/types.ts';
import { ParseCache } from './parse-cache.ts';
import { type ManifestResult, readManifests } from './read.ts';

const POD = `apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: c}]}
`;
const POLICY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
spec:
  podSelector: {}
  ingress:
    - ports: [{port: 80, wrong: 1}]
`;
const BROKEN = 'a: [b\n';
const LIST = `{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "j"}, "spec": {}}]}\n`;

/** A List that is long enough to be read item by item, with an item of these lines before the last. */
function longList(...lines: readonly string[]): string {
  const pod = (at: number): readonly string[] => [
    'apiVersion: v1',
    'kind: Pod',
    `metadata: {name: p-${at}, annotations: {note: ${'x'.repeat(400)}}}`,
    'spec: {containers: []}',
  ];
  const items = Array.from({ length: 100 }, (_, at) => pod(at));
  return `apiVersion: v1\nkind: List\nitems:\n${[...items.slice(0, -1), lines, ...items.slice(-1)]
    .filter((item) => item.length > 0)
    .map((item) => `- ${item.join('\n  ')}\n`)
    .join('')}`;
}

const ITEM = POLICY.trimEnd().split('\n');

/** Everything that a result tells, places of fields too. */
function told({ objects, diagnostics, replaced, documents }: ManifestResult): unknown {
  const places = ({ source, ...rest }: KubeObject): unknown => [
    rest,
    source?.start,
    source?.locate(['metadata', 'name']),
    source?.locate(['spec', 'ingress', 0, 'ports', 0], 'key'),
  ];
  return { objects: objects.map(places), replaced: replaced.map(places), diagnostics, documents };
}

describe('ParseCache', () => {
  test.each([
    ['a change within a document', `${POD}---\n${POLICY}`, `${POD.replaceAll('web', 'api')}---\n${POLICY}`],
    ['a document before others', POLICY, `${POD}---\n${POLICY}`],
    ['a document that goes', `${POD}---\n${POLICY}`, `${POLICY}`],
    ['the same document twice', `${POD}---\n${POD}`, `# first\n${POD}---\n${POD}---\n${POD}`],
    ['a document that breaks', `${POD}---\n${POLICY}`, `${BROKEN}---\n${POLICY}`],
    ['a document that is mended', `${POD}---\n${BROKEN}---\n${POLICY}`, `${POD}---\n${POLICY}---\n${POLICY}`],
    ['JSON among YAML', `${LIST}---\n${POLICY}`, `\n\n${POLICY}---\n${LIST}`],
    ['an item of a List', longList(...ITEM), longList(...ITEM.map((line) => line.replace('80', '81')))],
    ['a new item of a List', longList(), longList(...ITEM)],
    ['an item with a remark', longList(...ITEM), longList(...ITEM, 'kind: NetworkPolicy')],
    ['an anchor in an item', longList(...ITEM), longList(...ITEM.map((line) => line.replace('{}', '&all {}')))],
    ['an item that breaks the List', longList(...ITEM), longList(...ITEM, 'broken: [')],
    ['a document before a List', `${POD}---\n${longList()}`, `${POLICY}---\n${longList(...ITEM)}`],
    ['nothing left', POD, ''],
  ])('makes no difference after %s', (_, before, after) => {
    const parses = new ParseCache();
    for (const content of [before, after, before]) {
      const inputs = [
        { name: 'a.yaml', content },
        { name: 'b.yaml', content: POD },
      ];
      expect(told(readManifests(inputs, { parses }))).toEqual(told(readManifests(inputs)));
    }
  });

  test('parses a document once', () => {
    const parses = new ParseCache();
    const first = readManifests([{ name: 'a.yaml', content: `---\n${POD}` }], { parses });
    const second = readManifests([{ name: 'a.yaml', content: `${POLICY}---\n${POD}` }], { parses });
    const labelsOf = ({ objects }: ManifestResult): unknown =>
      objects.find(({ kind }) => kind === 'Pod')?.metadata.labels;
    expect(labelsOf(second)).toBe(labelsOf(first));
  });

  test('parses an item of a long List once', () => {
    const parses = new ParseCache();
    const metadataOf = (content: string): unknown =>
      readManifests([{ name: 'a.yaml', content }], { parses }).objects.find(({ metadata }) => metadata.name === 'p-50')
        ?.metadata.annotations;
    const first = metadataOf(longList());
    expect(first).toBeDefined();
    expect(metadataOf(longList(...ITEM))).toBe(first);
    expect(metadataOf(longList(...ITEM, 'more: 1'))).toBe(first);
  });
});
