// Goal: the same facts end the same, whatever their order and however often each is told.
// Method: fast-check tells the true histories of one or two pages in any order and any number of times to the one
// decision over money, and folds what it decides; no database, so that a hundred thousand tellings take a minute. The
// same over the real stories and a real Postgres is in test/regression-core/confluence.test.ts.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Order } from '../../src/domain/orders/index.ts';
import {
  type Attempt,
  joinRefundStatus,
  type PaymentReport,
  type RefundStatus,
} from '../../src/domain/payments/index.ts';
import { NOTHING_ASIDE, type SetAside } from '../../src/flows/holding/aside.ts';
import { type Decision, decide } from '../../src/flows/settling/decide.ts';

const RUNS = Number(process.env.KASSA_TEST_MULTISETS ?? 1_000);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const TOTAL = 20_000;
const AT = new Date('2026-11-21T10:00:00Z');

const ORDER = {
  ...{ id: 'order', currency: 'usd', subtotal_minor: TOTAL, discount_minor: 0, tax_minor: 0, credits_minor: 0 },
  ...{ total_minor: TOTAL, status: 'pending', version: 1 },
} as Order;

const page = (id: string): Attempt =>
  ({
    ...{ id, order_id: 'order', amount: TOTAL, currency: 'usd', session_id: `cs_${id}`, payment_id: null },
    ...{ payment_status: 'pending', received_minor: 0, refunding_minor: 0, kept: false },
  }) as Attempt;

const said = (id: string, part: Partial<PaymentReport>): PaymentReport => ({
  ...{ session_id: `cs_${id}`, payment_id: `pi_${id}`, status: 'open', payment_status: 'unpaid', failed: false },
  ...{ intent_status: null, decline: null, reference: null, amount_minor: TOTAL, currency: 'usd', email: null },
  ...{ livemode: false, marked: true, shop_id: null, at: AT },
  ...part,
});

/** What may truly happen to a page, from its first word to its last. */
const HISTORIES: Readonly<Record<string, readonly Partial<PaymentReport>[]>> = {
  paid: [{}, { status: 'complete', payment_status: 'paid' }],
  'paid by a slow bank': [{}, { status: 'complete' }, { status: 'complete', payment_status: 'paid' }],
  'refused by a slow bank': [{}, { status: 'complete' }, { status: 'complete', failed: true }],
  expired: [{}, { status: 'expired' }],
};

interface State {
  readonly order: Order;
  readonly attempts: readonly Attempt[];
  readonly aside: SetAside;
  readonly decisions: readonly Decision[];
}

const START: State = {
  order: ORDER,
  attempts: [page('a'), page('b')],
  aside: {
    ...NOTHING_ASIDE,
    holds: [{ id: 'hold', order_line_id: 'line', offer_id: 'offer', quantity: 2, state: 'held' }],
    free: new Map([['offer', 2]]),
  },
  decisions: [],
};

function hear(state: State, report: PaymentReport): State {
  const attempt = state.attempts.find((one) => one.session_id === report.session_id);
  if (!attempt) throw new Error('a report of no page');
  const unexpected = { second_payment: 'refund', other_amount: 'review' } as const;
  const snapshot = { ...state, attempt, grants: [], when_late: 'rehold-or-refund', unexpected } as const;
  const decision = decide(snapshot, report);
  if (!decision) return state;
  const ended = decision.aside;
  return {
    order: { ...state.order, status: decision.order?.to ?? state.order.status },
    attempts: state.attempts.map((one) => (one.id === attempt.id ? { ...one, ...decision.attempt } : one)),
    aside:
      ended === 'keep'
        ? state.aside
        : { ...state.aside, holds: state.aside.holds.map((one) => ({ ...one, state: ended })) },
    decisions: [...state.decisions, decision],
  };
}

/** What a shopkeeper would miss; which of two payments was kept is nobody's concern, that one was is. */
function endOf({ order, attempts, aside, decisions }: State): unknown {
  const books: Record<string, number> = {};
  for (const { amounts } of decisions.flatMap(({ postings }) => postings)) {
    for (const [account, amount] of Object.entries(amounts)) books[account] = (books[account] ?? 0) + amount;
  }
  return {
    status: order.status,
    attempts: attempts.map(({ payment_status }) => payment_status),
    kept: attempts.filter(({ kept }) => kept).length,
    holds: aside.holds.map(({ state }) => state),
    back: decisions.reduce((sum, { refund }) => sum + (refund?.amount_minor ?? 0), 0),
    announced: decisions.filter(({ messages }) => messages.includes('order.paid')).length,
    reviews: decisions.filter(({ review }) => review !== null).length,
    books,
  };
}

const history = fc.constantFrom(...Object.keys(HISTORIES));
/** Each word of a history at least once, in any order: a place for it, and places for its repeats. */
const places = fc.array(fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3 }), { minLength: 6, maxLength: 6 });

test(`however often and in whatever order the words about two pages come, all ends the same (${RUNS} tellings)`, () => {
  fc.assert(
    fc.property(history, history, places, (first, second, order) => {
      const facts = [
        ...(HISTORIES[first] ?? []).map((part) => said('a', part)),
        ...(HISTORIES[second] ?? []).map((part) => said('b', part)),
      ];
      const told = facts
        .flatMap((fact, at) => (order[at] ?? [0]).map((place) => ({ fact, place })))
        .sort((left, right) => left.place - right.place);
      const plain = endOf(facts.reduce(hear, START));
      expect(endOf(told.reduce((state, { fact }) => hear(state, fact), START))).toEqual(plain);
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

const STATES: readonly RefundStatus[] = ['requested', 'pending', 'succeeded', 'canceled', 'failed'];

test('the words about one refund end the same in any order and any number', () => {
  const words = fc.array(fc.constantFrom(...STATES), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(words, fc.array(fc.nat(1_000), { minLength: 12, maxLength: 12 }), (said_of_it, order) => {
      const fold = (list: readonly RefundStatus[]): RefundStatus => list.reduce(joinRefundStatus, 'requested');
      const mixed = [...said_of_it, ...said_of_it].map((word, at) => ({ word, place: order[at % 12] ?? 0 }));
      mixed.sort((left, right) => left.place - right.place);
      expect(fold(mixed.map(({ word }) => word))).toBe(fold(said_of_it));
    }),
    { numRuns: RUNS, seed: SEED },
  );
});
