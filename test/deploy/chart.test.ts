import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CHART, chartDigest } from '../../scripts/chart-digest.mjs';
import { COMMANDS } from '../../src/cli/commands.ts';
import { enforcedResources } from '../../src/kube/watch/watch-cluster.ts';
import { root, run } from '../package/run.ts';
import { at, fileText, flagsIn, objectsIn } from './manifests.ts';

const { version } = JSON.parse(fileText('package.json')) as { version: string };
const agent = COMMANDS.find(({ name }) => name === 'agent');
const flags = new Map(agent?.options.map((option) => [`--${option.name}`, option]));
const RENDERED = ['base', 'monitoring', 'cleanup'];

const rendered = (name: string): ReadonlyMap<string, unknown> =>
  objectsIn(fileText(`deploy/kustomize/${name}/agent.yaml`));
const containerOf = (name: string, list = 'containers'): unknown =>
  at(rendered(name).get('DaemonSet'), 'spec', 'template', 'spec', list, 0);

describe('the chart', () => {
  test('has the version of the package, and its values are what its schema says', () => {
    expect(parse(fileText(`${CHART}/Chart.yaml`))).toMatchObject({ version, appVersion: version });
    const check = new Ajv({ strict: false }).compile(JSON.parse(fileText(`${CHART}/values.schema.json`)) as object);
    expect(check(parse(fileText(`${CHART}/values.yaml`))), JSON.stringify(check.errors)).toBe(true);
    expect(check({ ...(parse(fileText(`${CHART}/values.yaml`)) as object), adit: true })).toBe(false);
  });

  test('its schema knows every value, and no other', () => {
    const names = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .map(([key, inner]) => [key, names(inner)] as const)
              .sort(),
          )
        : null;
    const described = (schema: unknown): unknown => {
      const properties = at(schema, 'properties');
      return typeof properties === 'object' && properties !== null
        ? Object.fromEntries(
            Object.entries(properties)
              .map(([key, inner]) => [key, described(inner)] as const)
              .sort(),
          )
        : null;
    };
    const values = names(parse(fileText(`${CHART}/values.yaml`))) as Record<string, unknown>;
    const schema = described(JSON.parse(fileText(`${CHART}/values.schema.json`))) as Record<string, unknown>;
    // What is free in form has keys in the values and none in the schema; `global` belongs to Helm.
    for (const free of ['resources', 'nodeSelector', 'affinity', 'podAnnotations', 'podLabels']) values[free] = null;
    for (const map of [
      ['podMonitor', 'labels'],
      ['prometheusRule', 'labels'],
      ['serviceAccount', 'annotations'],
    ] as const) {
      (values[map[0]] as Record<string, unknown>)[map[1]] = null;
    }
    delete schema['global'];
    expect(schema).toEqual(values);
  });

  test('gives the agent flags that it has, in every branch of its template', () => {
    const template = fileText(`${CHART}/templates/daemonset.yaml`);
    const used = [...template.matchAll(/--[a-z][a-z-]+/g)].map(([flag]) => flag);
    expect(used.length).toBeGreaterThan(9);
    for (const flag of used) expect([...flags.keys()], flag).toContain(flag);
    const levels = at(
      JSON.parse(fileText(`${CHART}/values.schema.json`)),
      'properties',
      'agent',
      'properties',
      'logLevel',
    );
    for (const level of at(levels, 'enum') as string[])
      if (level !== 'normal') expect(flags.has(`--${level}`)).toBe(true);
  });

  test('lets values be what the agent takes', () => {
    const schema: unknown = JSON.parse(fileText(`${CHART}/values.schema.json`));
    const choices = (name: string): unknown => at(schema, 'properties', 'agent', 'properties', name, 'enum');
    expect(choices('startMode')).toEqual(flags.get('--start-mode')?.choices);
    expect(choices('denial')).toEqual(flags.get('--denial')?.choices);
  });
});

describe.each(RENDERED)('deploy/kustomize/%s', (name) => {
  test('is made from the chart as it is: run node scripts/kustomize-base.mjs otherwise', () => {
    expect(fileText(`deploy/kustomize/${name}/agent.yaml`)).toContain(`# chart: ${chartDigest()}\n`);
    expect(parse(fileText(`deploy/kustomize/${name}/kustomization.yaml`))).toMatchObject({ resources: ['agent.yaml'] });
  });

  test('asks for one capability and no more', () => {
    const pod = at(rendered(name).get('DaemonSet'), 'spec', 'template', 'spec');
    expect(pod).toMatchObject({
      hostNetwork: true,
      tolerations: [{ operator: 'Exists' }],
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    });
    for (const absent of ['hostPID', 'hostIPC', 'volumes', 'shareProcessNamespace'])
      expect(pod).not.toHaveProperty(absent);
    expect(containerOf(name, name === 'cleanup' ? 'initContainers' : 'containers')).toMatchObject({
      securityContext: {
        runAsUser: 0,
        privileged: false,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
      },
    });
  });

  test('runs the image of this version with arguments that the command takes', () => {
    const container = containerOf(name, name === 'cleanup' ? 'initContainers' : 'containers');
    expect(at(container, 'image')).toBe(`portcullis:${version}`);
    const [command, ...words] = at(container, 'args') as string[];
    expect(command).toBe('agent');
    expect(flagsIn(words)).toHaveLength(words.length);
    for (const word of words) {
      const [flag = '', value] = word.split('=');
      const option = flags.get(flag);
      expect(option, word).toBeDefined();
      expect(value !== undefined, word).toBe(option?.value !== undefined);
      if (option?.choices !== undefined) expect(option.choices).toContain(value);
    }
  });
});

