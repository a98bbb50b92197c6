// I17: a slow network makes a page ask again, and the buyer is charged twice.
// https://github.com/woocommerce/woocommerce-gateway-stripe/issues/674
// https://github.com/woocommerce/woocommerce-gateway-stripe/issues/831
import { expect, test } from 'vitest';
import { inShop, KEY } from './incident.ts';

test('a page that hears nothing and asks again gets the same checkout, not a second one', () =>
  inShop(async (shop) => {
    const match = { method: 'POST', path: '/v1/checkout/sessions' };
    shop.sandbox.control.addFault({ match, times: 5, fault: { when: 'after', kind: 'timeout' } });
    await expect(shop.buy({ idempotency: KEY })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
    shop.clock.advance(16_000);
    const { session_id } = await shop.buy({ idempotency: KEY });
    expect(shop.sandbox.books().sessions.map(({ session }) => session)).toEqual([session_id]);
  }));
