// Goal: what Stripe takes for a payment stands in the books, once, and costs the sale itself nothing.
// Method: real sales at the sandbox, which charges 2.9 % and 30 like Stripe; the comparison reads its movements.
import { afterEach, expect, test } from 'vitest';
import { readMetrics } from '../../src/domain/reports/index.ts';
import { adopt } from '../../src/flows/proof/adopt.ts';
import { verify } from '../../src/flows/proof/verify.ts';
import { reconcile } from '../../src/flows/reconcile.ts';
import { refundOrder } from '../../src/flows/refunds/refund-order.ts';
import { EVENT_READERS } from '../../src/inbox/events/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

const HOUR_MS = 3_600_000;
const LONG_MS = 90_000;
const LISTS = ['checkout/sessions', 'payment_intents', 'refunds', 'disputes', 'balance_transactions'].map(
  (list) => `GET /v1/${list}`,
);
/** Of 300.00. */
const FEE = 900;

let counter: Counter | undefined;
afterEach(async () => counter?.close());

/** A ticket for 300.00 that is paid. @returns the order. */
async function sell(shop: Counter): Promise<string> {
  const { session_id } = await shop.buy({ offer: 'finals' });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.rest();
  const row = shop.db.selectFrom('payment_transactions').select('order_id').where('session_id', '=', session_id);
  return (await row.executeTakeFirstOrThrow()).order_id;
}

async function open(): Promise<Counter> {
  counter = await openCounter({ fee: { basisPoints: 290, fixed: 30 } });
  return counter;
}

async function books({ db }: Counter): Promise<Record<string, number>> {
  const entries = await db.selectFrom('ledger_entries').select(['account', 'amount_minor']).execute();
  const sums: Record<string, number> = {};
  for (const { account, amount_minor } of entries) sums[account] = (sums[account] ?? 0) + amount_minor;
  return sums;
}

/** The movements as Stripe would tell them otherwise. */
function movements(shop: Counter, change: (movement: Record<string, unknown>) => Record<string, unknown> | null): void {
  shop.wire = async (request) => {
    const answer = await shop.sandbox.fetch(request);
    if (new URL(request.url).pathname !== '/v1/balance_transactions') return answer;
    const list = (await answer.json()) as { data: Record<string, unknown>[] };
    const data = list.data.flatMap((one) => change(one) ?? []);
    return new Response(JSON.stringify({ ...list, data }), { status: 200, headers: answer.headers });
  };
}

const named = async ({ house, clock }: Counter): Promise<[string, string | null][]> => {
  const period = { from: new Date(clock.now() - 30 * 24 * HOUR_MS), to: new Date(clock.now()) };
  const { unexplained } = await verify(house, period, Object.keys(EVENT_READERS));
  return unexplained.map(({ kind, order_id }) => [kind, order_id]);
};

const asked = ({ sandbox }: Counter): string[] =>
  sandbox.control.requests().map(({ method, path }) => `${method} ${path.replace(/cs_\w+/, 'cs')}`);

test(
  'the fee of a sale is booked by the next comparison, once however many look, and the sale itself asks Stripe once',
  async () => {
    const shop = await open();
    const order_id = await sell(shop);
    // Besides the lists of a comparison, which were asked for once for everybody.
    expect(asked(shop).filter((one) => !LISTS.includes(one))).toEqual(['POST /v1/checkout/sessions']);
    await Promise.all([reconcile(shop.house), reconcile(shop.house)]);
    await reconcile(shop.house);
    expect(await books(shop)).toEqual({ stripe: 30_000 - FEE, fees: FEE, revenue: -30_000 });
    const fees = shop.db.selectFrom('ledger_entries').select(['order_id', 'cause']).where('account', '=', 'fees');
    expect(await fees.execute()).toEqual([{ order_id, cause: expect.stringMatching(/^fee:txn_/) }]);
    const [usd] = await readMetrics(shop.db, shop.house.shop, { from: new Date(0), to: new Date('2100-01-01') });
    expect(usd).toMatchObject({ total_revenue_minor: 30_000, refunded_minor: 0, fees_minor: FEE });
  },
  LONG_MS,
);

