import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, addressBits, compareAddresses, type Family, lastAddress, parseAddress } from './address.ts';
import { type AddressRange, AddressSet, splitIntoAtoms } from './address-set.ts';
import { type Cidr, formatCidr, parseCidr } from './cidr.ts';

const cidr = (text: string): Cidr => parseCidr(text)?.cidr as Cidr;
const address = (text: string): Address => parseAddress(text) as Address;
const block = (text: string): AddressSet => AddressSet.ofCidr(cidr(text));
const range = (first: string, last: string): AddressRange => {
  const { family, value } = address(first);
  return { family, first: value, last: address(last).value };
};

/** The tiny domain: a block of 64 addresses at the top of each family, so that the last address is an edge too. */
const SIZE = 64n;
const start = (family: Family): bigint => lastAddress(family) - SIZE + 1n;
const DOMAIN: readonly Address[] = (['IPv4', 'IPv6'] as const).flatMap((family) =>
  Array.from({ length: Number(SIZE) }, (_, i) => ({ family, value: start(family) + BigInt(i) })),
);
const UNIVERSE: AddressSet = AddressSet.unionOf([block('255.255.255.192/26'), block(`${'ffff:'.repeat(7)}ffc0/122`)]);

const family = fc.constantFrom<Family>('IPv4', 'IPv6');
const offset = fc.bigInt({ min: 0n, max: SIZE - 1n });
const anyRange: fc.Arbitrary<AddressRange> = fc
  .tuple(family, offset, offset)
  .map(([family, x, y]) => ({ family, first: start(family) + (x < y ? x : y), last: start(family) + (x < y ? y : x) }));
const anyBlock: fc.Arbitrary<AddressSet> = fc
  .tuple(family, offset, fc.integer({ min: 0, max: 6 }))
  .map(([family, at, host]) => {
    const base = ((start(family) + at) >> BigInt(host)) << BigInt(host);
    return AddressSet.ofCidr({ family, base, prefix: addressBits(family) - host });
  });
const anySet: fc.Arbitrary<AddressSet> = fc.array(anyRange, { maxLength: 6 }).map((list) => AddressSet.ofRanges(list));

/** Membership as one character an address: the brute-force model. */
const bits = (set: AddressSet): string => DOMAIN.map((one) => (set.contains(one) ? '1' : '0')).join('');
const zip = (a: AddressSet, b: AddressSet, op: (x: boolean, y: boolean) => boolean): string => {
  const [x, y] = [bits(a), bits(b)];
  return Array.from(x, (bit, i) => (op(bit === '1', y[i] === '1') ? '1' : '0')).join('');
};

function expectCanonical(set: AddressSet): void {
  set.ranges.forEach((here, i) => {
    expect(here.first <= here.last).toBe(true);
    const before = set.ranges[i - 1];
    if (before === undefined) return;
    if (before.family === here.family) expect(before.last + 1n < here.first).toBe(true);
    else expect([before.family, here.family]).toEqual(['IPv4', 'IPv6']);
  });
}

