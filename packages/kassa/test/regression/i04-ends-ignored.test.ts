// I4: what ended without money is ignored, and orders wait for ever.
// https://github.com/medusajs/medusa/issues/16398
import { expect, test } from 'vitest';
import { facts, inShop, opens, pays } from './incident.ts';

test('a payment that was canceled or failed ends its order and gives the seats back', () =>
  inShop(async (shop) => {
    const { payment_id } = await shop.begin();
    await shop.stripe.paymentIntents.cancel(payment_id);
    await shop.rest();
    expect(await facts(shop)).toMatchObject({ orders: ['expired'], held: 0 });
    const session_id = await opens(shop);
    await pays(shop, session_id, { outcome: 'pays later, then fails' });
    await shop.rest();
    await shop.sandbox.control.finishAsync(String(shop.sandbox.control.session(session_id)?.payment_intent), 'fails');
    await shop.rest();
    expect(await facts(shop)).toMatchObject({ orders: ['expired', 'expired'], held: 0, sold: 0 });
  }));
