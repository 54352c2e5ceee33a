/** A stream of pseudo-random numbers that is the same on every machine for the same seed. Not for secrets. */
export interface Random {
  /** A whole number from 0 up to, not including, `bound`; `bound` is at least 1 and below 2^32. */
  below(bound: number): number;
}

/** A 32-bit xorshift generator. The seed is any whole number; only its low 32 bits count. */
export function seededRandom(seed: number): Random {
  // An odd multiplier spreads small seeds over all bits; a state of zero would stay zero for ever.
  let state = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) >>> 0 || 1;
  return {
    below(bound: number): number {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return Math.floor(((state >>> 0) / 0x1_0000_0000) * bound);
    },
  };
}