describe('AddressSet text', () => {
  it.each<[what: string, set: AddressSet, text: string]>([
    ['nothing', AddressSet.EMPTY, ''],
    ['everything', AddressSet.ALL, '0.0.0.0/0,::/0'],
    ['a family', AddressSet.all('IPv6'), '::/0'],
    ['a block', block('10.0.0.0/8'), '10.0.0.0/8'],
    ['an address', AddressSet.ofAddress(address('10.0.0.1')), '10.0.0.1/32'],
    ['an IPv6 address', AddressSet.ofAddress(address('fd00::1')), 'fd00::1/128'],
    ['all below a block', AddressSet.ofRanges([range('0.0.0.0', '9.255.255.255')]), '0.0.0.0-9.255.255.255'],
    ['a size that fits, but not aligned', AddressSet.ofRanges([range('10.0.0.1', '10.0.0.2')]), '10.0.0.1-10.0.0.2'],
    ['halves of a block', AddressSet.unionOf([block('10.128.0.0/9'), block('10.0.0.0/9')]), '10.0.0.0/8'],
    [
      'all but a block',
      AddressSet.all('IPv4').subtract(block('10.0.0.0/8')),
      '0.0.0.0-9.255.255.255,11.0.0.0-255.255.255.255',
    ],
    ['both families', block('fd00::/8').union(block('10.0.0.0/8')), '10.0.0.0/8,fd00::/8'],
    ['a reversed range', AddressSet.ofRanges([range('10.0.0.2', '10.0.0.1')]), ''],
    ['a range past the end', AddressSet.ofRanges([{ family: 'IPv4', first: -5n, last: 1n << 40n }]), '0.0.0.0/0'],
  ])('writes %s', (_what, set, text) => {
    expect(set.toString()).toBe(text);
    expect(set.key).toBe(text);
  });

  it('lists the fewest blocks', () => {
    const set = AddressSet.ofRanges([range('10.0.0.1', '10.0.0.10'), range('::', 'ffff::')]);
    expect(set.cidrs().slice(0, 4).map(formatCidr)).toEqual([
      '10.0.0.1/32',
      '10.0.0.2/31',
      '10.0.0.4/30',
      '10.0.0.8/31',
    ]);
    expect(AddressSet.ALL.cidrs().map(formatCidr)).toEqual(['0.0.0.0/0', '::/0']);
    expect(AddressSet.all('IPv4').subtract(block('0.0.0.0/32')).cidrs()).toHaveLength(32);
  });

  it('round-trips through its own text', () => {
    fc.assert(
      fc.property(anySet, (set) => {
        const parts = set.toString() === '' ? [] : set.toString().split(',');
        const read = parts.map((part) => {
          const [first, last] = part.split('-');
          return last === undefined ? block(part) : AddressSet.ofRanges([range(first as string, last)]);
        });
        expect(AddressSet.unionOf(read)).toEqual(set);
      }),
      { numRuns: 200 },
    );
  });
});

