// Goal: what a bank asks back is told at once, holds back what is not given out yet, and leaves the books as it leaves
// Stripe; nobody gives the same money back twice.
// Method: a real Postgres, the real stories and the sandbox's banks; the books are held beside the sandbox's own.
import { afterEach, expect, test } from 'vitest';
import { inTransaction, sql } from '../../src/database/index.ts';
import { ledgerBalances } from '../../src/domain/ledger/index.ts';
import { disputesOf, listDisputes } from '../../src/domain/payments/index.ts';
import { readStory } from '../../src/domain/reports/index.ts';
import type { Opened } from '../../src/flows/opening/attach-session.ts';
import { openSpa, type Spa } from '../setup/spa.ts';

let spa: Spa | undefined;
afterEach(async () => {
  if (spa) await checkStripe(spa);
  await spa?.close();
});
const heard: unknown[] = [];
const open = async (): Promise<Spa> => {
  heard.length = 0;
  const hear = (call: { event: string; dispute: unknown }): void => void heard.push([call.event, call.dispute]);
  spa = await openSpa({ hooks: { on: { 'dispute.created': hear, 'dispute.closed': hear } } });
  return spa;
};

/** M1: what the books say is at Stripe is what Stripe's own books hold for us. */
async function checkStripe(of: Spa): Promise<void> {
  const balances = await ledgerBalances(of.db, of.house.shop);
  const sum = (accounts: readonly string[]): number =>
    balances.reduce((total, one) => total + (accounts.includes(one.account) ? one.balance_minor : 0), 0);
  const books = of.sandbox.control.books().currencies.usd;
  const held = books ? books.captured - books.refunded_succeeded - books.disputed + books.reinstated : 0;
  expect(sum(['stripe', 'fees'])).toBe(held);
  expect(balances.reduce((total, one) => total + one.balance_minor, 0)).toBe(0);
}

const massage = (of: Spa, days = 1) => [{ offer_id: of.id('massage'), quantity: 1, slot: of.slot(days) }];
const chargeOf = (of: Spa, { order_id }: Opened): string =>
  of.sandbox.control.books().charges.find((one) => one.session === sessions.get(order_id))?.charge ?? '';
const sessions = new Map<string, string>();

async function sold(of: Spa, lines = massage(of)): Promise<Opened> {
  const opened = await of.sell(lines);
  sessions.set(opened.order_id, String(opened.session_id));
  return opened;
}

async function disputed(of: Spa, opened: Opened, facts: { inquiry?: boolean; amount?: number; fee?: number } = {}) {
  const dispute = await of.sandbox.control.openDispute(chargeOf(of, opened), facts);
  await of.rest();
  return dispute.id;
}

async function moved(
  of: Spa,
  id: string,
  status: 'won' | 'lost' | 'under_review' | 'warning_closed' | 'needs_response',
) {
  await of.sandbox.control.moveDispute(id, status);
  await of.rest();
}

async function reviewOf(of: Spa, { order_id }: Opened): Promise<string | null> {
  const row = await of.db.selectFrom('orders').select('review_reason').where('id', '=', order_id).executeTakeFirst();
  return row?.review_reason ?? null;
}

test('a dispute takes its money out of the books, is put before a person with its day, and is told to the shop', async () => {
  const of = await open();
  const opened = await sold(of);
  const id = await disputed(of, opened);
  expect(await of.ledger()).toEqual({ disputes: 10_875, revenue: -10_000, tax: -875 });
  expect(await reviewOf(of, opened)).toBe('dispute_opened');
  const [dispute] = await disputesOf(of.db, opened.order_id);
  expect(dispute).toMatchObject({ stripe_dispute_id: id, status: 'needs_response', withdrawn_minor: 10_875 });
  const days = ((dispute?.due_at?.getTime() ?? 0) - of.clock.now()) / 86_400_000;
  expect(Math.round(days)).toBe(9);
  const told = { id, status: 'needs_response', amount_minor: 10_875, currency: 'usd', reason: 'fraudulent' };
  expect(heard).toMatchObject([['dispute.created', told]]);
  expect(await of.status(opened)).toBe('paid');
  expect(await listDisputes(of.db, of.house.shop, { since: new Date(0), limit: 10 })).toHaveLength(1);
});

