import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Snapshot, SourceFile } from './protocol.ts';
import { Workbench } from './workbench.ts';

const PODS = ['a', 'b']
  .map(
    (name) =>
      `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, namespace: x, labels: { app: ${name} } }\nspec: { containers: [{ name: c, image: i }] }\n`,
  )
  .join('---\n');

/** A policy that admits `a` on a port; `broken` has a port that no server takes. */
function policy(port: number | 'broken', comment = ''): string {
  const number = port === 'broken' ? 707000 : port;
  return `${comment}apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: b, namespace: x }
spec:
  podSelector: { matchLabels: { app: b } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: a } } }], ports: [{ port: ${number} }] }]
`;
}

function files(text: string): readonly SourceFile[] {
  return [
    { name: 'pods.yaml', content: PODS },
    { name: 'policy.yaml', content: text },
  ];
}

/** `current +1 -0`: state, pairs that are opened and closed. */
function told({ state, changes }: Snapshot): string {
  return `${state} +${changes.opened} -${changes.closed}`;
}

test('back to a start with errors is no change, after a state without', () => {
  const bench = new Workbench();
  bench.open({ files: files(policy('broken')) });
  expect(bench.update({ files: files(policy(7070)) }).changes.addedPolicies).toEqual(['x/b']);
  const { state, changes } = bench.update({ files: files(policy('broken')) });
  expect({ state, changes }).toMatchObject({ state: 'partial', changes: { pairs: 0, addedPolicies: [] } });
  // An error that was not there at the start leaves the views as they were.
  bench.update({ files: files(policy(7070)) });
  expect(bench.update({ files: files(policy('broken', '# other\n')) }).state).toBe('stale');
});

describe('the start', () => {
  test.each([
    ['what changed below the edits is no change', 7070, policy(7071), policy(7071), 'current +0 -0'],
    ['an edit is told against the new start', 7070, policy(7072), policy(7071), 'current +1 -1'],
  ])('moves with the files: %s', (_, before, now, base, expected) => {
    const bench = new Workbench();
    bench.open({ files: files(policy(before)) });
    expect(told(bench.moveStart({ files: files(now), base: files(base) }))).toBe(expected);
  });

  test('stays that of the state that is shown while files have errors', () => {
    const bench = new Workbench();
    bench.open({ files: files(policy(7070)) });
    const start = files(policy(7071, '# theirs\n'));
    expect(told(bench.moveStart({ files: files(policy('broken')), base: start }))).toBe('stale +0 -0');
    expect(told(bench.update({ files: files(policy(7071)) }))).toBe('current +0 -0');
  });

  test('is what the files are when one makes them the start', () => {
    const bench = new Workbench();
    bench.open({ files: files(policy(7070)) });
    expect(told(bench.update({ files: files(policy(7071)) }))).toBe('current +1 -1');
    expect(told(bench.rebase({ files: files(policy(7072)) }))).toBe('current +0 -0');
    expect(told(bench.update({ files: files(policy(7071)) }))).toBe('current +1 -1');
  });
});

describe('what is listed', () => {
  test('stands in the order in which people count', () => {
    const bench = new Workbench();
    const pod = (namespace: string, name: string): string =>
      `{ apiVersion: v1, kind: Pod, metadata: { name: ${name}, namespace: ${namespace} }, spec: { containers: [] } }\n`;
    const content = [pod('n-10', 'a'), pod('n-2', 'p-10'), pod('n-2', 'p-9')].join('---\n');
    const { endpoints, namespaces } = bench.open({ files: [{ name: 'pods.yaml', content }] });
    const ordered = ['n-2/p-9[Pod]', 'n-2/p-10[Pod]', 'n-10/a[Pod]'];
    expect(endpoints.filter(({ type }) => type === 'workload').map(({ id }) => id)).toEqual(ordered);
    expect(namespaces).toEqual(['n-2', 'n-10']);
    expect(bench.exposure().map(({ id }) => id)).toEqual(ordered);
  });
});

describe('assertions', () => {
  const ASSERTIONS = `apiVersion: portcullis.dev/v1
kind: PolicyTest
assertions: [{ from: x/a, to: x/b, port: 7070, expect: allowed }, { from: x/b, to: x/a, expect: denied }]
`;

  test.each([
    ['as YAML', ASSERTIONS],
    ['as JSON', JSON.stringify(parse(ASSERTIONS))],
  ])('in one file with manifests are told from them, %s', (_, assertions) => {
    const bench = new Workbench();
    const content = [PODS, assertions, policy(7070)].join('\n---\n');
    const { state, problems, policies, tests } = bench.open({ files: [{ name: 'all.yaml', content }] });
    expect({ state, problems, tests }).toEqual({
      state: 'current',
      problems: [],
      tests: { total: 2, failed: 1, errors: 0 },
    });
    expect(policies.map(({ place }) => place?.line)).toEqual([content.split('\n').indexOf('kind: NetworkPolicy')]);
    expect(bench.tests().results.map(({ passed }) => passed)).toEqual([true, false]);
  });

  test('that cannot be read leave the manifests beside them as they are', () => {
    const bench = new Workbench();
    const content = [PODS, policy(7070), ASSERTIONS.replace('expect: allowed', 'expect: maybe')].join('---\n');
    const { state, problems, tests } = bench.open({ files: [{ name: 'all.yaml', content }] });
    expect(problems.map(({ place }) => place?.line)).toEqual([
      content.split('\n').findIndex((line) => line.includes('maybe')) + 1,
    ]);
    expect({ state, tests }).toEqual({ state: 'current', tests: { total: 0, failed: 0, errors: 1 } });
    expect(bench.tests().problems).toEqual(problems);
  });
});
