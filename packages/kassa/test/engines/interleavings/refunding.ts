import { inTransaction } from '../../../src/database/index.ts';
import { finishCheckout } from '../../../src/flows/checkout/finish-checkout.ts';
import { adopt } from '../../../src/flows/proof/adopt.ts';
import { reconcile } from '../../../src/flows/reconcile.ts';
import { beginRound, KNOWN_WITHIN_MS } from '../../../src/flows/reconciling/compare-session.ts';
import { compareUnowned } from '../../../src/flows/reconciling/compare-unowned.ts';
import { reachOf } from '../../../src/flows/reconciling/reach.ts';
import { refundOrder } from '../../../src/flows/refunds/refund-order.ts';
import { settle } from '../../../src/flows/settle.ts';
import { payUnknown } from '../../setup/unknown-page.ts';
import type { StageShop } from './rewind.ts';
import { type Act, CAUSE, hears, paidUnheard, type Scene, type Sold, tickets, told } from './scene.ts';

/** An order of 100.00 that is paid, and everything about it is done. */
async function sold(of: StageShop): Promise<Sold> {
  const opened = await of.sell(tickets(of));
  return { ...opened, session: String(opened.session_id) };
}

const TOO_MUCH = ['refund_exceeds_payment', 'already_refunded', 'internal_error'];

const refunds = ({ order_id }: Sold, amount_minor: number, key?: string): Act => {
  const idempotency = key === undefined ? {} : { idempotency: { scope: 'admin', key, request_hash: 'a'.repeat(64) } };
  return (house) => refundOrder(house, { order_id, amount_minor, requested_by: 'admin:ann', ...idempotency });
};

/** What left, as Stripe's books say it. */
const backOf = (of: StageShop): number => of.sandbox.books().currencies.usd?.refunded_succeeded ?? 0;

const leaves = (of: StageShop, allowed: readonly number[]) => async (): Promise<string[]> => {
  const back = backOf(of);
  return allowed.includes(back) ? [] : [`${back} went back, which is none of ${allowed.join(', ')}`];
};

async function atStripe(of: StageShop, { session }: Sold, amount: number): Promise<void> {
  const payment_intent = String(of.sandbox.control.session(session)?.payment_intent);
  const headers = { authorization: `Bearer ${of.sandbox.keys.secret}` };
  const body = new URLSearchParams({ payment_intent, amount: String(amount) });
  const url = 'http://127.0.0.1:4243/v1/refunds';
  await of.sandbox.fetch(new Request(url, { method: 'POST', headers, body }));
}

async function disputed(of: StageShop, { session }: Sold, type: string, times: number): Promise<void> {
  const charge = of.sandbox.books().charges.find((one) => one.session === session)?.charge ?? '';
  await of.sandbox.control.openDispute(charge, {});
  await told(of, type, times);
}

/** The part of a comparison that looks at such money a second time, in a shop that sends it back. */
const looksAgain: Act = async (house) => {
  const unexpected_money = { ...house.unexpected_money, without_order: 'refund' as const };
  const round = await beginRound({ ...house, unexpected_money });
  await compareUnowned(round, reachOf(house.clock.now(), undefined));
};

/** Stripe itself would refuse to give anything back twice, so that our own rows have to say it. */
async function adoptedOnce(of: StageShop): Promise<string[]> {
  // Whoever came second was in the way of the first, which the next comparison puts right.
  await reconcile(of.house);
  const adopted = await of.db.selectFrom('orders').select('id').where('status', '=', 'canceled').execute();
  const refunds = await of.db.selectFrom('refunds').select('id').execute();
  const open = await of.db.selectFrom('reconcile_breaks').select('kind').where('resolved_at', 'is', null).execute();
  const counts = [adopted.length, refunds.length, open.length];
  return counts.join() === '1,1,0' ? [] : [`orders, refunds and open breaks are ${counts}`];
}

async function beforeAPerson(of: StageShop): Promise<string[]> {
  const orders = of.db.selectFrom('orders').select(['id', 'review_reason']).where('review_reason', 'is not', null);
  return (await orders.execute()).map(({ id, review_reason }) => `order ${id} waits for a person: ${review_reason}`);
}

