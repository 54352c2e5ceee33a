/** The network policy suite of Kubernetes itself, and the cluster that a case of it makes and changes. */

import { expect } from 'vitest';
import { namespaceInfo, PolicyIndex, podInfo, policyKey } from '../../src/engine/index.ts';
import type { FlowProtocol } from '../../src/engine/verdict.ts';
import type { Namespace, Pod } from '../../src/model/types.ts';
import type { Family } from '../../src/net/address.ts';
import { decode, decodePolicy, type Labels, type Manifest, namespace, pod, stateOf } from './manifests.ts';
import { readTruth } from './truth.ts';

/** `conventions` of the file says how to read it. */
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
  readonly cases: readonly E2eCase[];
}

export interface E2eCase {
  readonly id: string;
  readonly protocols: readonly string[];
  readonly ports: readonly number[];
  readonly steps: readonly { readonly actions: readonly E2eAction[]; readonly probes: readonly E2eProbe[] }[];
}

export type E2eAction =
  | { readonly op: 'create' | 'update'; readonly policy: Manifest; readonly policyIPv6?: Manifest }
  | { readonly op: 'deleteAllPolicies'; readonly namespaces: readonly string[] }
  | { readonly op: 'labelNamespace'; readonly namespace: string; readonly set: Labels }
  | { readonly op: 'labelPod'; readonly pod: string; readonly set: Labels };

export interface E2eProbe {
  readonly port: number;
  readonly protocol: FlowProtocol;
  readonly default: boolean;
  readonly expect: readonly { readonly from: string; readonly to: string; readonly connected: boolean }[];
  readonly denied: readonly (readonly [from: string, to: string])[];
}

export const e2eSuite: Suite = readTruth<Suite>('e2e-netpol.json');
const podIds = e2eSuite.topology.pods.map(({ id }) => id);
/** Every pod with every other. */
export const e2ePairs: readonly { readonly from: string; readonly to: string }[] = podIds.flatMap((from) =>
  podIds.filter((to) => to !== from).map((to) => ({ from, to })),
);

/** The cluster of a case, before its first step; labels change through the manifests kept here. */
export class E2eWorld {
  readonly #pods: Map<string, Manifest>;
  readonly #namespaces: Map<string, Manifest>;
  readonly #family: Family;
  readonly index: PolicyIndex;

  constructor({ ports, protocols }: E2eCase, family: Family) {
    const containerPorts = ports.flatMap((containerPort) =>
      protocols.map((protocol) => ({
        name: `serve-${containerPort}-${protocol.toLowerCase()}`,
        containerPort,
        protocol,
      })),
    );
    this.#family = family;
    this.#namespaces = new Map(e2eSuite.topology.namespaces.map(({ name, labels }) => [name, namespace(name, labels)]));
    this.#pods = new Map(
      e2eSuite.topology.pods.map(({ id, labels, ipv4, ipv6 }) => [
        id,
        pod(id, { labels, ips: [family === 'IPv4' ? ipv4 : ipv6], ports: containerPorts }),
      ]),
    );
    this.index = new PolicyIndex(stateOf([...this.#namespaces.values(), ...this.#pods.values()]));
  }

  apply(action: E2eAction): void {
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

/** A manifest with labels added. */
export function relabelled(manifest: Manifest | undefined, set: Labels): Manifest {
  const { metadata, ...rest } = manifest as { readonly metadata: { readonly labels?: Labels } };
  return { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, ...set } } };
}

/** Adds labels to one of the manifests and decodes the outcome. */
function relabel(manifests: Map<string, Manifest>, name: string, set: Labels): ReturnType<typeof decode> {
  const changed = relabelled(manifests.get(name), set);
  manifests.set(name, changed);
  return decode(changed);
}
