import { offersById } from '../../domain/catalog/index.ts';
import { type CreditSource, type LotView, lotsOf } from '../../domain/credits/index.ts';
import { findCustomer } from '../../domain/customers/index.ts';
import type { House } from '../house.ts';

/** What a buyer has in credits. Money is in minor units of one currency; `balance = available + held`. */
export interface CreditBalance {
  readonly currency: string;
  readonly balance_minor: number;
  /** Belongs to checkouts that are still open; free again when they end unpaid. */
  readonly held_minor: number;
  readonly available_minor: number;
  /** What of each grant is left, held or not; what ends first comes first. */
  readonly lots: readonly {
    readonly remaining_minor: number;
    readonly expires_at: Date | null;
    readonly source: CreditSource;
  }[];
  /** Pieces of offers that no open checkout holds. */
  readonly session_credits: readonly {
    readonly offer_id: string;
    readonly offer_external_id: string;
    readonly remaining: number;
    readonly expires_at: Date | null;
  }[];
}

/** A signed-in buyer's credits; zero for one who has none. */
export async function creditBalance(
  house: House,
  { user_id, currency }: { readonly user_id: string; readonly currency: string },
): Promise<CreditBalance> {
  const buyer = await findCustomer(house.db, house.shop, { namespace: 'buyer', user_id });
  const lots = buyer ? await lotsOf(house.db, buyer.id, house.clock.now()) : [];
  const money = lots.filter((lot) => lot.unit_currency === currency);
  const balance_minor = money.reduce((sum, lot) => sum + lot.remaining, 0);
  const held_minor = money.reduce((sum, lot) => sum + lot.held, 0);
  return {
    currency,
    balance_minor,
    held_minor,
    available_minor: balance_minor - held_minor,
    lots: money.map(({ remaining, expires_at, source }) => ({ remaining_minor: remaining, expires_at, source })),
    session_credits: await piecesOf(house, lots),
  };
}

/** Lots of one offer that end at the same time are one: whoever books does not care from which purchase they are. */
async function piecesOf(house: House, lots: readonly LotView[]): Promise<CreditBalance['session_credits']> {
  const pieces = new Map<string, { offer_id: string; remaining: number; expires_at: Date | null }>();
  for (const { unit_offer_id, remaining, held, expires_at } of lots) {
    if (unit_offer_id === null) continue;
    const key = `${unit_offer_id} ${expires_at?.toISOString() ?? ''}`;
    const before = pieces.get(key)?.remaining ?? 0;
    pieces.set(key, { offer_id: unit_offer_id, remaining: before + remaining - held, expires_at });
  }
  const left = [...pieces.values()].filter((one) => one.remaining > 0);
  const ids = left.map((one) => one.offer_id);
  const offers = await offersById(house.db, house.shop, ids);
  return left.map((one) => ({ ...one, offer_external_id: offers.get(one.offer_id)?.external_id ?? one.offer_id }));
}
