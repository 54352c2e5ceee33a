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
});
