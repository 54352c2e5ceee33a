import { describe, expect, it } from 'vitest';
import { decodeObject } from '../decode.ts';
import type { ClusterNetworkPolicySpec, KubeObject } from '../types.ts';

type Json = Record<string, unknown>;

function decoded(kind: string, version: string, spec: Json, name = 'default'): KubeObject | undefined {
  const value = { apiVersion: `policy.networking.k8s.io/${version}`, kind, metadata: { name }, spec };
  const { object, diagnostics } = decodeObject(value);
  expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
  return object;
}

const web = { matchLabels: { app: 'web' } };
const everyPod = { type: 'pods', pods: { namespaceSelector: {}, podSelector: {} } } as const;

describe('ClusterNetworkPolicy', () => {
  it('has every field of both channels', () => {
    const object = decoded('ClusterNetworkPolicy', 'v1alpha2', {
      tier: 'Baseline',
      priority: 0,
      subject: { pods: { podSelector: web } },
      ingress: [
        {
          name: 'in',
          action: 'Accept',
          from: [{ namespaces: web }, { pods: { namespaceSelector: {}, podSelector: web } }],
          protocols: [
            { tcp: { destinationPort: { number: 80 } } },
            { udp: { destinationPort: { range: { start: 1, end: 65535 } } } },
            { sctp: { destinationPort: { number: 9 } } },
            { destinationNamedPort: 'http' },
          ],
        },
      ],
      egress: [
        {
          name: '',
          action: 'Pass',
          to: [{ networks: ['10.0.0.0/8', '::/0'] }, { nodes: {} }, { domainNames: ['*.a.io'] }, { later: {} }],
        },
      ],
    });
    expect(object).toEqual({
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'default' },
      spec: {
        tier: 'Baseline',
        priority: 0,
        subject: { namespaceSelector: {}, podSelector: web },
        ingress: [
          {
            name: 'in',
            action: 'Accept',
            peers: [
              { type: 'pods', pods: { namespaceSelector: web, podSelector: {} } },
              { type: 'pods', pods: { namespaceSelector: {}, podSelector: web } },
            ],
            ports: [
              { protocol: 'TCP', first: 80, last: 80 },
              { protocol: 'UDP', first: 1, last: 65535 },
              { protocol: 'SCTP', first: 9, last: 9 },
              { name: 'http' },
            ],
          },
        ],
        egress: [
          {
            action: 'Pass',
            peers: [
              { type: 'networks', networks: ['10.0.0.0/8', '::/0'] },
              { type: 'nodes', nodes: {} },
              { type: 'domainNames', domainNames: ['*.a.io'] },
              { type: 'unknown', field: 'later' },
            ],
          },
        ],
      } satisfies ClusterNetworkPolicySpec,
    });
  });

  it('keeps selectors as written', () => {
    const selector = {
      matchLabels: { a: '', ['__proto__']: 'x' },
      matchExpressions: [
        { key: 'k', operator: 'In', values: ['v', 'w'] },
        { key: 'k', operator: 'Exists' },
        { key: 'k', operator: 'Gt', values: [] },
      ],
    };
    const object = decoded('ClusterNetworkPolicy', 'v1alpha2', {
      tier: 'Admin',
      priority: 1,
      subject: { namespaces: selector },
    });
    expect(object).toMatchObject({ spec: { subject: { namespaceSelector: selector, podSelector: {} } } });
  });
});

describe('the older kinds', () => {
  const rules = {
    ingress: [
      {
        action: 'Allow',
        from: [{ namespaces: {} }],
        ports: [
          { portNumber: { port: 53, protocol: 'UDP' } },
          { portNumber: { port: 80 } },
          { portRange: { start: 7, end: 7, protocol: null } },
          { namedPort: 'http' },
        ],
      },
    ],
    egress: [{ action: 'Deny', to: [{ namespaces: {} }], ports: [{ portNumber: { port: 80, protocol: '' } }] }],
  };
  const lowered = {
    subject: { namespaceSelector: {}, podSelector: web },
    ingress: [
      {
        action: 'Accept',
        peers: [everyPod],
        ports: [
          { protocol: 'UDP', first: 53, last: 53 },
          { protocol: 'TCP', first: 80, last: 80 },
          { protocol: 'TCP', first: 7, last: 7 },
          { name: 'http' },
        ],
      },
    ],
    // The one entry matches nothing, which is not the same as no entries.
    egress: [{ action: 'Deny', peers: [everyPod], ports: [] }],
  };
  const subject = { pods: { namespaceSelector: {}, podSelector: web } };

  it('reads AdminNetworkPolicy as the Admin tier', () => {
    const object = decoded('AdminNetworkPolicy', 'v1alpha1', { priority: 7, subject, ...rules }, 'a');
    expect(object).toEqual({
      apiVersion: 'policy.networking.k8s.io/v1alpha1',
      kind: 'AdminNetworkPolicy',
      metadata: { name: 'a' },
      spec: { tier: 'Admin', priority: 7, ...lowered },
    });
  });

  it('reads BaselineAdminNetworkPolicy as the end of the Baseline tier', () => {
    const object = decoded('BaselineAdminNetworkPolicy', 'v1alpha1', { subject, ...rules });
    expect(object).toMatchObject({ spec: { tier: 'Baseline', priority: 1001, ...lowered } });
  });

  it('keeps domain names to AdminNetworkPolicy', () => {
    const egress = [{ action: 'Allow', to: [{ domainNames: ['a.io'] }] }];
    expect(decoded('AdminNetworkPolicy', 'v1alpha1', { priority: 7, subject, egress })).toMatchObject({
      spec: { egress: [{ peers: [{ type: 'domainNames', domainNames: ['a.io'] }] }] },
    });
    expect(decoded('BaselineAdminNetworkPolicy', 'v1alpha1', { subject, egress })).toMatchObject({
      spec: { egress: [{ peers: [{ type: 'unknown', field: 'domainNames' }] }] },
    });
  });
});
