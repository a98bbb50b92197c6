// I2: an order is announced while everything about it may still be taken back.
// https://github.com/medusajs/medusa/issues/15122
import { expect, test } from 'vitest';
import { facts, inShop, opens, pays } from './incident.ts';

test('an order is announced as paid once its bank has said yes, and not when it still thinks', () =>
  inShop(async (shop) => {
    const session_id = await opens(shop);
    await pays(shop, session_id, { outcome: 'pays later, then fails' });
    await shop.rest();
    expect(await facts(shop)).toMatchObject({ orders: ['processing'], topics: ['order.processing'] });
    const intent = String(shop.sandbox.control.session(session_id)?.payment_intent);
    await shop.sandbox.control.finishAsync(intent, 'fails');
    await shop.rest();
    expect((await facts(shop)).topics).not.toContain('order.paid');
  }));
