import { expect, test } from 'vitest';
import { type MapEdge, placeLabels } from './edge-layout.ts';
import { type Box, overlap } from './layout.ts';

const box = (x: number, y: number): Box => ({ x, y, width: 40, height: 20 });

function line(to: Box, many = true): MapEdge {
  return { direction: 'out', from: box(0, 0), to, label: '7 of 9', open: true, many };
}

const size = (): { readonly width: number; readonly height: number } => ({ width: 50, height: 20 });

test('labels of lines lie neither on each other nor on names, and all are there where there is room', () => {
  const names = [box(280, 0)];
  const apart = placeLabels([line(box(600, 0)), line(box(0, 600)), line(box(300, 300), false)], size, names);
  expect(apart).toHaveLength(2);
  const crowded = Array.from({ length: 60 }, (_, at) => line(box(300, at * 5)));
  const placed = placeLabels(crowded, size, names).map((one) => one.box);
  expect(placed.length).toBeGreaterThan(2);
  expect(placed.length).toBeLessThan(60);
  expect(placeLabels(crowded, size, names, 59)).toEqual([]);
  expect(placeLabels(crowded, size, names, 60)).toHaveLength(placed.length);
  for (const [at, one] of placed.entries()) {
    for (const other of [...names, ...placed.slice(0, at)]) expect(overlap(one, other)).toBe(false);
  }
});
