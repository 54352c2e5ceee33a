import { describe, expect, test } from 'vitest';
import { can, computeReachability, createWorld, type World } from '../../src/analysis/index.ts';
import { parsePortQuery } from '../../src/analysis/ports.ts';
import { isOpen } from '../support/connections.ts';
import { decode, type Labels, type Manifest, namespace, node, pod } from '../support/manifests.ts';
import { readTruth } from '../support/truth.ts';

/** The conformance suites of the cluster-wide policy API; `conventions` of each file says how to read it. */
interface Suite {
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
      readonly declaredPorts: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
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
  readonly probes: readonly Probe[];
}

interface Probe {
  readonly from: string;
  readonly to: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
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
type Family = 'IPv4' | 'IPv6';

interface Policy {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: { priority?: number } & Record<Direction, Record<string, unknown>[]>;
}

/** The objects of one test, changed in place by its mutations. */
class Cluster {
  readonly #suite: Suite;
  readonly #family: Family;
  readonly #labels: Map<string, Labels>;
  #policies: Policy[];

  constructor(suite: Suite, policies: readonly Manifest[], family: Family) {
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

  world(): World {
    const ipOf = (one: { readonly ipv4: string; readonly ipv6: string }): string =>
      this.#family === 'IPv4' ? one.ipv4 : one.ipv6;
    const { nodes, pods } = this.#suite.topology;
    const manifests: Manifest[] = [
      ...[...this.#labels].map(([name, labels]) => namespace(name, labels)),
      ...nodes.map(({ name, labels, ips }) => ({ ...node(name, ...ips), metadata: { name, labels } })),
      ...pods.map((one) =>
        pod(one.id, {
          labels: one.labels,
          node: one.node,
          hostNetwork: one.hostNetwork,
          ips: [ipOf(one)],
          ports: one.declaredPorts.map(({ name, port, protocol }) => ({ name, containerPort: port, protocol })),
        }),
      ),
      ...(this.#policies as unknown as Manifest[]),
    ];
    return createWorld(manifests.map((manifest) => decode(manifest))).world;
  }
}

/** What `reach --by pod` and `can` say of a probe. */
function answers(world: World, probe: Probe, family: Family): { readonly reach: boolean; readonly can: boolean } {
  const result = computeReachability(world, { by: 'pod', from: probe.from, to: probe.to });
  if ('error' in result) throw new Error(result.error.error);
  const [connection] = [...result.reachability.connections()];
  const port = parsePortQuery(`${probe.port}/${probe.protocol}`);
  if ('error' in port) throw new Error(port.error);
  const answer = can(world, probe.from, probe.to, port);
  if ('error' in answer) throw new Error(answer.error);
  return { reach: isOpen(connection, family, probe), can: answer.allowed };
}

describe.each([
  ['ClusterNetworkPolicy', 'npapi-conformance.json', 301],
  ['AdminNetworkPolicy and BaselineAdminNetworkPolicy', 'npapi-conformance-v1alpha1.json', 289],
])('conformance of %s', (_, file, probes) => {
  const suite = readTruth<Suite>(file);
  const judged = { IPv4: 0, IPv6: 0 };

  describe.each<Family>(['IPv4', 'IPv6'])('%s', (family) => {
    test.each(suite.tests)('$name', ({ policies, subtests }) => {
      const cluster = new Cluster(suite, policies, family);
      for (const { name, steps } of subtests) {
        for (const { mutations, probes: expected } of steps) {
          for (const mutation of mutations) cluster.apply(mutation);
          const world = cluster.world();
          for (const probe of expected) {
            const text = `${name}: ${probe.from} -> ${probe.to} ${probe.port}/${probe.protocol}`;
            expect({ text, ...answers(world, probe, family) }).toEqual({
              text,
              reach: probe.allowed,
              can: probe.allowed,
            });
            judged[family]++;
          }
        }
      }
    });

    test(`judged all ${probes} probes`, () => expect(judged[family]).toBe(probes));
  });
});