export const REFUNDING: readonly Scene[] = [
  {
    name: 'two refunds of sixty of a hundred at once: one is made, the other is refused',
    one_end: true,
    async set(of) {
      const order = await sold(of);
      const acts = { 'A refund': refunds(order, 6_000), 'B refund': refunds(order, 6_000) };
      return { acts, refusals: TOO_MUCH, look: leaves(of, [6_000]) };
    },
  },
  {
    name: 'two presses of one refund under one key: it is made once',
    one_end: true,
    async set(of) {
      const order = await sold(of);
      const acts = { 'A refund': refunds(order, 4_000, 'k'), 'B refund': refunds(order, 4_000, 'k') };
      return { acts, refusals: ['idempotency_key_in_use'], look: leaves(of, [4_000]) };
    },
  },
  {
    name: 'two refunds that fit at once: both are made',
    one_end: true,
    async set(of) {
      const order = await sold(of);
      const acts = { 'A refund': refunds(order, 4_000), 'B refund': refunds(order, 3_000) };
      return { acts, look: leaves(of, [7_000]) };
    },
  },
  {
    name: 'a refund and the word of a refund in the dashboard meet: never more goes back than came',
    one_end: false,
    async set(of) {
      const order = await sold(of);
      await atStripe(of, order, 6_000);
      await told(of, 'refund.created', 1);
      const acts = { 'A refund': refunds(order, 6_000), 'B webhook': hears(of) };
      return { acts, refusals: TOO_MUCH, later_ms: 120_000, look: leaves(of, [6_000]) };
    },
  },
  {
    name: 'a refund in the dashboard is told twice at once: it is booked once',
    one_end: true,
    async set(of) {
      const order = await sold(of);
      await atStripe(of, order, 6_000);
      await told(of, 'refund.created', 2);
      return { acts: { 'A webhook': hears(of), 'B webhook': hears(of) }, look: leaves(of, [6_000]) };
    },
  },
  {
    name: 'a refund and a dispute meet: the books follow both',
    one_end: false,
    async set(of) {
      const order = await sold(of);
      await disputed(of, order, 'charge.dispute.created', 1);
      const acts = { 'A refund': refunds(order, 6_000), 'B webhook': hears(of) };
      return { acts, refusals: [...TOO_MUCH, 'refund_disputed', 'payment_disputed'] };
    },
  },
  {
    name: 'a dispute is told twice at once: it is booked once',
    one_end: true,
    async set(of) {
      const order = await sold(of);
      await disputed(of, order, 'charge.dispute.created', 2);
      return { acts: { 'A webhook': hears(of), 'B webhook': hears(of) } };
    },
  },
  {
    name: 'a refund of money that nobody has heard of meets its webhook: it is settled first and goes back once',
    one_end: true,
    async set(of) {
      const order = await paidUnheard(of);
      const acts = { 'A refund': refunds(order, 6_000), 'B webhook': hears(of) };
      return { acts, refusals: ['payment_not_succeeded'], look: leaves(of, [6_000, 0]) };
    },
  },
  {
    name: 'money that no order knows is looked at a second time by two at once: it goes back once',
    one_end: true,
    async set(of) {
      // The first of its kind in a shop also makes what such orders are for, which two cannot do at once either.
      const page = { shop_id: of.house.shop.tenant_id };
      await adopt(of.house, await payUnknown(of.sandbox, page), { actor: 'admin:ann', end: 'review' });
      await payUnknown(of.sandbox, page);
      await reconcile(of.house);
      of.clock.advance(KNOWN_WITHIN_MS + 1);
      const look = async () => [...(await leaves(of, [700])()), ...(await adoptedOnce(of))];
      return { acts: { 'A comparison': looksAgain, 'B comparison': looksAgain }, look };
    },
  },
  {
    name: 'a refund whose answer was lost is sent again by two at once: it is made once',
    one_end: true,
    async set(of) {
      const order = await sold(of);
      const match = { method: 'POST', path: '/v1/refunds' };
      of.sandbox.control.addFault({ match, times: 3, fault: { when: 'after', kind: 'reset' } });
      await refunds(order, 6_000)(of.house).catch((error: unknown) => error);
      const { id } = await of.db.selectFrom('refunds').select('id').executeTakeFirstOrThrow();
      const again: Act = (house) => house.sendRefund(house, id);
      const look = async () => [...(await leaves(of, [6_000])()), ...(await beforeAPerson(of))];
      return { acts: { 'A timer': again, 'B timer': again }, look };
    },
  },
  {
    name: 'late money comes while another buyer takes the last of what was let go: one has it, the other is told',
    one_end: false,
    async set(of) {
      const towel = [{ offer_id: of.id('towel'), quantity: 4 }];
      const first = await of.order(towel);
      const session = String(first.session_id);
      await of.payLate(first);
      const report = await of.house.gateway.readSession(session, 'unblock');
      const late: Act = (house) => inTransaction(house.db, (tx) => settle(house, tx, report, CAUSE));
      const buys: Act = (house) => of.orderAt(house, towel, { as: 'ben' });
      return { acts: { 'A late money': late, 'B buyer': buys }, refusals: ['sold_out'] };
    },
  },
  {
    name: 'a checkout whose answer was lost is finished by two at once: there is one page',
    one_end: true,
    async set(of) {
      const match = { method: 'POST', path: '/v1/checkout/sessions' };
      of.sandbox.control.addFault({ match, times: 3, fault: { when: 'after', kind: 'reset' } });
      await of.order(tickets(of)).catch((error: unknown) => error);
      const { id } = await of.db.selectFrom('payment_transactions').select('id').executeTakeFirstOrThrow();
      const again: Act = (house) => finishCheckout(house, id);
      const look = async (): Promise<string[]> => {
        const pages = of.sandbox.books().sessions.length;
        return pages === 1 ? [] : [`there are ${pages} pages`];
      };
      return { acts: { 'A timer': again, 'B timer': again }, look };
    },
  },
];
