// Goal: what goes back goes back once and to where it came from: money, tax, credits, hours, stock.
// Method: a real Postgres, the real stories, refunds at the sandbox; its books are held beside ours.
import { afterEach, expect, test } from 'vitest';
import { linesOf } from '../../src/domain/orders/index.ts';
import { CHECKS, runChecks } from '../../src/domain/proof/index.ts';
import type { RefundView } from '../../src/flows/house.ts';
import type { Opened } from '../../src/flows/opening/attach-session.ts';
import type { RefundWish } from '../../src/flows/refunding/plan.ts';
import { planRefund } from '../../src/flows/refunds/plan-refund.ts';
import { refundOrder } from '../../src/flows/refunds/refund-order.ts';
import { openSpa, SPA, type Spa } from '../setup/spa.ts';

let spa: Spa | undefined;
afterEach(async () => {
  if (spa) await checkStripe(spa);
  await spa?.close();
});
const open = async (options: Parameters<typeof openSpa>[0] = {}): Promise<Spa> => {
  spa = await openSpa(options);
  return spa;
};

/** M1 and M2 at the end of each story: the books balance, and hold what Stripe holds. */
async function checkStripe(of: Spa): Promise<void> {
  const ledger = await of.ledger();
  const books = of.sandbox.control.books().currencies.usd;
  // What Stripe took for it was there before.
  expect((ledger.stripe ?? 0) + (ledger.fees ?? 0)).toBe(books ? books.captured - books.refunded_succeeded : 0);
  expect(Object.values(ledger).reduce((sum, amount) => sum + amount, 0)).toBe(0);
}

/** Gives lines back by their places. */
async function giveBack(
  of: Spa,
  { order_id }: Opened,
  wish: { lines?: Record<number, number> } & Omit<RefundWish, 'lines'>,
) {
  const { lines, ...rest } = wish;
  const all = await linesOf(of.db, order_id);
  const wanted = lines && {
    lines: Object.entries(lines).map(([at, quantity]) => ({ order_line_id: all[Number(at)]?.id ?? '', quantity })),
  };
  const view: RefundView = await refundOrder(of.house, { order_id, requested_by: 'admin:ann', ...rest, ...wanted });
  await of.rest();
  return view;
}

const hour = (of: Spa, days = 1) => ({ offer_id: of.id('massage'), quantity: 1, slot: of.slot(days) });
const stock = async (of: Spa, offer: string): Promise<number | undefined> =>
  (await of.db.selectFrom('stock').select('sold').where('offer_id', '=', of.id(offer)).executeTakeFirst())?.sold;
const states = async (of: Spa): Promise<string[]> =>
  (await of.db.selectFrom('appointments').select('state').orderBy('id').execute()).map((row) => row.state);

test('a line goes back with its tax and its hour, and the other line stays sold', async () => {
  const of = await open();
  const opened = await of.sell([hour(of), { offer_id: of.id('tea'), quantity: 3 }], { coupon_code: 'TENTH' });
  const view = await giveBack(of, opened, { lines: { 0: 1 } });
  // 100.00 less a tenth, and 8.75 % of that.
  expect(view).toMatchObject({ amount_minor: 9_788, credits_minor: 0, status: 'succeeded' });
  expect(await of.status(opened)).toBe('partially_refunded');
  expect(await states(of)).toEqual(['canceled']);
  expect(await stock(of, 'tea')).toBe(3);
  expect(await of.ledger()).toMatchObject({ refunds: 9_000, tax: -27 });
  await giveBack(of, opened, { lines: { 1: 3 } });
  expect(await of.status(opened)).toBe('refunded');
  expect(await of.ledger()).toEqual({ refunds: 10_350, discounts: 1_150, revenue: -11_500 });
});

test('pieces of a line go back one after the other, never more than were sold, and on sale again when that is said', async () => {
  const of = await open();
  const opened = await of.sell([{ offer_id: of.id('towel'), quantity: 3 }]);
  await giveBack(of, opened, { lines: { 0: 1 } });
  expect(await stock(of, 'towel')).toBe(3);
  await giveBack(of, opened, { lines: { 0: 1 }, restock: true });
  expect(await stock(of, 'towel')).toBe(2);
  await expect(giveBack(of, opened, { lines: { 0: 2 } })).rejects.toMatchObject({ code: 'invalid_request' });
  await giveBack(of, opened, { lines: { 0: 1 }, restock: true });
  expect(await stock(of, 'towel')).toBe(1);
  expect(await of.status(opened)).toBe('refunded');
});

