// I28: a domain moves, Stripe is redirected and gives up, buyers are charged and never served.
// https://github.com/recoupable/app/issues/1858
import { expect, test } from 'vitest';
import { facts, inShop, MINUTE, opens, pays } from './incident.ts';

test('a webhook that is redirected reaches nobody, and the order is paid all the same', () =>
  inShop(async (shop) => {
    shop.deliver = async () => new Response('', { status: 307, headers: { location: 'https://new.example/' } });
    await pays(shop, await opens(shop));
    await shop.pass(10 * MINUTE);
    expect(await shop.db.selectFrom('inbox_events').select('id').execute()).toEqual([]);
    expect(await facts(shop)).toMatchObject({ orders: ['paid'], sold: 1, topics: ['order.paid'] });
  }));