test('a dispute that is won brings the money back and is told once; one that is lost keeps it', async () => {
  const of = await open();
  const [first, second] = [await sold(of), await sold(of, massage(of, 2))];
  const [won, lost] = [await disputed(of, first), await disputed(of, second)];
  await moved(of, won, 'under_review');
  await moved(of, won, 'won');
  await moved(of, lost, 'lost');
  expect(await of.ledger()).toEqual({ stripe: 10_875, disputes: 10_875, revenue: -20_000, tax: -1_750 });
  const closed = heard.filter((one) => (one as [string])[0] === 'dispute.closed');
  expect(closed).toMatchObject([
    ['dispute.closed', { id: won, status: 'won' }],
    ['dispute.closed', { id: lost, status: 'lost' }],
  ]);
  const rows = await of.db
    .selectFrom('disputes')
    .select(['status', 'withdrawn_minor', 'closed_at'])
    .orderBy('id')
    .execute();
  expect(rows).toEqual([
    { status: 'won', withdrawn_minor: 0, closed_at: expect.any(Date) },
    { status: 'lost', withdrawn_minor: 10_875, closed_at: expect.any(Date) },
  ]);
});

test('a dispute that nobody answers is lost when its time is up', async () => {
  const of = await open();
  const opened = await sold(of);
  await disputed(of, opened);
  await of.pass(10 * 86_400_000);
  expect(await disputesOf(of.db, opened.order_id)).toMatchObject([{ status: 'lost' }]);
});

test('events of a dispute in any order, twice, or none but the last leave the same rows and the same books', {
  timeout: 120_000,
}, async () => {
  const scripts: number[][] = [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [4], [2, 2, 0, 4, 4, 1, 3]];
  const ends = [];
  for (const order of scripts) {
    const of = await open();
    const opened = await sold(of);
    const { deliver } = of;
    const kept: Request[] = [];
    of.deliver = async (request) => {
      kept.push(request);
      return new Response('{"received": true}');
    };
    const id = await disputed(of, opened);
    await moved(of, id, 'won');
    of.deliver = deliver;
    const events = kept.filter((one) => one.headers.has('stripe-signature'));
    const about = [];
    for (const one of events) if ((await one.clone().text()).includes('charge.dispute')) about.push(one);
    for (const at of order) await of.take((about[at % about.length] as Request).clone());
    await of.rest();
    const rows = await of.db.selectFrom('disputes').select(['status', 'movements', 'withdrawn_minor']).execute();
    ends.push({ rows, ledger: await of.ledger() });
    await checkStripe(of);
    await of.close();
    spa = undefined;
  }
  expect(ends[0]).toMatchObject({ rows: [{ status: 'won', movements: 2, withdrawn_minor: 0 }] });
  for (const end of ends) expect(end).toEqual(ends[0]);
});

test('a mere question moves nothing and holds nothing back, and may become a dispute', async () => {
  const of = await open();
  const opened = await sold(of);
  const id = await disputed(of, opened, { inquiry: true });
  expect(await of.ledger()).toEqual({ stripe: 10_875, revenue: -10_000, tax: -875 });
  expect(await reviewOf(of, opened)).toBe('dispute_opened');
  await moved(of, id, 'warning_closed');
  expect(heard).toMatchObject([
    ['dispute.created', { status: 'warning_needs_response' }],
    ['dispute.closed', { status: 'warning_closed' }],
  ]);
});

test('what was not given out yet waits while the money is disputed, and goes on when the dispute is won', async () => {
  const of = await open();
  // The hook of the shop is away, so nothing has been given out when the bank asks.
  const opened = await of.order([...massage(of), { offer_id: of.id('gift'), quantity: 1 }]);
  sessions.set(opened.order_id, String(opened.session_id));
  await of.sandbox.control.pay(String(opened.session_id), { outcome: 'pays', email: 'ann@example.com' });
  const report = await of.house.gateway.readSession(String(opened.session_id), 'unblock');
  await inTransaction(of.db, (tx) => of.house.settle(of.house, tx, report, { cause: 'test', actor: 'kassa' }));
  await sql`update kassa.deliveries set due_at = due_at + interval '1 hour'`.execute(of.db);
  const id = await disputed(of, opened);
  await of.pass(2 * 3_600_000);
  const story = await readStory(of.db, of.house.shop, opened.order_id);
  expect(story?.steps.map(({ title, detail }) => [title, detail])).toEqual(
    expect.arrayContaining([
      [
        expect.stringMatching(/^Dispute over \d+\.\d\d USD needs response$/),
        expect.stringMatching(/^to be answered by 20/),
      ],
      ['Workflow of an appointment', 'waits while a bank asks'],
    ]),
  );
  const begun = () => of.db.selectFrom('effects').select('name').execute();
  expect(await begun()).toEqual([]);
  expect(await of.order([{ offer_id: of.id('towel'), quantity: 1 }], { use_credits: true })).toMatchObject({
    credits_minor: 0,
  });
  await moved(of, id, 'won');
  expect(await begun()).toEqual([{ name: 'workflow:start' }]);
  expect(await of.order([{ offer_id: of.id('towel'), quantity: 1 }], { use_credits: true })).toMatchObject({
    credits_minor: 1_000,
  });
});

