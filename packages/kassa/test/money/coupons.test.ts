// Goal: a coupon reduces what it is made for, while it is, for whom it is, and as often as it is: never once more.
// Method: a real Postgres and the real stories; what is counted is read from the rows.
import { afterEach, expect, test } from 'vitest';
import { readSettings } from '../../src/config.ts';
import { syncCatalog } from '../../src/flows/sync-catalog.ts';
import type { KassaConfig } from '../../src/index.ts';
import { openSpa, SPA, type Spa } from '../setup/spa.ts';

let spa: Spa | undefined;
afterEach(async () => spa?.close());
const open = async (): Promise<Spa> => {
  spa = await openSpa();
  return spa;
};

const towels = (of: Spa, quantity = 1) => [{ offer_id: of.id('towel'), quantity }];

async function usesOf(of: Spa, code: string): Promise<[number, string[]]> {
  const coupon = await of.db
    .selectFrom('coupons')
    .select(['id', 'uses'])
    .where('code', '=', code)
    .executeTakeFirstOrThrow();
  const uses = of.db.selectFrom('coupon_uses').select('state').where('coupon_id', '=', coupon.id).orderBy('id');
  return [coupon.uses, (await uses.execute()).map((use) => use.state)];
}

test('an amount off is taken off once, and never more than there is', async () => {
  const of = await open();
  expect(await of.order(towels(of, 2), { coupon_code: 'FIVER' })).toMatchObject({
    discount_minor: 500,
    total_minor: 1_500,
  });
  const pebbles = [{ offer_id: of.id('pebble'), quantity: 3 }];
  expect(await of.order(pebbles, { coupon_code: 'FIVER' })).toMatchObject({ discount_minor: 90, total_minor: 0 });
});

test('a coupon reduces only the offers that it is made for', async () => {
  const of = await open();
  const basket = [...towels(of), { offer_id: of.id('concert'), quantity: 1 }];
  const { quote } = await of.price(basket, { coupon_code: 'TOWELS' });
  expect(quote.lines.map((line) => line.discount_minor)).toEqual([500, 0]);
  const concert = [{ offer_id: of.id('concert'), quantity: 1 }];
  await expect(of.price(concert, { coupon_code: 'TOWELS' })).rejects.toMatchObject({ code: 'coupon_not_valid' });
});

test('a coupon that is unknown, over, to come, of another currency or misspelt is refused in the same words', async () => {
  const of = await open();
  const words = new Set<string>();
  of.clock.set(Date.parse('2026-12-01T23:59:00Z'));
  for (const coupon_code of ['NOBODY', 'WINTER', 'EURO', 'not a code', '']) {
    const refusal = await of.price(towels(of), { coupon_code }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'coupon_not_valid' });
    words.add(JSON.stringify([(refusal as Error).message, (refusal as { details: unknown }).details]));
  }
  expect(words.size).toBe(1);
  expect((await of.price(towels(of), { coupon_code: 'SUMMER' })).quote.discount_minor).toBe(100);
  of.clock.advance(61_000);
  await expect(of.price(towels(of), { coupon_code: 'SUMMER' })).rejects.toMatchObject({ code: 'coupon_not_valid' });
});

test('a use is held while the order is open, used when it is paid, and free again when it ends unpaid', async () => {
  const of = await open();
  const opened = await of.order(towels(of), { coupon_code: 'ONCE' });
  expect(await usesOf(of, 'ONCE')).toEqual([1, ['held']]);
  // Beside the page, which a second page would take the place of.
  const beside = { coupon_code: 'ONCE', presentation: 'intent' } as const;
  await expect(of.order(towels(of), beside)).rejects.toMatchObject({ code: 'coupon_not_valid' });
  await of.pass(60 * 60_000);
  expect(await of.status(opened)).toBe('expired');
  expect(await usesOf(of, 'ONCE')).toEqual([0, ['released']]);
  await of.sell(towels(of), { coupon_code: 'ONCE' });
  expect(await usesOf(of, 'ONCE')).toEqual([1, ['released', 'used']]);
  await expect(of.order(towels(of), { coupon_code: 'ONCE' })).rejects.toMatchObject({ code: 'coupon_not_valid' });
  expect(await of.order(towels(of), { coupon_code: 'ONCE', as: 'bob' })).toMatchObject({ total_minor: 500 });
  expect(await of.ledger()).toEqual({ stripe: 500, discounts: 500, revenue: -1_000 });
});

