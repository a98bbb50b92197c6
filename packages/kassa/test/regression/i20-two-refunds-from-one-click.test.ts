// I20: one click makes two partial refunds.
// https://github.com/woocommerce/woocommerce-gateway-stripe/issues/838
// https://github.com/woocommerce/woocommerce-gateway-stripe/issues/570
// https://github.com/coopcycle/coopcycle-web/issues/4608
// https://github.com/coopcycle/coopcycle-web/issues/4341
import { expect, test } from 'vitest';
import { refundOrder } from '../../src/flows/refunds/refund-order.ts';
import { facts, inShop, KEY } from './incident.ts';

test('a refund that is pressed twice, and once more later, is made once', () =>
  inShop(async (shop) => {
    const { payment_id } = await shop.begin();
    await shop.confirm(payment_id);
    await shop.rest();
    const press = () =>
      refundOrder(shop.house, { payment_id, amount_minor: 4_000, requested_by: 'admin:ann', idempotency: KEY });
    await Promise.allSettled([press(), press()]);
    expect(await press()).toMatchObject({ amount_minor: 4_000, replayed: true });
    expect(await facts(shop)).toMatchObject({ refunds: ['4000 succeeded'], books: { refunds: 4_000 } });
  }));
