import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EndpointItem } from '../../worker/protocol.ts';
import { edgesOf } from './edge-layout.ts';
import { type Box, layoutMap, overlap } from './layout.ts';

function endpoint(type: EndpointItem['type'], namespace: string, name: string): EndpointItem {
  return { id: `${namespace}/${name}`, typed: name, type, namespace, name, kind: 'Pod', labels: {}, pods: 1 };
}

function holds(outer: Box, inner: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

const endpoints = fc
  .array(
    fc.record({
      type: fc.constantFrom<EndpointItem['type']>(
        'workload',
        'node',
        'host',
        'external',
        'domain',
        'ingress-controller',
      ),
      namespace: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    }),
    { maxLength: 120 },
  )
  .map((list) => list.map(({ type, namespace }, at) => endpoint(type, namespace, `n${at}`)));

describe('layoutMap', () => {
  test('places everything once, apart from each other, within its area', () => {
    fc.assert(
      fc.property(endpoints, fc.double({ min: 0.5, max: 2.5, noNaN: true }), (list, aspect) => {
        const { areas, nodes, width, height } = layoutMap(list, aspect);
        expect([...nodes.keys()].sort((a, b) => a - b)).toEqual(list.map((_, at) => at));
        const frame = { x: 0, y: 0, width, height };
        for (const [at, area] of areas.entries()) {
          expect(holds(frame, area)).toBe(true);
          for (const other of areas.slice(at + 1)) expect(overlap(area, other)).toBe(false);
          for (const [index, node] of area.nodes.entries()) {
            expect(holds(area, node)).toBe(true);
            for (const other of area.nodes.slice(index + 1)) expect(overlap(node, other)).toBe(false);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** The shop: as many in each namespace, and outside. */
const SHOP = Object.entries({
  data: 3,
  'ingress-nginx': 1,
  'kube-system': 1,
  monitoring: 2,
  payments: 3,
  shop: 7,
}).flatMap(([namespace, n]) => Array.from({ length: n }, (_, at) => endpoint('workload', namespace, `w${at}`)));
const AROUND = [
  ...Array.from({ length: 6 }, (_, at) => endpoint('external', '', `o${at}`)),
  endpoint('host', 'monitoring', 'node-exporter'),
];

test.each([
  ['beside the editor', 450, 690],
  ['without the editor', 1040, 760],
  ['on a tablet', 740, 560],
  ['on a wide screen', 1800, 900],
])('a small world can be read at once %s', (_, width, height) => {
  const layout = layoutMap([...SHOP, ...AROUND], width / height);
  expect(Math.min(width / layout.width, height / layout.height)).toBeGreaterThan(0.6);
});

describe('edgesOf', () => {
  const list = [
    endpoint('workload', 'a', 'self'),
    ...Array.from({ length: 30 }, (_, at) => endpoint('workload', 'b', `b${at}`)),
    ...Array.from({ length: 3 }, (_, at) => endpoint('workload', 'c', `c${at}`)),
  ];
  const layout = layoutMap(list);
  const peer = (at: number): { at: number; direction: 'out'; ports: string; open: boolean } => ({
    at,
    direction: 'out',
    ports: '80/TCP',
    open: false,
  });
  const count = (n: number, of: number): string => `${n} of ${of}`;

  test('draws a line to each of a few peers', () => {
    expect(edgesOf(layout, 0, [peer(31), peer(32)], count).map(({ label }) => label)).toEqual(['80/TCP', '80/TCP']);
  });

  test('draws one line for many peers of one area', () => {
    const peers = Array.from({ length: 20 }, (_, at) => peer(at + 1));
    expect(edgesOf(layout, 0, peers, count)).toMatchObject([{ label: '20 of 30', many: true }]);
  });

  test('draws no lines between many neighbours', () => {
    const peers = Array.from({ length: 20 }, (_, at) => peer(at + 2));
    expect(edgesOf(layout, 1, peers, count)).toEqual([]);
  });
});
