import type { ClusterState } from '../engine/index.ts';
import { type Family, formatAddress } from '../net/address.ts';
import type { Cidr } from '../net/cidr.ts';
import { canHave, familyOf, formatBlocks, nodeBlocks, onePerFamily } from './addresses.ts';
import { LabError, type LabMemory, type LabNode, type LabOptions } from './model.ts';
import { nodeNamespace } from './names.ts';
import { Slots } from './slots.ts';

/** Where nodes get addresses from that the input gives none: shared address space, and unique local. */
export const NODE_CIDRS: Readonly<Record<Family, Cidr>> = {
  IPv4: { family: 'IPv4', base: 0x6440_0000n, prefix: 16 },
  IPv6: { family: 'IPv6', base: 0xfd00_0100_0064n << 80n, prefix: 64 },
};
const MAX_NODES = 64;

/**
 * The nodes of a lab.
 * @param taken addresses in use; those of nodes are added
 */
export function planNodes(
  state: ClusterState,
  options: LabOptions,
  memory: LabMemory | undefined,
  taken: Set<string>,
  warnings: string[],
): LabNode[] {
  const named = new Set([...state.nodes.keys(), ...[...state.pods.values()].flatMap(({ node }) => node ?? [])]);
  const names = [...named].sort();
  const count = options.nodes ?? Math.max(1, names.length);
  if (count > MAX_NODES) throw new LabError(`a lab has at most ${MAX_NODES} nodes, not ${count}: give --nodes`);
  for (const name of names.splice(count)) warnings.push(`node ${name} is left out: its pods go to other nodes`);
  for (let number = 1; names.length < count; number++) {
    const name = `node-${number}`;
    if (!names.includes(name)) names.push(name);
  }
  const slots = new Slots(memory?.nodeSlots ?? {}, names);
  // Blocks go by place, so that a node keeps its own when others come and go.
  const blockCount = Math.max(count, ...names.map((name) => slots.of(name) + 1));
  const blocks = options.podCidrs.map((range) => {
    const cut = nodeBlocks(range, blockCount);
    if (cut === undefined) {
      throw new LabError(`--pod-cidr ${formatBlocks([range])[0]} is too small for ${count} nodes`);
    }
    return cut;
  });
  return names.map((name) => {
    const slot = slots.of(name);
    const known = state.nodes.get(name);
    const written = (known?.addresses ?? []).map(formatAddress);
    const addresses = onePerFamily(written.filter((address) => canHave(`node ${name}`, known, address, warnings)));
    for (const family of familiesOf(options)) {
      if (addresses.some((address) => familyOf(address) === family)) continue;
      const range = NODE_CIDRS[family];
      for (let value = range.base + BigInt(slot) + 1n; ; value += BigInt(MAX_NODES)) {
        const address = formatAddress({ family, value });
        if (taken.has(address)) continue;
        taken.add(address);
        addresses.push(address);
        break;
      }
    }
    return {
      name,
      namespace: nodeNamespace(options.name, name),
      slot,
      labels: { 'kubernetes.io/hostname': name, ...known?.labels },
      addresses,
      podCidrs: formatBlocks(blocks.flatMap((cut) => cut[slot] ?? [])),
    };
  });
}

/** The families that pods and nodes of a lab have. */
export function familiesOf({ podCidrs }: LabOptions): Family[] {
  return podCidrs.map(({ family }) => family);
}
