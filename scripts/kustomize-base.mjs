/**
 * Writes deploy/kustomize anew from the Helm chart, so that the two have one meaning.
 *
 *     node scripts/kustomize-base.mjs [--check]     needs helm; $HELM names another program
 *
 * With --check nothing is written: exit code 1 when a file differs. Each file carries a digest of the chart that it was
 * made from, which tests compare without helm.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { CHART, chartDigest, root } from './chart-digest.mjs';

/** What is made, each with the values that differ from the chart's and the kinds that are kept. */
const OUTPUTS = [
  { file: 'base/agent.yaml', values: {}, kinds: undefined },
  { file: 'cleanup/agent.yaml', values: { mode: 'cleanup' }, kinds: ['ServiceAccount', 'DaemonSet'] },
  {
    file: 'monitoring/agent.yaml',
    values: { 'listen.address': 'hostIP', 'podMonitor.enabled': 'true', 'prometheusRule.enabled': 'true' },
    kinds: undefined,
  },
];
/** Labels that say that Helm manages an object. */
const HELM_LABELS = ['app.kubernetes.io/managed-by', 'helm.sh/chart', 'app.kubernetes.io/instance'];

function render(values) {
  const settings = Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const { status, stdout, stderr, error } = spawnSync(
    process.env.HELM ?? 'helm',
    [
      'template',
      'portcullis',
      path.join(root, CHART),
      '--namespace',
      'kube-system',
      '--kube-version',
      '1.31.0',
      ...settings,
    ],
    { encoding: 'utf8' },
  );
  if (error !== undefined) throw new Error(`helm cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** The objects in Helm's order, without what only Helm needs. */
function textOf(rendered, kinds, digest) {
  const parts = [];
  for (const document of parseAllDocuments(rendered)) {
    const kind = document.get('kind');
    if (kind === undefined || (kinds !== undefined && !kinds.includes(kind))) continue;
    for (const place of [
      ['metadata', 'labels'],
      ['spec', 'selector', 'matchLabels'],
      ['spec', 'template', 'metadata', 'labels'],
    ]) {
      for (const label of HELM_LABELS) if (document.hasIn([...place, label])) document.deleteIn([...place, label]);
    }
    document.commentBefore = null;
    if (document.contents !== null) document.contents.commentBefore = null;
    document.directives.docStart = false;
    parts.push(document.toString({ lineWidth: 120, flowCollectionPadding: false }).trimStart());
  }
  const head = `# Made from the Helm chart by scripts/kustomize-base.mjs: change that, then run the script.\n# chart: ${digest}\n`;
  return head + parts.map((part) => `---\n${part}`).join('');
}

const check = process.argv.includes('--check');
const digest = chartDigest();
let differs = false;
for (const { file, values, kinds } of OUTPUTS) {
  const target = path.join(root, 'deploy/kustomize', file);
  const text = textOf(render(values), kinds, digest);
  if (!check) {
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
  } else if (readFileSync(target, 'utf8') !== text) {
    differs = true;
    console.error(`deploy/kustomize/${file} is not what the chart says: run node scripts/kustomize-base.mjs`);
  }
}
process.exitCode = differs ? 1 : 0;
