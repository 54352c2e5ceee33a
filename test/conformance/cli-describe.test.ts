import { describe, expect, test } from 'vitest';
import { folder, portcullis } from '../cli/run-main.ts';
import { yamlOf } from '../support/manifest-files.ts';
import type { Manifest } from '../support/manifests.ts';

/** The examples of the specification of `kubectl describe networkpolicy`, to the byte, through the command line. */
const ports = [{ port: 80 }, { port: 82, protocol: 'TCP' }];
const rangePorts = [{ port: 80, endPort: 82 }];
const peers = [
  {
    podSelector: { matchLabels: { id: 'pod1', id2: 'pod2' } },
    namespaceSelector: { matchLabels: { id: 'ns1', id2: 'ns2' } },
  },
  { podSelector: { matchLabels: { id: 'app2', id2: 'app3' } } },
  { namespaceSelector: { matchLabels: { id: 'app2', id2: 'app3' } } },
  {
    namespaceSelector: {
      matchLabels: { id: 'app2', id2: 'app3' },
      matchExpressions: [{ key: 'foo', operator: 'In', values: ['bar2', 'bar1'] }],
    },
  },
  { ipBlock: { cidr: '192.168.0.0/16', except: ['192.168.3.0/24', '192.168.4.0/24'] } },
];

function example(
  policyTypes: readonly string[],
  rulePorts: readonly Manifest[],
  egress?: readonly Manifest[],
): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'network-policy-1', namespace: 'default', creationTimestamp: '2017-06-05T04:45:56Z' },
    spec: {
      podSelector: {
        matchLabels: { id1: 'app1', id2: 'app2' },
        matchExpressions: [
          { key: 'foo', operator: 'In', values: ['bar1', 'bar2'] },
          { key: 'foo2', operator: 'NotIn', values: ['bar1', 'bar2'] },
        ],
      },
      ingress: [{ ports: rulePorts, from: peers }, {}],
      ...(egress === undefined ? {} : { egress }),
      policyTypes,
    },
  };
}

const HEAD = `Name:         network-policy-1
Namespace:    default
Created on:   2017-06-04 21:45:56 -0700 PDT
Labels:       <none>
Annotations:  <none>
Spec:
  PodSelector:     foo in (bar1,bar2),foo2 notin (bar1,bar2),id1=app1,id2=app2
`;
const PORTS = '    To Port: 80/TCP\n    To Port: 82/TCP\n';
const RANGE = '    To Port Range: 80-82/TCP\n';

function block(direction: 'ingress' | 'egress', portLines: string): string {
  const [word, end] = direction === 'ingress' ? ['From', 'source'] : ['To', 'destination'];
  return `  Allowing ${direction} traffic:
${portLines}    ${word}:
      NamespaceSelector: id=ns1,id2=ns2
      PodSelector: id=pod1,id2=pod2
    ${word}:
      PodSelector: id=app2,id2=app3
    ${word}:
      NamespaceSelector: id=app2,id2=app3
    ${word}:
      NamespaceSelector: foo in (bar1,bar2),id=app2,id2=app3
    ${word}:
      IPBlock:
        CIDR: 192.168.0.0/16
        Except: 192.168.3.0/24, 192.168.4.0/24
    ----------
    To Port: <any> (traffic allowed to all ports)
    ${word}: <any> (traffic not restricted by ${end})
`;
}

const egress = (rulePorts: readonly Manifest[]): Manifest[] => [{ ports: rulePorts, to: peers }, {}];

const denyAll: Manifest = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'default-deny-all', namespace: 'prod', creationTimestamp: '2026-07-24T10:00:00Z' },
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
};

const denyAllText = (created: string): string => `Name:         default-deny-all
Namespace:    prod
Created on:   ${created}
Labels:       <none>
Annotations:  <none>
Spec:
  PodSelector:     <none> (Allowing the specific traffic to all pods in this namespace)
  Allowing ingress traffic:
    <none> (Selected pods are isolated for ingress connectivity)
  Allowing egress traffic:
    <none> (Selected pods are isolated for egress connectivity)
  Policy Types: Ingress, Egress
`;

