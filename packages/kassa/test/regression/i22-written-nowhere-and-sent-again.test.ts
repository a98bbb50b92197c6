// I22: a refund is made, writing it down fails, and the repeat pays again.
// https://github.com/ai-shifu/ai-shifu/issues/2901
import { expect, test } from 'vitest';
import { refundOrder } from '../../src/flows/refunds/refund-order.ts';
import { facts, inShop } from './incident.ts';

test('a refund whose answer could not be written down is sent again under its own key and pays once', () =>
  inShop(async (shop) => {
    const { payment_id } = await shop.begin();
    await shop.confirm(payment_id);
    await shop.rest();
    const recordRefund = (): Promise<never> => Promise.reject(new Error('the disk is full'));
    const wish = { payment_id, amount_minor: 4_000, requested_by: 'admin:ann' };
    shop.deliver = async () => new Response('', { status: 500 });
    await expect(refundOrder({ ...shop.house, recordRefund }, wish)).rejects.toThrow('the disk is full');
    const { id } = await shop.db.selectFrom('refunds').select('id').executeTakeFirstOrThrow();
    await shop.house.sendRefund(shop.house, id);
    expect((await shop.stripe.refunds.list()).data).toHaveLength(1);
    expect(await facts(shop)).toMatchObject({ refunds: ['4000 succeeded'] });
  }));
