import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { COMMANDS } from '../../src/cli/commands.ts';
import { WEBHOOK_PATH } from '../../src/server/webhook/webhook.ts';
import { portcullis } from '../cli/run-main.ts';
import { root } from '../package/run.ts';

const folder = path.join(root, 'deploy/webhook');

type Fields = Readonly<Record<string, unknown>>;
interface Manifest extends Fields {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Fields };
}

function documents(file: string): Manifest[] {
  return parseAllDocuments(readFileSync(path.join(folder, file), 'utf8')).map((document) => {
    expect(document.errors, file).toEqual([]);
    return document.toJS() as Manifest;
  });
}

const base = readdirSync(path.join(folder, 'base')).filter((name) => !/kustomization|guardrails/.test(name));
const objects = base.flatMap((name) => documents(`base/${name}`));

function only<T>(kind: string): T {
  const found = objects.filter((object) => object.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as T;
}

interface Container {
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe: { readonly httpGet: Fields };
  readonly securityContext: Fields;
}
interface Deployment extends Manifest {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Fields };
      readonly spec: { readonly serviceAccountName: string; readonly containers: readonly [Container] };
    };
  };
}
interface WebhookConfiguration extends Manifest {
  readonly webhooks: readonly [
    {
      readonly sideEffects: string;
      readonly timeoutSeconds: number;
      readonly admissionReviewVersions: readonly string[];
      readonly clientConfig: {
        readonly service: { readonly name: string; readonly port: number; readonly path: string };
      };
      readonly rules: readonly { readonly resources: readonly string[]; readonly operations: readonly string[] }[];
      readonly namespaceSelector: { readonly matchExpressions: readonly Fields[] };
    },
  ];
}

describe('the manifests of the webhook', () => {
  test('are all in the kustomization', () => {
    const [kustomization] = documents('base/kustomization.yaml');
    expect(kustomization?.['resources']).toEqual(expect.arrayContaining(base));
    for (const variant of ['cert-manager', 'manual-ca']) {
      expect(documents(`${variant}/kustomization.yaml`)[0]?.['resources']).toContain('../base');
    }
  });

  test('start the command with flags that it has', () => {
    const { args } = only<Deployment>('Deployment').spec.template.spec.containers[0];
    const [name, ...flags] = args;
    const command = COMMANDS.find((one) => one.name === name);
    const known = new Set(['output', ...(command?.options ?? []).map((option) => option.name)]);
    expect(flags.map((flag) => flag.replace(/^--([\w-]+).*$/, '$1')).filter((flag) => !known.has(flag))).toEqual([]);
    expect(args).toContain('--webhook');
  });

  test('lead the API server to the container', () => {
    const { template } = only<Deployment>('Deployment').spec;
    const [webhook] = only<WebhookConfiguration>('ValidatingWebhookConfiguration').webhooks;
    const service = only<Manifest & { readonly spec: Fields }>('Service');
    expect(webhook.clientConfig.service).toMatchObject({ name: service.metadata.name, port: 443, path: WEBHOOK_PATH });
    expect(service.spec).toMatchObject({
      selector: template.metadata.labels,
      ports: [{ port: 443, targetPort: 'webhook' }],
    });
    const [container] = template.spec.containers;
    expect(container.ports).toContainEqual({ name: 'webhook', containerPort: 9443 });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'webhook', scheme: 'HTTPS' });
    expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
  });

  test('ask about every kind of policy, in time and without side effects', () => {
    const [webhook] = only<WebhookConfiguration>('ValidatingWebhookConfiguration').webhooks;
    expect(webhook.rules.flatMap(({ resources }) => resources).sort()).toEqual([
      'adminnetworkpolicies',
      'baselineadminnetworkpolicies',
      'clusternetworkpolicies',
      'networkpolicies',
    ]);
    for (const { operations } of webhook.rules) expect(operations).toEqual(['CREATE', 'UPDATE', 'DELETE']);
    expect(webhook).toMatchObject({ sideEffects: 'None', admissionReviewVersions: ['v1'], timeoutSeconds: 10 });
    const { args } = only<Deployment>('Deployment').spec.template.spec.containers[0];
    const seconds = Number(args.find((arg) => arg.startsWith('--webhook-timeout='))?.split('=')[1]);
    expect(seconds * 2).toBeLessThan(webhook.timeoutSeconds);
  });

  test('cannot lock themselves out', () => {
    const { labels } = only<Manifest>('Namespace').metadata;
    const [webhook] = only<WebhookConfiguration>('ValidatingWebhookConfiguration').webhooks;
    const [marked, named] = webhook.namespaceSelector.matchExpressions;
    expect(marked).toEqual({ key: 'portcullis.dev/webhook', operator: 'NotIn', values: ['ignore'] });
    expect(labels).toMatchObject({ 'portcullis.dev/webhook': 'ignore' });
    expect(named).toMatchObject({ operator: 'NotIn', values: ['kube-system', 'portcullis'] });
  });

  test('let it list and watch, and read no secrets', () => {
    const { rules } = only<Manifest & { readonly rules: readonly { verbs: string[]; resources: string[] }[] }>(
      'ClusterRole',
    );
    for (const { verbs } of rules) expect(verbs).toEqual(['list', 'watch']);
    const resources = rules.flatMap((rule) => rule.resources);
    expect(resources.filter((name) => /secrets|configmaps|\*/.test(name))).toEqual([]);
  });

  test('are clean to lint, and their guardrails are tests', async () => {
    const lint = await portcullis(['lint', '-f', path.join(folder, 'base/network-policy.yaml'), '-n', 'portcullis']);
    expect(lint.stdout).toContain('no findings');
    const guardrails = path.join(folder, 'base/guardrails.yaml');
    const judged = await portcullis(['test', guardrails, '-f', path.join(root, 'examples/shop')]);
    expect(`${judged.code} ${judged.stderr}`).toMatch(/^[01] $/);
  });

  test('make certificates for the name that the API server uses', () => {
    const place = mkdtempSync(path.join(tmpdir(), 'portcullis-ca-'));
    try {
      cpSync(path.join(folder, 'manual-ca'), place, { recursive: true });
      execFileSync(path.join(place, 'make-certificates.sh'), ['30'], { stdio: 'pipe' });
      const read = (name: string): string => readFileSync(path.join(place, name), 'utf8');
      const [certificate, authority] = [new X509Certificate(read('tls.crt')), new X509Certificate(read('ca.crt'))];
      expect(certificate.checkHost('portcullis-webhook.portcullis.svc')).toBeDefined();
      expect(certificate.verify(authority.publicKey)).toBe(true);
      const patch = parseAllDocuments(read('ca-bundle.yaml'))[0]?.toJS() as WebhookConfiguration & {
        readonly webhooks: readonly [{ readonly clientConfig: { readonly caBundle: string } }];
      };
      expect(Buffer.from(patch.webhooks[0].clientConfig.caBundle, 'base64').toString()).toBe(read('ca.crt'));
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
});
