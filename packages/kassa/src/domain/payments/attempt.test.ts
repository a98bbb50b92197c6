// Goal: facts about one attempt may arrive in any order and any number of times, and end the same.
// Method: the fold is held against the laws of a join, over every pair and triple of statuses.
import { expect, test } from 'vitest';
import { type AttemptStatus, awaitsEnd, isLive, isOver, isSettled, joinStatus, statusProvedBy } from './attempt.ts';
import type { PaymentReport } from './gateway.ts';

const ALL: AttemptStatus[] = [
  'initiated',
  'pending',
  'processing',
  'superseded',
  'canceled',
  'expired',
  'failed',
  'no_payment_required',
  'paid',
];

test('two facts end in one status, whichever comes first and however often', () => {
  for (const a of ALL) {
    expect(joinStatus(a, a)).toBe(a);
    for (const b of ALL) {
      expect(joinStatus(a, b)).toBe(joinStatus(b, a));
      for (const c of ALL) expect(joinStatus(joinStatus(a, b), c)).toBe(joinStatus(a, joinStatus(b, c)));
    }
  }
});

test('money that arrived is never forgotten for a staler word', () => {
  for (const status of ALL) expect(joinStatus('paid', status)).toBe('paid');
});

test('every status is live, settled or over, and only one of them', () => {
  for (const status of ALL) {
    expect([isLive(status), isSettled(status), isOver(status)].filter(Boolean)).toHaveLength(1);
  }
});

const REPORT: PaymentReport = {
  session_id: 'cs_test_1',
  payment_id: 'pi_1',
  status: 'open',
  payment_status: 'unpaid',
  failed: false,
  intent_status: null,
  decline: null,
  reference: null,
  amount_minor: 100,
  currency: 'usd',
  email: null,
  livemode: false,
  marked: true,
  shop_id: null,
  at: new Date(0),
};

test('complete alone is never taken for paid', () => {
  const proved = (part: Partial<PaymentReport>): AttemptStatus => statusProvedBy({ ...REPORT, ...part });
  expect(proved({ status: 'open' })).toBe('pending');
  expect(proved({ status: 'complete' })).toBe('processing');
  expect(proved({ status: 'complete', failed: true })).toBe('failed');
  expect(proved({ status: 'complete', payment_status: 'paid' })).toBe('paid');
  expect(proved({ status: 'complete', payment_status: 'no_payment_required' })).toBe('no_payment_required');
  expect(proved({ status: 'expired' })).toBe('expired');
});

test('an attempt that a newer one took the place of, or that was called off, is over', () => {
  expect(ALL.filter(isLive)).toEqual(['initiated', 'pending', 'processing']);
  expect(ALL.filter(awaitsEnd)).toEqual(['initiated', 'pending', 'processing', 'superseded']);
  expect(ALL.filter(isSettled)).toEqual(['no_payment_required', 'paid']);
  expect(ALL.filter(isOver)).toEqual(['superseded', 'canceled', 'expired', 'failed']);
  expect(statusProvedBy({ ...REPORT, status: 'canceled' })).toBe('canceled');
});
