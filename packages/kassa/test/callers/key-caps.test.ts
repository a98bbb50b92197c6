// Goal: a key never opens more than its caps allow, however much is asked at once and whoever named the price; and what
// a contract sells for itself is nobody else's to name.
// Method: checkouts through the real stories with keys in the real tables; time is virtual.
import { afterEach, expect, test } from 'vitest';
import { inTransaction } from '../../src/database/index.ts';
import { findContractOffer, findOffer, listOffers } from '../../src/domain/catalog/index.ts';
import { insertKey, type KeyCaps, makeKey, SCOPES } from '../../src/domain/keys/index.ts';
import type { StartCheckout } from '../../src/flows/checkout/start-checkout.ts';
import { type Counter, openCounter } from '../setup/counter.ts';
import { realIds, realRandom } from '../setup/world.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const CHAT = '~chat-payments';

async function openWith(caps: KeyCaps) {
  const shop = await openCounter();
  counter = shop;
  const text = makeKey('agent', 'test', realRandom);
  const row = { ...shop.house.shop, kind: 'agent' as const, name: 'agent', text, scopes: SCOPES, caps };
  const { id } = await inTransaction(shop.db, (tx) => insertKey(tx, row, { ids: realIds, at: shop.house.clock.now() }));
  const key: StartCheckout['key'] = { id, caps, names_amounts: true };
  const own = await findContractOffer(shop.db, shop.house.shop, CHAT);
  const pay = (amount_minor: number, currency = 'usd') =>
    shop.buy({ key, currency, lines: [{ offer_id: own?.id ?? '', quantity: 1, amount_minor }] });
  return { shop, id, key, pay };
}
const over = (maximum_minor: number, currency = 'usd') => ({
  code: 'amount_out_of_range',
  details: { maximum_minor, currency },
});

test('a cap for one payment holds to the cent, for catalogue prices too, and for currencies that it does not name', async () => {
  const { shop, key, pay } = await openWith({ payment: { usd: 30_000 } });
  expect((await pay(30_000)).status).toBe(200);
  await expect(pay(30_001)).rejects.toMatchObject(over(30_000));
  await expect(pay(100, 'eur')).rejects.toMatchObject(over(0, 'eur'));
  expect((await shop.buy({ key, offer: 'lakers', quantity: 3 })).status).toBe(200);
  await expect(shop.buy({ key, offer: 'lakers', quantity: 4 })).rejects.toMatchObject(over(30_000));
  expect(await shop.db.selectFrom('orders').select('total_minor').execute()).toHaveLength(2);
});

test('a cap for the day holds for twelve at once, and begins anew at midnight in Greenwich', async () => {
  const { shop, pay } = await openWith({ day: { usd: 10_000 } });
  const tries = await Promise.allSettled(Array.from({ length: 12 }, () => pay(2_000)));
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  for (const one of tries) if (one.status === 'rejected') expect(one.reason).toMatchObject(over(10_000));
  shop.clock.set(Date.parse('2026-11-21T23:59:59Z'));
  await expect(pay(50)).rejects.toMatchObject(over(10_000));
  shop.clock.set(Date.parse('2026-11-22T00:00:00Z'));
  expect((await pay(10_000)).status).toBe(200);
  await expect(pay(50)).rejects.toMatchObject(over(10_000));
  const spent = await shop.db.selectFrom('key_spending').select(['day', 'amount_minor']).orderBy('day').execute();
  expect(spent).toEqual([
    { day: new Date('2026-11-21T00:00:00Z'), amount_minor: 10_000 },
    { day: new Date('2026-11-22T00:00:00Z'), amount_minor: 10_000 },
  ]);
});

test('what was refused for another reason counts for no day', async () => {
  const { shop, key } = await openWith({ day: { usd: 1_000_000 } });
  await shop.buy({ key, offer: 'finals', quantity: 2 });
  const more = Array.from({ length: 2 }, () => ({ key, offer: 'finals', quantity: 2 }));
  const tries = await Promise.allSettled(more.map((wish) => shop.buy(wish)));
  expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await shop.db.selectFrom('key_spending').select('amount_minor').executeTakeFirst()).toEqual({
    amount_minor: 120_000,
  });
});

test('the audit log names the key, and what it named itself', async () => {
  const { shop, id, key, pay } = await openWith({});
  await pay(15_000);
  await shop.buy({ key: { id: key?.id ?? '', caps: {}, names_amounts: false } });
  await shop.buy();
  const rows = await shop.db.selectFrom('audit_log').select(['actor', 'details']).orderBy('id').execute();
  expect(rows.map(({ actor }) => actor)).toEqual([`key:${id}`, `key:${id}`, 'buyer']);
  expect(rows[0]?.details).toMatchObject({ named_amount_minor: 15_000, currency: 'usd' });
  expect(rows[1]?.details).not.toHaveProperty('named_amount_minor');
});

test('a contract’s own offer is found by that contract alone, in every currency, while the contract is on', async () => {
  const { shop } = await openWith({});
  const { db, house } = shop;
  expect((await findContractOffer(db, house.shop, CHAT))?.prices.length).toBeGreaterThan(130);
  expect(await findContractOffer(db, house.shop, 'lakers')).toBeUndefined();
  for (const ref of [{ key: CHAT }, { external_id: CHAT }])
    expect(await findOffer(db, house.shop, ref)).toBeUndefined();
  expect((await listOffers(db, house.shop)).map(({ key }) => key)).not.toContain(CHAT);
  await shop.db.updateTable('offers').set({ active: false }).where('key', '=', CHAT).execute();
  expect(await findContractOffer(db, house.shop, CHAT)).toBeUndefined();
});
