import type { ClusterState, PodInfo } from '../engine/index.ts';
import type { KubeObject } from '../model/types.ts';
import { type Family, formatAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import type { Cidr } from '../net/cidr.ts';
import {
  AddressPool,
  blockFromText,
  canHave,
  familyOf,
  formatBlocks,
  onePerFamily,
  planned,
  sortFamilies,
} from './addresses.ts';
import { LabError, type LabMemory, type LabNode, type LabOptions, type LabPod } from './model.ts';
import { podNamespace } from './names.ts';
import { Slots } from './slots.ts';

/** A pod before it has a place. */
interface WantedPod {
  readonly id: string;
  readonly info: PodInfo;
  readonly name: string;
  readonly node?: string;
  readonly owner?: { readonly kind: string; readonly name: string };
}

/** The pods of the input, and those that its workloads without pods would have. */
export function wantedPods(
  objects: readonly KubeObject[],
  state: ClusterState,
  options: LabOptions,
  nodes: readonly LabNode[],
  warnings: string[],
): WantedPod[] {
  const replicas = new Map<string, number>();
  for (const object of objects) {
    if ('template' in object && object.replicas !== undefined) {
      replicas.set(
        `${object.metadata.namespace ?? 'default'}/${object.metadata.name}[${object.kind}]`,
        object.replicas,
      );
    }
  }
  const wanted = new Map<string, WantedPod>();
  const nodeNames = new Set(nodes.map(({ name }) => name));
  const templates: PodInfo[] = [];
  for (const pod of state.pods.values()) {
    if (pod.kind !== 'Pod') {
      templates.push(pod);
      continue;
    }
    const id = `${pod.namespace}/${pod.name}`;
    const node = pod.node !== undefined && nodeNames.has(pod.node) ? { node: pod.node } : {};
    const owner = pod.owner === undefined ? {} : { owner: pod.owner };
    wanted.set(id, { id, info: pod, name: pod.name, ...node, ...owner });
  }
  for (const template of templates) {
    const owner = template.owner ?? { kind: template.kind, name: template.name };
    const places =
      template.kind === 'DaemonSet'
        ? nodes.map(({ name }) => ({ suffix: name, node: name }))
        : Array.from({ length: replicaCount(template, replicas, options, warnings) }, (_, index) => ({
            suffix: String(index),
          }));
    for (const { suffix, ...place } of places) {
      let name = `${template.name}-${suffix}`;
      while (wanted.has(`${template.namespace}/${name}`)) name += 'x';
      const id = `${template.namespace}/${name}`;
      const node = template.node !== undefined && nodeNames.has(template.node) ? { node: template.node } : place;
      wanted.set(id, { id, info: template, name, owner, ...node });
    }
  }
  return [...wanted.values()];
}

function replicaCount(
  template: PodInfo,
  replicas: ReadonlyMap<string, number>,
  { maxReplicas }: LabOptions,
  warnings: string[],
): number {
  const asked = Math.max(0, replicas.get(template.id) ?? 1);
  if (asked > maxReplicas) {
    warnings.push(`${template.id} has ${maxReplicas} of its ${asked} replicas: --max-replicas`);
  }
  return Math.min(asked, maxReplicas);
}

/**
 * Gives every pod a node and addresses.
 * @param taken addresses in use; those of pods are added
 */
export function placePods(
  wanted: readonly WantedPod[],
  nodes: readonly LabNode[],
  options: LabOptions,
  memory: LabMemory | undefined,
  taken: Set<string>,
  warnings: string[],
): { readonly pods: LabPod[]; readonly lastAddress: Readonly<Record<string, string>> } {
  const slots = new Slots(
    memory?.podSlots ?? {},
    wanted.map(({ id }) => id),
  );
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const load = new Map(nodes.map(({ name }) => [name, 0]));
  const placed = new Map<string, string>();
  for (const pod of wanted) {
    const kept = pod.node ?? memory?.podNodes[pod.id];
    if (kept === undefined || !byName.has(kept)) continue;
    placed.set(pod.id, kept);
    load.set(kept, (load.get(kept) ?? 0) + 1);
  }
  for (const { id } of wanted) {
    if (placed.has(id)) continue;
    const [least] = [...load].reduce((best, one) => (one[1] < best[1] ? one : best));
    placed.set(id, least);
    load.set(least, (load.get(least) ?? 0) + 1);
  }

  // First those that the input gives, then those that are in use, so that a new pod takes neither.
  const addresses = new Map<string, string[]>();
  const claim = (id: string, wishes: readonly string[], why: (address: string) => string | undefined): void => {
    const own = addresses.get(id) ?? [];
    for (const address of onePerFamily(wishes)) {
      if (taken.has(address)) {
        const warning = why(address);
        if (warning !== undefined) warnings.push(warning);
        continue;
      }
      taken.add(address);
      own.push(address);
    }
    addresses.set(id, own);
  };
  for (const { id, info } of wanted) {
    if (info.hostNetwork || info.kind !== 'Pod') continue;
    const written = info.addresses.map(formatAddress).filter((address) => canHave(id, info, address, warnings));
    claim(id, written, (address) => `${id} does not get its address ${address}: another pod or node has it`);
  }
  const blockOf = (family: Family, node: LabNode): Cidr | undefined => {
    const range = options.podCidrs.find((cidr) => cidr.family === family);
    const at = options.podCidrs.findIndex((cidr) => cidr.family === family);
    const text = range === undefined ? undefined : node.podCidrs[at];
    return text === undefined ? undefined : blockFromText(text);
  };
  for (const { id, info } of wanted) {
    if (info.hostNetwork || (addresses.get(id) ?? []).length > 0) continue;
    const node = byName.get(placed.get(id) ?? '');
    const kept = (memory?.podAddresses[id] ?? []).filter((address) => {
      const block = node === undefined ? undefined : blockOf(familyOf(address), node);
      return block !== undefined && AddressSet.ofCidr(block).contains(planned(address));
    });
    claim(id, kept, () => undefined);
  }
  const pools = new Map<string, AddressPool>();
  const lastAddress: Record<string, string> = { ...memory?.lastAddress };
  const pods = wanted.map((pod): LabPod => {
    const { id, info, name, owner } = pod;
    const node = byName.get(placed.get(id) ?? '');
    if (node === undefined) throw new Error(`no node for ${id}`);
    const own = addresses.get(id) ?? [];
    if (!info.hostNetwork && (info.kind !== 'Pod' || info.addresses.length === 0 || own.length === 0)) {
      for (const block of node.podCidrs.map(blockFromText)) {
        if (own.some((address) => familyOf(address) === block.family)) continue;
        const key = formatBlocks([block])[0] ?? '';
        const pool = pools.get(key) ?? new AddressPool(block, taken, lastAddress[key]);
        pools.set(key, pool);
        const address = pool.take();
        if (address === undefined) throw new LabError(`${key}, the pod range of ${node.name}, has no address left`);
        lastAddress[key] = address;
        own.push(address);
      }
    }
    return {
      id,
      podNamespace: info.namespace,
      name,
      node: node.name,
      namespace: info.hostNetwork ? node.namespace : podNamespace(options.name, info.namespace, name),
      slot: slots.of(id),
      hostNetwork: info.hostNetwork,
      addresses: info.hostNetwork ? node.addresses : sortFamilies(own),
      ports: info.ports,
      labels: info.labels,
      ...(owner === undefined ? {} : { owner }),
    };
  });
  warnAboutHostPorts(pods, warnings);
  return { pods, lastAddress };
}

/** Pods on the network of one node share its ports: the first of them has one. */
function warnAboutHostPorts(pods: readonly LabPod[], warnings: string[]): void {
  const owners = new Map<string, string>();
  for (const { id, node, hostNetwork, ports } of pods) {
    for (const { protocol, containerPort } of hostNetwork ? ports : []) {
      const key = `${node} ${containerPort}/${protocol}`;
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, id);
      else if (owner !== id)
        warnings.push(`${containerPort}/${protocol} on ${node} is answered by ${owner}, not by ${id}`);
    }
  }
}
