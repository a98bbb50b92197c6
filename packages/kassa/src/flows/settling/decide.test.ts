// Goal: the one decision over money keeps its promises for every state that an order can be in.
// Method: fast-check builds snapshots and reports; the promises are written down beside them, not the cases.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attempt, hold, order, report, TOTAL } from '../../../test/setup/decision.ts';
import type { Hold } from '../../domain/inventory/index.ts';
import type { OrderStatus } from '../../domain/orders/index.ts';
import type { AttemptStatus, PaymentReport } from '../../domain/payments/index.ts';
import { NOTHING_ASIDE } from '../holding/aside.ts';
import { decide, type Snapshot } from './decide.ts';

const snapshots: fc.Arbitrary<Snapshot> = fc
  .record({
    status: fc.constantFrom<OrderStatus>('draft', 'pending', 'processing', 'expired', 'canceled'),
    payment_status: fc.constantFrom<AttemptStatus>(
      'initiated',
      'pending',
      'processing',
      'canceled',
      'expired',
      'failed',
    ),
    other: fc.option(
      fc.record({
        payment_status: fc.constantFrom<AttemptStatus>('pending', 'processing', 'expired', 'paid'),
        kept: fc.boolean(),
      }),
    ),
    state: fc.constantFrom<Hold['state']>('held', 'released'),
    free: fc.integer({ min: 0, max: 4 }),
    when_late: fc.constantFrom('rehold-or-refund', 'refund', 'review'),
    unexpected: fc.record({
      second_payment: fc.constantFrom('refund', 'review'),
      other_amount: fc.constantFrom('refund', 'review'),
    }),
  })
  .map(({ status, payment_status, other, state, free, when_late, unexpected }) => {
    const mine = attempt({ payment_status });
    const kept = other?.kept === true && other.payment_status === 'paid';
    const second = other ? [attempt({ ...other, kept, id: 'other', session_id: 'cs_test_2' })] : [];
    return {
      order: order({ status }),
      attempt: mine,
      attempts: [mine, ...second],
      aside: { ...NOTHING_ASIDE, holds: [hold(state)], free: new Map([['offer', free]]) },
      grants: [],
      when_late,
      unexpected,
    } as Snapshot;
  });

const reports: fc.Arbitrary<PaymentReport> = fc
  .record({
    status: fc.constantFrom<PaymentReport['status']>('open', 'complete', 'expired'),
    paid: fc.boolean(),
    failed: fc.boolean(),
    amount_minor: fc.constantFrom(TOTAL, TOTAL - 1, TOTAL + 1, 0),
    currency: fc.constantFrom('usd', 'eur'),
  })
  .map(({ paid, status, failed, ...rest }) =>
    report({
      ...rest,
      status: paid ? 'complete' : status,
      payment_status: paid ? 'paid' : 'unpaid',
      failed: failed && !paid,
    }),
  );

test('money that arrives is kept by an order, given back, or put before a person: never nothing', () => {
  fc.assert(
    fc.property(snapshots, reports, (snapshot, said) => {
      const decision = decide(snapshot, said);
      if (said.payment_status !== 'paid') return;
      expect(decision).not.toBeNull();
      const ends = [decision?.attempt.kept, decision?.refund !== null, decision?.review !== null].filter(Boolean);
      // An amount of nothing needs no way back.
      expect(ends).toHaveLength(said.amount_minor === 0 && ends.length === 0 ? 0 : 1);
      const into_stripe = decision?.postings[0]?.amounts.stripe ?? 0;
      expect(into_stripe).toBe(said.amount_minor);
    }),
  );
});

test('an order becomes paid only by the exact amount in its own currency', () => {
  fc.assert(
    fc.property(snapshots, reports, (snapshot, said) => {
      const decision = decide(snapshot, said);
      if (decision?.order?.to !== 'paid') return;
      expect([said.payment_status, said.amount_minor, said.currency]).toEqual(['paid', TOTAL, 'usd']);
      expect(decision.attempt.kept).toBe(true);
      expect(decision.aside).toBe('sold');
      expect(decision.messages).toEqual(['order.paid']);
    }),
  );
});

