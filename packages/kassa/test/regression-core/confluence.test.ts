// Goal: the same facts end in the same books, whatever their order, their number and their haste.
// Method: real reports of one order, its payment and its refunds are told in shuffled orders and doubled, and what must
// wait is told again later, as the inbox does.
import { afterEach, expect, inject, test } from 'vitest';
import { inTransaction } from '../../src/database/index.ts';
import type { PaymentReport, RefundReport } from '../../src/domain/payments/index.ts';
import type { SettleOutcome } from '../../src/flows/house.ts';
import { type Random, seededRandom } from '../../src/kernel/random.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const ORDERS = 24;
const CAUSE = { cause: 'test', actor: 'kassa' };

type Fact = { readonly payment: PaymentReport } | { readonly refund: RefundReport };

function factsOf(session_id: string, at: Date): Fact[] {
  const payment_id = `pi_${session_id}`;
  const payment: PaymentReport = {
    ...{ session_id, payment_id, status: 'complete', payment_status: 'paid', failed: false, amount_minor: 10_000 },
    ...{ currency: 'usd', email: 'ann@example.com', livemode: false, marked: true, shop_id: null, at },
    ...{ intent_status: null, decline: null, reference: null },
  };
  const refund = (name: string, amount_minor: number, status: RefundReport['status']): Fact => ({
    refund: {
      ...{ refund_id: `re_${name}_${session_id}`, payment_id, amount_minor, currency: 'usd', status, at },
      ...{ stripe_status: status, reason: null, failure_reason: null, reference: null, livemode: false },
    },
  });
  return [
    { payment: { ...payment, payment_status: 'unpaid' } },
    { payment },
    refund('part', 3_000, 'pending'),
    refund('part', 3_000, 'succeeded'),
    refund('undone', 2_000, 'succeeded'),
    refund('undone', 2_000, 'failed'),
  ];
}

function shuffled(facts: readonly Fact[], random: Random): Fact[] {
  const rest = [...facts, ...facts.filter(() => random.below(3) === 0)];
  return rest
    .map((fact) => ({ fact, place: random.below(1_000_000) }))
    .sort((a, b) => a.place - b.place)
    .map((one) => one.fact);
}

const tell = (shop: Counter, fact: Fact): Promise<SettleOutcome> =>
  inTransaction(shop.db, (tx) =>
    'payment' in fact
      ? shop.house.settle(shop.house, tx, fact.payment, CAUSE)
      : shop.house.recordRefund(shop.house, tx, fact.refund, CAUSE),
  );

async function booksOf({ db }: Counter, order_id: string): Promise<unknown> {
  const order = await db
    .selectFrom('orders')
    .select(['status', 'review_reason'])
    .where('id', '=', order_id)
    .executeTakeFirst();
  const refunds = await db
    .selectFrom('refunds')
    .select(['amount_minor', 'status'])
    .where('order_id', '=', order_id)
    .orderBy('amount_minor')
    .execute();
  const entries = await db
    .selectFrom('ledger_entries')
    .select(['account', (eb) => eb.fn.sum<string>('amount_minor').as('sum')])
    .where('order_id', '=', order_id)
    .groupBy('account')
    .orderBy('account')
    .execute();
  return { ...order, refunds, books: entries.filter((row) => Number(row.sum) !== 0) };
}

test('a payment and its refunds end in the same books in whatever order they are told', async () => {
  const shop = await openCounter();
  counter = shop;
  const seed = `confluence ${inject('kassa_run').run}`;
  const random = seededRandom(seed);
  const ends = new Map<string, string[]>();
  for (let count = 0; count < ORDERS; count += 1) {
    const { session_id } = await shop.buy();
    const attempt = await shop.db
      .selectFrom('payment_transactions')
      .select('order_id')
      .where('session_id', '=', session_id)
      .executeTakeFirstOrThrow();
    let queue = shuffled(factsOf(session_id, shop.house.clock.now()), random);
    const told = queue.map((fact) =>
      'payment' in fact ? fact.payment.payment_status : `${fact.refund.refund_id.slice(0, 7)}:${fact.refund.status}`,
    );
    for (let rounds = 0; queue.length > 0 && rounds < 5; rounds += 1) {
      const waiting: Fact[] = [];
      // Half of the orders hear everything at once, as from many workers.
      const at_once = count % 2 === 1 ? await Promise.all(queue.map((fact) => tell(shop, fact))) : undefined;
      for (const [index, fact] of queue.entries()) {
        const { outcome } = at_once?.[index] ?? (await tell(shop, fact));
        if (outcome === 'unknown') waiting.push(fact);
      }
      queue = waiting;
    }
    const end = JSON.stringify(await booksOf(shop, attempt.order_id));
    ends.set(end, [...(ends.get(end) ?? []), told.join(' ')]);
  }
  expect([...ends.keys()], `${seed}: ${JSON.stringify([...ends], null, 1)}`).toHaveLength(1);
}, 60_000);
