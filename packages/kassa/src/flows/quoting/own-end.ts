import { Bug, KassaError } from '../../kernel/errors.ts';

/** How one of many strangers ended who share a round. `alone`: it must be tried by itself. */
export type OwnEnd = { readonly refused: KassaError } | 'alone';

/**
 * What ends one of many ends no stranger with it: a refusal is told, and a mistake of ours is made again alone, where it
 * is told as what it is. Whatever the database or a catalogue that was written anew says concerns everybody. @throws that.
 */
export function ownEnd(error: unknown): OwnEnd {
  if (error instanceof KassaError) return { refused: error };
  if (error instanceof Bug || error instanceof TypeError || error instanceof RangeError) return 'alone';
  throw error;
}
