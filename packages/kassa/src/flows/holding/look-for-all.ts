import type { Transaction } from '../../database/index.ts';
import { checkFree } from '../../domain/appointments/index.ts';
import { checkStock } from '../../domain/inventory/index.ts';
import type { Quote } from '../../domain/pricing/index.ts';
import { timesOf } from './set-aside.ts';

/**
 * Whether everything in a quote could be had now. Nothing is held. What orders hold that are given up counts as free.
 * @throws KassaError `sold_out`, `slot_taken`, as holding it would.
 */
export async function lookForAll(tx: Transaction, quote: Quote, given_up: readonly string[] = []): Promise<void> {
  await checkStock(tx, quote.lines, given_up);
  for (const { slot } of quote.lines) {
    if (slot) await checkFree(tx, { ...timesOf(slot), practitioner_id: slot.practitioner_id }, given_up);
  }
}
