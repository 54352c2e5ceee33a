import { expect, test } from 'vitest';
import { divideFile } from './test-documents.ts';

const POD = 'kind: Pod\nmetadata: { name: a }\n';
const TEST = 'kind: PolicyTest\nassertions: []\n';
const BROKEN = 'kind: PolicyTest\nassertions: [\n';
const NOTE = 'kind: ConfigMap\ndata:\n  a: |+\n    kind: PolicyTest\n\n';
const JSON_POD = '{"kind": "Pod", "metadata": {"name": "a"}}\n';
const JSON_TEST = '{"assertions": [], "kind": "PolicyTest"}\n';

/** What is left of documents, which follow each other with a marker; `.` for one that is blanked. */
function left(
  texts: readonly string[],
  glue = '---\n',
): readonly [manifests: string | undefined, tests: string | undefined] {
  const content = texts.join(glue);
  const { manifests, tests } = divideFile({ name: 'a.yaml', content });
  const shown = (text: string | undefined): string | undefined => {
    if (text === undefined) return undefined;
    expect(text.length).toBe(content.length);
    expect(text.split('\n').length).toBe(content.split('\n').length);
    let at = 0;
    return texts
      .map((one, index) => {
        const rest = text.slice(at, at + one.length);
        at += one.length + glue.length;
        return rest === one ? String(index) : rest.trim() === '' ? '.' : '?';
      })
      .join('');
  };
  return [shown(manifests?.content), shown(tests?.content)];
}

test.each([
  ['manifests alone', [POD, POD], '01', undefined],
  ['assertions alone', [TEST, TEST], undefined, '01'],
  ['both', [POD, TEST, POD], '0.2', '.1.'],
  ['a name in a text is no kind', [NOTE, POD], '01', undefined],
  ['a text that is kept to its end', [NOTE, TEST], '0.', '.1'],
  ['assertions that do not parse', [POD, BROKEN, POD], '0.2', '.1.'],
  ['JSON documents', [JSON_POD, JSON_TEST, POD], '0.2', '.1.'],
])('%s', (_, texts, manifests, tests) => {
  expect(left(texts)).toEqual([manifests, tests]);
});

test('JSON values without a marker between them', () => {
  expect(left([JSON_POD, JSON_TEST, JSON_POD], '')).toEqual(['0.2', '.1.']);
});
