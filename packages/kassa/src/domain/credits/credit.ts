/** What credits count. Exactly one is not null: a currency, in its minor units, or an offer, in pieces. */
export interface CreditUnit {
  readonly currency: string | null;
  readonly offer_id: string | null;
}

/** A lot with what may be spent of it now. */
export interface SpendableLot {
  readonly id: string;
  readonly unit_currency: string | null;
  readonly unit_offer_id: string | null;
  readonly free: number;
  readonly expires_at: Date | null;
  readonly created_at: Date;
}

/** So much of one lot. */
export interface LotShare {
  readonly lot_id: string;
  readonly amount: number;
}

export function moneyUnit(currency: string): CreditUnit {
  return { currency, offer_id: null };
}

export function piecesOf(offer_id: string): CreditUnit {
  return { currency: null, offer_id };
}

/** How much of this unit the lots have. */
export function spendableOf(lots: readonly SpendableLot[], unit: CreditUnit): number {
  return ofUnit(lots, unit).reduce((sum, lot) => sum + lot.free, 0);
}

/**
 * Which lots pay an amount: what expires first is spent first, then what was granted first.
 * @returns undefined when together they have too little; nothing is spent in part.
 */
export function chooseLots(lots: readonly SpendableLot[], unit: CreditUnit, amount: number): LotShare[] | undefined {
  const shares: LotShare[] = [];
  let wanted = amount;
  for (const lot of ofUnit(lots, unit).toSorted(byExpiry)) {
    if (wanted === 0) break;
    const taken = Math.min(wanted, lot.free);
    if (taken === 0) continue;
    shares.push({ lot_id: lot.id, amount: taken });
    wanted -= taken;
  }
  return wanted === 0 ? shares : undefined;
}

function ofUnit(lots: readonly SpendableLot[], { currency, offer_id }: CreditUnit): SpendableLot[] {
  return lots.filter((lot) => lot.unit_currency === currency && lot.unit_offer_id === offer_id);
}

function byExpiry(left: SpendableLot, right: SpendableLot): number {
  const ends = (lot: SpendableLot): number => lot.expires_at?.getTime() ?? Number.POSITIVE_INFINITY;
  if (ends(left) !== ends(right)) return ends(left) < ends(right) ? -1 : 1;
  return left.created_at.getTime() - right.created_at.getTime() || (left.id < right.id ? -1 : 1);
}
