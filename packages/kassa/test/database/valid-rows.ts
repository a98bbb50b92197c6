import { AT, after } from './rows.ts';

/** Before the books of these rows begin, so that none of their entries is late. */
const DAY = new Date('2020-01-01T00:00:00Z');

export type Row = Readonly<Record<string, unknown>>;

const KINDS = [
  ...['tenants', 'offers', 'prices', 'child', 'offer_grants', 'practitioners', 'coupons', 'customers', 'quotes'],
  ...['orders', 'order_lines', 'payment_transactions', 'refunds', 'disputes', 'ledger_entries', 'posting', 'holds'],
  ...['appointments', 'coupon_uses', 'credit_lots', 'credit_entries', 'hold_entry', 'outbox_messages', 'deliveries'],
  ...['effects', 'notifications', 'stripe_operations', 'api_keys', 'audit_log', 'reconcile_breaks', 'timers'],
  'fraud_warnings',
] as const;
export type Kind = (typeof KINDS)[number];

/** The id of a row: readable, and the same in every run. */
export function idOf(kind: Kind, set: number): string {
  const number = String(KINDS.indexOf(kind) + 1).padStart(4, '0');
  return `01935000-0000-7000-8000-${String(set).padStart(8, '0')}${number}`;
}

export function hash(letter: string): string {
  return letter.repeat(64);
}

/**
 * One complete and legal set of rows, one per table, in the order in which they can be inserted (in one transaction:
 * some rules look at several rows when it commits). No two sets share anything that must be unique.
 */
export function validRows(set: number): Record<string, Row> {
  return { ...catalogRows(set), ...orderRows(set), ...heldRows(set), ...queueRows(set) };
}

function catalogRows(set: number): Record<string, Row> {
  const shop = { tenant_id: idOf('tenants', set), mode: 'test' };
  const [id, offer_id] = [idOf, idOf('offers', set)] as const;
  return {
    installation: { only_row: true, mode: 'test', created_at: AT },
    catalogue_version: { only_row: true, version: 1 },
    tenants: { id: shop.tenant_id, key: `hall-${set}`, name: 'Blue Hall', stripe_account: 'acct_1', created_at: AT },
    counters: { ...shop, name: 'order_number', value: 1000 },
    leases: { name: `reconcile-${set}`, holder: 'process 1', token: 1, lease_until: AT },
    offers: {
      ...{
        id: offer_id,
        ...shop,
        key: `lakers-${set}`,
        external_id: `1-${set}`,
        kind: 'ticket',
        name: 'Lakers',
        description: 'A game',
      },
      ...{
        max_per_order: 8,
        hold_ms: 60_000,
        hold_at: 'session',
        when_late: 'refund',
        tax_class: 'standard',
        starts_at: AT,
        time_zone: 'UTC',
      },
      ...{
        duration_ms: 60_000,
        buffer_ms: 0,
        source: 'config',
        active: true,
        version: 1,
        created_at: AT,
        updated_at: AT,
      },
    },
    prices: {
      id: id('prices', set),
      offer_id,
      ...shop,
      currency: 'usd',
      unit_minor: 1000,
      stripe_price_id: `price_${set}`,
    },
    offer_children: { parent_id: offer_id, child_id: idOf('child', set), quantity: 1, required: true, selected: true },
    offer_grants: { id: id('offer_grants', set), offer_id, unit_currency: 'usd', amount: 500, expires_after_ms: 1 },
    practitioners: { id: id('practitioners', set), ...shop, external_id: '456', name: 'Ana' },
    offer_practitioners: { offer_id, practitioner_id: id('practitioners', set) },
    tax_rates: { ...shop, tax_class: 'standard', rate_milli: 8750 },
    coupons: {
      ...{ id: id('coupons', set), ...shop, code: 'EARLY10', percent_milli: 10_000, starts_at: AT, ends_at: after(1) },
      ...{ uses: 1, uses_max: 5, per_buyer_max: 2, active: true, source: 'config' },
    },
    coupon_offers: { coupon_id: id('coupons', set), offer_id },
  };
}

const MONEY = { subtotal_minor: 2000, discount_minor: 0, tax_minor: 0, credits_minor: 0, total_minor: 2000 };

