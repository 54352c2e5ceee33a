import type { IPBlock } from '../../model/types.ts';
import type { Address, Family } from '../../net/address.ts';
import type { AddressSet } from '../../net/address-set.ts';
import { type Cidr, parseCidr } from '../../net/cidr.ts';
import { blockAddresses } from '../peer-match.ts';

/** One distinct `ipBlock`. */
export interface BlockEntry {
  readonly key: string;
  readonly addresses: AddressSet;
  /** The CIDR it lies in; undefined for a block that admits nothing. */
  readonly cidr: Cidr | undefined;
  /** The peer id under which rules refer to it. */
  readonly peer: number;
  uses: number;
}

/**
 * Distinct blocks, found by address without looking at all of them: they are filed by family, prefix length and network,
 * so a look-up takes one probe for each prefix length in use.
 */
export class BlockTable {
  readonly #byKey = new Map<string, BlockEntry>();
  readonly #networks: Record<Family, Map<number, Map<bigint, BlockEntry[]>>> = { IPv4: new Map(), IPv6: new Map() };
  /** Grows with every change, so that cached look-ups can tell that they are stale. */
  version = 0;

  get size(): number {
    return this.#byKey.size;
  }

  /** @param newPeer gives the peer id of a block that is not known yet. */
  acquire(block: IPBlock, newPeer: () => number): { entry: BlockEntry; created: boolean } {
    const addresses = blockAddresses(block);
    const key = addresses.toString();
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.uses++;
      return { entry: known, created: false };
    }
    const cidr = addresses.isEmpty() ? undefined : parseCidr(block.cidr)?.cidr;
    const entry: BlockEntry = { key, addresses, cidr, peer: newPeer(), uses: 1 };
    this.#byKey.set(key, entry);
    if (cidr !== undefined) {
      const lengths = this.#networks[cidr.family];
      let networks = lengths.get(cidr.prefix);
      if (networks === undefined) {
        networks = new Map();
        lengths.set(cidr.prefix, networks);
      }
      const filed = networks.get(cidr.base);
      if (filed === undefined) networks.set(cidr.base, [entry]);
      else filed.push(entry);
    }
    this.version++;
    return { entry, created: true };
  }

  /** Gives one use back; answers true when it was the last and the entry is gone. */
  release(entry: BlockEntry): boolean {
    if (--entry.uses > 0) return false;
    this.#byKey.delete(entry.key);
    if (entry.cidr !== undefined) {
      const { family, prefix, base } = entry.cidr;
      const networks = this.#networks[family].get(prefix);
      const left = networks?.get(base)?.filter((candidate) => candidate !== entry) ?? [];
      if (left.length > 0) networks?.set(base, left);
      else networks?.delete(base);
      if (networks?.size === 0) this.#networks[family].delete(prefix);
    }
    this.version++;
    return true;
  }

  /** The addresses of the blocks among peers. */
  addressesOf(peers: ReadonlySet<number>): AddressSet[] {
    return [...this.#byKey.values()].filter(({ peer }) => peers.has(peer)).map(({ addresses }) => addresses);
  }

  /** Peer ids of the blocks that hold an address, ascending. */
  holding(address: Address): readonly number[] {
    const bits = address.family === 'IPv4' ? 32n : 128n;
    const found: number[] = [];
    for (const [prefix, networks] of this.#networks[address.family]) {
      const shift = bits - BigInt(prefix);
      for (const entry of networks.get((address.value >> shift) << shift) ?? []) {
        if (entry.addresses.contains(address)) found.push(entry.peer);
      }
    }
    return found.sort((a, b) => a - b);
  }

  /** Peer ids of the blocks that hold every address of a set, ascending; none for an empty set. */
  holdingAll(addresses: AddressSet): readonly number[] {
    if (addresses.isEmpty()) return [];
    const found: number[] = [];
    for (const entry of this.#byKey.values()) if (entry.addresses.containsSet(addresses)) found.push(entry.peer);
    return found.sort((a, b) => a - b);
  }

  /** Peer ids of the blocks that hold some address of a set, ascending. */
  touching(addresses: AddressSet): readonly number[] {
    const found: number[] = [];
    for (const entry of this.#byKey.values()) if (entry.addresses.intersects(addresses)) found.push(entry.peer);
    return found.sort((a, b) => a - b);
  }
}