test('no order keeps two payments', () => {
  fc.assert(
    fc.property(snapshots, reports, (snapshot, said) => {
      if (!snapshot.attempts.some((one) => one.kept)) return;
      expect(decide(snapshot, said)?.attempt.kept ?? false).toBe(false);
    }),
  );
});

test('stock is given back only when the buyer can no longer pay', () => {
  fc.assert(
    fc.property(snapshots, reports, (snapshot, said) => {
      const decision = decide(snapshot, said);
      if (decision?.aside !== 'released') return;
      // What was paid is another amount and goes back: a page that was paid is over.
      if (decision.refund?.cause === 'mismatch') return;
      expect(said.payment_status).toBe('unpaid');
      expect(said.status === 'expired' || said.failed).toBe(true);
      const alive = snapshot.attempts.filter((one) => one.id !== 'attempt' && one.payment_status === 'pending');
      expect(alive).toEqual([]);
    }),
  );
});

test('every posting of a decision sums to zero', () => {
  fc.assert(
    fc.property(snapshots, reports, (snapshot, said) => {
      for (const { amounts } of decide(snapshot, said)?.postings ?? []) {
        expect(Object.values(amounts).reduce((sum, amount) => sum + amount, 0)).toBe(0);
      }
    }),
  );
});

test('late money takes the seats again when they are free, and goes back when they are not', () => {
  const late = (free: number, when_late: Snapshot['when_late']): Snapshot => {
    const mine = attempt({ payment_status: 'expired' });
    const aside = { ...NOTHING_ASIDE, holds: [hold('released')], free: new Map([['offer', free]]) };
    const policies = { when_late, unexpected: { second_payment: 'refund', other_amount: 'review' } } as const;
    return { order: order({ status: 'expired' }), attempt: mine, attempts: [mine], aside, grants: [], ...policies };
  };
  expect(decide(late(2, 'rehold-or-refund'), report({}))?.order?.to).toBe('paid');
  const gone = decide(late(1, 'rehold-or-refund'), report({}));
  expect([gone?.order, gone?.refund]).toEqual([null, { amount_minor: TOTAL, cause: 'too_late' }]);
  expect(decide(late(2, 'refund'), report({}))?.refund?.cause).toBe('too_late');
  expect(decide(late(2, 'review'), report({}))?.review?.reason).toBe('paid_too_late');
});

test('money that was not asked for as it came goes back or before a person, as the shop has said, and never neither', () => {
  fc.assert(
    fc.property(snapshots, reports, (snapshot, said) => {
      const decision = decide(snapshot, said);
      if (decision?.attempt.payment_status !== 'paid' || decision.attempt.kept) return;
      expect([decision.refund, decision.review].filter((one) => one !== null)).toHaveLength(1);
      const other = said.amount_minor !== snapshot.attempt.amount || said.currency !== snapshot.attempt.currency;
      if (other && said.amount_minor > 0)
        expect(decision.refund ? 'refund' : 'review').toBe(snapshot.unexpected.other_amount);
    }),
  );
});

test('a repeat decides nothing', () => {
  const paid = attempt({ payment_status: 'paid', kept: true, received_minor: TOTAL });
  const snapshot: Snapshot = {
    order: order({ status: 'paid' }),
    attempt: paid,
    attempts: [paid],
    aside: { ...NOTHING_ASIDE, holds: [hold('sold')] },
    grants: [],
    when_late: 'refund',
    unexpected: { second_payment: 'refund', other_amount: 'review' },
  };
  expect(decide(snapshot, report({}))).toBeNull();
  expect(decide(snapshot, report({ status: 'expired', payment_status: 'unpaid' }))).toBeNull();
});
