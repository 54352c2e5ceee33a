import type { ObjectSource } from '../model/source.ts';
import { type Address, addressBits, type Family, formatAddress, parseAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { type Cidr, formatCidr } from '../net/cidr.ts';
import { formatPosition } from '../report/diagnostics.ts';

/** Smallest part of a pod range that one node gets, as on most clusters. */
const NODE_BLOCK: Readonly<Record<Family, number>> = { IPv4: 24, IPv6: 64 };
/** A node's part holds some pods at least. */
const LONGEST_BLOCK: Readonly<Record<Family, number>> = { IPv4: 28, IPv6: 120 };

/** Cuts a range into one block for each of `count` nodes; undefined when it is too small for that. */
export function nodeBlocks(range: Cidr, count: number): readonly Cidr[] | undefined {
  const { family } = range;
  const needed = range.prefix + Math.ceil(Math.log2(Math.max(1, count)));
  const prefix = Math.max(NODE_BLOCK[family], needed);
  if (prefix > Math.max(LONGEST_BLOCK[family], range.prefix)) return undefined;
  const size = 1n << BigInt(addressBits(family) - prefix);
  return Array.from({ length: count }, (_, index) => ({
    family,
    base: range.base + BigInt(index) * size,
    prefix,
  }));
}

/** Addresses that no device of a node or pod can have, or that lead nowhere else. */
const OF_NO_HOST: readonly (readonly [what: string, set: AddressSet])[] = (
  [
    ['unspecified', ['0.0.0.0/8', '::/128']],
    ['loopback', ['127.0.0.0/8', '::1/128']],
    ['link-local', ['169.254.0.0/16', 'fe80::/10']],
    ['multicast', ['224.0.0.0/4', 'ff00::/8']],
    ['broadcast', ['255.255.255.255/32']],
    ['IPv4-mapped', ['::ffff:0:0/96']],
  ] as const
).map(([what, blocks]) => [what, AddressSet.unionOf(blocks.map((text) => AddressSet.ofCidr(blockFromText(text))))]);

/** Whether a node or pod of a lab can have an address. Warns, with the place of its object, when it cannot. */
export function canHave(
  id: string,
  object: { readonly source?: ObjectSource } | undefined,
  address: string,
  warnings: string[],
): boolean {
  const parsed = planned(address);
  const [what] = OF_NO_HOST.find(([, set]) => set.contains(parsed)) ?? [];
  if (what === undefined) return true;
  const place =
    object?.source === undefined ? '' : `${formatPosition({ ...object.source.start, file: object.source.file })}: `;
  warnings.push(`${place}${id} does not get its address ${address}: it is ${what}`);
  return false;
}

/**
 * Hands out addresses of a block in turn, so that an address is used again as late as can be. The first address of a
 * block, and the last of IPv4, are for no host.
 */
export class AddressPool {
  readonly #first: bigint;
  readonly #count: bigint;
  readonly #family: Family;
  readonly #taken: Set<string>;
  #next: bigint;

  /**
   * @param taken addresses that are in use, as text; what is handed out is added
   * @param last the address that was handed out last, by an earlier pool of the same block
   */
  constructor(block: Cidr, taken: Set<string>, last?: string) {
    const size = 1n << BigInt(addressBits(block.family) - block.prefix);
    this.#family = block.family;
    this.#first = block.base + 1n;
    this.#count = size - (block.family === 'IPv4' ? 2n : 1n);
    this.#taken = taken;
    const address = last === undefined ? undefined : parseAddress(last);
    const inside = address !== undefined && AddressSet.ofCidr(block).contains(address);
    this.#next = inside ? address.value + 1n - this.#first : 0n;
  }

  /** Undefined when every address is taken. */
  take(): string | undefined {
    for (let tried = 0n; tried < this.#count && tried < 1_000_000n; tried++) {
      const value = this.#first + ((this.#next + tried) % this.#count);
      const text = formatAddress({ family: this.#family, value });
      if (this.#taken.has(text)) continue;
      this.#next += tried + 1n;
      this.#taken.add(text);
      return text;
    }
    return undefined;
  }
}

/** An address as `ip` wants it where it stands for itself alone. */
export function hostCidr(address: string): string {
  return `${address}/${familyOf(address) === 'IPv4' ? 32 : 128}`;
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** Parses an address that a plan holds: it was formatted from a parsed one. */
export function planned(address: string): Address {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(`not an address: ${address}`);
  return parsed;
}

export function formatBlocks(blocks: readonly Cidr[]): string[] {
  return blocks.map(formatCidr);
}

/** Reads a block that a plan holds. */
export function blockFromText(text: string): Cidr {
  const slash = text.indexOf('/');
  const { family, value } = planned(text.slice(0, slash));
  return { family, base: value, prefix: Number(text.slice(slash + 1)) };
}

/** The first of each family. */
export function onePerFamily(addresses: readonly string[]): string[] {
  return addresses.filter(
    (address, index) => addresses.findIndex((other) => familyOf(other) === familyOf(address)) === index,
  );
}

/** IPv4 first. */
export function sortFamilies(addresses: readonly string[]): string[] {
  return [...addresses].sort((a, b) => Number(familyOf(a) === 'IPv6') - Number(familyOf(b) === 'IPv6'));
}
