// Goal: a package costs its own price, holds everything in it or nothing, and gives nothing away.
// Method: a real Postgres and the real stories; lines and holds are read from the rows.
import { afterEach, expect, test } from 'vitest';
import { readSettings } from '../../src/config.ts';
import type { ChildWish } from '../../src/flows/house.ts';
import { syncCatalog } from '../../src/flows/sync-catalog.ts';
import { pack, usd } from '../../src/index.ts';
import { openSpa, SPA, type Spa } from '../setup/spa.ts';

let spa: Spa | undefined;
afterEach(async () => spa?.close());
const open = async (): Promise<Spa> => {
  spa = await openSpa();
  return spa;
};

const day = (of: Spa, children: Record<string, ChildWish> = {}, quantity = 1) => [
  {
    offer_id: of.id('day'),
    quantity,
    children: new Map(Object.entries(children).map(([key, choice]) => [of.id(key) || key, choice])),
  },
];

async function linesOf(of: Spa, order_id: string): Promise<unknown[]> {
  const rows = await of.db
    .selectFrom('order_lines as line')
    .innerJoin('offers as offer', 'offer.id', 'line.offer_id')
    .leftJoin('order_lines as parent', 'parent.id', 'line.parent_line_id')
    .select(['offer.key', 'line.quantity', 'line.unit_minor', 'parent.position as parent'])
    .where('line.order_id', '=', order_id)
    .orderBy('line.position')
    .execute();
  return rows.map((row) => [row.key, row.quantity, row.unit_minor, row.parent]);
}

test('a package is one price and a line for each of its parts', async () => {
  const of = await open();
  const opened = await of.order(day(of));
  expect(opened).toMatchObject({ subtotal_minor: 15_000, total_minor: 15_000 });
  expect(await linesOf(of, opened.order_id)).toEqual([
    ['day', 1, 15_000, null],
    ['massage', 1, 0, 0],
    ['towel', 2, 0, 0],
    ['tea', 1, 0, 0],
  ]);
  const session = of.sandbox.control.session(String(opened.session_id));
  expect(session?.amount_total).toBe(15_000);
});

test('a buyer leaves out what may be left out, adds what may be added, and pays for pieces beyond the package', async () => {
  const of = await open();
  const fewer = await of.price(
    day(of, { tea: { selected: true, quantity: 1 }, massage: { selected: true, quantity: 1 } }),
  );
  expect(fewer.quote.total_minor).toBe(15_000);
  const chosen = day(of, { tea: { selected: false }, towel: { selected: true, quantity: 4 } });
  const opened = await of.order(chosen);
  expect(await linesOf(of, opened.order_id)).toEqual([
    ['day', 1, 17_000, null],
    ['massage', 1, 0, 0],
    ['towel', 4, 0, 0],
  ]);
});

test('a choice that a package does not leave is refused', async () => {
  const of = await open();
  const wrong: Record<string, ChildWish>[] = [
    { concert: { selected: true } },
    { nobody: { selected: true } },
    { towel: { selected: false } },
    { towel: { selected: true, quantity: 0 } },
    { towel: { selected: true, quantity: 100 } },
    // Two massages cannot be bought in one order, so a package does not bring a second one in either.
    { massage: { selected: true, quantity: 2 } },
    { towel: { selected: true, slots: [of.slot(1), of.slot(2)] } },
    { massage: { selected: true, slots: [of.slot(1), of.slot(2)] } },
  ];
  for (const children of wrong) {
    await expect(of.price(day(of, children))).rejects.toMatchObject({ code: 'invalid_request' });
  }
});

test('a package of which one part is gone holds nothing at all', async () => {
  const of = await open();
  await of.order([{ offer_id: of.id('towel'), quantity: 3 }], { as: 'bob' });
  const before = await of.aside();
  await expect(of.order(day(of))).rejects.toMatchObject({ code: 'sold_out' });
  expect(await of.aside()).toBe(before);
});

test('a package of which one hour is taken holds nothing at all', async () => {
  const of = await open();
  await of.order([{ offer_id: of.id('massage'), quantity: 1, slot: of.slot(1) }], { as: 'bob' });
  await of.grant(2_000);
  const before = await of.aside();
  const wish = day(of, { massage: { selected: true, slots: [of.slot(1)] } });
  const tried = of.order(wish, { use_credits: true, coupon_code: 'TENTH' });
  await expect(tried).rejects.toMatchObject({ code: 'slot_taken' });
  expect(await of.aside()).toBe(before);
});

test('a part with a time is booked, and a part without one becomes credits for it', async () => {
  const of = await open();
  await of.sell(day(of, { massage: { selected: true, slots: [of.slot(1)] }, sauna: { selected: true } }));
  const booked = await of.db.selectFrom('appointments').select(['offer_id', 'state']).execute();
  expect(booked).toEqual([{ offer_id: of.id('massage'), state: 'confirmed' }]);
  expect((await of.balance()).session_credits).toMatchObject([{ offer_external_id: 'sauna', remaining: 1 }]);
  await expect(of.order(day(of), { as: null })).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('two packages hold twice of everything', async () => {
  const of = await open();
  const opened = await of.order(day(of, {}, 2));
  expect(opened.total_minor).toBe(30_000);
  const stock = await of.db
    .selectFrom('stock')
    .select('held')
    .where('offer_id', '=', of.id('towel'))
    .executeTakeFirst();
  expect(stock?.held).toBe(4);
});

test('a package that is made of something else is another version of itself, and keeps its children in the catalogue', async () => {
  const of = await open();
  const versionOf = async () =>
    (await of.db.selectFrom('offers').select('version').where('key', '=', 'day').executeTakeFirstOrThrow()).version;
  await startAgain(of, SPA.catalog.day);
  expect(await versionOf()).toBe(1);
  await startAgain(
    of,
    pack({ name: 'Spa day', externalId: 999, price: usd('150.00'), taxClass: 'none', includes: { towel: 1 } }),
  );
  expect(await versionOf()).toBe(2);
  expect((await of.price(day(of))).quote.lines.map((line) => [line.offer_id, line.quantity])).toEqual([
    [of.id('day'), 1],
    [of.id('towel'), 1],
  ]);
});

async function startAgain(of: Spa, changed: typeof SPA.catalog.day): Promise<void> {
  const config = { ...SPA, catalog: { ...SPA.catalog, day: changed } };
  const { offers, practitioners, tax_rates, coupons } = readSettings(config, {}, { folder: '/tmp' });
  const tenant = { key: 'shop', name: 'Still Water', hosts: [], origins: [] };
  await syncCatalog(of.house, { tenant, mode: 'test', offers, practitioners, tax_rates, coupons });
}
