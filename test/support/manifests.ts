/** Short builders of raw Kubernetes objects, as a YAML file would give them, and the way from them to a state. */

import { buildState, type ClusterState } from '../../src/engine/index.ts';
import { decodeObject } from '../../src/model/decode.ts';
import type { ObjectSource } from '../../src/model/source.ts';
import type { KubeObject, NetworkPolicy } from '../../src/model/types.ts';
import { validateNetworkPolicy } from '../../src/model/validate/network-policy.ts';
import { type Cidr, parseCidr } from '../../src/net/cidr.ts';

/** A raw object: what a YAML or JSON parser answers with. */
export type Manifest = Readonly<Record<string, unknown>>;
export type Labels = Readonly<Record<string, string>>;

export interface RawContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
}

export interface PodParts {
  readonly labels?: Labels;
  readonly ips?: readonly string[];
  readonly node?: string;
  readonly hostNetwork?: boolean;
  readonly hostIPs?: readonly string[];
  readonly ports?: readonly RawContainerPort[];
  readonly initContainers?: readonly Manifest[];
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly phase?: string;
}

/** Splits `ns/name`. */
export function splitName(id: string): { readonly namespace: string; readonly name: string } {
  const slash = id.indexOf('/');
  return { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

function metadata(id: string, parts: PodParts): Manifest {
  const { labels, owner } = parts;
  return {
    ...splitName(id),
    ...(labels === undefined ? {} : { labels }),
    ...(owner === undefined ? {} : { ownerReferences: [{ ...owner, apiVersion: 'v1', controller: true }] }),
  };
}

function podSpec({ node, hostNetwork, ports, initContainers }: PodParts): Manifest {
  return {
    ...(node === undefined ? {} : { nodeName: node }),
    ...(hostNetwork === true ? { hostNetwork } : {}),
    ...(ports === undefined ? {} : { containers: [{ name: 'main', ports }] }),
    ...(initContainers === undefined ? {} : { initContainers }),
  };
}

/** @param id `ns/name` */
export function pod(id: string, parts: PodParts = {}): Manifest {
  const { ips, hostIPs, phase } = parts;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata(id, parts),
    spec: podSpec(parts),
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(ips === undefined ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
      ...(hostIPs === undefined ? {} : { hostIP: hostIPs[0], hostIPs: hostIPs.map((ip) => ({ ip })) }),
    },
  };
}

/** A workload; of `parts`, the owner goes to the workload itself, labels and spec to its pod template. */
export function workload(kind: string, id: string, parts: PodParts = {}): Manifest {
  const { labels, ...rest } = parts;
  const template = { ...(labels === undefined ? {} : { metadata: { labels } }), spec: podSpec(parts) };
  const groups: Readonly<Record<string, string>> = {
    Job: 'batch/v1',
    CronJob: 'batch/v1',
    ReplicationController: 'v1',
  };
  return {
    apiVersion: groups[kind] ?? 'apps/v1',
    kind,
    metadata: metadata(id, rest),
    spec: kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template },
  };
}

export function namespace(name: string, labels?: Labels): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...(labels === undefined ? {} : { labels }) } };
}

/** A node with addresses of type `InternalIP`, the host name added as kubelets do. */
export function node(name: string, ...ips: readonly string[]): Manifest {
  const addresses = ips.map((address) => ({ type: 'InternalIP', address }));
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: { addresses: [...addresses, { type: 'Hostname', address: name }] },
  };
}

/** @param id `ns/name` @param spec as in YAML: nothing is defaulted here */
export function policy(id: string, spec: Manifest): Manifest {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: splitName(id), spec };
}

/** Decodes a manifest that is meant to be right: anything the decoder or the validator calls an error throws. */
export function decode(manifest: Manifest, source?: ObjectSource): KubeObject {
  const { object, diagnostics } = decodeObject(manifest, source === undefined ? {} : { source });
  const problems = [...diagnostics, ...(object?.kind === 'NetworkPolicy' ? validateNetworkPolicy(object) : [])];
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (object === undefined || errors.length > 0) {
    throw new Error(`not a valid object: ${JSON.stringify(errors)} in ${JSON.stringify(manifest)}`);
  }
  return object;
}

/** {@link decode} for a manifest that must be a NetworkPolicy. */
export function decodePolicy(manifest: Manifest, source?: ObjectSource): NetworkPolicy {
  const object = decode(manifest, source);
  if (object.kind !== 'NetworkPolicy') throw new Error(`not a NetworkPolicy: ${object.kind}`);
  return object;
}

/** The state that manifests make. */
export function stateOf(manifests: readonly Manifest[], podCidrs: readonly string[] = []): ClusterState {
  return buildState(
    manifests.map((manifest) => decode(manifest)),
    { podCidrs: podCidrs.map(cidr) },
  );
}

export function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`not a CIDR: ${text}`);
  return parsed.cidr;
}
