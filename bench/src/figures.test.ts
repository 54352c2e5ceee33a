import { describe, expect, it } from 'vitest';
import { figureTable, ratio } from './figures.ts';
import { seededRandom } from './random.ts';
import { median, quantile, ratioOfMedians } from './stats.ts';

describe('quantile', () => {
  it.each([
    [[5], 0.5, 5],
    [[3, 1, 2], 0.5, 2],
    [[4, 3, 2, 1], 0.5, 2],
    [Array.from({ length: 100 }, (_, index) => index + 1), 0.99, 99],
    [[1, 2], 0, 1],
    [[1, 2], 1, 2],
  ])('of %j at %d is %d', (samples, share, expected) => {
    expect(quantile(samples, share)).toBe(expected);
  });

  it('leaves the samples as they are', () => {
    const samples = [3, 1, 2];
    expect(median(samples)).toBe(2);
    expect(samples).toEqual([3, 1, 2]);
  });

  it('is no number without samples', () => {
    expect(median([])).toBeNaN();
  });
});

describe('ratioOfMedians', () => {
  /** Rounds that drift by half, with noise of so many percent either way. */
  const rounds = (share: number, noise: number): readonly number[] => {
    const random = seededRandom(share * 1000 + noise);
    return Array.from(
      { length: 40 },
      (_, at) => share * (1 + at / 80) * (1 + ((random.below(201) - 100) / 1e4) * noise),
    );
  };

  it('is the ratio itself where nothing varies', () => {
    expect(ratioOfMedians([2, 2, 2], [4, 4, 4])).toEqual({ ratio: 0.5, low: 0.5, high: 0.5 });
  });

  it.each([0.9, 1, 1.05])('holds %d between its bounds, in spite of noise', (share) => {
    const { ratio, low, high } = ratioOfMedians(rounds(share, 2), rounds(1, 1));
    expect(low).toBeLessThanOrEqual(ratio);
    expect(high).toBeGreaterThanOrEqual(ratio);
    expect(low).toBeLessThan(share);
    expect(high).toBeGreaterThan(share);
    expect(high - low).toBeLessThan(0.05);
  });
});

describe('figureTable', () => {
  it('writes units, ratios and failures', () => {
    const table = figureTable([
      { size: '1k', what: 'read', unit: 'time', value: 1500, baseline: { what: 'JSON.parse', value: 300 } },
      { size: '1k', what: 'apply', unit: 'time', value: 0.0254, baseline: { what: 'rebuild', value: 25.4 } },
      { size: '10k', what: 'memory', unit: 'memory', value: 12_340_000 },
      { size: '10k', what: 'verdicts', unit: 'rate', value: 2_500_000, baseline: { what: 'reference', value: 500 } },
      { size: '100k', what: 'reach', problem: 'took more than 600 s' },
    ]);
    expect(table).toBe(
      [
        'size  what         value  baseline   ratio  against',
        '1k    read        1.50 s    300 ms   5.00x  JSON.parse',
        '1k    apply      25.4 µs   25.4 ms  1/1000  rebuild',
        '10k   memory     12.3 MB',
        '10k   verdicts  2.50 M/s    500 /s   5000x  reference',
        '100k  reach         none                    took more than 600 s',
        '',
      ].join('\n'),
    );
  });

  it('has no ratio without a baseline', () => {
    expect(ratio({ size: '', what: 'x', unit: 'count', value: 3 })).toBeUndefined();
  });
});
