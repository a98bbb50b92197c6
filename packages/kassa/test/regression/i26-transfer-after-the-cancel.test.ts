// I26: a transfer arrives after the shop has canceled its order by itself, and nobody notices.
// https://github.com/mollie/magento2/issues/432
// https://github.com/mollie/magento2/issues/220
import { expect, test } from 'vitest';
import { facts, inShop, paidTooLate } from './incident.ts';

test('money that comes after its order has ended makes the order paid when everything is still there', () =>
  inShop(async (shop) => {
    const comes = await paidTooLate(shop, { offer: 'finals', quantity: 2 });
    expect(await facts(shop)).toMatchObject({ orders: ['expired'], held: 0 });
    await comes();
    await shop.rest();
    expect(await facts(shop)).toMatchObject({ orders: ['paid'], sold: 2, refunds: [], books: { stripe: 60_000 } });
  }));
