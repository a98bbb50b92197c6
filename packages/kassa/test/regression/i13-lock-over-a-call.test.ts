// I13: a row stays locked while Stripe is asked, and every buyer waits for it.
// https://github.com/letsrevel/revel-backend/issues/702
import { expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { refreshCheckout } from '../../src/flows/checkout/refresh-checkout.ts';
import { deaf, inShop, opens, pays } from './incident.ts';

test('no row of an order or of the stock is locked while Stripe is asked', () =>
  inShop(async (shop) => {
    const free: number[] = [];
    shop.wire = async (request) => {
      const { rows } = await sql<{ count: number }>`with orders as (select id from kassa.orders for update skip locked),
        stock as (select offer_id from kassa.stock for update skip locked)
        select ((select count(*) from orders) + (select count(*) from stock))::int as count`.execute(shop.db);
      free.push(rows[0]?.count ?? 0);
      return shop.sandbox.fetch(request);
    };
    const session_id = await opens(shop);
    shop.deliver = deaf;
    await pays(shop, session_id);
    const view = await refreshCheckout(shop.house, { session_id }, 'now');
    expect(view).toMatchObject({ payment_status: 'paid' });
    const offers = 2;
    expect(free).toEqual(free.map(() => 1 + offers));
    expect(free.length).toBeGreaterThanOrEqual(2);
  }));
