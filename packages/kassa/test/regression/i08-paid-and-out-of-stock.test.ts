// I8: somebody pays for what is gone, and the money is kept.
// https://github.com/saleor/saleor/issues/14733
// https://github.com/vendurehq/vendure/issues/3065
// https://github.com/openfoodfoundation/openfoodnetwork/issues/3925
// https://github.com/pretix/pretix/issues/74
import { expect, test } from 'vitest';
import { facts, inShop, opens, paidTooLate } from './incident.ts';

test('money for seats that are gone goes back by itself', () =>
  inShop(async (shop) => {
    const comes = await paidTooLate(shop, { offer: 'finals', quantity: 2 });
    await opens(shop, { offer: 'finals', quantity: 4 });
    await comes();
    await shop.rest();
    expect(await facts(shop)).toMatchObject({ refunds: ['60000 succeeded'], books: { stripe: 0 }, sold: 0, held: 4 });
  }));
