// I29: orders are missing, and only a script of somebody finds them.
// https://github.com/OriginProtocol/dshop/issues/319
import { expect, test } from 'vitest';
import { deaf, facts, HOUR, inShop, MINUTE, opens, pays, refundAtStripe } from './incident.ts';

test('a payment and a refund of which no word arrives are both found by the shop itself', () =>
  inShop(async (shop) => {
    shop.deliver = deaf;
    const session_id = await opens(shop);
    await pays(shop, session_id);
    await shop.pass(10 * MINUTE);
    expect((await facts(shop)).orders).toEqual(['paid']);
    await refundAtStripe(shop, session_id, 4_000);
    await shop.pass(HOUR + MINUTE);
    expect(await facts(shop)).toMatchObject({
      orders: ['partially_refunded'],
      books: { stripe: 6_000, refunds: 4_000 },
    });
  }));
