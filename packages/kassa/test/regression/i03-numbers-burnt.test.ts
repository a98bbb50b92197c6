// I3: orders are completed by words that prove nothing, and numbers of orders are burnt.
// https://github.com/medusajs/medusa/issues/15930
import { expect, test } from 'vitest';
import { inShop, opens, pays } from './incident.ts';

test('an order has its number from the money, and no number is left out', () =>
  inShop(async (shop) => {
    const numbers = async () =>
      (await shop.db.selectFrom('orders').select('number').orderBy('id').execute()).map(({ number }) => number);
    const slow = await opens(shop);
    await pays(shop, slow, { outcome: 'pays later' });
    await shop.rest();
    const quick = await opens(shop);
    await opens(shop);
    await pays(shop, quick);
    await shop.rest();
    const [none, first, third] = await numbers();
    expect([none, third]).toEqual([null, null]);
    await shop.sandbox.control.finishAsync(String(shop.sandbox.control.session(slow)?.payment_intent), 'succeeds');
    await shop.rest();
    expect(await numbers()).toEqual([Number(first) + 1, first, null]);
  }));
