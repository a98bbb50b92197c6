// I30: an endpoint speaks another version of the API, fields become empty, and nothing fails.
// https://github.com/PostHog/posthog/pull/94427
// https://github.com/invoiceninja/invoiceninja/issues/7981
import { expect, test } from 'vitest';
import { facts, inShop, opens, pays } from './incident.ts';
import { rewritten } from './rewritten.ts';

test('an event in another version of the API is not believed: Stripe is asked, and the order is paid', () =>
  inShop(async (shop) => {
    shop.deliver = async (request) => {
      const old = await rewritten(shop, request, (event) => {
        event.api_version = '2019-12-03';
        // A field that meant something else then.
        event.data.object.amount_total = 1;
      });
      return shop.take(old);
    };
    await pays(shop, await opens(shop));
    await shop.rest();
    expect(await facts(shop)).toMatchObject({ orders: ['paid'], topics: ['order.paid'], books: { stripe: 10_000 } });
  }));
