// I12: a page that has ended still looks payable; or money that was faster is taken for an end.
// https://github.com/stripe/stripe-node/issues/2462
// https://github.com/chobbledotcom/tickets/issues/1853
import { expect, test } from 'vitest';
import { refreshCheckout } from '../../src/flows/checkout/refresh-checkout.ts';
import { deaf, facts, inShop, MINUTE, opens, pays } from './incident.ts';

test('an ended page shows as ended, and money that was faster than the end is kept', () =>
  inShop(async (shop) => {
    const ended = await opens(shop);
    await shop.pass(45 * MINUTE);
    expect(await refreshCheckout(shop.house, { session_id: ended }, 'never')).toMatchObject({
      ...{ status: 'expired', payment_status: 'unpaid', client_secret: null },
    });
    const fast = await opens(shop);
    shop.deliver = deaf;
    shop.clock.advance(30 * MINUTE);
    await pays(shop, fast);
    // The end of the hold is what is looked at here, and not who else might notice.
    await shop.db.deleteFrom('timers').where('kind', '=', 'reconcile').execute();
    shop.clock.advance(25 * MINUTE);
    await shop.rest();
    expect(await facts(shop)).toMatchObject({ orders: ['expired', 'paid'], topics: ['order.expired', 'order.paid'] });
  }));
