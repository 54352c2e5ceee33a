import { type Manifest, namespace, node, pod, policy } from '../manifests.ts';
import type { Probe } from '../probes.ts';

/** One or more statements of the semantics spec as a case that every implementation must get right. */
export interface StatementCase {
  /** What the test is of, beginning with the number of the statement. */
  readonly name: string;
  /** Policies, and pods that only this case needs, beside those of {@link cluster}. */
  readonly policies: readonly Manifest[];
  readonly probes: readonly Probe[];
}

/** Pods `a` and `b` in namespaces `x`, `y` and `z`, two nodes, a hostNetwork pod. */
export const cluster: readonly Manifest[] = [
  namespace('x', { team: 'one' }),
  namespace('y', { team: 'two' }),
  namespace('z'),
  node('n1', '192.168.0.1', 'fd01::1'),
  node('n2', '192.168.0.2', 'fd01::2'),
  pod('x/a', {
    labels: { app: 'a' },
    ips: ['10.0.1.1', 'fd00::1:1'],
    node: 'n1',
    ports: [
      { name: 'web', containerPort: 80 },
      { name: 'dns', containerPort: 53, protocol: 'UDP' },
    ],
  }),
  pod('x/b', {
    labels: { app: 'b' },
    ips: ['10.0.1.2', 'fd00::1:2'],
    node: 'n2',
    ports: [{ name: 'web', containerPort: 8080 }],
  }),
  pod('y/a', { labels: { app: 'a' }, ips: ['10.0.2.1'], node: 'n1' }),
  pod('y/b', { labels: { app: 'b', role: '' }, ips: ['10.0.2.2'], node: 'n2' }),
  pod('z/a', { labels: { app: 'a' }, ips: ['10.0.3.1'], node: 'n1' }),
  pod('y/host', { labels: { app: 'a' }, ips: ['192.168.0.2'], node: 'n2', hostNetwork: true }),
];

/** An address outside the cluster. */
export const OUTSIDE: string = '203.0.113.9';
/** A selector of every pod of the namespace, as subject or peer. */
export const all: Manifest = { podSelector: {} };
/** The same of the pods of one app. */
export function app(value: string): Manifest {
  return { podSelector: { matchLabels: { app: value } } };
}

export const denyIngress: Manifest = policy('x/deny-ingress', { ...all, policyTypes: ['Ingress'] });
export const denyEgress: Manifest = policy('x/deny-egress', { ...all, policyTypes: ['Egress'] });
/** Ingress of all pods of `x` by one rule. */
export function ingress(rule: Manifest, name = 'x/ingress'): Manifest {
  return policy(name, { ...all, policyTypes: ['Ingress'], ingress: [rule] });
}

/** Egress of all pods of `x` by one rule. */
export function egress(rule: Manifest, name = 'x/egress'): Manifest {
  return policy(name, { ...all, policyTypes: ['Egress'], egress: [rule] });
}

/** An ingress rule for a block. */
export function fromBlock(cidr: string, ...except: readonly string[]): Manifest {
  return { from: [{ ipBlock: { cidr, except } }] };
}