const LOS_ANGELES = { env: { TZ: 'America/Los_Angeles' } };
const both = example(['Ingress', 'Egress'], ports, egress(ports));
const bothText = `${HEAD}${block('ingress', PORTS)}${block('egress', PORTS)}  Policy Types: Ingress, Egress\n`;

describe('one policy', () => {
  test.each<[string, Manifest, string]>([
    ['both directions', both, bothText],
    [
      'ingress only',
      example(['Ingress'], ports),
      `${HEAD}${block('ingress', PORTS)}  Not affecting egress traffic\n  Policy Types: Ingress\n`,
    ],
    [
      'egress without rules',
      example(['Ingress', 'Egress'], ports, []),
      `${HEAD}${block('ingress', PORTS)}  Allowing egress traffic:\n    <none> (Selected pods are isolated for egress connectivity)\n  Policy Types: Ingress, Egress\n`,
    ],
    [
      'a range of ports',
      example(['Ingress', 'Egress'], rangePorts, egress(rangePorts)),
      `${HEAD}${block('ingress', RANGE)}${block('egress', RANGE)}  Policy Types: Ingress, Egress\n`,
    ],
  ])('%s', async (_, policy, text) => {
    const outcome = await portcullis(['describe', '-f', '-'], { stdin: yamlOf([policy]), ...LOS_ANGELES });
    expect(outcome).toEqual({ code: 0, stdout: text, stderr: '' });
  });

  test.each([
    ['UTC', '2026-07-24 10:00:00 +0000 UTC'],
    ['', '2026-07-24 10:00:00 +0000 UTC'],
    ['America/Los_Angeles', '2026-07-24 03:00:00 -0700 PDT'],
    ['Europe/Berlin', '2026-07-24 12:00:00 +0200 CEST'],
    ['Asia/Kolkata', '2026-07-24 15:30:00 +0530 IST'],
    ['America/Sao_Paulo', '2026-07-24 07:00:00 -0300 -03'],
  ])('with TZ=%s', async (zone, created) => {
    const outcome = await portcullis(['describe', '-f', '-'], { stdin: yamlOf([denyAll]), env: { TZ: zone } });
    expect(outcome).toEqual({ code: 0, stdout: denyAllText(created), stderr: '' });
  });
});

describe('several policies', () => {
  const plain = (namespace: string): Manifest => ({ ...denyAll, metadata: { name: 'plain', namespace } });
  const plainText = (namespace: string): string =>
    denyAllText('0001-01-01 00:00:00 +0000 UTC').replace('default-deny-all', 'plain').replace('prod', namespace);
  const denyText = denyAllText('2026-07-24 03:00:00 -0700 PDT');
  const root = folder({ 'a.yaml': yamlOf([plain('prod'), denyAll, both]), 'b.yaml': yamlOf([plain('default')]) });

  test.each<[string, readonly string[], readonly string[]]>([
    ['-A: by namespace and name', ['-A'], [bothText, plainText('default'), denyText, plainText('prod')]],
    ['everything without -n', [], [bothText, plainText('default'), denyText, plainText('prod')]],
    ['-n: one namespace', ['-n', 'prod'], [denyText, plainText('prod')]],
    ['-A with -n: everything', ['-A', '-n', 'prod'], [bothText, plainText('default'), denyText, plainText('prod')]],
    ['by name, in the order given', ['prod/plain', 'default/network-policy-1'], [plainText('prod'), bothText]],
    ['by name in the default namespace', ['plain'], [plainText('default')]],
    ['by name in the namespace of -n', ['-n', 'prod', 'plain'], [plainText('prod')]],
  ])('%s', async (_, flags, texts) => {
    expect(await portcullis(['describe', '-f', root, ...flags], LOS_ANGELES)).toEqual({
      code: 0,
      stdout: texts.join('\n\n'),
      stderr: '',
    });
  });

  test('without a namespace they are in that of -n', async () => {
    const stdin = yamlOf([{ ...denyAll, metadata: { name: 'plain' } }]);
    const { stdout } = await portcullis(['describe', '-f', '-', '-n', 'staging'], { stdin });
    expect(stdout).toBe(plainText('staging'));
  });

  test('none: a word on standard error', async () => {
    expect(await portcullis(['describe', '-f', root, '-n', 'empty'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'portcullis: warning: there is no namespace "empty" in the input\nno network policies found\n',
    });
  });
});
