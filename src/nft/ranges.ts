import { type Address, compareAddresses } from '../net/address.ts';
import { type AddressRange, AddressSet } from '../net/address-set.ts';
import type { Verdict } from './ruleset.ts';

/** Disjoint sets of addresses of one family, each with what becomes of its packets. */
export class RangeVerdicts {
  /** By first address. */
  readonly #ranges: readonly { readonly range: AddressRange; readonly verdict: Verdict }[];

  constructor(parts: readonly { readonly set: AddressSet; readonly verdict: Verdict }[]) {
    this.#ranges = parts
      .flatMap(({ set, verdict }) => set.ranges.map((range) => ({ range, verdict })))
      .sort((a, b) => compareAddresses(start(a.range), start(b.range)));
  }

  isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  verdict(address: Address): Verdict | undefined {
    let low = 0;
    let high = this.#ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const one = this.#ranges[middle];
      if (one === undefined) return undefined;
      if (address.value < one.range.first) high = middle - 1;
      else if (address.value > one.range.last) low = middle + 1;
      else return one.verdict;
    }
    return undefined;
  }

  /** As elements of a map of type `range`. */
  elements(): Map<string, Verdict> {
    return new Map(this.#ranges.map(({ range, verdict }) => [rangeText(range), verdict]));
  }

  /** Equal for equal ranges with equal verdicts. */
  get key(): string {
    return JSON.stringify([...this.elements()]);
  }
}

function start({ family, first }: AddressRange): Address {
  return { family, value: first };
}

/** A range as nft lists it: `10.0.0.0/8`, `10.0.0.1`, `10.0.0.1-10.0.0.9`. */
function rangeText(range: AddressRange): string {
  return AddressSet.ofRanges([range])
    .toString()
    .replace(/^([\d.]+)\/32$|^([\da-f:.]+)\/128$/, '$1$2');
}
