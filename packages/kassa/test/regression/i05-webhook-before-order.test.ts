// I5: a webhook that comes before its order is answered with 200, never repeated, and the order is stuck.
// https://github.com/duncanmcclean/statamic-cargo/issues/190
import { expect, test } from 'vitest';
import { facts, inShop, pays } from './incident.ts';

test('a webhook that overtakes our own answer waits until the order is known', () =>
  inShop(async (shop) => {
    const match = { method: 'POST', path: '/v1/checkout/sessions' };
    shop.sandbox.control.addFault({ match, times: 3, fault: { when: 'after', kind: 'reset' } });
    await expect(shop.buy()).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
    await pays(shop, shop.sandbox.books().sessions[0]?.session ?? '');
    await shop.rest();
    const event = shop.db
      .selectFrom('inbox_events')
      .select(['handled_at', 'outcome'])
      .where('type', '=', 'checkout.session.completed');
    expect(await event.execute()).toEqual([{ handled_at: null, outcome: null }]);
    await shop.pass(3 * 60_000);
    expect(await event.executeTakeFirst()).toMatchObject({ outcome: expect.stringMatching(/applied|unchanged/) });
    expect(await facts(shop)).toMatchObject({ orders: ['paid'], sold: 1 });
  }));
