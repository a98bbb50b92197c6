// Goal: a seat that was let go although its buyer paid is found, whatever else of the order was given back.
// Method: real sales and refunds; then somebody lets a seat go behind Kassa's back, and the rules are asked.
import { afterEach, expect, test } from 'vitest';
import { CHECKS, runChecks } from '../../src/domain/proof/index.ts';
import { refundOrder } from '../../src/flows/refunds/refund-order.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const LONG_MS = 90_000;

/** Two finals and one lakers ticket in one order that is paid. */
async function sold(method = 'pm_card_visa'): Promise<{ shop: Counter; order_id: string }> {
  const shop = await openCounter();
  counter = shop;
  const offers = await shop.db.selectFrom('offers').select(['id', 'key']).execute();
  const lines = [
    { offer_id: offers.find(({ key }) => key === 'finals')?.id ?? '', quantity: 2 },
    { offer_id: offers.find(({ key }) => key === 'lakers')?.id ?? '', quantity: 1 },
  ];
  const { session_id } = await shop.buy({ lines });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com', payment_method: method });
  await shop.rest();
  const { id: order_id } = await shop.db.selectFrom('orders').select('id').executeTakeFirstOrThrow();
  return { shop, order_id };
}

/** What a mistake in Kassa would do: the seats of a line are on sale again, and their buyer was told nothing. */
async function letGo({ db }: Counter, quantity: number): Promise<void> {
  const hold = await db
    .updateTable('holds')
    .set({ state: 'released' })
    .where('quantity', '=', quantity)
    .returning('offer_id')
    .executeTakeFirstOrThrow();
  await db.updateTable('stock').set({ sold: 0 }).where('offer_id', '=', hold.offer_id).execute();
}

const broken = async ({ db }: Counter): Promise<string[]> => (await runChecks(db, CHECKS, 100)).map(({ kind }) => kind);

const line = async ({ db }: Counter, quantity: number): Promise<{ order_line_id: string; quantity: number }[]> => {
  const { id } = await db
    .selectFrom('order_lines')
    .select('id')
    .where('quantity', '=', quantity)
    .executeTakeFirstOrThrow();
  return [{ order_line_id: id, quantity }];
};

test(
  'a refund of one line, or of a cent, is no excuse for another line’s seats on sale again',
  async () => {
    const { shop, order_id } = await sold();
    await refundOrder(shop.house, { order_id, lines: await line(shop, 1), restock: true, requested_by: 'admin:kim' });
    expect(await broken(shop)).toEqual([]);
    await refundOrder(shop.house, { order_id, amount_minor: 1, requested_by: 'admin:kim' });
    expect(await broken(shop)).toEqual([]);
    await letGo(shop, 2);
    // One line rightly gone, the other not: neither may hide behind the other.
    await shop.db.updateTable('holds').set({ state: 'sold' }).where('quantity', '=', 1).execute();
    expect(await broken(shop)).toContain('part_let_go');
  },
  LONG_MS,
);

test(
  'a refund that Stripe refused gave no seat back, so a seat on sale again is found',
  async () => {
    const { shop, order_id } = await sold();
    shop.sandbox.control.addFault({ fault: { kind: 'low_balance', answer: 'refused' } });
    const wish = { order_id, lines: await line(shop, 2), restock: true, requested_by: 'admin:kim' };
    await expect(refundOrder(shop.house, wish)).rejects.toMatchObject({ code: 'insufficient_stripe_balance' });
    expect(await broken(shop)).toEqual([]);
    await letGo(shop, 2);
    expect(await broken(shop)).toEqual(['hold_leaked', 'part_let_go']);
  },
  LONG_MS,
);

test(
  'seats that went on sale with a refund that failed weeks later are excused, those of the other line are not',
  async () => {
    const { shop, order_id } = await sold('pm_card_refundFail');
    await refundOrder(shop.house, { order_id, lines: await line(shop, 2), restock: true, requested_by: 'admin:kim' });
    await shop.pass(3 * 86_400_000);
    const order = await shop.db.selectFrom('orders').select(['status', 'review_reason']).executeTakeFirstOrThrow();
    expect(order).toEqual({ status: 'paid', review_reason: 'refund_failed' });
    expect(await broken(shop)).toEqual([]);
    await letGo(shop, 1);
    expect(await broken(shop)).toEqual(['hold_leaked']);
  },
  LONG_MS,
);
