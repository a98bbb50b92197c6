// Goal: each thing that Stripe can say of a payment changes exactly what it should: the order, the books, the messages.
// Method: one order in one state, one report, and the whole decision beside it.
import { describe, expect, test } from 'vitest';
import { attempt, hold, order, report, TOTAL } from '../../../test/setup/decision.ts';
import type { CreditHold } from '../../domain/credits/index.ts';
import type { OrderStatus } from '../../domain/orders/index.ts';
import type { AttemptStatus, PaymentReport } from '../../domain/payments/index.ts';
import { NOTHING_ASIDE, type SetAside } from '../holding/aside.ts';
import { type Decision, decide, type Grant, type Snapshot } from './decide.ts';

interface Scene {
  readonly order?: Parameters<typeof order>[0];
  readonly attempt?: Parameters<typeof attempt>[0];
  readonly others?: readonly Parameters<typeof attempt>[0][];
  readonly aside?: Partial<SetAside>;
  readonly grants?: readonly Grant[];
  readonly when_late?: Snapshot['when_late'];
}

function sceneOf(scene: Scene): Snapshot {
  const mine = attempt(scene.attempt ?? {});
  const others = (scene.others ?? []).map((part, at) => attempt({ id: `other${at}`, ...part }));
  return {
    order: order(scene.order ?? {}),
    attempt: mine,
    attempts: [mine, ...others],
    aside: { ...NOTHING_ASIDE, holds: [hold('held')], ...scene.aside },
    grants: scene.grants ?? [],
    when_late: scene.when_late ?? 'rehold-or-refund',
    unexpected: { second_payment: 'refund', other_amount: 'review' },
  };
}

const NOTHING: Omit<Decision, 'attempt'> = {
  ...{ order: null, aside: 'keep', grants: [], postings: [], refund: null, review: null, messages: [] },
};
const unpaid = (payment_status: AttemptStatus): Decision['attempt'] => ({
  ...{ payment_status, received_minor: 0, kept: false },
});
const said = (status: PaymentReport['status'], failed = false): PaymentReport =>
  report({ status, payment_status: 'unpaid', failed });
const THINKS = said('complete');

describe('a bank that thinks', () => {
  test('makes an order wait with it, and says so once', () => {
    expect(decide(sceneOf({}), THINKS)).toEqual({
      ...NOTHING,
      attempt: unpaid('processing'),
      order: { to: 'processing', event: 'payment_processing' },
      messages: ['order.processing'],
    });
  });

  test.each<OrderStatus>(['processing', 'paid', 'expired', 'canceled'])('moves no order that is %s', (status) => {
    expect(decide(sceneOf({ order: { status } }), THINKS)).toEqual({ ...NOTHING, attempt: unpaid('processing') });
  });

  test('counts for a page whose place was taken, unless another page of the same order is alive', () => {
    const taken = { attempt: { payment_status: 'superseded' as const } };
    const waits = { to: 'processing', event: 'payment_processing' };
    expect(decide(sceneOf(taken), THINKS)).toMatchObject({ attempt: unpaid('processing'), order: waits });
    expect(decide(sceneOf(taken), said('open'))).toBeNull();
    expect(decide(sceneOf({ ...taken, others: [{ payment_status: 'pending' }] }), THINKS)).toBeNull();
  });

  test('is told apart from a page that has only been opened', () => {
    const scene = sceneOf({ attempt: { payment_status: 'initiated' } });
    expect(decide(scene, said('open'))).toEqual({ ...NOTHING, attempt: unpaid('pending') });
  });
});

describe('an attempt that ends without money', () => {
  const END = { ...NOTHING, aside: 'released' } as const;

  test.each<[string, OrderStatus, PaymentReport, AttemptStatus, Decision['order'], string]>([
    ['expired', 'pending', said('expired'), 'expired', { to: 'expired', event: 'session_expired' }, 'order.expired'],
    [
      'expired after a bank was asked',
      'processing',
      said('expired'),
      'expired',
      { to: 'expired', event: 'payment_failed' },
      'order.payment_failed',
    ],
    [
      'refused by its bank',
      'processing',
      said('complete', true),
      'failed',
      { to: 'expired', event: 'payment_failed' },
      'order.payment_failed',
    ],
    [
      'canceled',
      'draft',
      said('canceled'),
      'canceled',
      { to: 'canceled', event: 'checkout_canceled' },
      'order.canceled',
    ],
  ])('%s ends its order and lets go of everything', (_name, status, fact, payment_status, move, topic) => {
    expect(decide(sceneOf({ order: { status } }), fact)).toEqual({
      ...END,
      attempt: unpaid(payment_status),
      order: move,
      messages: [topic],
    });
  });

  test('ends nothing while another page of the order is alive', () => {
    const others = [{ payment_status: 'pending' as const }];
    expect(decide(sceneOf({ others }), said('expired'))).toEqual({ ...NOTHING, attempt: unpaid('expired') });
    const over = [{ payment_status: 'expired' as const }];
    expect(decide(sceneOf({ others: over }), said('expired'))?.order?.to).toBe('expired');
    const mixed = [{ payment_status: 'expired' as const }, { payment_status: 'processing' as const }];
    expect(decide(sceneOf({ others: mixed }), said('expired'))?.order).toBeNull();
  });

  test.each<OrderStatus>(['paid', 'refunded', 'expired', 'canceled'])('leaves an order alone that is %s', (status) => {
    const decision = decide(sceneOf({ order: { status } }), said('expired'));
    expect(decision).toEqual({ ...NOTHING, attempt: unpaid('expired') });
  });
});

