// Goal: credits are spent once, of the lot that ends first, and come back to the lot that they came from.
// Method: a real Postgres and the real stories; balances are read as a buyer reads them, and from the books.
import { afterEach, expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { openSpa, type Spa } from '../setup/spa.ts';

let spa: Spa | undefined;
afterEach(async () => {
  if (spa) await checkBooks(spa);
  await spa?.close();
});
const open = async (): Promise<Spa> => {
  spa = await openSpa();
  return spa;
};

/** M7: what lots say is the sum of their entries, and what the shop owes in money is what buyers could still spend. */
async function checkBooks(of: Spa): Promise<void> {
  const { rows } = await sql<{ lots: number; entries: number; owed: number; spendable: number }>`
    select (select count(*) from kassa.credit_lots)::int as lots,
      (select count(*) from kassa.credit_lots lot cross join lateral (
         select coalesce(sum(amount) filter (where kind = 'grant'), 0) as granted,
           coalesce(sum(amount) filter (where kind = 'hold'), 0)
             - coalesce(sum(amount) filter (where kind in ('capture', 'release')), 0) as held,
           coalesce(sum(amount) filter (where kind = 'capture'), 0)
             - coalesce(sum(amount) filter (where kind = 'refund'), 0) as spent,
           coalesce(sum(amount) filter (where kind = 'expire'), 0) as lapsed
         from kassa.credit_entries where lot_id = lot.id) entry
       where (lot.granted, lot.held, lot.spent, lot.lapsed) = (entry.granted, entry.held, entry.spent, entry.lapsed))::int
        as entries,
      -(select coalesce(sum(amount_minor), 0) from kassa.ledger_entries where account = 'credits_liability')::int as owed,
      (select coalesce(sum(granted - spent - lapsed), 0) from kassa.credit_lots where unit_currency is not null)::int
        as spendable`.execute(of.db);
  expect(rows[0]?.entries).toBe(rows[0]?.lots);
  expect(rows[0]?.owed).toBe(rows[0]?.spendable);
}

const concert = (of: Spa, quantity = 1) => [{ offer_id: of.id('concert'), quantity }];
const massage = (of: Spa, days = 7) => [{ offer_id: of.id('massage'), quantity: 1, slot: of.slot(days) }];

const SPEND = { use_credits: true };

test('credits are held while an order is open, spent once when it is paid, and free again when it ends', async () => {
  const of = await open();
  await of.grant(2_000);
  const opened = await of.order(concert(of), SPEND);
  expect(opened).toMatchObject({ credits_minor: 2_000, total_minor: 3_000 });
  expect(await of.balance()).toMatchObject({ balance_minor: 2_000, held_minor: 2_000, available_minor: 0 });
  await of.pay(opened);
  await of.rest();
  expect(await of.balance()).toMatchObject({ balance_minor: 0, held_minor: 0, available_minor: 0, lots: [] });
  await of.grant(2_000);
  await of.order(concert(of), SPEND);
  await of.pass(60 * 60_000);
  expect(await of.balance()).toMatchObject({ balance_minor: 2_000, held_minor: 0, available_minor: 2_000 });
});

test('what ends first is spent first, and what has ended is not spent at all', async () => {
  const of = await open();
  const day = (days: number): Date => new Date(of.clock.now() + days * 86_400_000);
  await of.grant(1_000);
  await of.grant(1_000, { expires_at: day(30) });
  await of.grant(1_000, { expires_at: day(10) });
  const opened = await of.order([{ offer_id: of.id('towel'), quantity: 2 }], SPEND);
  expect(opened).toMatchObject({ credits_minor: 2_000, order_status: 'paid' });
  expect((await of.balance()).lots).toEqual([{ remaining_minor: 1_000, expires_at: null, source: 'goodwill' }]);
  await of.grant(500, { expires_at: day(1) });
  await of.pass(86_400_000);
  expect(await of.balance()).toMatchObject({ balance_minor: 1_000 });
  expect(await of.order(concert(of), SPEND)).toMatchObject({ credits_minor: 1_000 });
});

test('credits that cover everything pay at once, and Stripe never hears of it', async () => {
  const of = await open();
  await of.grant(10_875);
  const before = of.sandbox.control.requests().length;
  const opened = await of.order(massage(of), SPEND);
  expect(opened).toMatchObject({ credits_minor: 10_875, total_minor: 0, order_status: 'paid' });
  expect(of.sandbox.control.requests()).toHaveLength(before);
  expect(await of.ledger()).toEqual({ discounts: 10_875, revenue: -10_000, tax: -875 });
});

test('a gift card is owed to its buyer until it is spent, and what it is worth beyond its price is given away', async () => {
  const of = await open();
  await of.sell([{ offer_id: of.id('gift'), quantity: 2 }]);
  expect(await of.balance()).toMatchObject({ balance_minor: 5_000, lots: [{ source: 'bundle' }] });
  expect(await of.ledger()).toEqual({ stripe: 4_000, discounts: 1_000, credits_liability: -5_000 });
  await of.sell(concert(of), SPEND);
  expect(await of.ledger()).toEqual({ stripe: 4_000, discounts: 1_000, revenue: -5_000 });
});

test('a bundle grants its credits once, however often its payment is told', async () => {
  const of = await open();
  const opened = await of.sell([{ offer_id: of.id('five'), quantity: 1 }]);
  await of.house.gateway.readSession(String(opened.session_id), 'unblock');
  await of.pass(5 * 60_000);
  const [five, ...others] = (await of.balance()).session_credits;
  expect(others).toEqual([]);
  expect(five).toMatchObject({ offer_external_id: '123', remaining: 5 });
  // Its year begins when it is paid.
  const days = ((five?.expires_at?.getTime() ?? 0) - of.clock.now()) / 86_400_000;
  expect(Math.round(days)).toBe(365);
});

test('credits for a service pay its line in full, tax included, and no coupon is used up for it', async () => {
  const of = await open();
  await of.sell([{ offer_id: of.id('five'), quantity: 1 }]);
  const opened = await of.order(massage(of), SPEND);
  expect(opened).toMatchObject({ subtotal_minor: 10_000, tax_minor: 875, credits_minor: 10_875, order_status: 'paid' });
  expect((await of.balance()).session_credits).toMatchObject([{ remaining: 4 }]);
  const wasted = of.order(massage(of, 8), { ...SPEND, coupon_code: 'TENTH' });
  await expect(wasted).rejects.toMatchObject({ code: 'coupon_not_valid' });
  const both = [...massage(of, 8), ...concert(of)];
  expect(await of.order(both, { ...SPEND, coupon_code: 'TENTH' })).toMatchObject({
    discount_minor: 500,
    credits_minor: 10_875,
    total_minor: 4_500,
  });
  expect(await of.ledger()).toEqual({ stripe: 40_000, discounts: 10_875, revenue: -50_000, tax: -875 });
});

test('two massages that one credit is left for: one is paid by it, the other by money', async () => {
  const of = await open();
  await of.grant(1, { offer: 'massage' });
  const opened = await of.order([...massage(of, 7), ...massage(of, 8)], SPEND);
  expect(opened).toMatchObject({ credits_minor: 10_875, total_minor: 10_875 });
});

test('whoever is not known by name cannot buy credits, and has none to spend', async () => {
  const of = await open();
  const bundle = [{ offer_id: of.id('five'), quantity: 1 }];
  await expect(of.order(bundle, { as: null })).rejects.toMatchObject({ code: 'unauthenticated' });
  await of.grant(2_000);
  expect(await of.order(concert(of), { ...SPEND, as: null })).toMatchObject({ credits_minor: 0 });
});

test('what a bundle grants was promised when it was sold, whatever the offer has become since', async () => {
  const of = await open();
  const opened = await of.order([{ offer_id: of.id('five'), quantity: 1 }]);
  await sql`update kassa.offer_grants set amount = 1`.execute(of.db);
  await of.pay(opened);
  expect((await of.balance()).session_credits).toMatchObject([{ remaining: 5 }]);
});

test('a quote whose credits were spent elsewhere is over', async () => {
  const of = await open();
  await of.grant(2_000);
  const { quote } = await of.price(concert(of), SPEND);
  await of.sell([{ offer_id: of.id('towel'), quantity: 1 }], SPEND);
  await expect(of.order([], { quote_id: quote.id })).rejects.toMatchObject({ code: 'quote_expired' });
});

test('late money spends the credits again when they are still there, and goes back when they are not', async () => {
  const of = await open();
  await of.grant(1_000);
  const late = await of.order(concert(of), SPEND);
  const arrives = await of.payLate(late);
  expect(await of.balance()).toMatchObject({ available_minor: 1_000 });
  await arrives();
  expect(await of.status(late)).toBe('paid');
  expect(await of.balance()).toMatchObject({ balance_minor: 0, held_minor: 0 });
  await of.grant(1_000);
  const gone = await of.order(concert(of), SPEND);
  const comes = await of.payLate(gone);
  await of.sell([{ offer_id: of.id('towel'), quantity: 1 }], SPEND);
  await comes();
  await of.rest();
  expect(await of.status(gone)).toBe('expired');
  const refunds = await of.db.selectFrom('refunds').select(['order_id', 'cause', 'status']).execute();
  expect(refunds).toEqual([{ order_id: gone.order_id, cause: 'too_late', status: 'succeeded' }]);
});

test('a lot whose time is over while a checkout holds it may still be spent by it, and lapses when it comes back', async () => {
  const of = await open();
  await of.grant(1_000, { expires_at: new Date(of.clock.now() + 60_000) });
  const paid = await of.order(concert(of), SPEND);
  await of.pass(5 * 60_000);
  await of.pay(paid);
  expect(await of.status(paid)).toBe('paid');
  await of.grant(1_000, { expires_at: new Date(of.clock.now() + 60_000) });
  await of.order(concert(of), SPEND);
  await of.pass(3 * 60 * 60_000);
  expect(await of.balance()).toMatchObject({ balance_minor: 0, held_minor: 0 });
});

test('credits that come back to a lot whose time is over lapse with it', async () => {
  const of = await open();
  await of.grant(1_000, { expires_at: new Date(of.clock.now() + 3_600_000) });
  const opened = await of.sell(concert(of), SPEND);
  await of.pass(2 * 3_600_000);
  await of.refund(opened);
  expect(await of.status(opened)).toBe('refunded');
  expect(await of.balance()).toMatchObject({ balance_minor: 0 });
  const lots = await of.db.selectFrom('credit_lots').select(['spent', 'lapsed']).execute();
  expect(lots).toEqual([{ spent: 0, lapsed: 1_000 }]);
});