test('a limit for each buyer holds for an address that nobody signed in with, and refuses nobody in particular', async () => {
  const of = await open();
  const as_guest = { as: null, coupon_code: 'ONCE' };
  await expect(of.order(towels(of), as_guest)).rejects.toMatchObject({ code: 'coupon_not_valid' });
  await of.order(towels(of), { ...as_guest, buyer: { email: 'Guest@example.com' } });
  const again = of.order(towels(of), { ...as_guest, buyer: { email: 'guest@EXAMPLE.com' } });
  await expect(again).rejects.toMatchObject({ code: 'coupon_not_valid' });
});

test('a coupon of the whole price pays the order at once, and Stripe never hears of it', async () => {
  const of = await open();
  const opened = await of.order(towels(of), { coupon_code: 'GIFT' });
  expect([opened.total_minor, opened.order_status]).toEqual([0, 'paid']);
  expect(await usesOf(of, 'GIFT')).toEqual([1, ['used']]);
  expect(of.sandbox.control.requests().filter((entry) => entry.method === 'POST')).toEqual([]);
  expect(await of.ledger()).toEqual({ discounts: 1_000, revenue: -1_000 });
});

test('late money takes the use again when there is one left, and goes back when there is none', async () => {
  const of = await open();
  const late = await of.order(towels(of), { coupon_code: 'FEW' });
  const gone = await of.order(towels(of), { coupon_code: 'FEW', as: 'bob' });
  const arrives = [await of.payLate(late), await of.payLate(gone)];
  expect(await usesOf(of, 'FEW')).toEqual([0, ['released', 'released']]);
  await arrives[0]?.();
  expect(await of.status(late)).toBe('paid');
  expect(await usesOf(of, 'FEW')).toEqual([1, ['used', 'released']]);
  await of.db.updateTable('coupons').set({ uses: 5 }).where('code', '=', 'FEW').execute();
  await arrives[1]?.();
  await of.rest();
  expect(await of.status(gone)).toBe('expired');
  const refunds = await of.db.selectFrom('refunds').select(['order_id', 'cause', 'status']).execute();
  expect(refunds).toEqual([{ order_id: gone.order_id, cause: 'too_late', status: 'succeeded' }]);
});

test('a coupon that leaves the configuration is out of use, and its uses are kept when it comes back', async () => {
  const of = await open();
  await of.sell(towels(of), { coupon_code: 'FEW' });
  await startAgain(of, {});
  await expect(of.price(towels(of), { coupon_code: 'FEW' })).rejects.toMatchObject({ code: 'coupon_not_valid' });
  // One use is gone already, so a limit of one leaves none.
  await startAgain(of, { FEW: { percentOff: 50, limit: 1 } });
  expect(await usesOf(of, 'FEW')).toEqual([1, ['used']]);
  await expect(of.price(towels(of), { coupon_code: 'FEW' })).rejects.toMatchObject({ code: 'coupon_not_valid' });
  await startAgain(of, { FEW: { percentOff: 20 } });
  expect((await of.price(towels(of), { coupon_code: 'FEW' })).quote.discount_minor).toBe(200);
});

async function startAgain(of: Spa, coupons: NonNullable<KassaConfig['coupons']>): Promise<void> {
  const settings = readSettings({ ...SPA, coupons }, {}, { folder: '/tmp' });
  const { offers, practitioners, tax_rates } = settings;
  const tenant = { key: 'shop', name: 'Still Water', hosts: [], origins: [] };
  await syncCatalog(of.house, { tenant, mode: 'test', offers, practitioners, tax_rates, coupons: settings.coupons });
}
