// Goal: a shop may rename, move and unlimit what it sells, and starts again with the same orders.
// Method: the configured catalogue is brought into a real database again and again, changed in between.
import { afterEach, expect, test } from 'vitest';
import { type KassaConfig, readSettings } from '../../src/config.ts';
import { findOffer } from '../../src/domain/catalog/index.ts';
import { syncCatalog } from '../../src/flows/sync-catalog.ts';
import { defineKassa, ticket, usd } from '../../src/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const shopOf = (catalog: KassaConfig['catalog']): KassaConfig =>
  defineKassa({ currency: 'usd', seller: { name: 'Blue Hall', email: 't@example.com', country: 'US' }, catalog });

async function startAgain(shop: Counter, catalog: KassaConfig['catalog']): Promise<void> {
  const { offers, practitioners, tax_rates, coupons } = readSettings(shopOf(catalog), {}, { folder: '/tmp' });
  const tenant = { key: 'shop', name: 'Blue Hall', hosts: [], origins: ['https://shop.example'] };
  await syncCatalog(shop.house, { tenant, mode: 'test', offers, practitioners, tax_rates, coupons });
}

const seat = (more: Partial<Parameters<typeof ticket>[0]> = {}) =>
  ticket({ name: 'Seat', price: usd('45.00'), capacity: 3, ...more });

test('a price at Stripe moves from one offer to another, and the shop starts', async () => {
  const first = { old: seat({ stripePrice: 'price_1' }), young: seat() };
  const shop = await openCounter({ config: shopOf(first) });
  counter = shop;
  await startAgain(shop, { young: seat({ stripePrice: 'price_1' }), old: seat() });
  expect(await findOffer(shop.db, shop.house.shop, { stripe_price_id: 'price_1' })).toMatchObject({ key: 'young' });
  await startAgain(shop, { newest: seat({ stripePrice: 'price_1' }) });
  expect(await findOffer(shop.db, shop.house.shop, { stripe_price_id: 'price_1' })).toMatchObject({ key: 'newest' });
});

test('an offer gets a new name in the configuration and keeps the id that pages use', async () => {
  const shop = await openCounter({ config: shopOf({ lakers: seat({ externalId: '123' }) }) });
  counter = shop;
  await startAgain(shop, { 'lakers-2027': seat({ externalId: '123' }) });
  expect(await findOffer(shop.db, shop.house.shop, { external_id: '123' })).toMatchObject({
    key: 'lakers-2027',
    active: true,
  });
});

test('an offer with an id of its own gets a new name in the configuration and stays the same offer', async () => {
  const id = '01890a5d-ac96-774b-bcce-b302099a8057';
  const shop = await openCounter({ config: shopOf({ lakers: seat({ id }) }) });
  counter = shop;
  await startAgain(shop, { 'lakers-2027': seat({ id }) });
  expect(await findOffer(shop.db, shop.house.shop, { id })).toMatchObject({ key: 'lakers-2027', active: true });
});

test('a limit that is taken out of the configuration no longer limits', async () => {
  const shop = await openCounter({ config: shopOf({ lakers: seat({ maxPerOrder: 5 }) }) });
  counter = shop;
  await shop.buy({ quantity: 3 });
  await expect(shop.buy()).rejects.toMatchObject({ code: 'sold_out' });
  await startAgain(shop, { lakers: ticket({ name: 'Seat', price: usd('45.00'), maxPerOrder: 5 }) });
  expect(await shop.buy({ quantity: 5 })).toMatchObject({ status: 200 });
});

test('an offer named twice in one basket is still limited as one', async () => {
  const shop = await openCounter();
  counter = shop;
  const offer = await findOffer(shop.db, shop.house.shop, { key: 'lakers' });
  const line = { offer_id: offer?.id ?? '', quantity: 5 };
  await expect(shop.buy({ lines: [line, line] })).rejects.toMatchObject({ code: 'invalid_request' });
});
