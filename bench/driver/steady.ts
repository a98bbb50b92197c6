import { median } from './rounds.ts';

/** How far the median of ratios may still be off, as a share of it. */
const SURE_WITHIN = 0.04;
/** Of fewer nobody knows how far they lie apart. */
const ROUNDS_LEAST = 5;

/** One thing measured here and there, in turns. */
export interface Pair {
  readonly before: number;
  readonly after: number;
}

/**
 * True when more rounds would hardly move the median of the ratios: half of them lie close together, as close as their
 * number asks for. One late answer of a busy computer moves the end of the row and not its middle.
 */
export function isSteady(pairs: readonly Pair[]): boolean {
  if (pairs.length < ROUNDS_LEAST) return false;
  const ratios = pairs.map(({ before, after }) => after / before).sort((left, right) => left - right);
  const at = (share: number): number => ratios[Math.round((ratios.length - 1) * share)] ?? Number.NaN;
  return (at(0.75) - at(0.25)) / (at(0.5) * Math.sqrt(ratios.length)) <= SURE_WITHIN;
}

/** The medians over the rounds, and that of the ratio inside a round. */
export function middleOf(pairs: readonly Pair[]): Pair & { readonly ratio: number } {
  const over = (pick: (pair: Pair) => number): number => median(pairs.map(pick)) ?? Number.NaN;
  return {
    before: over(({ before }) => before),
    after: over(({ after }) => after),
    ratio: over(({ before, after }) => after / before),
  };
}
