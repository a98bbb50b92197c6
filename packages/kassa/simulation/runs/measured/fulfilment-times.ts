import { toTypeId } from '../../../src/kernel/ids.ts';
import type { Scene } from '../../invariants/finding.ts';
import type { World } from '../world.ts';

/** A payment that a bank decides on a day later finds a world that only waits; it is not asked how fast that is. */
const DAY_OF_TRADE_MS = 3 * 3_600_000;

/**
 * How long each buyer of the day waited from Stripe's success until the shop's own hook handed out what was bought, in
 * milliseconds of virtual time. Time in which Stripe or its webhooks were away does not count.
 */
export async function fulfilmentTimes(
  { sandbox, evidence, faults, start_ms }: Pick<World, 'sandbox' | 'evidence' | 'faults' | 'start_ms'>,
  ask: Scene['ask'],
): Promise<number[]> {
  const back_ms = start_ms + (faults.away_until_ms ?? 0);
  const captured = new Map(
    sandbox.world.database
      .all("select charge, min(at_ms) as at_ms from book_entries where kind = 'captured' group by charge")
      .map(({ charge, at_ms }) => [String(charge), Number(at_ms)]),
  );
  const orders = await ask<{ order_id: string; payment_id: string }>(
    'select order_id, payment_id from kassa.payment_transactions where kept and payment_id is not null order by order_id',
  );
  const handed_out = new Map([...evidence.effects.values()].map(({ order_id, at_ms }) => [order_id, at_ms]));
  const charges = new Map(sandbox.books().charges.map(({ payment_intent, charge }) => [payment_intent, charge]));
  return orders.flatMap(({ order_id, payment_id }) => {
    const paid_ms = captured.get(charges.get(payment_id) ?? '');
    const done_ms = handed_out.get(toTypeId('ord', order_id));
    if (paid_ms === undefined || done_ms === undefined || paid_ms - start_ms > DAY_OF_TRADE_MS) return [];
    return [Math.max(0, done_ms - Math.max(paid_ms, back_ms))];
  });
}
