// I31: events of the test mode reach the handler of the live one.
// https://github.com/solidusio/solidus_stripe/issues/192
// https://github.com/pay-rails/pay/issues/999
import { expect, test } from 'vitest';
import { drainInbox } from '../../src/inbox/drain.ts';
import { facts, inShop, opens, pays } from './incident.ts';
import { rewritten } from './rewritten.ts';

test('an event of the other mode is kept and changes nothing', () =>
  inShop(async (shop) => {
    shop.deliver = async (request) => {
      const other = await rewritten(shop, request, (event) => {
        event.livemode = true;
        event.data.object.livemode = true;
      });
      return shop.take(other);
    };
    await pays(shop, await opens(shop));
    await shop.sandbox.tick();
    await drainInbox(shop.built.inbox, 50);
    expect(await facts(shop)).toMatchObject({ orders: ['pending'], topics: [], books: {} });
    const outcomes = await shop.db.selectFrom('inbox_events').select('outcome').execute();
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['ignored']));
  }));