describe('the objects', () => {
  test('of base: all that is needed, and nothing that a cluster may lack', () => {
    expect([...rendered('base').keys()].sort()).toEqual([
      'ClusterRole',
      'ClusterRoleBinding',
      'DaemonSet',
      'ServiceAccount',
    ]);
  });

  test('the role lets the agent list and watch what it follows, and nothing else', () => {
    const rules = at(rendered('base').get('ClusterRole'), 'rules') as {
      apiGroups: string[];
      resources: string[];
      verbs: string[];
    }[];
    for (const { verbs } of rules) expect(verbs).toEqual(['list', 'watch']);
    const granted = rules.flatMap(({ apiGroups, resources }) => resources.map((one) => `${one}.${apiGroups.join()}`));
    const followed = enforcedResources().map(({ plural, group }) => `${plural}.${group}`);
    expect(granted.sort()).toEqual(followed.sort());
  });

  test('probes ask what is served, where the agent listens', () => {
    for (const [name, host] of [
      ['base', '127.0.0.1'],
      ['monitoring', undefined],
    ] as const) {
      const container = containerOf(name);
      const port = at(container, 'ports', 0, 'containerPort');
      const args = at(container, 'args') as string[];
      expect(args).toContain(host === undefined ? `--listen=[$(HOST_IP)]:${port}` : `--listen=${host}:${port}`);
      const paths = ['readinessProbe', 'livenessProbe', 'startupProbe'].map((probe) => at(container, probe, 'httpGet'));
      expect(paths.map((probe) => at(probe, 'path'))).toEqual(['/readyz', '/healthz', '/healthz']);
      for (const probe of paths) expect(at(probe, 'host')).toBe(host);
    }
    const monitor = rendered('monitoring').get('PodMonitor');
    expect(at(monitor, 'spec', 'podMetricsEndpoints', 0)).toMatchObject({ port: 'metrics', path: '/metrics' });
    expect(at(monitor, 'spec', 'selector', 'matchLabels')).toEqual(
      at(rendered('monitoring').get('DaemonSet'), 'spec', 'selector', 'matchLabels'),
    );
  });
});

/** Helm is no part of the set-up: where it is, more is looked at. */
const helm = process.env['HELM'] ?? 'helm';
const hasHelm = spawnSync(helm, ['version']).status === 0;
if (!hasHelm) {
  const reason = 'charts are not rendered: there is no helm ($HELM names another program)';
  if (process.env['CI'] !== undefined) throw new Error(reason);
  console.warn(`SKIPPED: ${reason}`);
}

describe.skipIf(!hasHelm)('with helm', () => {
  const template = (...settings: string[]) =>
    run(helm, [
      'template',
      'test',
      path.join(root, CHART),
      '--kube-version',
      '1.31.0',
      ...settings.flatMap((setting) => ['--set', setting]),
    ]);

  test('the chart is sound, and deploy/kustomize is what it says', () => {
    expect(run(helm, ['lint', '--strict', path.join(root, CHART)])).toMatchObject({ code: 0 });
    expect(run(process.execPath, ['scripts/kustomize-base.mjs', '--check'])).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([
    [
      ['agent.startMode=strict', 'agent.podCidrs={10.244.0.0/16,fd00::/48}'],
      ['--start-mode=strict', '--pod-cidr=10.244.0.0/16', '--pod-cidr=fd00::/48'],
    ],
    [
      ['agent.audit=true', 'agent.denial=reject', 'agent.logLevel=verbose'],
      ['--audit', '--denial=reject', '--verbose'],
    ],
    [
      ['flowLog.destination=file', 'flowLog.rate=1000000'.slice(0, -1)],
      ['--flow-log=/var/log/portcullis/denied.jsonl', '--flow-log-rate=100000'],
    ],
    [
      ['flowLog.destination=none', 'listen.address=hostIP'],
      ['--flow-log=none', '--listen=[$(HOST_IP)]:9470'],
    ],
  ])('%s', (settings, wanted) => {
    const { code, stdout, stderr } = template(...settings);
    expect([code, stderr]).toEqual([0, '']);
    const args = at(objectsIn(stdout).get('DaemonSet'), 'spec', 'template', 'spec', 'containers', 0, 'args');
    expect(args).toEqual(expect.arrayContaining(wanted));
  });

  test.each([
    [['agent.startMode=closed'], 'startMode'],
    [['agent.adit=true'], 'adit'],
    [['agent.podCidrs={10.244.0.0}'], 'podCidrs'],
    [['podMonitor.enabled=true'], 'listen.address=hostIP'],
  ])('%s is refused', (settings, named) => {
    const { code, stderr } = template(...settings);
    expect(code).not.toBe(0);
    expect(stderr).toContain(named);
  });
});

test('no chart file is left out of the digest that changes what is made', () => {
  const files = readdirSync(path.join(root, CHART), { recursive: true, encoding: 'utf8' }).sort();
  expect(files.filter((file) => /\.(yaml|tpl)$/.test(file))).toEqual([
    'Chart.yaml',
    'files/alerts.yaml',
    'templates/_helpers.tpl',
    'templates/daemonset.yaml',
    'templates/podmonitor.yaml',
    'templates/priorityclass.yaml',
    'templates/prometheusrule.yaml',
    'templates/rbac.yaml',
    'templates/serviceaccount.yaml',
    'values.yaml',
  ]);
});