describe('AddressSet algebra', () => {
  it('agrees with brute force and stays canonical', () => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        const union = a.union(b);
        const shared = a.intersect(b);
        const rest = a.subtract(b);
        for (const set of [a, union, shared, rest]) expectCanonical(set);
        expect(bits(union)).toBe(zip(a, b, (x, y) => x || y));
        expect(bits(shared)).toBe(zip(a, b, (x, y) => x && y));
        expect(bits(rest)).toBe(zip(a, b, (x, y) => x && !y));
        expect(a.containsSet(b)).toBe(!zip(a, b, (x, y) => y && !x).includes('1'));
        expect(a.intersects(b)).toBe(bits(shared).includes('1'));
        expect(a.equals(b)).toBe(bits(a) === bits(b));
        expect(a.key === b.key).toBe(bits(a) === bits(b));
        expect(a.isEmpty()).toBe(!bits(a).includes('1'));
        expect(union.containsSet(a) && a.containsSet(shared) && a.containsSet(rest)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('obeys the laws of sets', () => {
    fc.assert(
      fc.property(anySet, anySet, anySet, (a, b, c) => {
        expect(a.union(b)).toEqual(b.union(a));
        expect(a.union(b).union(c)).toEqual(a.union(b.union(c)));
        expect(AddressSet.unionOf([a, b, c])).toEqual(a.union(b).union(c));
        expect(a.intersect(b.union(c))).toEqual(a.intersect(b).union(a.intersect(c)));
        expect(a.subtract(b.union(c))).toEqual(a.subtract(b).subtract(c));
        expect(AddressSet.ALL.subtract(AddressSet.ALL.subtract(a))).toEqual(a);
        expect(a.ofFamily('IPv4').union(a.ofFamily('IPv6'))).toEqual(a);
        expect(AddressSet.ofRanges([...a.ranges].reverse())).toEqual(a);
      }),
      { numRuns: 200 },
    );
  });

  it('is covered exactly by its blocks, and by no fewer', () => {
    fc.assert(
      fc.property(anySet, (set) => {
        const blocks = set.cidrs();
        expect(AddressSet.unionOf(blocks.map((one) => AddressSet.ofCidr(one)))).toEqual(set);
        for (const { family, base, prefix } of blocks) {
          const size = 2n << BigInt(addressBits(family) - prefix);
          const parent = AddressSet.ofCidr({ family, base: base - (base % size), prefix: prefix - 1 });
          expect(set.containsSet(parent)).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('answers an operand itself where the result equals it', () => {
    const a = block('10.0.0.0/8');
    const part = block('10.1.0.0/16');
    expect(a.union(part)).toBe(a);
    expect(part.union(a)).toBe(a);
    expect(a.intersect(part)).toBe(part);
    expect(a.subtract(block('11.0.0.0/8'))).toBe(a);
    expect(a.ofFamily('IPv4')).toBe(a);
    expect(a.subtract(a)).toBe(AddressSet.EMPTY);
    expect(a.intersect(block('::/0'))).toBe(AddressSet.EMPTY);
  });
});

describe('splitIntoAtoms', () => {
  it('cuts by membership and joins what is apart', () => {
    const sets = [block('10.0.0.0/8'), block('10.1.0.0/16'), block('fd00::/8').union(block('10.1.0.0/16'))];
    const atoms = splitIntoAtoms(sets, AddressSet.ALL);
    expect(atoms.map((atom) => [atom.set.toString(), atom.members])).toEqual([
      ['0.0.0.0-9.255.255.255,11.0.0.0-255.255.255.255,::-fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,fe00::/7', []],
      ['10.0.0.0/16,10.2.0.0-10.255.255.255', [0]],
      ['10.1.0.0/16', [0, 1, 2]],
      ['fd00::/8', [2]],
    ]);
  });

  it('has one atom without sets and none without a universe', () => {
    expect(splitIntoAtoms([], AddressSet.ALL)).toEqual([{ set: AddressSet.ALL, members: [] }]);
    expect(splitIntoAtoms([AddressSet.ALL], AddressSet.EMPTY)).toEqual([]);
  });

  it('agrees with brute force', () => {
    const sets = fc.array(fc.oneof(anySet, anyBlock), { maxLength: 8 });
    fc.assert(
      fc.property(sets, fc.oneof(fc.constant(UNIVERSE), anySet), (sets, universe) => {
        const expected = new Map<string, Address[]>();
        for (const one of DOMAIN) {
          if (!universe.contains(one)) continue;
          const members = sets.flatMap((set, i) => (set.contains(one) ? [i] : [])).join();
          expected.set(members, [...(expected.get(members) ?? []), one]);
        }
        const atoms = splitIntoAtoms(sets, universe);
        expect(atoms.map((atom) => [atom.members.join(), atom.set.toString()])).toEqual(
          Array.from(expected, ([members, list]) => [
            members,
            AddressSet.unionOf(list.map((one) => AddressSet.ofAddress(one))).toString(),
          ]),
        );
        for (const atom of atoms) expectCanonical(atom.set);
        const firsts = atoms.map(({ set }) => set.ranges[0] as AddressRange);
        const addresses = firsts.map(({ family, first }): Address => ({ family, value: first }));
        expect([...addresses].sort(compareAddresses)).toEqual(addresses);
      }),
      { numRuns: 300 },
    );
  });

  it('splits 20,000 sets without comparing them pairwise', () => {
    const sets = Array.from({ length: 10_000 }, (_, i) => {
      const base = (10n << 24n) + BigInt(i) * 256n;
      return [
        AddressSet.ofCidr({ family: 'IPv4', base, prefix: 24 }),
        AddressSet.ofCidr({ family: 'IPv4', base: base + 64n, prefix: 27 }),
      ] as const;
    }).flatMap(([cidr, except]) => [cidr.subtract(except), cidr]);
    const begin = performance.now();
    const atoms = splitIntoAtoms(sets, AddressSet.ALL);
    expect(performance.now() - begin).toBeLessThan(5_000);
    expect(atoms).toHaveLength(20_001);
    expect(atoms.slice(1, 3).map((atom) => [atom.set.toString(), atom.members])).toEqual([
      ['10.0.0.0/26,10.0.0.96-10.0.0.255', [0, 1]],
      ['10.0.0.64/27', [1]],
    ]);
    expect(atoms.at(-1)?.members).toEqual([19_999]);
  });
});