function orderRows(set: number): Record<string, Row> {
  const shop = { tenant_id: idOf('tenants', set), mode: 'test' };
  const order_id = idOf('orders', set);
  const attempt_id = idOf('payment_transactions', set);
  const times = { created_at: AT, updated_at: AT };
  return {
    customers: {
      ...{ id: idOf('customers', set), ...shop, namespace: 'buyer', user_id: `user_${set}`, email: 'ann@example.com' },
      ...{ name: 'Ann', stripe_customer_id: `cus_${set}`, created_at: AT },
    },
    quotes: {
      ...{
        id: idOf('quotes', set),
        ...shop,
        user_id: 'user_1',
        currency: 'usd',
        ...MONEY,
        lines: '[]',
        hash: hash('a'),
      },
      ...{ expires_at: AT, created_at: AT },
    },
    orders: {
      ...{ id: order_id, ...shop, number: 1000 + set, contract: 'hosted-checkout', quote_id: idOf('quotes', set) },
      ...{
        customer_id: idOf('customers', set),
        user_id: 'user_1',
        email: 'ann@example.com',
        locale: 'en',
        currency: 'usd',
      },
      ...{ ...MONEY, lines_hash: hash('b'), status: 'paid', version: 1, external_reference: 'ref', fields: '{}' },
      ...{ stripe_checkout_session_id: `cs_${set}`, hold_expires_at: AT, paid_at: AT, ...times },
    },
    order_lines: {
      ...{ id: idOf('order_lines', set), order_id, position: 0, offer_id: idOf('offers', set), offer_version: 1 },
      ...{
        name: 'Lakers',
        description: 'A game',
        quantity: 2,
        unit_minor: 1000,
        subtotal_minor: 2000,
        discount_minor: 0,
      },
      ...{ tax_minor: 0, total_minor: 2000 },
    },
    payment_transactions: {
      ...{ id: attempt_id, order_id, ...shop, presentation: 'hosted', amount: 2000, currency: 'usd', metadata: '{}' },
      ...{ session_id: `cs_test_${set}`, payment_id: `pi_${set}`, user_id: 'user_1', email: 'ann@example.com' },
      ...{
        status: 'complete',
        payment_status: 'paid',
        idempotency_key: `kassa:${attempt_id}`,
        client_secret: 'secret',
      },
      ...{ url: 'https://example.com', success_url: 'https://example.com', cancel_url: 'https://example.com' },
      ...{ received_minor: 2000, kept: true, declines: 0, heard_at: AT, expires_at: AT, ...times },
    },
    refunds: {
      ...{
        id: idOf('refunds', set),
        ...shop,
        order_id,
        attempt_id,
        amount_minor: 500,
        currency: 'usd',
        reason: 'duplicate',
      },
      ...{ cause: 'requested', status: 'succeeded', stripe_status: 'succeeded', stripe_refund_id: `re_${set}` },
      ...{ failure_reason: 'none', tax_minor: 50, requested_by: 'admin', ...times },
    },
    refund_lines: {
      ...{ refund_id: idOf('refunds', set), order_line_id: idOf('order_lines', set), quantity: 1 },
      ...{ amount_minor: 500, credits_minor: 0, credit_units: 0, tax_minor: 50 },
    },
    disputes: {
      ...{
        id: idOf('disputes', set),
        ...shop,
        order_id,
        attempt_id,
        stripe_dispute_id: `dp_${set}`,
        amount_minor: 100,
      },
      ...{ currency: 'usd', status: 'needs_response', reason: 'fraudulent', ...times },
    },
    fraud_warnings: {
      ...{ id: idOf('fraud_warnings', set), ...shop, order_id, attempt_id, stripe_warning_id: `issfr_${set}` },
      ...{ fraud_type: 'misc', created_at: AT },
    },
    ledger_entries: {
      ...{ id: idOf('ledger_entries', set), ...shop, posting_id: idOf('posting', set), order_id, account: 'stripe' },
      ...{ currency: 'usd', amount_minor: 2000, cause: 'paid:1', created_at: AT },
    },
    audit_log: {
      ...{ id: idOf('audit_log', set), ...shop, order_id, order_version: 1, action: 'created', cause: 'request' },
      ...{ actor: 'buyer', details: '{}', created_at: AT },
    },
  };
}

function heldRows(set: number): Record<string, Row> {
  const [order_id, order_line_id, offer_id] = [idOf('orders', set), idOf('order_lines', set), idOf('offers', set)];
  const shop = { tenant_id: idOf('tenants', set), mode: 'test' };
  const times = { created_at: AT, updated_at: AT };
  const during = '[2027-01-01 10:00Z, 2027-01-01 11:00Z)';
  return {
    stock: { offer_id, capacity: 100, held: 1, sold: 2 },
    holds: {
      id: idOf('holds', set),
      order_id,
      order_line_id,
      offer_id,
      quantity: 2,
      state: 'sold',
      expires_at: AT,
      ...times,
    },
    appointments: {
      ...{
        id: idOf('appointments', set),
        ...shop,
        order_line_id,
        practitioner_id: idOf('practitioners', set),
        offer_id,
      },
      ...{ during, blocked: during, state: 'confirmed', ...times },
    },
    coupon_uses: {
      ...{ id: idOf('coupon_uses', set), coupon_id: idOf('coupons', set), order_id, buyer: 'user_1', ordinal: 1 },
      ...{ per_buyer_max: 2, state: 'used', ...times },
    },
    credit_lots: {
      ...{
        id: idOf('credit_lots', set),
        ...shop,
        customer_id: idOf('customers', set),
        unit_currency: 'usd',
        granted: 500,
      },
      ...{ held: 0, spent: 100, lapsed: 0, source: 'bundle', order_line_id, expires_at: AT, created_at: AT },
    },
    credit_entries: {
      ...{ id: idOf('credit_entries', set), lot_id: idOf('credit_lots', set), kind: 'capture', amount: 100, order_id },
      ...{ hold_id: idOf('hold_entry', set), created_at: AT },
    },
  };
}

