// I25: a debit that is complete and unpaid is shown as an error, or opens the door unpaid, or is made final so that its money finds nobody.
// https://github.com/gameserverapp/Platform/issues/1216
// https://github.com/AI-Shipping-Labs/website/issues/1423
import { expect, test } from 'vitest';
import { refreshCheckout } from '../../src/flows/checkout/refresh-checkout.ts';
import { facts, inShop, MINUTE, opens, pays } from './incident.ts';

test('a debit that a bank thinks about opens nothing, ends nothing, and pays the order when it comes', () =>
  inShop(async (shop) => {
    const session_id = await opens(shop);
    await pays(shop, session_id, { outcome: 'pays later' });
    await shop.rest();
    expect(await refreshCheckout(shop.house, { session_id }, 'now')).toMatchObject({
      ...{ status: 'complete', payment_status: 'unpaid', order_status: 'processing' },
    });
    await shop.pass(60 * MINUTE);
    expect(await facts(shop)).toMatchObject({ orders: ['processing'], held: 1, topics: ['order.processing'] });
    await shop.sandbox.control.finishAsync(
      String(shop.sandbox.control.session(session_id)?.payment_intent),
      'succeeds',
    );
    await shop.rest();
    expect(await facts(shop)).toMatchObject({ orders: ['paid'], sold: 1, topics: ['order.processing', 'order.paid'] });
  }));
