// Views of one evening at the Blue Hall, in the states that the pages must be able to show.
import type { PageFrame, PanelView, PaymentPageView, TypedValues } from '../../src/pages/index.ts';

/** 15 January 2027, 19:30 UTC. */
export const EVENING = 1_800_041_400;

export const frame: PageFrame = { nonce: 'bm9uY2U', locale: 'en-US', embedded: false };

const nowhere = { line1: '', line2: '', city: '', state: '', postal_code: '', country: '' };

export const typed: TypedValues = {
  email: '',
  name: '',
  phone: '',
  promotion_code: '',
  outcome: 'pays',
  decline_code: 'generic_decline',
  later_result: 'succeeds',
  shipping_rate: '',
  billing: nowhere,
  shipping: nowhere,
  save_card: false,
  consent_terms: false,
  consent_promotions: false,
};

/** Two tickets, nothing special. */
export const plainPage: PaymentPageView = {
  frame,
  session_id: 'cs_test_a1',
  token: 'page-token',
  mode: 'payment',
  submit_type: 'auto',
  seller: { name: 'Blue Hall', url: 'http://localhost:4242/' },
  order: {
    currency: 'usd',
    lines: [
      {
        id: 'li_1',
        name: 'Lakers vs Warriors',
        description: null,
        quantity: 2,
        unit_minor: 10_000,
        amount_minor: 20_000,
        adjustable: null,
      },
    ],
    subtotal_minor: 20_000,
    discounts: [],
    taxes: [],
    shipping: null,
    total_minor: 20_000,
  },
  email_fixed: false,
  typed,
  ask: {
    promotion_code: false,
    phone: false,
    billing_address: false,
    shipping_countries: null,
    save_card: false,
    consent_terms: false,
    consent_promotions: false,
  },
  promotion: null,
  shipping_options: [],
  custom_fields: [],
  custom_text: { submit: null, after_submit: null, terms: null, shipping: null },
  test_cards: [
    { number: '4242424242424242', brand: 'visa', means: 'pays' },
    { number: '5555555555554444', brand: 'mastercard', means: 'pays' },
    { number: '378282246310005', brand: 'amex', means: 'pays' },
    { number: '4000000000000002', brand: 'visa', means: 'declined without a reason' },
    { number: '4000000000009995', brand: 'visa', means: 'declined, insufficient funds' },
    { number: '4000000000000069', brand: 'visa', means: 'declined, expired' },
    { number: '4000000000000127', brand: 'visa', means: 'declined, wrong security code' },
    { number: '4000000000009987', brand: 'visa', means: 'declined, lost' },
    { number: '4000000000000119', brand: 'visa', means: 'declined, processing error' },
    { number: '4000002500003155', brand: 'visa', means: 'asks for 3-D Secure unless set up before' },
    { number: '4000000000000259', brand: 'visa', means: 'pays, then disputed as fraud' },
  ],
  errors: {},
  notice: null,
  cancel_url: 'http://localhost:4242/shop',
  expires_at: EVENING,
};

/** Everything a session can ask for at once. */
export const fullPage: PaymentPageView = {
  ...plainPage,
  order: {
    currency: 'usd',
    lines: [
      {
        id: 'li_1',
        name: 'Lakers vs Warriors',
        description: 'Friday, 15 January 2027, 19:30. Doors open one hour earlier.',
        quantity: 2,
        unit_minor: 5_000,
        amount_minor: 10_000,
        adjustable: { minimum: 1, maximum: 8 },
      },
    ],
    subtotal_minor: 10_000,
    discounts: [{ label: 'FRIENDS, 20 % off', amount_minor: 2_000 }],
    taxes: [{ label: 'Sales tax 8.75 %', amount_minor: 875, inclusive: false }],
    shipping: { label: 'Parcel', amount_minor: 500 },
    total_minor: 9_375,
  },
  typed: { ...typed, shipping_rate: 'shr_1' },
  ask: {
    promotion_code: true,
    phone: true,
    billing_address: true,
    shipping_countries: ['US', 'CA', 'DE'],
    save_card: true,
    consent_terms: true,
    consent_promotions: true,
  },
  promotion: { code: 'FRIENDS', removable: true },
  shipping_options: [
    { id: 'shr_1', label: 'Parcel', amount_minor: 500, delivery: '3 to 5 business days' },
    { id: 'shr_2', label: 'Pick up at the box office', amount_minor: 0, delivery: null },
  ],
  custom_fields: [
    {
      key: 'seat',
      label: 'Seat wish',
      type: 'text',
      optional: true,
      value: '',
      options: [],
      minimum_length: null,
      maximum_length: 80,
    },
    {
      key: 'size',
      label: 'Shirt size',
      type: 'dropdown',
      optional: false,
      value: '',
      options: [
        { value: 's', label: 'Small' },
        { value: 'l', label: 'Large' },
      ],
      minimum_length: null,
      maximum_length: null,
    },
  ],
  custom_text: { submit: 'Tickets are sent at once.', after_submit: null, terms: null, shipping: null },
};