function queueRows(set: number): Record<string, Row> {
  const shop = { tenant_id: idOf('tenants', set), mode: 'test' };
  const order_id = idOf('orders', set);
  return {
    inbox_events: {
      ...{ account: 'acct_1', id: `evt_${set}`, ...shop, type: 'charge.refunded', object_id: 'ch_1', api_version: 'v' },
      ...{ body: '{}', occurred_at: AT, received_at: AT, due_at: AT },
    },
    inbox_bodies: { account: 'acct_1', id: `evt_${set}`, received_at: AT, body: '{}' },
    outbox_messages: {
      ...{ id: idOf('outbox_messages', set), ...shop, topic: 'order.paid', order_id, order_version: 1, payload: '{}' },
      ...{ created_at: AT },
    },
    deliveries: {
      id: idOf('deliveries', set),
      message_id: idOf('outbox_messages', set),
      destination: 'mail:receipt',
      due_at: AT,
    },
    timers: { subject: idOf('timers', set), kind: 'expire_checkout', due_at: AT, payload: '{}' },
    // Guarded by a trigger that looks at the order before anything else: the paid order of the first set serves all.
    effects: {
      id: idOf('effects', set),
      order_id: idOf('orders', 1),
      topic: 'order.paid',
      name: `hook-${set}`,
      done_at: AT,
    },
    notifications: {
      ...{ id: idOf('notifications', set), delivery_id: idOf('deliveries', set), order_id, channel: 'mail' },
      ...{
        recipient: 'ann@example.com',
        subject: 'Receipt',
        text_body: 'Paid',
        html_body: '<p>Paid</p>',
        state: 'sent',
      },
      ...{ created_at: AT, sent_at: AT },
    },
    stripe_operations: {
      ...{ id: idOf('stripe_operations', set), ...shop, key: `kassa:${set}:open`, order_id, action: 'open' },
      ...{ path: '/v1/checkout/sessions', body: 'a=b', state: 'known', outcome: 'done', sends: 1, first_sent_at: AT },
      ...{ last_sent_at: AT, stripe_object_id: 'cs_1', created_at: AT, updated_at: AT },
    },
    idempotency_keys: {
      ...{
        ...shop,
        scope: 'buyer:1',
        key: `key-${set}`,
        request_hash: hash('c'),
        recovery_point: 'finished',
        order_id,
      },
      ...{ status: 200, body: '{}', busy_until: AT, created_at: AT, finished_at: AT },
    },
    api_keys: {
      ...{
        id: idOf('api_keys', set),
        ...shop,
        kind: 'secret',
        name: 'till',
        hash: hash(String(set % 10)),
        last_four: 'abcd',
      },
      ...{ caps: '{}', created_at: AT },
    },
    key_spending: { key_id: idOf('api_keys', set), day: AT, currency: 'usd', amount_minor: 100 },
    reconcile_cursors: {
      ...{ ...shop, kind: 'refunds', reached_at: AT, pass_from: AT, pass_started_at: AT, pass_after: 're_1' },
      ...{ updated_at: AT },
    },
    ledger_closings: { ...shop, closing_before: DAY, summed_before: DAY, rounds: 1 },
    ledger_days: {
      ...{
        ...shop,
        day: DAY,
        account: 'stripe',
        currency: 'usd',
        fact: 'paid',
        round: 1,
        amount_minor: 2000,
        entries: 1,
      },
    },
    ledger_late_entries: { entry_id: idOf('ledger_entries', set), ...shop, created_at: DAY },
    reconcile_breaks: {
      ...{
        id: idOf('reconcile_breaks', set),
        ...shop,
        kind: 'unknown_payment',
        stripe_object_id: 'pi_9',
        details: '{}',
      },
      ...{ first_seen_at: AT, last_seen_at: AT },
    },
  };
}

/** Rows that a complete set needs beside its one row per table: a second line of the posting, and so on. */
export function companionRows(set: number): { before: [string, Row][]; after: [string, Row][] } {
  const rows = validRows(set);
  return {
    before: [
      ['offers', { ...rows.offers, id: idOf('child', set), key: `child-${set}`, external_id: `2-${set}` }],
      ['credit_entries', { ...rows.credit_entries, id: idOf('hold_entry', set), kind: 'hold', hold_id: null }],
    ],
    after: [
      ['ledger_entries', { ...rows.ledger_entries, id: idOf('posting', set), account: 'revenue', amount_minor: -2000 }],
    ],
  };
}
