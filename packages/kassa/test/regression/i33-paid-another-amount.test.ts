// I33: something is added while the buyer pays, and what is paid is not what is ordered.
// https://github.com/spree/spree/issues/11286
import { expect, test } from 'vitest';
import { deaf, facts, inShop, opens, pays, tell } from './incident.ts';

test('money of another amount than the order is kept in the books, fulfils nothing, and stands before a person', () =>
  inShop(async (shop) => {
    const session_id = await opens(shop);
    shop.deliver = deaf;
    await pays(shop, session_id);
    const report = await shop.house.gateway.readSession(session_id, 'unblock');
    expect(report.amount_minor).toBe(10_000);
    await tell(shop, { ...report, amount_minor: 9_000 });
    expect(await facts(shop)).toMatchObject({
      ...{ orders: ['pending'], reviews: ['payment_amount_mismatch'], topics: [] },
      books: { stripe: 9_000, review: -9_000 },
    });
  }));
