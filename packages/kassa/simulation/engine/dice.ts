import { type Random, seededRandom } from '../../src/kernel/random.ts';

/** Chance with words for it. Each stream has its own seed, so that one part's draws never move another's. */
export interface Dice extends Random {
  /** True once in so many: `chance(0.1)` one time in ten. Draws nothing for 0 and 1. */
  chance(rate: number): boolean;
  /** An integer, both ends included. */
  between(low: number, high: number): number;
  pick<T>(from: readonly T[]): T;
}

const FINE = 1_000_000;

export function diceOf(seed: string): Dice {
  const random = seededRandom(seed);
  return {
    ...random,
    chance: (rate) => rate > 0 && (rate >= 1 || random.below(FINE) < rate * FINE),
    between: (low, high) => low + random.below(high - low + 1),
    pick: (from) => from[random.below(from.length)] as (typeof from)[number],
  };
}