export const panel: PanelView = {
  frame,
  token: 'panel-token',
  version: '0.1.0',
  api_version: '2026-10-28.endive',
  clock: { now: EVENING, mode: 'real', offset_ms: 3 * 86_400_000 },
  counts: [
    { label: 'Checkout sessions', count: 3 },
    { label: 'Payments', count: 2 },
    { label: 'Refunds', count: 0 },
    { label: 'Events', count: 12 },
  ],
  only: null,
  requests: [
    {
      id: 'req_3',
      at: EVENING,
      method: 'POST',
      path: '/v1/checkout/sessions',
      status: 200,
      idempotency_key: 'kassa:att_01jh:open',
      replayed: false,
      fault: null,
    },
    {
      id: 'req_2',
      at: EVENING - 9,
      method: 'POST',
      path: '/v1/refunds',
      status: 500,
      idempotency_key: 'kassa:rf_01jh:refund',
      replayed: false,
      fault: 'error 500 after commit',
    },
    {
      id: 'req_1',
      at: EVENING - 60,
      method: 'GET',
      path: '/v1/checkout/sessions/cs_test_a1',
      status: 404,
      idempotency_key: null,
      replayed: true,
      fault: null,
    },
  ],
  events: [
    {
      id: 'evt_2',
      type: 'checkout.session.completed',
      at: EVENING,
      object_id: 'cs_test_a1',
      pending: 1,
      deliveries: [
        {
          target: 'http://127.0.0.1:4242/stripe/webhook',
          attempt: 1,
          at: EVENING,
          status: 503,
          duration_ms: 12,
          reply: '{"error":"starting"}',
        },
        {
          target: 'http://127.0.0.1:4242/stripe/webhook',
          attempt: 2,
          at: EVENING + 1,
          status: null,
          duration_ms: 20_000,
          reply: '',
        },
      ],
    },
    {
      id: 'evt_1',
      type: 'payment_intent.succeeded',
      at: EVENING,
      object_id: 'pi_1',
      pending: 0,
      deliveries: [
        {
          target: 'http://127.0.0.1:4242/stripe/webhook',
          attempt: 1,
          at: EVENING,
          status: 200,
          duration_ms: 4,
          reply: '{"received":true}',
        },
      ],
    },
  ],
  objects: [{ id: 'cs_test_a1', type: 'checkout.session', at: EVENING - 60, summary: 'complete, paid, $200.00' }],
  faults: [{ id: 'flt_1', what: 'The next payment fails with 500 after commit', left: 1 }],
  outage_until: EVENING + 300,
  books: [
    {
      currency: 'usd',
      sums: [
        { label: 'captured', amount: '$25.00' },
        { label: 'fees', amount: '$1.03' },
      ],
    },
  ],
  templates: ['/v1/checkout/sessions', '/v1/refunds/:id'],
  event_types: ['checkout.session.completed', 'refund.created'],
  chaos: { error_after: 5, drop: 10 },
  receivers: [
    {
      id: 'we_1',
      url: 'http://127.0.0.1:4242/stripe/webhook',
      events: 'every event',
      account: 'acct_sandbox',
      owed: 2,
      rolls: true,
    },
  ],
  snapshots: [{ name: 'before the refund', at: EVENING - 600, bytes: 48_000 }],
  unsupported: [{ method: 'GET', path: '/v1/terminal/readers', count: 2 }],
  notice: { kind: 'done', text: 'The clock moved on by one day; 2 timers ran.' },
};