test(
  'what nobody waits for is asked about once an hour, a page for a hundred movements',
  async () => {
    const shop = await open();
    await sell(shop);
    await reconcile(shop.house);
    const [timer] = await shop.db.selectFrom('timers').select('payload').where('kind', '=', 'reconcile').execute();
    const before = asked(shop).length;
    shop.clock.advance(HOUR_MS / 2);
    await reconcile(shop.house, timer?.payload);
    expect(asked(shop).slice(before)).toEqual([]);
    shop.clock.advance(HOUR_MS / 2);
    await reconcile(shop.house, timer?.payload);
    expect(
      asked(shop)
        .slice(before)
        .filter((one) => one.includes('balance')),
    ).toEqual(['GET /v1/balance_transactions']);
  },
  LONG_MS,
);

test(
  'what a refund costs is booked like a payment’s, what a dispute costs is booked once, and money of others is not ours',
  async () => {
    const shop = await open();
    const order_id = await sell(shop);
    await refundOrder(shop.house, { order_id, amount_minor: 100, requested_by: 'admin:kim' });
    const charge = String(shop.sandbox.books().charges[0]?.charge);
    await shop.sandbox.control.openDispute(charge, { amount: 500, fee: 1_500 });
    await shop.rest();
    const headers = { authorization: `Bearer ${shop.sandbox.keys.secret}` };
    const body = new URLSearchParams({
      amount: '5000',
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: 'true',
    });
    body.set('return_url', 'https://shop.example/');
    const others = new Request('http://127.0.0.1:4243/v1/payment_intents', { method: 'POST', headers, body });
    expect((await shop.sandbox.fetch(others)).status).toBe(200);
    movements(shop, (one) => (one.type === 'refund' ? { ...one, fee: 25 } : one));
    await reconcile(shop.house);
    await reconcile(shop.house);
    expect(await books(shop)).toMatchObject({ fees: FEE + 25 + 1_500, stripe: 30_000 - 100 - 500 - FEE - 25 - 1_500 });
    shop.clock.advance(2 * HOUR_MS);
    await reconcile(shop.house);
    expect(await named(shop)).toEqual([]);
  },
  LONG_MS,
);

test(
  'a fee that was compared and is not in the books is named, and the comparison of the next day books it',
  async () => {
    const shop = await open();
    movements(shop, () => null);
    const order_id = await sell(shop);
    shop.clock.advance(2 * HOUR_MS);
    await reconcile(shop.house);
    movements(shop, (one) => one);
    expect(await named(shop)).toEqual([['fee_not_in_books', order_id]]);
    await reconcile(shop.house);
    expect(await named(shop)).toEqual([]);
    movements(shop, (one) => ({ ...one, fee: FEE + 1 }));
    expect(await named(shop)).toEqual([['fee_differs', order_id]]);
  },
  LONG_MS,
);

test(
  'a payment that becomes an order days later has its fee booked by the next deep comparison',
  async () => {
    const shop = await open();
    const headers = { authorization: `Bearer ${shop.sandbox.keys.secret}` };
    const asking = { amount: '5000', currency: 'usd', payment_method: 'pm_card_visa', confirm: 'true' };
    const body = new URLSearchParams({ ...asking, return_url: 'https://shop.example/' });
    const made = await shop.sandbox.fetch(
      new Request('http://127.0.0.1:4243/v1/payment_intents', { method: 'POST', headers, body }),
    );
    const { id } = (await made.json()) as { id: string };
    await reconcile(shop.house);
    shop.clock.advance(5 * 24 * HOUR_MS);
    await reconcile(shop.house);
    const { order_id } = await adopt(shop.house, id, { actor: 'admin:kim', end: 'review' });
    expect(await named(shop)).toContainEqual(['fee_not_in_books', order_id]);
    await reconcile(shop.house);
    expect((await named(shop)).filter(([kind]) => kind.startsWith('fee_'))).toEqual([]);
  },
  LONG_MS,
);

