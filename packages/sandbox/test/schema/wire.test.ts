// Goal: what a shop says through Stripe's own client is understood as it was meant.
// Method: the official client writes each call to the wire, the sandbox's form parser and the schemas read it back;
// the result must be what the shop passed, with null for what it unset.
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { parseForm } from '../../src/http/form.ts';
import { coerceRequest } from '../../src/schema/index.ts';

interface Heard {
  readonly method: string;
  readonly path: string;
  readonly form: Record<string, unknown>;
}

/** A client whose requests are written down instead of sent. */
function listen(): { stripe: Stripe; heard: Heard[] } {
  const heard: Heard[] = [];
  const answer = async (url: string | URL | Request, init?: RequestInit) => {
    const request = new Request(url, init);
    const { pathname, search } = new URL(request.url);
    const text = request.method === 'POST' ? await request.text() : search.slice(1);
    heard.push({ method: request.method, path: pathname, form: parseForm(text) });
    return new Response('{"id": "x", "object": "list", "data": [], "has_more": false}', {
      headers: { 'content-type': 'application/json' },
    });
  };
  const httpClient = Stripe.createFetchHttpClient(answer as typeof fetch);
  return { stripe: new Stripe('sk_test_sandbox_wire', { httpClient, telemetry: false }), heard };
}

type Call = (stripe: Stripe, params: never) => PromiseLike<unknown>;

const lines = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    quantity: index + 1,
    price_data: { currency: 'eur', unit_amount: 100 * index, product_data: { name: `Seat ${index} & more = [x] é` } },
  }));

const CALLS: readonly [operation: string, call: Call, params: Record<string, unknown>][] = [
  [
    'POST /v1/checkout/sessions',
    (stripe, params) => stripe.checkout.sessions.create(params),
    {
      mode: 'payment',
      ui_mode: 'embedded_page',
      return_url: 'https://hall.example.com/back?s={CHECKOUT_SESSION_ID}',
      line_items: lines(100),
      metadata: { order: '12', note: 'a=b&c[d]' },
      payment_intent_data: { metadata: { order: '12' }, capture_method: 'manual' },
      allow_promotion_codes: true,
      expires_at: 1_790_003_600,
      expand: ['line_items'],
    },
  ],
  [
    'POST /v1/payment_intents',
    (stripe, params) => stripe.paymentIntents.create(params),
    {
      amount: 1999,
      currency: 'usd',
      confirm: true,
      payment_method: 'pm_card_visa',
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      off_session: true,
    },
  ],
  [
    'POST /v1/prices',
    (stripe, params) => stripe.prices.create(params),
    {
      currency: 'eur',
      product: 'prod_1',
      unit_amount: 0,
      currency_options: { usd: { unit_amount: 5 } },
      active: false,
    },
  ],
  [
    'POST /v1/coupons',
    (stripe, params) => stripe.coupons.create(params),
    { percent_off: 33.3, duration: 'repeating', duration_in_months: 3, applies_to: { products: ['prod_1'] } },
  ],
  [
    'POST /v1/promotion_codes',
    (stripe, params) => stripe.promotionCodes.create(params),
    { promotion: { type: 'coupon', coupon: 'HALF' }, code: 'ANN', restrictions: { first_time_transaction: true } },
  ],
  [
    'POST /v1/refunds',
    (stripe, params) => stripe.refunds.create(params),
    { payment_intent: 'pi_1', amount: 5, reason: 'requested_by_customer' },
  ],
  [
    'POST /v1/webhook_endpoints',
    (stripe, params) => stripe.webhookEndpoints.create(params),
    { url: 'http://127.0.0.1:4000/hook', enabled_events: ['charge.refunded'], api_version: '2026-10-28.endive' },
  ],
  [
    'POST /v1/products/:id',
    (stripe, params) => stripe.products.update('prod_1', params),
    { description: null, images: null, metadata: { row: null, seat: '7' } },
  ],
  [
    'POST /v1/customers/:id',
    (stripe, params) => stripe.customers.update('cus_1', params),
    { metadata: null, name: 'Ann' },
  ],
  [
    'GET /v1/events',
    (stripe, params) => stripe.events.list(params),
    { created: { gte: 1, lt: 2 }, types: ['charge.refunded', 'refund.created'], delivery_success: false, limit: 3 },
  ],
  [
    'GET /v1/checkout/sessions',
    (stripe, params) => stripe.checkout.sessions.list(params),
    { customer_details: { email: 'ann+seat@example.com' }, status: 'open', expand: ['data.payment_intent'] },
  ],
  [
    'GET /v1/charges/search',
    (stripe, params) => stripe.charges.search(params),
    { query: 'metadata["order"]:"12" AND amount>500', limit: 100 },
  ],
  ['DELETE /v1/customers/:id', (stripe) => stripe.customers.del('cus_1'), {}],
];

test.each(CALLS)('%s is understood as the client meant it', async (operation, call, params) => {
  const { stripe, heard } = listen();
  await call(stripe, params as never);
  expect(heard).toHaveLength(1);
  const [{ method, path, form } = { method: '', path: '', form: {} }] = heard;
  expect(`${method} ${path.replace(/\/(?:prod|cus)_1/, '/:id')}`).toBe(operation);
  expect(coerceRequest(operation, form)).toEqual({ params, lenient: [] });
});

test('a decimal goes over the wire as text', async () => {
  const { stripe, heard } = listen();
  const unit_amount_decimal = Stripe.Decimal.from('0.05');
  await stripe.prices.create({ currency: 'eur', product: 'prod_1', unit_amount_decimal });
  expect(coerceRequest('POST /v1/prices', heard[0]?.form ?? {})).toMatchObject({
    params: { unit_amount_decimal: '0.05' },
  });
});

test('an old ui_mode compiles in the shop and is refused on the wire', async () => {
  const { stripe, heard } = listen();
  await stripe.checkout.sessions.create({ mode: 'payment', ui_mode: 'embedded', return_url: 'https://a.example' });
  expect(coerceRequest('POST /v1/checkout/sessions', heard[0]?.form ?? {})).toMatchObject({
    problem: { param: 'ui_mode' },
  });
});
