import { inTransaction, setTimer } from '../../database/index.ts';
import { type CreditUnit, grantLot } from '../../domain/credits/index.ts';
import { keepBuyer } from '../../domain/customers/index.ts';
import { post } from '../../domain/ledger/index.ts';
import { Bug, KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';

/** Credits that somebody of the shop gives a buyer. */
export interface GrantCredits {
  readonly user_id: string;
  readonly email?: string;
  readonly unit: CreditUnit;
  readonly amount: number;
  /** A present, or what another program owed the buyer. */
  readonly source: 'goodwill' | 'import';
  readonly expires_at?: Date;
}

/**
 * Gives a buyer credits that nobody has paid for here: money is owed from now on, and given away in the books.
 * @returns the id of the lot.
 * @throws KassaError `invalid_amount` for less than one.
 */
export async function grantCredits(
  house: Pick<House, 'db' | 'clock' | 'ids' | 'shop'>,
  grant: GrantCredits,
): Promise<string> {
  const { user_id, email = null, unit, amount, source, expires_at = null } = grant;
  if (!Number.isSafeInteger(amount) || amount < 1) {
    throw new KassaError('invalid_amount', 'Grant a whole number from 1.', { amount: 'a whole number from 1' });
  }
  const at = house.clock.now();
  const world = { ids: house.ids, at };
  return inTransaction(house.db, async (tx) => {
    const { id: customer_id } = await keepBuyer(tx, { ...house.shop, user_id, email }, world);
    const lot = { ...house.shop, customer_id, unit, amount, source, expires_at, order_id: null, order_line_id: null };
    const lot_id = await grantLot(tx, lot, world);
    if (lot_id === null) throw new Bug('a lot that belongs to no line is granted each time');
    if (unit.currency !== null) {
      const amounts = { credits_liability: -amount, discounts: amount };
      const posting = { cause: `granted:${lot_id}`, currency: unit.currency, amounts };
      await post(tx, { ...house.shop, order_id: null }, posting, world);
    }
    if (expires_at) await setTimer(tx, { subject: lot_id, kind: 'lapse_credits', due_at: expires_at });
    return lot_id;
  });
}
