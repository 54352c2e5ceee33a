import type { ClusterState } from '../engine/index.ts';
import { type Family, formatAddress } from '../net/address.ts';
import { type AddressRange, AddressSet, splitIntoAtoms } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { planned } from './addresses.ts';

/** Stand for any address that no policy names: reserved for documentation. */
const ANYWHERE: readonly string[] = ['198.51.100.10', '2001:db8:0:64::10'];
/** What no host on the internet can have, or what hosts treat in ways of their own. */
const UNUSABLE = AddressSet.unionOf(
  [
    '0.0.0.0/8',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '224.0.0.0/3',
    '::/16',
    '64:ff9b::/32',
    'fe80::/10',
    'ff00::/8',
  ].flatMap((text) => {
    const parsed = parseCidr(text);
    return parsed === undefined ? [] : [AddressSet.ofCidr(parsed.cidr)];
  }),
);
/** Each is an address on a device, and an end of probes with every pod. */
const MOST = 48;

/**
 * Addresses outside the cluster that tell every difference policies make between them: one for each family and each
 * set of blocks that hold it.
 * @param inside addresses of the cluster
 */
export function outsideAddresses(
  state: ClusterState,
  families: readonly Family[],
  inside: AddressSet,
  warnings: string[],
): string[] {
  const universe = AddressSet.ALL.subtract(AddressSet.unionOf([UNUSABLE, inside]));
  const chosen: string[] = [];
  let left = 0;
  for (const { set } of splitIntoAtoms(policyBlocks(state), universe)) {
    for (const family of families) {
      const { ranges } = set.ofFamily(family);
      const [range] = ranges;
      if (range === undefined) continue;
      const known = ANYWHERE.find((address) => set.ofFamily(family).contains(planned(address)));
      if (chosen.length >= MOST) left++;
      else chosen.push(known ?? sample(range));
    }
  }
  if (left > 0) warnings.push(`${left} more kinds of outside addresses than a lab has room for are not represented`);
  return chosen;
}

/**
 * An address of a set that can stand outside the cluster; undefined when none can.
 * @param inside addresses of the cluster
 */
export function outsideSample(set: AddressSet, inside: AddressSet): string | undefined {
  const [range] = set.subtract(AddressSet.unionOf([UNUSABLE, inside])).ranges;
  return range === undefined ? undefined : sample(range);
}

/** Not the first address where there is another: it looks like a network's own. */
function sample({ family, first, last }: AddressRange): string {
  return formatAddress({ family, value: first < last ? first + 1n : first });
}

/** Every block that a policy names, excepts apart. */
function policyBlocks({ policies, clusterPolicies }: ClusterState): AddressSet[] {
  const texts = new Set<string>();
  for (const { spec } of policies.values()) {
    for (const { ipBlock } of [...spec.ingress.flatMap(({ from }) => from), ...spec.egress.flatMap(({ to }) => to)]) {
      if (ipBlock !== undefined) for (const text of [ipBlock.cidr, ...ipBlock.except]) texts.add(text);
    }
  }
  for (const { spec } of clusterPolicies.values()) {
    for (const peer of spec.egress.flatMap(({ peers }) => peers)) {
      if (peer.type === 'networks') for (const text of peer.networks) texts.add(text);
    }
  }
  return [...texts].flatMap((text) => {
    const parsed = parseCidr(text);
    return parsed === undefined ? [] : [AddressSet.ofCidr(parsed.cidr)];
  });
}
