/** The conformance suites of the cluster-wide policy API, and the cluster that a test of them makes and changes. */

import { expect } from 'vitest';
import type { ClusterState, Flow } from '../../src/engine/index.ts';
import type { KubeObject, Protocol } from '../../src/model/types.ts';
import type { Family } from '../../src/net/address.ts';
import { endOf } from './flows.ts';
import { decode, type Labels, type Manifest, namespace, node, pod } from './manifests.ts';

/** `conventions` of each file says how to read it. */
export interface NpapiSuite {
  readonly topology: {
    readonly namespaces: readonly { readonly name: string; readonly labels: Labels }[];
    readonly nodes: readonly { readonly name: string; readonly labels: Labels; readonly ips: readonly string[] }[];
    readonly pods: readonly {
      readonly id: string;
      readonly labels: Labels;
      readonly hostNetwork: boolean;
      readonly node: string;
      readonly ipv4: string;
      readonly ipv6: string;
      readonly declaredPorts: readonly { readonly name: string; readonly port: number; readonly protocol: Protocol }[];
      /** Declared or not. */
      readonly listening: readonly { readonly port: number; readonly protocol: Protocol }[];
    }[];
  };
  readonly tests: readonly {
    readonly name: string;
    readonly policies: readonly Manifest[];
    readonly subtests: readonly { readonly name: string; readonly steps: readonly Step[] }[];
  }[];
}

interface Step {
  readonly mutations: readonly Mutation[];
  readonly probes: readonly NpapiProbe[];
}

export interface NpapiProbe {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly allowed: boolean;
}

type Direction = 'ingress' | 'egress';
type Mutation = { readonly policy: string } & (
  | { readonly op: 'swapRules'; readonly direction: Direction; readonly i: number; readonly j: number }
  | { readonly op: 'setAction'; readonly direction: Direction; readonly i: number; readonly action: string }
  | { readonly op: 'setPriority'; readonly priority: number }
  | { readonly op: 'setProtocols'; readonly direction: Direction; readonly i: number; readonly protocols: unknown }
  | { readonly op: 'setPorts'; readonly direction: Direction; readonly i: number; readonly ports: unknown }
  | { readonly op: 'prependRule'; readonly direction: Direction; readonly rule: object; readonly ruleIPv6?: object }
  | { readonly op: 'replaceNamespaceLabels'; readonly namespace: string; readonly labels: Labels }
  | { readonly op: 'deleteNetworkPolicy'; readonly namespace: string; readonly name: string }
);

interface Policy {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: { priority?: number } & Record<Direction, Record<string, unknown>[]>;
}

/** The objects of one test, changed in place by its mutations. */
export class NpapiCluster {
  readonly #suite: NpapiSuite;
  readonly #family: Family;
  readonly #labels: Map<string, Labels>;
  #policies: Policy[];

  constructor(suite: NpapiSuite, policies: readonly Manifest[], family: Family) {
    this.#suite = suite;
    this.#family = family;
    this.#labels = new Map(suite.topology.namespaces.map(({ name, labels }) => [name, labels]));
    this.#policies = structuredClone(policies) as unknown as Policy[];
  }

  apply(mutation: Mutation): void {
    if (mutation.op === 'replaceNamespaceLabels') {
      this.#labels.set(mutation.namespace, mutation.labels);
      return;
    }
    if (mutation.op === 'deleteNetworkPolicy') {
      const left = this.#policies.filter(({ metadata }) => metadata.name !== mutation.name);
      expect(left.length).toBe(this.#policies.length - 1);
      this.#policies = left;
      return;
    }
    const policy = this.#policies.find(
      ({ kind, metadata }) => kind !== 'NetworkPolicy' && metadata.name === mutation.policy,
    );
    if (policy === undefined) throw new Error(`no policy ${mutation.policy}`);
    if (mutation.op === 'setPriority') {
      policy.spec.priority = mutation.priority;
      return;
    }
    const rules = policy.spec[mutation.direction];
    switch (mutation.op) {
      case 'swapRules':
        [rules[mutation.i], rules[mutation.j]] = [rules[mutation.j] as never, rules[mutation.i] as never];
        break;
      case 'setAction':
        Object.assign(rules[mutation.i] as object, { action: mutation.action });
        break;
      case 'setProtocols':
        Object.assign(rules[mutation.i] as object, { protocols: mutation.protocols });
        break;
      case 'setPorts':
        Object.assign(rules[mutation.i] as object, { ports: mutation.ports });
        break;
      case 'prependRule':
        rules.unshift((this.#family === 'IPv6' && mutation.ruleIPv6 ? mutation.ruleIPv6 : mutation.rule) as never);
        break;
    }
  }

  objects(): KubeObject[] {
    return this.manifests([this.#family]).map((manifest) => decode(manifest));
  }

  /** @param families of the addresses that pods have */
  manifests(families: readonly Family[]): Manifest[] {
    const { nodes, pods } = this.#suite.topology;
    return [
      ...[...this.#labels].map(([name, labels]) => namespace(name, labels)),
      ...nodes.map(({ name, labels, ips }) => ({ ...node(name, ...ips), metadata: { name, labels } })),
      ...pods.map((one) =>
        pod(one.id, {
          labels: one.labels,
          node: one.node,
          hostNetwork: one.hostNetwork,
          ips: families.map((family) => (family === 'IPv4' ? one.ipv4 : one.ipv6)),
          ports: one.declaredPorts.map(({ name, port, protocol }) => ({ name, containerPort: port, protocol })),
        }),
      ),
      ...(this.#policies as unknown as Manifest[]),
    ];
  }
}

/** The connection that a probe tries. */
export function npapiFlow(state: ClusterState, { from, to, protocol, port }: NpapiProbe, family: Family): Flow {
  return { from: endOf(state, from), to: endOf(state, to), family, protocol, port };
}
