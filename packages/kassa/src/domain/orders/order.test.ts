// Goal: no event can surprise an order. Method: every pair of status and event is looked at, none by hand.
import { expect, test } from 'vitest';
import { isOpen, isPaid, NEXT, nextStatus, type OrderEvent, type OrderStatus } from './order.ts';

const STATUSES = Object.keys(NEXT) as OrderStatus[];
const EVENTS = Object.keys(NEXT.draft) as OrderEvent[];

test('a repeated event finds the order where the first one left it', () => {
  for (const status of STATUSES) {
    for (const event of EVENTS) {
      const first = nextStatus(status, event);
      if (first !== 'refuse') expect([status, event, nextStatus(first, event)]).toEqual([status, event, first]);
    }
  }
});

test('money makes every order paid that is not paid yet, however late it comes', () => {
  for (const status of STATUSES) {
    const next = nextStatus(status, 'payment_succeeded');
    expect(next).not.toBe('refuse');
    expect(isPaid(next as OrderStatus)).toBe(true);
  }
});

test('a paid order is never unpaid by a stale word', () => {
  const stale: OrderEvent[] = ['payment_processing', 'payment_failed', 'session_expired', 'filled'];
  for (const status of STATUSES.filter(isPaid)) {
    for (const event of stale) expect(nextStatus(status, event)).toBe(status);
  }
});

test('an order that was never paid cannot be refunded', () => {
  for (const status of STATUSES.filter((one) => !isPaid(one))) {
    for (const event of ['refunded_partly', 'refunded_fully', 'refund_undone'] as const) {
      expect(nextStatus(status, event)).toBe('refuse');
    }
  }
});

test('whatever ends an attempt ends an order that waited for it', () => {
  for (const status of STATUSES.filter(isOpen)) {
    for (const event of ['payment_failed', 'session_expired', 'checkout_canceled'] as const) {
      expect(['expired', 'canceled']).toContain(nextStatus(status, event));
    }
  }
});

test('an order waits for its buyer or a bank until it is paid or over', () => {
  expect(STATUSES.filter(isOpen)).toEqual(['draft', 'pending', 'processing']);
  expect(STATUSES.filter(isPaid)).toEqual(['paid', 'partially_refunded', 'refunded']);
});
