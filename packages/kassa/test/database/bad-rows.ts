import { AT, after } from './rows.ts';
import { hash, idOf, type Row } from './valid-rows.ts';

const long = (characters: number): string => 'x'.repeat(characters);
const DAY_MS = 86_400_000;
/** The first integer that JavaScript does not hold exactly. */
const LARGER = '9007199254740992';

/**
 * For each check of the schema, by table: changes to a legal row that break this check and no other, each just outside
 * of what is allowed. A check that is missing here fails the test, and so does one that the schema no longer has.
 */
export const BAD_ROWS: Record<string, Record<string, readonly Row[]>> = {
  installation: { installation_is_one_row: [{ only_row: false }] },
  catalogue_version: {
    catalogue_version_only_row_check: [{ only_row: false }],
    catalogue_version_version_check: [{ version: -1 }],
  },
  tenants: {
    tenants_key_check: [{ key: 'Blue' }, { key: '' }, { key: '-a' }, { key: long(64) }],
    tenants_name_check: [{ name: '' }, { name: long(201) }],
    tenants_stripe_account_check: [{ stripe_account: 'acctX1' }],
  },
  counters: { counters_name_check: [{ name: 'invoice' }], counters_value_check: [{ value: -1 }] },
  leases: {
    leases_holder_check: [{ holder: long(201) }],
    leases_name_check: [{ name: long(101) }],
    leases_token_check: [{ token: 0 }],
  },
  offers: {
    offers_appointment_has_duration: [{ kind: 'appointment', duration_ms: null }],
    offers_buffer_ms_check: [{ buffer_ms: -1 }, { buffer_ms: DAY_MS + 1 }],
    offers_description_check: [{ description: long(501) }],
    offers_duration_ms_check: [{ duration_ms: 59_999 }, { duration_ms: 7 * DAY_MS + 1 }],
    offers_external_id_check: [{ external_id: '' }, { external_id: long(101) }],
    offers_hold_at_check: [{ hold_at: 'paid' }],
    offers_hold_ms_check: [{ hold_ms: 59_999 }, { hold_ms: DAY_MS + 1 }],
    offers_key_check: [{ key: '' }, { key: long(65) }],
    offers_kind_check: [{ kind: 'raffle' }],
    offers_max_per_order_check: [{ max_per_order: 0 }, { max_per_order: 1000 }],
    offers_name_check: [{ name: '' }, { name: long(251) }],
    offers_source_check: [{ source: 'import' }],
    offers_tax_class_check: [{ tax_class: long(41) }],
    offers_time_zone_check: [{ time_zone: long(65) }],
    offers_version_check: [{ version: 0 }],
    offers_when_late_check: [{ when_late: 'keep' }],
  },
  prices: {
    prices_fixed_or_bounded: [
      { unit_minor: null },
      { minimum_minor: 1, maximum_minor: 2 },
      { unit_minor: null, minimum_minor: 2, maximum_minor: 1 },
    ],
    prices_minimum_minor_check: [{ unit_minor: null, minimum_minor: 0, maximum_minor: 2 }],
    prices_stripe_price_id_check: [{ stripe_price_id: '' }, { stripe_price_id: long(256) }],
    prices_unit_minor_check: [{ unit_minor: -1 }],
  },
  offer_children: {
    offer_children_not_itself: [{ child_id: idOf('offers', 2) }],
    offer_children_quantity_check: [{ quantity: 0 }, { quantity: 100 }],
  },
  offer_grants: {
    offer_grants_amount_check: [{ amount: 0 }],
    offer_grants_expires_after_ms_check: [{ expires_after_ms: 0 }],
    offer_grants_one_unit: [{ unit_currency: null }, { unit_offer_id: idOf('offers', 1) }],
  },
  practitioners: {
    practitioners_external_id_check: [{ external_id: '' }, { external_id: long(101) }],
    practitioners_name_check: [{ name: '' }, { name: long(201) }],
  },
  tax_rates: {
    tax_rates_rate_milli_check: [{ rate_milli: -1 }, { rate_milli: 100_001 }],
    tax_rates_tax_class_check: [{ tax_class: '' }, { tax_class: long(41) }],
  },
  coupons: {
    coupons_amount_has_currency: [{ percent_milli: null, amount_minor: 5 }, { currency: 'usd' }],
    coupons_amount_minor_check: [{ percent_milli: null, amount_minor: 0, currency: 'usd' }],
    coupons_code_check: [{ code: 'early' }, { code: '' }, { code: 'A'.repeat(65) }],
    coupons_per_buyer_max_check: [{ per_buyer_max: 0 }],
    coupons_percent_milli_check: [{ percent_milli: 0 }, { percent_milli: 100_001 }],
    coupons_percent_or_amount: [{ percent_milli: null }, { amount_minor: 5, currency: 'usd' }],
    coupons_source_check: [{ source: 'import' }],
    coupons_uses_check: [{ uses: -1 }],
    coupons_uses_max_check: [{ uses: 0, uses_max: 0 }],
    coupons_uses_within_limit: [{ uses: 6 }],
    coupons_window: [{ ends_at: AT }],
  },
  customers: {
    customers_email_check: [{ email: long(255) }],
    customers_name_check: [{ name: long(201) }],
    customers_namespace_check: [{ namespace: 'guest' }],
    customers_stripe_customer_id_check: [{ stripe_customer_id: 'cusX' }],
    customers_user_id_check: [{ user_id: '' }, { user_id: long(256) }],
  },
  quotes: {
    quotes_add_up: [{ total_minor: 1999 }, { tax_minor: 1 }],
    quotes_credits_minor_check: [{ credits_minor: -1, total_minor: 2001 }],
    quotes_discount_minor_check: [{ discount_minor: -1, total_minor: 2001 }],
    quotes_hash_check: [{ hash: 'A'.repeat(64) }, { hash: 'a'.repeat(63) }],
    quotes_lines_check: [{ lines: '{}' }],
    quotes_subtotal_minor_check: [{ subtotal_minor: -1, tax_minor: 1, total_minor: 0 }],
    quotes_tax_minor_check: [{ tax_minor: -1, total_minor: 1999 }],
    quotes_total_minor_check: [{ credits_minor: 2001, total_minor: -1 }, { total_minor: LARGER }],
    quotes_user_id_check: [{ user_id: '' }, { user_id: long(256) }],
  },
  orders: {
    orders_add_up: [{ total_minor: 1999 }, { credits_minor: 1 }],
    orders_contract_check: [{ contract: '' }, { contract: long(41) }],
    orders_credits_minor_check: [{ credits_minor: -1, total_minor: 2001 }],
    orders_discount_minor_check: [{ discount_minor: -1, total_minor: 2001 }],
    orders_email_check: [{ email: long(255) }],
    orders_external_reference_check: [{ external_reference: long(501) }],
    orders_fields_check: [{ fields: '[]' }],
    orders_lines_hash_check: [{ lines_hash: `${hash('a')}a` }],
    orders_locale_check: [{ locale: long(36) }],
    orders_number_check: [{ number: 0 }],
    orders_paid_has_time: [
      { paid_at: null },
      { status: 'partially_refunded', paid_at: null },
      { status: 'refunded', paid_at: null },
    ],
    orders_review_has_time: [{ review_reason: 'late_money' }, { review_opened_at: AT }],
    orders_review_reason_check: [{ review_reason: long(101), review_opened_at: AT }],
    orders_status_check: [{ status: 'open' }],
    orders_stripe_checkout_session_id_check: [{ stripe_checkout_session_id: long(256) }],
    orders_subtotal_minor_check: [{ subtotal_minor: -1, tax_minor: 1, total_minor: 0 }],
    orders_tax_minor_check: [{ tax_minor: -1, total_minor: 1999 }],
    orders_total_minor_check: [{ credits_minor: 2001, total_minor: -1 }, { total_minor: LARGER }],
    orders_user_id_check: [{ user_id: '' }, { user_id: long(256) }],
    orders_version_check: [{ version: 0 }],
  },
  order_lines: {
    order_lines_add_up: [{ total_minor: 1999 }],
    order_lines_description_check: [{ description: long(501) }],
    order_lines_discount_minor_check: [{ discount_minor: -1, total_minor: 2001 }],
    order_lines_name_check: [{ name: '' }, { name: long(251) }],
    order_lines_offer_version_check: [{ offer_version: 0 }],
    order_lines_position_check: [{ position: -1 }, { position: 1000 }],
    order_lines_quantity_check: [
      { quantity: 0, subtotal_minor: 0, total_minor: 0 },
      { quantity: 1000, subtotal_minor: 1_000_000, total_minor: 1_000_000 },
    ],
    order_lines_subtotal: [{ subtotal_minor: 1999, total_minor: 1999 }],
    order_lines_subtotal_minor_check: [{ unit_minor: -1, subtotal_minor: -2, tax_minor: 2, total_minor: 0 }],
    order_lines_tax_minor_check: [{ tax_minor: -1, total_minor: 1999 }],
    order_lines_total_minor_check: [{ discount_minor: 2001, total_minor: -1 }, { total_minor: LARGER }],
    order_lines_unit_minor_check: [{ unit_minor: -1, subtotal_minor: -2, tax_minor: 2, total_minor: 0 }],
  },
  payment_transactions: {
    payment_transactions_amount_check: [{ amount: -1 }, { amount: LARGER }],
    payment_transactions_cancel_url_check: [{ cancel_url: long(2049) }],
    payment_transactions_client_secret_check: [{ client_secret: long(501) }],
    payment_transactions_declines_check: [{ declines: -1 }, { declines: 1001 }],
    payment_transactions_early_disputes_check: [{ early_disputes: Array<string>(101).fill('du_1') }],
    payment_transactions_declines_counted: [{ declines: 1 }, { declined: ['ch_1'] }],
    payment_transactions_email_check: [{ email: long(255) }],
    payment_transactions_idempotency_key_check: [{ idempotency_key: '' }, { idempotency_key: long(256) }],
    payment_transactions_kept_is_paid: [{ payment_status: 'processing' }, { payment_status: 'failed' }],
    payment_transactions_metadata_check: [{ metadata: '[]' }],
    payment_transactions_opened_from_check: [{ opened_from: '' }, { opened_from: '192.0.2.1' }],
    payment_transactions_payment_id_check: [{ payment_id: '' }, { payment_id: long(256) }],
    payment_transactions_payment_status_check: [{ kept: false, payment_status: 'complete' }],
    payment_transactions_presentation_check: [{ presentation: 'embedded_page' }],
    payment_transactions_received_minor_check: [
      { received_minor: -1, refunding_minor: -1 },
      { received_minor: LARGER },
    ],
    payment_transactions_refunding_minor_check: [{ refunding_minor: -1 }],
    payment_transactions_refunds_within_payment: [{ refunding_minor: 2001 }],
    payment_transactions_session_id_check: [{ session_id: '' }, { session_id: long(256) }],
    payment_transactions_status_check: [{ status: long(41) }],
    payment_transactions_success_url_check: [{ success_url: long(2049) }],
    payment_transactions_url_check: [{ url: long(4097) }],
    payment_transactions_user_id_check: [{ user_id: '' }, { user_id: long(256) }],
  },
  refunds: {
    refunds_amount_minor_check: [{ amount_minor: -1, credits_minor: 100 }],
    refunds_credits_minor_check: [{ credits_minor: -1 }],
    refunds_cause_check: [{ cause: 'goodwill' }],
    refunds_failure_reason_check: [{ failure_reason: long(201) }],
    refunds_reason_check: [{ reason: 'late' }],
    refunds_requested_by_check: [{ requested_by: long(201) }],
    refunds_elsewhere_without_stripe: [{ cause: 'elsewhere' }],
    refunds_return_something: [{ amount_minor: 0, tax_minor: 0 }],
    refunds_status_check: [{ status: 'requires_action' }],
    refunds_stripe_refund_id_check: [{ stripe_refund_id: long(256) }],
    refunds_stripe_status_check: [{ stripe_status: long(41) }],
    refunds_tax_minor_check: [{ tax_minor: -1 }],
    refunds_tax_within: [{ tax_minor: 501 }],
  },
  refund_lines: {
    refund_lines_amount_minor_check: [{ amount_minor: -1 }],
    refund_lines_credit_units_check: [{ credit_units: -1 }],
    refund_lines_credits_minor_check: [{ credits_minor: -1 }],
    refund_lines_quantity_check: [{ quantity: 0 }, { quantity: 1000 }],
    refund_lines_tax_minor_check: [{ tax_minor: -1 }],
    refund_lines_units_within: [{ credit_units: 2 }],
  },
  fraud_warnings: {
    fraud_warnings_fraud_type_check: [{ fraud_type: long(101) }],
    fraud_warnings_stripe_warning_id_check: [{ stripe_warning_id: long(256) }],
  },
  disputes: {
    disputes_amount_minor_check: [{ amount_minor: -1 }],
    disputes_fee_minor_check: [{ fee_minor: -1 }],
    disputes_movements_check: [{ movements: -1 }, { movements: 1001 }],
    disputes_reason_check: [{ reason: long(101) }],
    disputes_status_check: [{ status: 'open' }],
    disputes_stripe_dispute_id_check: [{ stripe_dispute_id: long(256) }],
    disputes_withdrawn_minor_check: [{ withdrawn_minor: -1 }],
  },
  ledger_entries: {
    ledger_entries_account_check: [{ account: 'cash' }],
    ledger_entries_amount_minor_check: [{ amount_minor: 0 }, { amount_minor: LARGER }, { amount_minor: `-${LARGER}` }],
    ledger_entries_cause_check: [{ cause: '' }, { cause: long(201) }],
  },
  stock: {
    stock_capacity_check: [{ capacity: -1 }],
    stock_held_check: [{ held: -1 }],
    stock_never_oversold: [{ held: 1, sold: 100 }],
    stock_sold_check: [{ sold: -1 }],
  },
  holds: {
    holds_quantity_check: [{ quantity: 0 }, { quantity: 1000 }],
    holds_state_check: [{ state: 'lost' }],
  },
  appointments: {
    appointments_range: [
      { during: 'empty', blocked: 'empty' },
      { during: '(2027-01-01 10:00Z, 2027-01-01 11:00Z)' },
      { during: '[2027-01-01 10:00Z, 2027-01-01 10:30Z]' },
      { during: '[2027-01-01 09:59Z, 2027-01-01 11:00Z)' },
    ],
    appointments_state_check: [{ state: 'paid' }],
    appointments_never_overlap: [
      { practitioner_id: idOf('practitioners', 1) },
      { practitioner_id: idOf('practitioners', 1), state: 'held', ...slot('10:59', '12:00') },
      { practitioner_id: idOf('practitioners', 1), ...slot('11:00', '12:00'), blocked: range('10:45', '12:15') },
    ],
  },
  coupon_uses: {
    coupon_uses_buyer_check: [{ buyer: '' }, { buyer: long(256) }],
    coupon_uses_ordinal_check: [{ ordinal: 0 }],
    coupon_uses_state_check: [{ state: 'lost' }],
    coupon_uses_within_buyer_limit: [{ ordinal: 3 }],
  },
  credit_lots: {
    credit_lots_granted_check: [{ granted: 0, spent: 0 }],
    credit_lots_held_check: [{ held: -1 }],
    credit_lots_lapsed_check: [{ lapsed: -1 }],
    credit_lots_never_negative: [{ held: 401 }, { spent: 501 }, { lapsed: 401 }],
    credit_lots_one_unit: [{ unit_currency: null }, { unit_offer_id: idOf('offers', 1) }],
    credit_lots_source_check: [{ source: 'gift' }],
    credit_lots_spent_check: [{ spent: -1 }],
  },
  credit_entries: {
    credit_entries_amount_check: [{ amount: 0 }],
    credit_entries_end_names_hold: [{ hold_id: null }, { kind: 'release', hold_id: null }, { kind: 'grant' }],
    credit_entries_kind_check: [{ kind: 'gift', hold_id: null }],
  },
  inbox_bodies: {
    inbox_bodies_body_check: [{ body: long(1_048_577) }, { body: 'é'.repeat(524_289) }],
  },
  inbox_events: {
    inbox_events_account_check: [{ account: '' }, { account: long(256) }],
    inbox_events_api_version_check: [{ api_version: long(41) }],
    inbox_events_attempts_check: [{ attempts: -1 }, { attempts: 26 }],
    inbox_events_body_check: [{ body: long(1_048_577) }, { body: 'é'.repeat(524_289) }],
    inbox_events_claims_check: [{ claims: -1 }],
    inbox_events_handled_has_outcome: [{ handled_at: AT }, { outcome: 'applied' }],
    inbox_events_id_check: [{ id: 'evtX1' }, { id: `evt_${long(252)}` }],
    inbox_events_last_error_check: [{ last_error: long(2001) }],
    inbox_events_object_id_check: [{ object_id: long(256) }],
    inbox_events_one_end: [{ handled_at: AT, outcome: 'applied', parked_at: AT }],
    inbox_events_outcome_check: [{ handled_at: AT, outcome: 'skipped' }],
    inbox_events_type_check: [{ type: '' }, { type: long(101) }],
  },
  outbox_messages: {
    outbox_messages_order_version_check: [{ order_version: 0 }],
    outbox_messages_payload_check: [{ payload: '[]' }],
    outbox_messages_topic_check: [{ topic: 'paid' }, { topic: 'Order.paid' }, { topic: `order.${'p'.repeat(95)}` }],
  },
  deliveries: {
    deliveries_attempts_check: [{ attempts: -1 }, { attempts: 101 }],
    deliveries_claims_check: [{ claims: -1 }],
    deliveries_destination_check: [{ destination: '' }, { destination: long(201) }],
    deliveries_last_error_check: [{ last_error: long(2001) }],
    deliveries_one_end: [{ delivered_at: AT, parked_at: AT }],
    deliveries_waiting_is_unfinished: [
      { waits_for: 'mail:first', delivered_at: AT },
      { waits_for: 'mail:first', parked_at: AT },
    ],
    deliveries_waits_for_another: [{ waits_for: 'mail:receipt' }],
  },
  timers: {
    timers_attempts_check: [{ attempts: -1 }, { attempts: 1001 }],
    timers_claims_check: [{ claims: -1 }],
    timers_kind_check: [{ kind: '' }, { kind: long(61) }],
    timers_last_error_check: [{ last_error: long(2001) }],
    timers_payload_check: [{ payload: '[]' }],
  },
  effects: {
    effects_name_check: [{ name: '' }, { name: long(201) }],
    effects_topic_check: [{ topic: '' }, { topic: long(101) }],
  },
  notifications: {
    notifications_channel_check: [{ channel: 'post' }],
    notifications_html_body_check: [{ html_body: long(500_001) }],
    notifications_recipient_check: [{ recipient: '' }, { recipient: long(255) }],
    notifications_sent_has_time: [{ sent_at: null }, { state: 'rendered' }],
    notifications_state_check: [{ state: 'queued' }],
    notifications_subject_check: [{ subject: long(501) }],
    notifications_text_body_check: [{ text_body: long(200_001) }],
  },
  stripe_operations: {
    stripe_operations_action_check: [{ action: '' }, { action: long(41) }],
    stripe_operations_body_check: [{ body: long(262_145) }],
    stripe_operations_key_check: [{ key: 'stripe-node-retry-1' }, { key: `kassa:${long(250)}` }],
    stripe_operations_known_has_outcome: [{ state: 'sent' }, { outcome: null }],
    stripe_operations_last_error_check: [{ last_error: long(2001) }],
    stripe_operations_one_subject: [{ order_id: null }, { customer_id: idOf('customers', 1) }],
    stripe_operations_never_resent_after_a_day: [{ last_sent_at: after(DAY_MS + 1) }, { first_sent_at: null }],
    stripe_operations_outcome_check: [{ outcome: 'maybe' }],
    stripe_operations_path_check: [{ path: '/v2/x' }, { path: `/v1/${long(497)}` }],
    stripe_operations_sends_check: [{ sends: -1 }, { sends: 1001 }],
    stripe_operations_state_check: [{ state: 'lost', outcome: null }],
    stripe_operations_stripe_object_id_check: [{ stripe_object_id: long(256) }],
  },
  idempotency_keys: {
    idempotency_keys_body_check: [{ body: long(262_145) }],
    idempotency_keys_finished_has_answer: [
      { status: null },
      { body: null },
      { finished_at: null },
      { recovery_point: 'drafted' },
    ],
    idempotency_keys_key_check: [{ key: '' }, { key: long(256) }],
    idempotency_keys_recovery_point_check: [{ recovery_point: 'paid', status: null }],
    idempotency_keys_request_hash_check: [{ request_hash: 'abc' }],
    idempotency_keys_scope_check: [{ scope: '' }, { scope: long(401) }],
    idempotency_keys_status_check: [{ status: 199 }, { status: 500 }],
  },
  api_keys: {
    api_keys_caps_check: [{ caps: '[]' }],
    api_keys_hash_check: [{ hash: 'kassa_sk_test_1' }],
    api_keys_kind_check: [{ kind: 'root' }],
    api_keys_last_four_check: [{ last_four: 'abc' }, { last_four: 'abcde' }],
    api_keys_name_check: [{ name: '' }, { name: long(101) }],
  },
  audit_log: {
    audit_log_action_check: [{ action: '' }, { action: long(101) }],
    audit_log_actor_check: [{ actor: '' }, { actor: long(201) }],
    audit_log_cause_check: [{ cause: '' }, { cause: long(301) }],
    audit_log_details_check: [{ details: '[]' }],
    audit_log_order_version_check: [{ order_version: 0 }],
  },
  key_spending: { key_spending_amount_minor_check: [{ amount_minor: 0 }] },
  reconcile_cursors: {
    reconcile_cursors_kind_check: [{ kind: 'prices' }],
    reconcile_cursors_pass_after_check: [{ pass_after: '' }, { pass_after: long(256) }],
    reconcile_cursors_pass_is_whole: [{ pass_from: null }, { pass_started_at: null }, { pass_after: null }],
  },
  ledger_closings: {
    ledger_closings_by_whole_days: [
      { closing_before: '2020-01-01T01:00:00Z' },
      { closing_before: 'infinity' },
      { summed_before: '2019-12-31T12:00:00Z' },
    ],
    ledger_closings_summed_when_closing: [{ summed_before: '2020-01-02T00:00:00Z' }],
    ledger_closings_rounds_check: [{ rounds: -1 }],
  },
  ledger_days: {
    ledger_days_day_check: [{ day: '2020-01-01T00:00:01Z' }],
    ledger_days_account_check: [{ account: '' }, { account: long(41) }],
    ledger_days_fact_check: [{ fact: long(201) }],
    ledger_days_round_check: [{ round: 0 }],
    ledger_days_entries_check: [{ entries: 0 }],
  },
  reconcile_breaks: {
    reconcile_breaks_owner: [{ owner: 'nobody' }],
    reconcile_breaks_details_check: [{ details: '[]' }],
    reconcile_breaks_kind_check: [{ kind: '' }, { kind: long(61) }],
    reconcile_breaks_stripe_object_id_check: [{ stripe_object_id: '' }, { stripe_object_id: long(256) }],
  },
};

/** Rules that another of the same row always answers before: it is taken away (and put back) to see them at all. */
export const BEHIND: Record<string, string> = {
  order_lines_subtotal_minor_check:
    'alter domain kassa.order_lines_unit_minor drop constraint order_lines_unit_minor_check',
};

/** Checks of the domains, reached through one column of each kind. */
export const BAD_DOMAINS: Record<string, readonly { readonly table: string; readonly changes: Row }[]> = {
  currency_check: [
    { table: 'prices', changes: { currency: 'xxx' } },
    { table: 'prices', changes: { currency: 'USD' } },
  ],
  mode_check: [{ table: 'tax_rates', changes: { mode: 'sandbox' } }],
  minor_check: [
    { table: 'prices', changes: { unit_minor: '9007199254740992' } },
    { table: 'disputes', changes: { withdrawn_minor: '-9007199254740992' } },
  ],
};

function range(from: string, to: string): string {
  return `[2027-01-01 ${from}Z, 2027-01-01 ${to}Z)`;
}

function slot(from: string, to: string): Row {
  return { during: range(from, to), blocked: range(from, to) };
}
