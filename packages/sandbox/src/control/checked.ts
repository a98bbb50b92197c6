// What the control takes, checked name by name: it comes from other programs, and a wish that was mistyped would be
// armed for ever, or stop the sandbox at the next call.
import type { WebhookRule } from '../delivery/rules.ts';
import type { Dispute } from '../kernel/kinds.ts';
import type { RuntimeOptions } from '../kernel/options.ts';
import type { Chaos } from '../store/world.ts';
import type { FaultRule } from './faults.ts';
import type { PayRequest } from './pay.ts';
import type { SeedRequest } from './seed.ts';
import { byKind, flag, listOf, mapOf, maybe, oneOf, orNull, record, share, whole, word } from './shape.ts';

const when = oneOf('before', 'after');
const ms = whole(0);

const fault = byKind({
  error: {
    when,
    status: oneOf(400, 402, 409, 429, 500, 503),
    code: maybe(word),
    should_retry: maybe(flag),
    reason: maybe(word),
  },
  timeout: { when },
  reset: { when },
  truncate: { when },
  delay: { when, ms },
  decline: { decline_code: maybe(word) },
  low_balance: { answer: oneOf('refused', 'pending') },
});

const faultRule = record({
  match: maybe(
    record({
      method: maybe(oneOf('GET', 'POST', 'DELETE')),
      path: maybe(word),
      idempotency_key: maybe(word),
      nth: maybe(whole(1)),
    }),
  ),
  times: maybe(whole(1)),
  fault,
});

const action = byKind({
  drop: {},
  duplicate: { times: whole(1, 100), parallel: maybe(flag) },
  clone: {},
  delay: { ms },
  reorder: { window: whole(1) },
  hold: {},
  corrupt_signature: {},
  stale_timestamp: { s: whole(0) },
  wrong_secret: {},
});

const webhookRule = record({
  match: maybe(record({ type: maybe(word), object_id: maybe(word), nth: maybe(whole(1)) })),
  times: maybe(whole(1)),
  action,
});

const rate = maybe(share);
const chaos = record({
  error_before: rate,
  error_after: rate,
  timeout_before: rate,
  timeout_after: rate,
  reset_before: rate,
  reset_after: rate,
  drop: rate,
  duplicate: rate,
  delay: rate,
  delay_ms: maybe(ms),
  reorder: rate,
  outages: maybe(listOf(record({ from: ms, to: ms, what: oneOf('all', 'reads', 'writes', 'webhooks') }))),
});

const limits = record({ endpoint: maybe(whole(1)), overall: maybe(whole(1)) });

const options = record({
  hold_redirect_ms: maybe(ms),
  webhook_wait: maybe(flag),
  async_delay_ms: maybe(ms),
  dispute_delay_ms: maybe(ms),
  refund_delay_ms: maybe(ms),
  search_lag_ms: maybe(ms),
  require_own_keys: maybe(flag),
  require_control_token: maybe(flag),
});

const part = maybe(orNull(word));
const address = record({ city: part, country: part, line1: part, line2: part, postal_code: part, state: part });

const payment = record({
  outcome: maybe(word),
  payment_method: maybe(word),
  decline_code: maybe(word),
  save_card: maybe(flag),
  expected_amount: maybe(whole(0)),
  email: maybe(word),
  name: maybe(word),
  phone: maybe(word),
  billing_address: maybe(address),
  shipping: maybe(record({ name: word, address })),
  shipping_rate: maybe(word),
  promotion_code: maybe(orNull(word)),
  quantities: maybe(mapOf(whole(0))),
  custom_fields: maybe(mapOf(word)),
  consent_terms: maybe(flag),
  consent_promotions: maybe(flag),
});

const product = record({ id: word, name: word, description: maybe(word) });
const price = record({
  id: word,
  currency: word,
  unit_amount: whole(0),
  product: maybe(word),
  product_name: maybe(word),
  lookup_key: maybe(word),
});
const seed = record({ account: maybe(word), products: maybe(listOf(product)), prices: maybe(listOf(price)) });

const STATUSES = [
  'warning_needs_response',
  'warning_under_review',
  'warning_closed',
  'needs_response',
  'under_review',
  'won',
  'lost',
  'prevented',
  'appeal_needs_response',
  'appeal_under_review',
] as const satisfies readonly Dispute['status'][];

/** The reasons that a bank may give (docs.stripe.com/disputes/categories). */
const REASONS = [
  'bank_cannot_process',
  'check_returned',
  'credit_not_processed',
  'customer_initiated',
  'debit_not_authorized',
  'duplicate',
  'fraudulent',
  'general',
  'incorrect_account_details',
  'insufficient_funds',
  'noncompliant',
  'product_not_received',
  'product_unacceptable',
  'subscription_canceled',
  'unrecognized',
] as const;

/** The last second that every date of JavaScript and of Stripe's clients can write with four digits of the year. */
const END_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** Reads each wish of the control. All throw Error with a sentence that names what is wrong. */
export const checked = {
  fault: ((value) => faultRule(value, 'fault rule')) as (value: unknown) => FaultRule,
  webhookRule: ((value) => webhookRule(value, 'webhook rule')) as (value: unknown) => WebhookRule,
  chaos: ((value) => chaos(value, 'chaos')) as (value: unknown) => Partial<Chaos>,
  limits: (value: unknown) => limits(value, 'limiter') as { endpoint?: number; overall?: number },
  options: (value: unknown) => options(value, 'options') as Partial<RuntimeOptions>,
  payment: ((value) => payment(value, 'payment')) as (value: unknown) => PayRequest,
  seed: ((value) => seed(value, 'seed')) as (value: unknown) => SeedRequest,
  dispute: (value: unknown) =>
    record({ reason: maybe(oneOf(...REASONS)), inquiry: maybe(flag), amount: maybe(whole(1)), fee: maybe(whole(0)) })(
      value,
      'dispute',
    ) as { reason?: string; inquiry?: boolean; amount?: number; fee?: number },
  disputeStatus: (value: unknown) => oneOf(...STATUSES)(value, 'status'),
  authentication: (value: unknown) => oneOf('complete', 'fail')(value, 'result'),
  bankAnswer: (value: unknown) => oneOf('succeeds', 'fails')(value, 'result'),
  refundResult: (value: unknown) => oneOf('succeeded', 'failed', 'requires_action')(value, 'result'),
  overlap: (value: unknown) => whole(0)(value, 'overlap_ms'),
  time: (value: unknown) => whole(0, END_MS)(value, 'set_ms'),
  step: (value: unknown, now_ms: number) => whole(0, Math.floor(END_MS - now_ms))(value, 'advance_ms'),
  snapshotName: (value: unknown) => {
    const name = word(value, 'name');
    if (!/^[\w ,.-]{1,64}$/.test(name))
      throw new Error('A snapshot is named by up to 64 letters, digits, spaces and -_,.');
    return name;
  },
};
