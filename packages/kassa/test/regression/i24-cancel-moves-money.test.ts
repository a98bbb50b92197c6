// I24: an order is set to canceled, and money moves that nobody asked to move.
// https://github.com/woocommerce/woocommerce-gateway-stripe/issues/900
import { expect, test } from 'vitest';
import { cancelPayment } from '../../src/flows/payments/cancel-payment.ts';
import { facts, inShop } from './incident.ts';

test('a payment that was made cannot be canceled, and to try moves no money', () =>
  inShop(async (shop) => {
    const { payment_id } = await shop.begin();
    await shop.confirm(payment_id);
    await shop.rest();
    const cancel = cancelPayment(shop.house, { payment_id }, { cause: 'request', actor: 'admin:ann' });
    await expect(cancel).rejects.toMatchObject({ code: 'payment_already_succeeded' });
    await shop.rest();
    expect(shop.sandbox.books().currencies.usd).toMatchObject({ captured: 10_000, refunded_succeeded: 0 });
    expect(await facts(shop)).toMatchObject({ orders: ['paid'], refunds: [] });
  }));
