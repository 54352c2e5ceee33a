/**
 * How hard property tests try. By default they run the same cases every time, in seconds.
 *
 * - `PROPERTY_FACTOR=20`: twenty times as many cases
 * - `PROPERTY_SEED=7`: other cases; `PROPERTY_SEED=random`: new ones each time (fast-check prints the seed of a failure)
 */
export function effort(runs: number): { readonly numRuns: number; readonly seed?: number } {
  const seed = process.env['PROPERTY_SEED'] ?? '1';
  return { numRuns: Math.ceil(runs * FACTOR), ...(seed === 'random' ? {} : { seed: Number(seed) }) };
}

const FACTOR = Number(process.env['PROPERTY_FACTOR'] ?? 1);

/** Test options for a property: room for slow machines and for the factor. */
export const patient: { readonly timeout: number } = { timeout: 60_000 * Math.max(1, FACTOR) };
