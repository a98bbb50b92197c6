import { postedUnder, readCursorOf } from '../../domain/proof/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { feesOf } from './fees-of.ts';
import { everyPage, moneyWords, type Proof } from './proof.ts';

/** The last comparison may have looked while a movement was being made. */
const SKEW_MS = 3_600_000;

/**
 * Holds what Stripe charged for our payments against the books, as far back as it has been compared: a fee is booked by
 * the next wide round, so a younger one is nobody's mistake.
 */
export async function proveFees(proof: Proof): Promise<void> {
  const { house, period, unexplained, counts } = proof;
  const { reached_at } = await readCursorOf(house.db, house.shop, 'fees');
  const compared_ms = (reached_at?.getTime() ?? 0) - SKEW_MS;
  const created_to = new Date(Math.min(period.to.getTime(), compared_ms));
  if (created_to <= period.from) return;
  const window = { created_from: period.from, created_to };
  const pages = everyPage((after) => house.gateway.listFees({ ...window, ...(after ? { after } : {}) }));
  for await (const page of pages) {
    const ours = await feesOf(house, page);
    counts.fees += ours.length;
    const causes = ours.map(({ cause }) => cause);
    const posted = await postedUnder(house.db, house.shop, { causes, account: 'fees' });
    for (const { fee, order_id, cause } of ours) {
      const booked = posted.get(cause);
      const { movement_id: object_id, fee_minor, currency } = fee;
      if (booked?.amount_minor === fee_minor && booked.currency === currency) continue;
      const order = toTypeId('ord', order_id);
      const took = `Stripe took ${moneyWords(fee_minor, currency)} for ${order} (${object_id})`;
      unexplained.push({
        ...{ object_id, order_id, kind: booked ? 'fee_differs' : 'fee_not_in_books' },
        sentence: `${took}, and the books say ${booked ? moneyWords(booked.amount_minor, booked.currency) : 'nothing'}`,
        cure: booked
          ? 'Somebody wrote into the books: compare with the last backup'
          : 'the comparison of the next day books it; if it does not, kassa doctor',
      });
    }
  }
}
