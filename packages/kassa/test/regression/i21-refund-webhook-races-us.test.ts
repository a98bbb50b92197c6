// I21: the webhook of our own refund is faster than our own answer.
// https://github.com/pretix/pretix/pull/4911
// https://github.com/PrestaShopCorp/ps_checkout/pull/331
// https://github.com/strangerstudios/paid-memberships-pro/pull/2438
import { expect, test } from 'vitest';
import { refundOrder } from '../../src/flows/refunds/refund-order.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { facts, inShop } from './incident.ts';

test('a refund whose webhook overtakes our own answer is one refund, booked once', () =>
  inShop(async (shop) => {
    const { payment_id } = await shop.begin();
    await shop.confirm(payment_id);
    await shop.rest();
    shop.wire = async (request) => {
      const answer = await shop.sandbox.fetch(request);
      if (new URL(request.url).pathname !== '/v1/refunds') return answer;
      await shop.sandbox.tick();
      await drainInbox(shop.built.inbox, 50);
      return answer;
    };
    await refundOrder(shop.house, { payment_id, amount_minor: 4_000, requested_by: 'admin:ann' });
    await shop.rest();
    const told = await shop.db.selectFrom('inbox_events').select(['type', 'last_error']).execute();
    expect(told.filter(({ type }) => type.startsWith('refund.')).every(({ last_error }) => last_error === null)).toBe(
      true,
    );
    expect(await facts(shop)).toMatchObject({ refunds: ['4000 succeeded'], books: { stripe: 6_000, refunds: 4_000 } });
  }));
