import { describe, expect, test } from 'vitest';
import { namespaceInfo, PolicyIndex, podInfo, policyKey } from '../../src/engine/index.ts';
import type { FlowProtocol } from '../../src/engine/verdict.ts';
import type { Namespace, Pod } from '../../src/model/types.ts';
import { endOf, type Judge, judgesOf } from '../support/flows.ts';
import { decode, decodePolicy, type Labels, type Manifest, namespace, pod, stateOf } from '../support/manifests.ts';
import { readTruth } from '../support/truth.ts';

/** The network policy suite of Kubernetes itself; `conventions` of the file says how to read it. */
interface Suite {
  readonly topology: {
    readonly namespaces: readonly { readonly name: string; readonly labels: Labels }[];
    readonly pods: readonly {
      readonly id: string;
      readonly namespace: string;
      readonly labels: Labels;
      readonly ipv4: string;
      readonly ipv6: string;
    }[];
  };
  readonly cases: readonly Case[];
}

interface Case {
  readonly id: string;
  readonly protocols: readonly string[];
  readonly ports: readonly number[];
  readonly steps: readonly { readonly actions: readonly Action[]; readonly probes: readonly Probe[] }[];
}

type Action =
  | { readonly op: 'create' | 'update'; readonly policy: Manifest; readonly policyIPv6?: Manifest }
  | { readonly op: 'deleteAllPolicies'; readonly namespaces: readonly string[] }
  | { readonly op: 'labelNamespace'; readonly namespace: string; readonly set: Labels }
  | { readonly op: 'labelPod'; readonly pod: string; readonly set: Labels };

interface Probe {
  readonly port: number;
  readonly protocol: FlowProtocol;
  readonly default: boolean;
  readonly expect: readonly { readonly from: string; readonly to: string; readonly connected: boolean }[];
  readonly denied: readonly (readonly [from: string, to: string])[];
}

type Family = 'IPv4' | 'IPv6';

const suite = readTruth<Suite>('e2e-netpol.json');
const podIds = suite.topology.pods.map(({ id }) => id);
const pairs = podIds.flatMap((from) => podIds.filter((to) => to !== from).map((to) => ({ from, to })));

/** The cluster of a case, before its first step; labels change through the manifests kept here. */
class World {
  readonly #pods: Map<string, Manifest>;
  readonly #namespaces: Map<string, Manifest>;
  readonly #family: Family;
  readonly index: PolicyIndex;

  constructor({ ports, protocols }: Case, family: Family) {
    const containerPorts = ports.flatMap((containerPort) =>
      protocols.map((protocol) => ({
        name: `serve-${containerPort}-${protocol.toLowerCase()}`,
        containerPort,
        protocol,
      })),
    );
    this.#family = family;
    this.#namespaces = new Map(suite.topology.namespaces.map(({ name, labels }) => [name, namespace(name, labels)]));
    this.#pods = new Map(
      suite.topology.pods.map(({ id, labels, ipv4, ipv6 }) => [
        id,
        pod(id, { labels, ips: [family === 'IPv4' ? ipv4 : ipv6], ports: containerPorts }),
      ]),
    );
    this.index = new PolicyIndex(stateOf([...this.#namespaces.values(), ...this.#pods.values()]));
  }

  apply(action: Action): void {
    switch (action.op) {
      case 'create':
      case 'update': {
        const manifest = this.#family === 'IPv6' ? (action.policyIPv6 ?? action.policy) : action.policy;
        const policy = decodePolicy(manifest);
        expect(this.index.state.policies.has(policyKey(policy))).toBe(action.op === 'update');
        this.index.setPolicy(policy);
        return;
      }
      case 'deleteAllPolicies':
        for (const [key, { metadata }] of [...this.index.state.policies]) {
          if (action.namespaces.includes(metadata.namespace ?? '')) this.index.removePolicy(key);
        }
        return;
      case 'labelNamespace':
        this.index.setNamespace(namespaceInfo(relabel(this.#namespaces, action.namespace, action.set) as Namespace));
        return;
      case 'labelPod':
        this.index.setPod(podInfo(relabel(this.#pods, action.pod, action.set) as Pod));
    }
  }
}

/** Adds labels to one of the manifests and decodes the outcome. */
function relabel(manifests: Map<string, Manifest>, name: string, set: Labels): ReturnType<typeof decode> {
  const old = manifests.get(name) as { readonly metadata: { readonly labels?: Labels } };
  const changed = { ...old, metadata: { ...old.metadata, labels: { ...old.metadata.labels, ...set } } };
  manifests.set(name, changed);
  return decode(changed);
}

/** Pairs that must not connect, by the rules of the table: later expectations overwrite earlier ones. */
function deniedByTable(probe: Probe): string[] {
  const fits = (pattern: string, id: string): boolean =>
    pattern === '*' || pattern === id || (pattern.endsWith('/*') && id.startsWith(pattern.slice(0, -1)));
  return pairs
    .filter(({ from, to }) => {
      const last = probe.expect.findLast((entry) => fits(entry.from, from) && fits(entry.to, to));
      return !(last?.connected ?? probe.default);
    })
    .map(({ from, to }) => `${from} -> ${to}`);
}

function deniedBy(judge: Judge, { state }: PolicyIndex, probe: Probe, family: Family): string[] {
  return pairs
    .filter(({ from, to }) => {
      const ends = { from: endOf(state, from), to: endOf(state, to) };
      return !judge.allows({ ...ends, family, protocol: probe.protocol, port: probe.port });
    })
    .map(({ from, to }) => `${from} -> ${to}`);
}

test('the suite has its 48 cases over 9 pods', () => {
  expect(suite.cases).toHaveLength(48);
  expect(pairs).toHaveLength(72);
});

describe.each(['IPv4', 'IPv6'] as const)('%s', (family) => {
  test.each(suite.cases.map((entry) => [entry.id, entry] as const))('%s', (_, entry) => {
    const world = new World(entry, family);
    for (const step of entry.steps) {
      for (const action of step.actions) world.apply(action);
      expect(step.probes).not.toHaveLength(0);
      for (const probe of step.probes) {
        const listed = probe.denied.map(([from, to]) => `${from} -> ${to}`);
        expect(deniedByTable(probe)).toEqual(listed);
        // The index that followed the steps, one built from the state it ended in, and the reference.
        for (const judge of [...judgesOf(world.index), ...judgesOf(new PolicyIndex(world.index.state))]) {
          expect(deniedBy(judge, world.index, probe, family), judge.name).toEqual(listed);
        }
      }
    }
  });
});
