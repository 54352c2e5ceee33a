import { expect, test } from 'vitest';
import { decode, pod, workload } from '../../test/support/manifests.ts';
import { DEFAULT_POD_CIDRS, planLab } from './plan.ts';
import type { ProbeReport, ProbeResult } from './probe.ts';
import type { Outcome } from './prober.ts';
import { pageCommand, probeJson, probeSummary, probeText, statusText } from './text.ts';

const plan = planLab(
  [pod('a/web', { ports: [{ name: 'http', containerPort: 80 }] }), { ...workload('Deployment', 'a/db') }].map(
    (manifest) => decode(manifest),
  ),
  { name: 't', podCidrs: DEFAULT_POD_CIDRS, maxReplicas: 3, maxPods: 300 },
);
const agents = [{ node: 'node-1', ready: true, restarts: 0, denied: 7 }];
const status = { name: 't', ready: true, inputDigest: 'd', paths: [], agents, plan, problems: [], answered: 0 };

function result(port: number, predicted: boolean, outcome: Outcome, to = '10.244.0.2'): ProbeResult {
  const actual = outcome.type === 'answered';
  const agrees = actual === predicted && (outcome.type !== 'answered' || outcome.by === 'a/db-0');
  const from = to.includes(':') ? 'fd00:10:244::1' : '10.244.0.1';
  const ends = { fromId: 'a/web', toId: 'a/db-0', namespace: 'n', from, to };
  return { ...ends, protocol: 'TCP', port, predicted, undeclared: false, outcome, actual, agrees };
}

function report(...results: readonly ProbeResult[]): ProbeReport {
  return { digest: 'd', status, results };
}

const ANSWERED: Outcome = { type: 'answered', by: 'a/db-0' };
const SILENT: Outcome = { type: 'silent' };

test('a pair shows what was predicted and what came of it, by workload or pod', () => {
  const found = report(
    result(80, true, ANSWERED),
    result(81, false, SILENT),
    result(80, true, ANSWERED, 'fd00:10:244::2'),
  );
  expect(probeText(found)).toBe(
    [
      'FROM        TO                PREDICTED  ACTUAL',
      'a/web[Pod]  a/db[Deployment]  80/TCP     80/TCP',
      '',
      '3 connections between 1 pair: 2 predicted allowed, 1 denied; predicted = actual',
      '',
    ].join('\n'),
  );
  expect(probeText(found, { by: 'pod', noHeaders: true })).toMatch(/^a\/web {2}a\/db-0 {2}80\/TCP {5}80\/TCP\n/);
});

test.each<[string, ProbeResult, RegExp]>([
  ['let through', result(80, false, ANSWERED), /none +80\/TCP +<- differs\n/],
  ['dropped', result(80, true, SILENT), /80\/TCP +none +<- differs\n/],
  [
    'answered by somebody else',
    result(80, true, { type: 'answered', by: 'b/thief' }),
    /<- differs: answered by b\/thief\n/,
  ],
])('what differs stands out: %s', (_, one, row) => {
  expect(probeText(report(one))).toMatch(row);
  expect(probeSummary(report(one))).toMatch(/; 1 differ\n$/);
  expect(JSON.parse(probeJson(report(one)))).toMatchObject({ kind: 'LabProbe', mismatches: 1 });
});

test('a pair without connections is shown on demand only', () => {
  const closed = report(result(80, false, SILENT));
  expect(probeText(closed)).toBe('1 connection between 1 pair: 0 predicted allowed, 1 denied; predicted = actual\n');
  expect(probeText(closed, { all: true })).toMatch(/none +none\n/);
});

test('the status has nodes with their agents, and pods with their addresses', () => {
  const text = statusText(status);
  expect(text).toMatch(/node-1 +100.64.0.1, fd00:100:64::1 +ready +2 +7\n/);
  expect(text).toMatch(/a\/web +node-1 +10.244.0.1, fd00:10:244::1 +http=80\/TCP\n/);
  expect(statusText(status, { summary: true })).not.toContain('a/web');
  expect(statusText({ ...status, problems: ['no such file'] })).toContain('problem: no such file\n');
});

test('the command for the page has the files as a shell takes them, and the log of every node', () => {
  const wide = planLab([decode(pod('a/web', {}))], {
    name: 't',
    nodes: 3,
    podCidrs: DEFAULT_POD_CIDRS,
    maxReplicas: 3,
    maxPods: 300,
  });
  const logs = [0, 1, 2].map((slot) => `--flows /run/portcullis-lab/t/flows-${slot}.jsonl`).join(' ');
  expect(pageCommand({ ...status, plan: wide, paths: ['/srv/shop', "/srv/it's $HOME"] }, ['-n', 'a'])).toBe(
    `portcullis serve -f /srv/shop -f '/srv/it'\\''s $HOME' -n a ${logs}`,
  );
});