test('disputed money is not given back by the shop as well, and after a full refund a bank may still ask', async () => {
  const of = await open();
  const opened = await sold(of);
  const id = await disputed(of, opened);
  await expect(of.refund(opened)).rejects.toMatchObject({
    code: 'refund_exceeds_payment',
    details: { reason: 'disputed' },
  });
  await moved(of, id, 'won');
  await of.refund(opened);
  expect(await of.status(opened)).toBe('refunded');
  const other = await sold(of, massage(of, 2));
  await of.refund(other);
  await disputed(of, other, { amount: 10_875 });
  expect(await reviewOf(of, other)).toBe('dispute_opened');
  expect((await of.ledger()).stripe).toBe(-10_875);
});

test('what was lost to a bank cannot be given back any more', async () => {
  const of = await open();
  const opened = await sold(of);
  await moved(of, await disputed(of, opened, { amount: 5_000 }), 'lost');
  await expect(of.refund(opened, 6_000)).rejects.toMatchObject({
    code: 'refund_exceeds_payment',
    details: { refundable_minor: 5_875 },
  });
});

test('what Stripe takes for a dispute is a fee in the books, and stays one when the dispute is won', async () => {
  const of = await open();
  const opened = await sold(of);
  const id = await disputed(of, opened, { fee: 1_500 });
  expect(await of.ledger()).toMatchObject({ stripe: -1_500, fees: 1_500, disputes: 10_875 });
  await moved(of, id, 'won');
  expect(await of.ledger()).toEqual({ stripe: 9_375, fees: 1_500, revenue: -10_000, tax: -875 });
});

test('a bank’s early warning puts the order before a person once, and moves nothing', async () => {
  const of = await open();
  const opened = await of.order(massage(of));
  const fraud = { payment_method: 'pm_card_createIssuerFraudRecord', email: 'ann@example.com' };
  await of.sandbox.control.pay(String(opened.session_id), fraud);
  await of.pass(2 * 86_400_000);
  expect(await reviewOf(of, opened)).toBe('early_fraud_warning');
  const warnings = await of.db.selectFrom('fraud_warnings').select(['order_id', 'fraud_type']).execute();
  expect(warnings).toEqual([{ order_id: opened.order_id, fraud_type: 'misc' }]);
  expect(await of.ledger()).toEqual({ stripe: 10_875, revenue: -10_000, tax: -875 });
});

test('a dispute of somebody else’s payment is none of ours', async () => {
  const of = await open();
  const body = new URLSearchParams({
    ...{ amount: '1000', currency: 'usd', confirm: 'true', payment_method: 'pm_card_createDispute' },
    ...{ return_url: 'https://shop.example/', 'automatic_payment_methods[enabled]': 'true' },
  });
  const headers = { authorization: `Bearer ${of.sandbox.keys.secret}` };
  const request = new Request('http://127.0.0.1:4243/v1/payment_intents', { method: 'POST', headers, body });
  expect((await of.sandbox.fetch(request)).status).toBe(200);
  await of.pass(2 * 86_400_000);
  const events = of.db
    .selectFrom('inbox_events')
    .select(['outcome', 'parked_at'])
    .where('type', 'like', 'charge.dispute%');
  expect(new Set((await events.execute()).map((row) => row.outcome))).toEqual(new Set(['ignored']));
  expect(await of.db.selectFrom('disputes').selectAll().execute()).toEqual([]);
});
