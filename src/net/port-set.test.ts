import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PORT_PROTOCOLS, type PortProtocol, type PortRange, PortSet } from './port-set.ts';

/** The tiny domain: a few low ports and the two highest. */
const PORTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 65534, 65535];
const anyPort = fc.constantFrom(...PORTS);
const anyRange: fc.Arbitrary<PortRange> = fc
  .tuple(anyPort, anyPort)
  .map(([x, y]) => (y - x > 100 || x - y > 100 ? [x, x] : [Math.min(x, y), Math.max(x, y)]));
const anyEntry = fc.record({
  protocol: fc.constantFrom<PortProtocol>('TCP', 'UDP', 'SCTP'),
  ranges: fc.oneof(
    { weight: 5, arbitrary: fc.array(anyRange, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.constant<PortRange[]>([[1, 65535]]) },
  ),
});
const anySet: fc.Arbitrary<PortSet> = fc
  .tuple(fc.array(anyEntry, { maxLength: 4 }), fc.boolean())
  .map(([entries, other]) => PortSet.ofPorts(entries, other));

/** Membership as one character for each element, with 100 standing for the ports in the gap of the domain. */
const bits = (set: PortSet): string =>
  PORT_PROTOCOLS.flatMap((protocol) => [...PORTS, 100].map((port) => set.contains(protocol, port)))
    .concat(set.other)
    .map(Number)
    .join('');
const zip = (a: PortSet, b: PortSet, op: (x: boolean, y: boolean) => boolean): string => {
  const [x, y] = [bits(a), bits(b)];
  return Array.from(x, (bit, i) => (op(bit === '1', y[i] === '1') ? '1' : '0')).join('');
};

function expectCanonical(set: PortSet): void {
  for (const protocol of PORT_PROTOCOLS) {
    set.ranges(protocol).forEach(([first, last], i, ranges) => {
      expect(first).toBeGreaterThan(i === 0 ? 0 : (ranges[i - 1] as PortRange)[1] + 1);
      expect(last).toBeGreaterThanOrEqual(first);
      expect(last).toBeLessThanOrEqual(65535);
    });
  }
}

describe('PortSet making', () => {
  it.each<[set: PortSet, text: string]>([
    [PortSet.EMPTY, 'none'],
    [PortSet.ALL, 'all'],
    [PortSet.OTHER, 'ICMP and others'],
    [PortSet.of('TCP', 80), '80/TCP'],
    [PortSet.of('UDP', 8000, 8080), '8000-8080/UDP'],
    [PortSet.of('TCP', 0), 'none'],
    [PortSet.of('TCP', -1, 3), '1-3/TCP'],
    [PortSet.of('TCP', 65535, 70000), '65535/TCP'],
    [PortSet.of('TCP', 65536), 'none'],
    [PortSet.of('TCP', 9, 8), 'none'],
    [PortSet.of('TCP', Number.NaN), 'none'],
    [PortSet.of('SCTP', 1, 65535), 'all SCTP'],
    [PortSet.allOf('TCP').union(PortSet.OTHER), 'all TCP,ICMP and others'],
    [
      PortSet.ofPorts([
        { protocol: 'UDP', ranges: [[53, 53]] },
        { protocol: 'TCP', ranges: [[8000, 8080]] },
        { protocol: 'TCP', ranges: [[80, 80]] },
      ]),
      '80/TCP,8000-8080/TCP,53/UDP',
    ],
    [PortSet.ALL.subtract(PortSet.OTHER), 'all TCP,all UDP,all SCTP'],
    [PortSet.ALL.subtract(PortSet.of('TCP', 80)), '1-79/TCP,81-65535/TCP,all UDP,all SCTP,ICMP and others'],
  ])('%s', (set, text) => {
    expect(set.toString()).toBe(text);
  });

  it('shares the common sets', () => {
    const everything = PORT_PROTOCOLS.map((protocol) => ({ protocol, ranges: [[1, 65535]] as const }));
    expect(PortSet.ofPorts(everything, true)).toBe(PortSet.ALL);
    expect(PortSet.ofPorts([])).toBe(PortSet.EMPTY);
    expect(PortSet.ofPorts([], true)).toBe(PortSet.OTHER);
    expect(PortSet.of('UDP', 1, 65535)).toBe(PortSet.allOf('UDP'));
    expect(PortSet.ALL.isAll()).toBe(true);
    expect(PortSet.ofPorts(everything).isAll()).toBe(false);
    expect(PortSet.EMPTY.isEmpty()).toBe(true);
    expect(PortSet.OTHER.isEmpty()).toBe(false);
  });

  it('is JSON without protocols that have no ports and without `other`', () => {
    const set = PortSet.of('UDP', 53)
      .union(PortSet.of('TCP', 80, 81))
      .union(PortSet.OTHER);
    expect(JSON.parse(JSON.stringify(set))).toEqual([
      { protocol: 'TCP', ranges: [[80, 81]] },
      { protocol: 'UDP', ranges: [[53, 53]] },
    ]);
    expect(PortSet.OTHER.toJSON()).toEqual([]);
    expect(PortSet.ALL.toJSON()).toEqual(PORT_PROTOCOLS.map((protocol) => ({ protocol, ranges: [[1, 65535]] })));
  });
});

describe('PortSet algebra', () => {
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
        expect(a.toString() === b.toString()).toBe(bits(a) === bits(b));
        expect(rest.isEmpty()).toBe(rest === PortSet.EMPTY);
      }),
      { numRuns: 300 },
    );
  });

  it('obeys the laws of sets', () => {
    fc.assert(
      fc.property(anySet, anySet, anySet, (a, b, c) => {
        expect(a.union(b)).toEqual(b.union(a));
        expect(a.union(b).union(c)).toEqual(a.union(b.union(c)));
        expect(a.intersect(b.union(c))).toEqual(a.intersect(b).union(a.intersect(c)));
        expect(a.subtract(b.union(c))).toEqual(a.subtract(b).subtract(c));
        expect(PortSet.ALL.subtract(PortSet.ALL.subtract(a))).toEqual(a);
        expect(a.subtract(b).union(a.intersect(b))).toEqual(a);
        expect(PortSet.ofPorts(a.toJSON(), a.other)).toEqual(a);
      }),
      { numRuns: 200 },
    );
  });

  it('answers an operand itself where the result equals it', () => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        expect(a.union(a)).toBe(a);
        expect(a.union(PortSet.EMPTY)).toBe(a);
        expect(PortSet.EMPTY.union(a)).toBe(a);
        expect(a.union(PortSet.ALL)).toBe(PortSet.ALL);
        expect(a.intersect(a)).toBe(a);
        expect(a.intersect(PortSet.ALL)).toBe(a);
        expect(PortSet.ALL.intersect(a)).toBe(a);
        expect(a.intersect(PortSet.EMPTY)).toBe(PortSet.EMPTY);
        expect(a.subtract(PortSet.EMPTY)).toBe(a);
        expect(a.subtract(a)).toBe(PortSet.EMPTY);
        expect(a.union(a.intersect(b))).toBe(a);
        expect(a.intersect(a.union(b))).toBe(a);
      }),
      { numRuns: 200 },
    );
  });
});
