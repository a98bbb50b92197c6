import type { Database } from '../../database/index.ts';
import { decimalFromMinor } from '../../kernel/money.ts';
import type { StoryStep } from './story-steps.ts';

/** Each try to collect the money, as far as Stripe has answered it. */
export async function sessions(db: Database, order_id: string): Promise<StoryStep[]> {
  const rows = await db
    .selectFrom('payment_transactions as attempt')
    .leftJoin('stripe_operations as operation', (join) =>
      join.onRef('operation.attempt_id', '=', 'attempt.id').on('operation.action', '=', 'open'),
    )
    .select(['attempt.session_id', 'attempt.payment_id', 'attempt.presentation', 'attempt.amount', 'attempt.currency'])
    .select(['attempt.payment_status', 'attempt.received_minor', 'attempt.kept', 'attempt.created_at'])
    .select(['operation.key', 'operation.state as operation_state', 'operation.sends', 'operation.updated_at'])
    .where('attempt.order_id', '=', order_id)
    .orderBy('attempt.id')
    .execute();
  return rows.map((row) => {
    const has_page = row.presentation !== 'intent';
    const object_id = has_page ? row.session_id : row.payment_id;
    const opened = object_id !== null;
    const what = has_page ? 'payment page' : 'payment';
    const sum = `${decimalFromMinor(row.amount, row.currency)} ${row.currency.toUpperCase()}`;
    return {
      at: row.updated_at ?? row.created_at,
      kind: 'session',
      title: opened ? `${has_page ? 'Payment page' : 'Payment'} opened for ${sum}` : `Opening a ${what} for ${sum}`,
      detail: object_id ?? (row.operation_state === 'unknown' ? 'Stripe has not answered yet' : null),
      state: opened ? 'ok' : row.operation_state === 'known' ? 'failed' : 'waiting',
      json: row,
    };
  });
}

const PAID_EVENTS = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'payment_intent.succeeded',
];

/** Money as the order learned of it: with the event that told it, or else when it was written down. */
export async function payments(db: Database, order_id: string): Promise<StoryStep[]> {
  const rows = await db
    .selectFrom('payment_transactions as attempt')
    .innerJoin('orders', 'orders.id', 'attempt.order_id')
    .select(['attempt.payment_id', 'attempt.received_minor', 'attempt.currency', 'attempt.payment_status'])
    .select(['attempt.kept', 'attempt.refunding_minor', 'attempt.updated_at', 'orders.paid_at'])
    .select((query) =>
      query
        .selectFrom('inbox_events')
        .select((event) => event.fn.min('received_at').as('told_at'))
        .where('order_id', '=', order_id)
        .where('outcome', '=', 'applied')
        .where('type', 'in', PAID_EVENTS)
        .as('told_at'),
    )
    .where('attempt.order_id', '=', order_id)
    .where('attempt.payment_status', '=', 'paid')
    .orderBy('attempt.id')
    .execute();
  return rows.map((row) => ({
    at: (row.kept ? (row.told_at ?? row.paid_at) : null) ?? row.updated_at,
    kind: 'payment',
    title: `Payment of ${decimalFromMinor(row.received_minor, row.currency)} ${row.currency.toUpperCase()} succeeded`,
    detail: row.kept ? row.payment_id : 'not kept by the order',
    state: row.kept ? 'ok' : 'failed',
    json: row,
  }));
}

/** What banks asked back, and where each stands now. */
export async function disputes(db: Database, order_id: string): Promise<StoryStep[]> {
  const rows = await db
    .selectFrom('disputes')
    .select(['stripe_dispute_id', 'amount_minor', 'currency', 'status', 'reason', 'withdrawn_minor', 'fee_minor'])
    .select(['due_at', 'opened_at', 'closed_at', 'created_at'])
    .where('order_id', '=', order_id)
    .orderBy('id')
    .execute();
  return rows.map((row) => {
    const amount = `${decimalFromMinor(row.amount_minor, row.currency)} ${row.currency.toUpperCase()}`;
    const due = row.due_at ? `to be answered by ${row.due_at.toISOString().slice(0, 10)}` : null;
    return {
      at: row.created_at,
      kind: 'refund',
      title: `Dispute over ${amount} ${row.status.replaceAll('_', ' ')}`,
      detail: row.closed_at ? row.reason : due,
      state: row.status === 'lost' ? 'failed' : row.closed_at ? 'ok' : 'waiting',
      json: row,
    };
  });
}

/** Banks that took the payment for fraud before anybody disputed it. */
export async function warnings(db: Database, order_id: string): Promise<StoryStep[]> {
  const rows = await db
    .selectFrom('fraud_warnings')
    .select(['stripe_warning_id', 'fraud_type', 'created_at'])
    .where('order_id', '=', order_id)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    at: row.created_at,
    kind: 'refund',
    title: 'Warning of fraud from a bank',
    detail: row.fraud_type.replaceAll('_', ' '),
    state: 'failed',
    json: row,
  }));
}
