import { assert } from './assert.ts';
import { hashOf } from './ids.ts';

/** Chance as a parameter: real in production, seeded in tests and in the simulation. */
export interface Random {
  bytes(count: number): Uint8Array;
  /** An integer from 0 to `limit - 1`, each equally likely. `limit` is 1 to 2^48. */
  below(limit: number): number;
}

const LIMIT_MAX = 2 ** 48;

/** Builds the port on any source of bytes. `below` draws again instead of folding, so no number is favoured. */
export function randomFrom(bytes: (count: number) => Uint8Array): Random {
  return {
    bytes,
    below(limit) {
      assert(Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX, 'below takes an integer from 1 to 2^48');
      const fair = LIMIT_MAX - (LIMIT_MAX % limit);
      for (;;) {
        const drawn = bytes(6).reduce((sum, byte) => sum * 256 + byte, 0);
        if (drawn < fair) return drawn % limit;
      }
    },
  };
}

/**
 * The same seed gives the same bytes for ever (sfc32 started from a SHA-256 of the seed). For tests and simulation
 * only: whoever sees enough of its output can tell the rest, so it never makes a secret.
 */
export function seededRandom(seed: string): Random {
  const start = hashOf(seed);
  const word = (index: number): number => Number.parseInt(start.slice(index * 8, index * 8 + 8), 16) | 0;
  let [a, b, c, counter] = [word(0), word(1), word(2), word(3)];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum;
  };
  // The first words still show the seed's shape; the author of the generator advises to drop a dozen.
  for (let round = 0; round < 12; round += 1) next();
  return randomFrom((count) => {
    const drawn = new Uint8Array(count);
    for (let at = 0; at < count; at += 4) {
      const bits = next();
      for (let lane = 0; lane < 4 && at + lane < count; lane += 1) drawn[at + lane] = bits >>> (lane * 8);
    }
    return drawn;
  });
}