test('credits go back with their lines, in money to the lots that paid and in pieces to the bundle', async () => {
  const of = await open();
  await of.sell([{ offer_id: of.id('five'), quantity: 1 }]);
  await of.grant(1_000, { expires_at: new Date(of.clock.now() + 86_400_000) });
  await of.grant(3_000);
  const opened = await of.sell([hour(of), { offer_id: of.id('concert'), quantity: 2 }], { use_credits: true });
  expect(opened).toMatchObject({ credits_minor: 14_875, total_minor: 6_000 });
  await giveBack(of, opened, { lines: { 1: 1 } });
  // Half of what was paid by card and half of what credits paid; the lot that ends last is filled first.
  expect((await of.balance()).lots).toMatchObject([{ remaining_minor: 2_000, expires_at: null }]);
  expect(await of.status(opened)).toBe('partially_refunded');
  await giveBack(of, opened, { lines: { 1: 1 } });
  expect(await of.balance()).toMatchObject({ balance_minor: 4_000, session_credits: [{ remaining: 4 }] });
  expect([await of.status(opened), await states(of)]).toEqual(['partially_refunded', ['confirmed']]);
  // All that is left was paid in pieces: Stripe never hears of it.
  const before = of.sandbox.control.requests({ path: '/v1/refunds' }).length;
  expect(await giveBack(of, opened, {})).toMatchObject({
    amount_minor: 0,
    credits_minor: 10_875,
    stripe_refund_id: null,
  });
  expect(of.sandbox.control.requests({ path: '/v1/refunds' })).toHaveLength(before);
  expect([await of.status(opened), await states(of)]).toEqual(['refunded', ['canceled']]);
  expect((await of.balance()).session_credits).toMatchObject([{ remaining: 5 }]);
  await expect(giveBack(of, opened, {})).rejects.toMatchObject({ code: 'already_refunded' });
});

test('an order that credits paid in full gives them back at once', async () => {
  const of = await open();
  await of.grant(10_875);
  const opened = await of.sell([hour(of)], { use_credits: true });
  await giveBack(of, opened, {});
  expect(await of.status(opened)).toBe('refunded');
  expect(await of.balance()).toMatchObject({ balance_minor: 10_875, held_minor: 0 });
  expect(await of.ledger()).toEqual({
    credits_liability: -10_875,
    discounts: 10_875,
    refunds: 10_000,
    revenue: -10_000,
  });
});

test('a preview says what would go back and whether Stripe holds it, and writes nothing', async () => {
  const of = await open({ fee: { basisPoints: 290, fixed: 30 } });
  const opened = await of.sell([hour(of), { offer_id: of.id('towel'), quantity: 2 }]);
  const [first] = await linesOf(of.db, opened.order_id);
  const { order_id } = opened;
  const preview = await planRefund(of.house, { order_id }, { lines: [{ order_line_id: first?.id ?? '' }] });
  // What was captured just now is not available yet.
  expect(preview).toMatchObject({ order_id, available_minor: 0, suffices: false });
  expect(preview.plan).toMatchObject({
    ...{ amount_minor: 10_875, tax_minor: 875, credits_minor: 0, is_last: false, refundable_minor: 12_875 },
    lines: [{ name: 'Massage', quantity: 1 }],
  });
  await of.pass(3 * 86_400_000);
  expect(await planRefund(of.house, { order_id }, { amount_minor: 5_000 })).toMatchObject({ suffices: true });
  // Stripe keeps its fee, so the whole of the only sale is more than there is.
  expect(await planRefund(of.house, { order_id }, {})).toMatchObject({ suffices: false, plan: { is_last: true } });
  expect(await of.db.selectFrom('refunds').selectAll().execute()).toEqual([]);
});

