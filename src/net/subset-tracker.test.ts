import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SubsetTracker } from './subset-tracker.ts';

describe('SubsetTracker', () => {
  it.each([0, 1, 26, 27, 300])('names equal subsets of %i equally, and no others', (size) => {
    const members = size === 0 ? fc.constant([]) : fc.array(fc.nat({ max: size - 1 }), { maxLength: 40 });
    fc.assert(
      fc.property(members, (toggles) => {
        const tracker = new SubsetTracker(size);
        const subset = new Set<number>();
        const nameOf = new Map<string, number>([['', tracker.id]]);
        // There and back again, so that every subset on the way comes twice.
        for (const member of [...toggles, ...[...toggles].reverse()]) {
          tracker.toggle(member);
          if (!subset.delete(member)) subset.add(member);
          const sorted = [...subset].sort((a, b) => a - b);
          expect(tracker.members(tracker.id)).toEqual(sorted);
          expect(nameOf.get(sorted.join()) ?? tracker.id).toBe(tracker.id);
          nameOf.set(sorted.join(), tracker.id);
        }
        expect(tracker.id).toBe(0);
        expect(new Set(nameOf.values()).size).toBe(nameOf.size);
      }),
      { numRuns: 100 },
    );
  });
});
