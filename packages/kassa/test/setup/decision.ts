import type { Hold } from '../../src/domain/inventory/index.ts';
import type { Order } from '../../src/domain/orders/index.ts';
import type { Attempt, PaymentReport } from '../../src/domain/payments/index.ts';

// What a decision looks at, each as plain as it can be: an order of one line, its page, and money to the cent.
const AT = new Date('2026-11-21T10:00:00Z');
export const TOTAL = 20_000;

export const order = (part: Partial<Order>): Order => ({
  id: 'order',
  tenant_id: 'tenant',
  mode: 'test',
  number: null,
  contract: 'hosted-checkout',
  quote_id: 'quote',
  customer_id: null,
  user_id: null,
  email: null,
  currency: 'usd',
  subtotal_minor: TOTAL,
  discount_minor: 0,
  tax_minor: 0,
  credits_minor: 0,
  total_minor: TOTAL,
  lines_hash: 'hash',
  external_reference: null,
  parent_order_id: null,
  status: 'pending',
  version: 1,
  review_reason: null,
  hold_expires_at: AT,
  paid_at: null,
  created_at: AT,
  ...part,
});

export const attempt = (part: Partial<Attempt>): Attempt => ({
  id: 'attempt',
  order_id: 'order',
  tenant_id: 'tenant',
  mode: 'test',
  presentation: 'hosted',
  amount: TOTAL,
  currency: 'usd',
  session_id: 'cs_test_1',
  payment_id: null,
  email: null,
  status: 'open',
  payment_status: 'pending',
  received_minor: 0,
  refunding_minor: 0,
  kept: false,
  url: null,
  client_secret: null,
  success_url: null,
  save_payment_method: false,
  declined: [],
  early_disputes: [],
  heard_at: null,
  expires_at: AT,
  created_at: AT,
  ...part,
});

export const report = (part: Partial<PaymentReport>): PaymentReport => ({
  session_id: 'cs_test_1',
  payment_id: 'pi_1',
  status: 'complete',
  payment_status: 'paid',
  intent_status: null,
  failed: false,
  decline: null,
  reference: null,
  amount_minor: TOTAL,
  currency: 'usd',
  email: 'ann@example.com',
  livemode: false,
  marked: true,
  shop_id: null,
  at: AT,
  ...part,
});

export const hold = (state: Hold['state']): Hold => ({
  id: 'hold',
  order_line_id: 'line',
  offer_id: 'offer',
  quantity: 2,
  state,
});