test('a refund that fails gives its amount and its pieces back to be refunded again', async () => {
  const of = await open();
  const opened = await of.order([{ offer_id: of.id('towel'), quantity: 2 }]);
  const pending = { payment_method: 'pm_card_pendingRefund', email: 'ann@example.com' };
  await of.sandbox.control.pay(String(opened.session_id), pending);
  await of.rest();
  const { stripe_refund_id, status } = await giveBack(of, opened, { lines: { 0: 2 } });
  expect([status, await of.status(opened)]).toEqual(['pending', 'paid']);
  await expect(giveBack(of, opened, { lines: { 0: 1 } })).rejects.toMatchObject({ code: 'invalid_request' });
  await of.sandbox.control.settleRefund(String(stripe_refund_id), 'failed');
  await of.rest();
  const row = await of.db.selectFrom('orders').select(['status', 'review_reason']).executeTakeFirst();
  expect(row).toEqual({ status: 'paid', review_reason: 'refund_failed' });
  const again = await giveBack(of, opened, { lines: { 0: 2 } });
  await of.sandbox.control.settleRefund(String(again.stripe_refund_id), 'succeeded');
  await of.rest();
  expect(await of.status(opened)).toBe('refunded');
});

test('a refund that fails after its seats went on sale again is a paid order before a person, and no rule is broken', async () => {
  const of = await open();
  const opened = await of.order([{ offer_id: of.id('towel'), quantity: 2 }]);
  const card = { payment_method: 'pm_card_refundFail', email: 'ann@example.com' };
  await of.sandbox.control.pay(String(opened.session_id), card);
  await of.rest();
  const { stripe_refund_id, status } = await giveBack(of, opened, { restock: true });
  expect([status, await stock(of, 'towel')]).toEqual(['succeeded', 0]);
  await of.sandbox.control.settleRefund(String(stripe_refund_id), 'failed');
  await of.rest();
  const row = await of.db.selectFrom('orders').select(['status', 'review_reason']).executeTakeFirst();
  expect(row).toEqual({ status: 'paid', review_reason: 'refund_failed' });
  expect(await runChecks(of.db, CHECKS, 10)).toEqual([]);
});

test('a refund made in the dashboard is adopted with its tax, and the last of the money takes the credits with it', async () => {
  const of = await open();
  await of.grant(2_000);
  const opened = await of.sell([hour(of)], { use_credits: true });
  const intent = of.sandbox.control.session(String(opened.session_id))?.payment_intent;
  const headers = { authorization: `Bearer ${of.sandbox.keys.secret}` };
  for (const amount of ['4000', '4875']) {
    const body = new URLSearchParams({ payment_intent: String(intent), amount });
    await of.sandbox.fetch(new Request('http://127.0.0.1:4243/v1/refunds', { method: 'POST', headers, body }));
    await of.rest();
  }
  const rows = await of.db
    .selectFrom('refunds')
    .select(['cause', 'amount_minor', 'credits_minor'])
    .orderBy('id')
    .execute();
  expect(rows).toEqual([
    { cause: 'adopted', amount_minor: 4_000, credits_minor: 0 },
    { cause: 'adopted', amount_minor: 4_875, credits_minor: 2_000 },
  ]);
  expect(await of.status(opened)).toBe('refunded');
  expect(await of.balance()).toMatchObject({ balance_minor: 2_000 });
  expect(await of.ledger()).toEqual({ credits_liability: -2_000, discounts: 2_000, refunds: 10_000, revenue: -10_000 });
});

/** More by KASSA_TEST_REFUND_PAIRS. */
const PAIRS = Number(process.env.KASSA_TEST_REFUND_PAIRS ?? 50);

test('of fifty pairs of refunds of sixty of a hundred, each at once on connections of their own, one of a pair is made', {
  timeout: 120_000 + PAIRS * 1_000,
}, async () => {
  const of = await open({ config: { ...SPA, catalog: { ...SPA.catalog } } });
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const capacity = 2 * (pair + 1);
    await of.db.updateTable('stock').set({ capacity }).where('offer_id', '=', of.id('concert')).execute();
    const opened = await of.sell([{ offer_id: of.id('concert'), quantity: 2 }]);
    const ask = () =>
      refundOrder(of.house, { order_id: opened.order_id, amount_minor: 6_000, requested_by: 'admin:ann' });
    const ended = await Promise.allSettled([ask(), ask()]);
    expect(ended.map((one) => one.status).sort(), `pair ${pair}`).toEqual(['fulfilled', 'rejected']);
    const lost = ended.find((one) => one.status === 'rejected');
    expect(lost).toMatchObject({ reason: { code: 'refund_exceeds_payment', details: { refundable_minor: 4_000 } } });
  }
});