test(
  'a fee that could not be booked is told of until it is, however much was booked since',
  async () => {
    const shop = await open();
    await sell(shop);
    // The database takes no such currency.
    movements(shop, (one) => ({ ...one, currency: 'no currency' }));
    expect(await reconcile(shop.house)).toMatchObject({ failed: 1 });
    const open_breaks = shop.db.selectFrom('reconcile_breaks').select('kind').where('resolved_at', 'is', null);
    expect(await open_breaks.execute()).toEqual([{ kind: 'fees_not_recorded' }]);
    const timers = shop.db.selectFrom('timers').select('payload').where('kind', '=', 'reconcile');
    shop.clock.advance(5 * HOUR_MS);
    expect(await reconcile(shop.house, (await timers.executeTakeFirstOrThrow()).payload)).toMatchObject({ failed: 1 });
    shop.clock.advance(5 * HOUR_MS);
    movements(shop, (one) => one);
    // Not the round that looks at everything: by itself it would not go back so far.
    await reconcile(shop.house, (await timers.executeTakeFirstOrThrow()).payload);
    expect(await books(shop)).toMatchObject({ fees: FEE });
    expect(await open_breaks.execute()).toEqual([]);
  },
  LONG_MS,
);

test(
  'the very first comparison books what Stripe has charged since the shop was set up',
  async () => {
    const shop = await open();
    movements(shop, () => null);
    await sell(shop);
    shop.clock.advance(20 * 24 * HOUR_MS);
    movements(shop, (one) => one);
    await shop.db.deleteFrom('reconcile_cursors').where('kind', '=', 'fees').execute();
    await shop.db.deleteFrom('timers').where('kind', '=', 'reconcile').execute();
    await reconcile(shop.house);
    expect(await books(shop)).toMatchObject({ fees: FEE });
  },
  LONG_MS,
);

test(
  'a fee from before fees were booked at all is counted as such, and is nobody’s mistake',
  async () => {
    const shop = await open();
    movements(shop, () => null);
    await sell(shop);
    shop.clock.advance(40 * 24 * HOUR_MS);
    movements(shop, (one) => one);
    // Whoever has sold for long with a version that booked no fees begins to book them today.
    const now = new Date(shop.clock.now());
    const since = { reached_at: now, since_at: now };
    await shop.db.updateTable('reconcile_cursors').set(since).where('kind', '=', 'fees').execute();
    await shop.db.deleteFrom('timers').where('kind', '=', 'reconcile').execute();
    expect(await books(shop)).not.toHaveProperty('fees');
    await reconcile(shop.house);
    const order_id = await sell(shop);
    shop.clock.advance(2 * HOUR_MS);
    await reconcile(shop.house);
    expect(await books(shop)).toMatchObject({ fees: FEE });
    const period = { from: new Date(shop.clock.now() - 60 * 24 * HOUR_MS), to: new Date(shop.clock.now()) };
    const { unexplained, counts } = await verify(shop.house, period, Object.keys(EVENT_READERS));
    expect(unexplained).toEqual([]);
    expect(counts).toMatchObject({ fees: 1, fees_before: 1 });
    const fees = shop.db.selectFrom('ledger_entries').select('order_id').where('account', '=', 'fees');
    expect(await fees.execute()).toEqual([{ order_id }]);
  },
  LONG_MS,
);

test(
  'verify names each dispute that the order has not heard of, tells otherwise, or made up',
  async () => {
    const shop = await open();
    const order_id = await sell(shop);
    expect(await named(shop)).toEqual([]);
    shop.deliver = async () => new Response('', { status: 500 });
    const charge = String(shop.sandbox.books().charges[0]?.charge);
    const { id } = await shop.sandbox.control.openDispute(charge, { amount: 500, fee: 1_500 });
    expect(await named(shop)).toEqual(expect.arrayContaining([['dispute_unknown', order_id]]));
    await reconcile(shop.house);
    expect((await named(shop)).map(([kind]) => kind)).not.toContain('dispute_unknown');
    await shop.sandbox.control.moveDispute(id, 'lost');
    expect((await named(shop)).map(([kind]) => kind)).toContain('dispute_differs');
    await reconcile(shop.house);
    await shop.db.updateTable('disputes').set({ stripe_dispute_id: 'dp_nobodys' }).execute();
    const found = (await named(shop)).map(([kind]) => kind);
    expect(found).toEqual(expect.arrayContaining(['dispute_unknown', 'dispute_not_at_stripe']));
  },
  LONG_MS,
);
