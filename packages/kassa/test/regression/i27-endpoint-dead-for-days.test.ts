// I27: the address of the webhooks moves, each is answered with 404, and days pass before somebody sees it.
// https://github.com/fossasia/eventyay/issues/2463
import { expect, test } from 'vitest';
import { inTransaction, setTimer } from '../../src/database/index.ts';
import { facts, inShop, MINUTE, opens, pays } from './incident.ts';

test('an endpoint that answers 404 is told to operations within a quarter of an hour, and no order waits for it', () =>
  inShop(async (shop) => {
    const [subject, due_at] = [shop.house.shop.tenant_id, new Date(shop.clock.now())];
    await inTransaction(shop.db, (tx) => setTimer(tx, { subject, kind: 'fetch_events', due_at }));
    shop.deliver = async () => new Response('', { status: 404 });
    await pays(shop, await opens(shop));
    for (let minute = 0; minute < 15; minute += 1) {
      shop.clock.advance(MINUTE);
      await shop.rest();
    }
    expect((await facts(shop)).orders).toEqual(['paid']);
    const breaks = shop.db.selectFrom('reconcile_breaks').select(['kind', 'owner']).where('resolved_at', 'is', null);
    expect(await breaks.execute()).toEqual([{ kind: 'webhooks_silent', owner: 'operations' }]);
  }));