const received = { payment_status: 'paid', received_minor: TOTAL, kept: false } as const;
const ASIDE = { cause: 'paid:attempt', currency: 'usd', amounts: { stripe: TOTAL, review: -TOTAL } };

describe('money that arrives', () => {
  test('pays the order, and the books tell of price, discount, tax, credits and what is left to Stripe', () => {
    const sums = { subtotal_minor: 25_000, discount_minor: 4_000, tax_minor: 2_000, credits_minor: 3_000 };
    const credits = [creditHold('usd', 1_000), creditHold(null, 2)];
    const scene = sceneOf({ order: sums, aside: { credits } });
    expect(decide(scene, report({}))).toEqual({
      attempt: { payment_status: 'paid', received_minor: TOTAL, kept: true },
      order: { to: 'paid', event: 'payment_succeeded' },
      aside: 'sold',
      grants: [],
      postings: [
        {
          cause: 'paid:attempt',
          currency: 'usd',
          amounts: { stripe: TOTAL, credits_liability: 1_000, discounts: 6_000, revenue: -25_000, tax: -2_000 },
        },
      ],
      refund: null,
      review: null,
      messages: ['order.paid'],
    });
  });

  test('for a bundle is owed as credits: what was paid for them is no revenue, and what is beyond is given away', () => {
    const grant = (currency: string | null, amount: number): Grant =>
      ({ order_line_id: 'line', currency, offer_id: currency === null ? 'offer' : null, amount }) as unknown as Grant;
    const grants = [grant('usd', 15_000), grant('usd', 9_000), grant('eur', 500), grant(null, 3)];
    const decision = decide(sceneOf({ grants }), report({}));
    expect(decision?.grants).toEqual(grants);
    expect(decision?.postings.slice(1)).toEqual([
      {
        cause: 'granted:attempt',
        currency: 'usd',
        amounts: { credits_liability: -24_000, revenue: TOTAL, discounts: 4_000 },
      },
      { cause: 'granted:attempt', currency: 'eur', amounts: { credits_liability: -500, revenue: 0, discounts: 500 } },
    ]);
    const less = decide(sceneOf({ grants: [grant('usd', 5_000)] }), report({}));
    expect(less?.postings[1]?.amounts).toEqual({ credits_liability: -5_000, revenue: 5_000, discounts: 0 });
  });

  test('twice for one order goes back, and the books hold it apart until it has', () => {
    const others = [{ kept: true, payment_status: 'paid' as const, received_minor: TOTAL }, {}];
    const scene = sceneOf({ order: { status: 'paid' }, others });
    expect(decide(scene, report({}))).toEqual({
      ...NOTHING,
      attempt: received,
      postings: [ASIDE],
      refund: { amount_minor: TOTAL, cause: 'surplus' },
    });
  });

  test.each<OrderStatus>(['paid', 'partially_refunded', 'refunded'])(
    'for an order that is %s needs a person',
    (status) => {
      const decision = decide(sceneOf({ order: { status } }), report({}));
      const review = { reason: 'order_transition_refused', details: { status } };
      expect(decision).toEqual({ ...NOTHING, attempt: received, postings: [ASIDE], review });
    },
  );

  test('of another amount needs a person, who is told both', () => {
    const decision = decide(sceneOf({}), report({ amount_minor: TOTAL - 1 }));
    expect(decision?.review).toEqual({
      reason: 'payment_amount_mismatch',
      details: {
        attempt_id: 'attempt',
        expected_minor: TOTAL,
        expected_currency: 'usd',
        received_minor: TOTAL - 1,
        received_currency: 'usd',
      },
    });
    expect(decision?.refund).toBeNull();
  });

  test('for an open order whose seat was let go meanwhile takes it again, or goes back', () => {
    const aside = (free: number): Partial<SetAside> => ({
      holds: [hold('released')],
      free: new Map([['offer', free]]),
    });
    expect(decide(sceneOf({ aside: aside(2) }), report({}))?.order?.to).toBe('paid');
    expect(decide(sceneOf({ aside: aside(1) }), report({}))?.refund?.cause).toBe('too_late');
  });

  test('late, for an order that still holds everything, follows the policy of what was sold', () => {
    const late = { order: { status: 'expired' as const }, when_late: 'review' as const };
    const decision = decide(sceneOf(late), report({}));
    expect(decision?.review).toEqual({ reason: 'paid_too_late', details: { amount_minor: TOTAL } });
    expect(decision?.postings).toEqual([ASIDE]);
  });

  test('late, and nothing of it, has nothing to give back', () => {
    const free = { amount: 0, payment_status: 'expired' as const };
    const scene = sceneOf({ order: { status: 'expired', total_minor: 0 }, attempt: free, when_late: 'refund' });
    const decision = decide(scene, report({ amount_minor: 0, payment_status: 'no_payment_required' }));
    expect([decision?.refund, decision?.review, decision?.attempt.kept]).toEqual([null, null, false]);
  });
});

function creditHold(currency: string | null, amount: number): CreditHold {
  const unit = { unit_currency: currency, unit_offer_id: currency === null ? 'offer' : null };
  return { id: `hold ${currency}`, lot_id: 'lot', amount, state: 'held', ...unit } as unknown as CreditHold;
}
