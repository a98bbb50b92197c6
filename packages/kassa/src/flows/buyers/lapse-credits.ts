import { inTransaction, setTimer } from '../../database/index.ts';
import { lapseLot } from '../../domain/credits/index.ts';
import { post } from '../../domain/ledger/index.ts';
import type { House } from '../house.ts';

/** An open checkout may still spend what it holds; what it gives back lapses this much later. */
const LOOK_AGAIN_MS = 3_600_000;

/**
 * Takes back what is left of a lot whose time is over; money among it is no longer owed. What an open checkout holds
 * stays until that has ended. Cut in half it is due again; a repeat finds nothing.
 */
export async function lapseCredits(house: House, lot_id: string): Promise<void> {
  const at = house.clock.now();
  const world = { ids: house.ids, at };
  await inTransaction(house.db, async (tx) => {
    const lapsed = await lapseLot(tx, lot_id, world);
    if (!lapsed) return;
    const { unit_currency, amount, held } = lapsed;
    if (amount > 0 && unit_currency !== null) {
      const amounts = { credits_liability: amount, revenue: -amount };
      const posting = { cause: `lapsed:${lot_id}:${at.toISOString()}`, currency: unit_currency, amounts };
      await post(tx, { ...house.shop, order_id: null }, posting, world);
    }
    if (held === 0) return;
    const due_at = new Date(at.getTime() + LOOK_AGAIN_MS);
    await setTimer(tx, { subject: lot_id, kind: 'lapse_credits', due_at });
  });
}
