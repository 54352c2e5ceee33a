import { seededRandom } from './random.ts';

/**
 * The value below which the given share of the samples lies, by the nearest rank: `quantile(samples, 0.5)` is a median.
 * Without samples, `NaN`.
 */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle sample. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** A ratio of medians with the interval that holds it with 95 % confidence. */
export interface RatioOfMedians {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 10_000;

/**
 * The median of `samples` over that of `yardstick`, where sample `i` of both was taken in the same round. The interval is
 * by resampling rounds, the same for the same samples.
 */
export function ratioOfMedians(samples: readonly number[], yardstick: readonly number[]): RatioOfMedians {
  const rounds = samples.length;
  const random = seededRandom(1);
  const ratios = Array.from({ length: RESAMPLES }, () => {
    const drawn = Array.from({ length: rounds }, () => random.below(rounds));
    const of = (from: readonly number[]): number => median(drawn.map((round) => from[round] ?? Number.NaN));
    return of(samples) / of(yardstick);
  });
  return {
    ratio: median(samples) / median(yardstick),
    low: quantile(ratios, 0.025),
    high: quantile(ratios, 0.975),
  };
}
