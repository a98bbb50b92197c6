// I14: three webhooks at the same moment settle one payment three times.
// https://github.com/Pinelab-studio/pinelab-vendure-plugins/issues/620
import { expect, test } from 'vitest';
import { drainInbox } from '../../src/inbox/drain.ts';
import { facts, inShop, opens, pays } from './incident.ts';

test('one webhook that arrives three times at once is kept once and pays the order once', () =>
  inShop(async (shop) => {
    const session_id = await opens(shop);
    shop.deliver = async (request) => {
      const copies = [request.clone(), request.clone(), request];
      const [answer] = await Promise.all(copies.map((copy) => shop.take(copy)));
      return answer ?? new Response('', { status: 500 });
    };
    await pays(shop, session_id);
    await shop.sandbox.tick();
    const events = await shop.db.selectFrom('inbox_events').select('id').execute();
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(events.length).toBeGreaterThan(0);
    await Promise.all([1, 2, 3].map(() => drainInbox(shop.built.inbox, 50)));
    expect(await facts(shop)).toMatchObject({ orders: ['paid'], topics: ['order.paid'], books: { stripe: 10_000 } });
  }));
