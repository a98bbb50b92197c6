// I23: a refund that failed still counts, so that nothing can be refunded any more.
// https://github.com/antiwork/gumroad/issues/5779
import { expect, test } from 'vitest';
import { refundOrder } from '../../src/flows/refunds/refund-order.ts';
import { facts, inShop } from './incident.ts';

test('a refund that failed gives its sum free, and the whole can be refunded again', () =>
  inShop(async (shop) => {
    const { payment_id } = await shop.begin();
    await shop.confirm(payment_id, 'pm_card_pendingRefund');
    await shop.rest();
    const ask = () => refundOrder(shop.house, { payment_id, requested_by: 'admin:ann' });
    const { stripe_refund_id } = await ask();
    await expect(ask()).rejects.toMatchObject({ code: 'already_refunded' });
    await shop.sandbox.control.settleRefund(String(stripe_refund_id), 'failed');
    await shop.rest();
    expect(await ask()).toMatchObject({ amount_minor: 10_000, status: 'pending' });
    expect((await facts(shop)).refunds).toEqual(['10000 failed', '10000 pending']);
  }));
