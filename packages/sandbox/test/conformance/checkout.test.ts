// Goal: a checkout session behaves as Stripe's does, from creation over every ending to the events it tells.
// Method: the official client, in process, every reply checked against the generated schemas.

import '../report/kept-fresh.ts';
import type Stripe from 'stripe';
import { expect, test } from 'vitest';
import { hosted, idOf, NOW_MS, openShop, refusal, ticket } from '../shop.ts';

test('a hosted session has a page, a total and no payment yet', async () => {
  const { stripe } = openShop();
  const session = await stripe.checkout.sessions.create(
    hosted({ metadata: { order: 'ord_1' }, client_reference_id: 'ord_1' }),
  );
  expect(session.id).toMatch(/^cs_test_[A-Za-z0-9]{58}$/);
  expect(session.url).toBe(`http://127.0.0.1:4243/c/pay/${session.id}`);
  expect(session).toMatchObject({
    status: 'open',
    payment_status: 'unpaid',
    amount_total: 2500,
    currency: 'usd',
    client_secret: null,
    payment_intent: null,
    metadata: { order: 'ord_1' },
    client_reference_id: 'ord_1',
    expires_at: NOW_MS / 1000 + 86_400,
    livemode: false,
  });
});

test('embedded and elements sessions have a secret and no page', async () => {
  const { stripe } = openShop();
  const { success_url: _1, cancel_url: _2, ...rest } = hosted();
  for (const ui_mode of ['embedded_page', 'elements'] as const) {
    const session = await stripe.checkout.sessions.create({ ...rest, ui_mode, return_url: 'https://shop.test/back' });
    expect(session.url).toBeNull();
    expect(session.client_secret).toMatch(new RegExp(`^${session.id}_secret_`));
  }
});

test('a sale tells the order of its events and costs the shop one call', async () => {
  const { sandbox, stripe, types, received } = openShop();
  const session = await stripe.checkout.sessions.create(hosted({ customer_creation: 'always' }));
  const paid = await sandbox.control.pay(session.id, { email: 'ann@example.com', name: 'Ann' });
  expect(paid.redirect_url).toBe(`https://shop.test/thanks?s=${session.id}`);
  expect(paid.session).toMatchObject({ status: 'complete', payment_status: 'paid', url: null });
  await sandbox.drain();
  expect(types()).toEqual([
    'customer.created',
    'payment_intent.created',
    'charge.succeeded',
    'payment_intent.succeeded',
    'checkout.session.completed',
  ]);
  const done = received.at(-1)?.event.data.object as Stripe.Checkout.Session;
  expect(done.customer_details).toMatchObject({ email: 'ann@example.com', name: 'Ann' });
  expect(received.at(-1)?.event.request).toEqual({ id: null, idempotency_key: null });
  expect(sandbox.control.requests()).toHaveLength(1);
});

test('a declined buyer may try again on the same session and the same intent', async () => {
  const { sandbox, stripe, types } = openShop();
  const session = await stripe.checkout.sessions.create(hosted());
  const no = await sandbox.control.pay(session.id, { outcome: 'declined', decline_code: 'insufficient_funds' });
  expect(no).toMatchObject({ result: 'declined', code: 'insufficient_funds', redirect_url: null });
  expect(no.session.status).toBe('open');
  const yes = await sandbox.control.pay(session.id);
  expect(yes.session.payment_intent).toBe(no.session.payment_intent);
  await sandbox.drain();
  expect(types()).toEqual([
    'payment_intent.created',
    'charge.failed',
    'payment_intent.payment_failed',
    'charge.succeeded',
    'payment_intent.succeeded',
    'checkout.session.completed',
  ]);
});

test('two tabs that pay one session at once make one charge and one refusal', async () => {
  const { sandbox, stripe } = openShop();
  const session = await stripe.checkout.sessions.create(hosted());
  const results = await Promise.allSettled([sandbox.control.pay(session.id), sandbox.control.pay(session.id)]);
  expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  expect((await stripe.charges.list()).data).toHaveLength(1);
});

test('a session expires by itself, by call only once, and never after it was paid', async () => {
  const { sandbox, stripe, types } = openShop();
  const first = await stripe.checkout.sessions.create(hosted({ expires_at: NOW_MS / 1000 + 1800 }));
  await sandbox.control.advance(1_800_000);
  expect((await stripe.checkout.sessions.retrieve(first.id)).status).toBe('expired');
  expect(types()).toEqual(['checkout.session.expired']);
  expect((await refusal(stripe.checkout.sessions.expire(first.id))).status).toBe(400);
  const second = await stripe.checkout.sessions.create(hosted());
  await sandbox.control.pay(second.id);
  expect((await refusal(stripe.checkout.sessions.expire(second.id))).status).toBe(400);
});

test('paying in the very millisecond of the expiry ends in exactly one of the two', async () => {
  const { sandbox, stripe, clock } = openShop();
  const session = await stripe.checkout.sessions.create(hosted({ expires_at: NOW_MS / 1000 + 1800 }));
  clock.advance(1_800_000);
  await expect(sandbox.control.pay(session.id)).rejects.toThrow(/expired/);
  await sandbox.drain();
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('expired');
  expect(sandbox.books().charges).toHaveLength(0);
});

test('a bank debit completes the session unpaid and settles days later', async () => {
  const { sandbox, stripe, types } = openShop();
  for (const [outcome, ending, status] of [
    ['pays later', 'checkout.session.async_payment_succeeded', 'paid'],
    ['pays later, then fails', 'checkout.session.async_payment_failed', 'unpaid'],
  ] as const) {
    const session = await stripe.checkout.sessions.create(hosted({ line_items: [ticket(900, 'eur')] }));
    const now = await sandbox.control.pay(session.id, { outcome });
    expect(now.session).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
    await sandbox.control.advance(2 * 86_400_000);
    expect(types()).toContain(ending);
    expect((await stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe(status);
  }
});

test('a free order needs no payment', async () => {
  const { sandbox, stripe } = openShop();
  const coupon = await stripe.coupons.create({ percent_off: 100, duration: 'once' });
  const session = await stripe.checkout.sessions.create(hosted({ discounts: [{ coupon: coupon.id }] }));
  expect(session.amount_total).toBe(0);
  const paid = await sandbox.control.pay(session.id);
  expect(paid.session).toMatchObject({
    status: 'complete',
    payment_status: 'no_payment_required',
    payment_intent: null,
  });
});

test('3-D Secure completes the session when the buyer agrees and leaves it open when not', async () => {
  const { sandbox, stripe, types } = openShop();
  const session = await stripe.checkout.sessions.create(hosted());
  const asked = await sandbox.control.pay(session.id, { outcome: 'needs 3-D Secure' });
  const intent = idOf(asked.session.payment_intent);
  expect(asked).toMatchObject({ result: 'requires_action', redirect_url: `http://127.0.0.1:4243/3ds/${intent}` });
  await sandbox.control.authenticate(intent, 'fail');
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
  expect((await stripe.paymentIntents.retrieve(intent)).last_payment_error?.code).toBe(
    'payment_intent_authentication_failure',
  );
  await sandbox.control.pay(session.id, { outcome: 'needs 3-D Secure' });
  await sandbox.control.authenticate(intent, 'complete');
  expect((await stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe('paid');
  await sandbox.drain();
  expect(types().filter((type) => type === 'payment_intent.requires_action')).toHaveLength(2);
});

test('a setup session keeps a card and takes nothing', async () => {
  const { sandbox, stripe } = openShop();
  const { line_items: _, ...rest } = hosted({ mode: 'setup', currency: 'usd' });
  const session = await stripe.checkout.sessions.create(rest);
  const done = await sandbox.control.pay(session.id, { email: 'ann@example.com' });
  expect(done.session).toMatchObject({
    status: 'complete',
    payment_status: 'no_payment_required',
    payment_intent: null,
  });
  const customer = idOf(done.session.customer);
  expect((await stripe.customers.listPaymentMethods(customer)).data).toHaveLength(1);
  expect((await stripe.setupIntents.retrieve(idOf(done.session.setup_intent))).status).toBe('succeeded');
});

test('a manual session is complete when the money is set aside and paid when it is taken', async () => {
  const { sandbox, stripe } = openShop();
  const session = await stripe.checkout.sessions.create(hosted({ payment_intent_data: { capture_method: 'manual' } }));
  const { session: done } = await sandbox.control.pay(session.id);
  expect(done).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
  const intent = await stripe.paymentIntents.capture(idOf(done.payment_intent));
  expect(intent.status).toBe('succeeded');
  expect((await stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe('paid');
});

test.each<[string, Partial<Stripe.Checkout.SessionCreateParams>, string]>([
  ['an unknown price', { line_items: [{ price: 'price_nothing', quantity: 1 }] }, 'line_items[0][price]'],
  ['no items', { line_items: [] }, 'line_items'],
  ['both currencies', { line_items: [ticket(), ticket(900, 'eur')] }, 'line_items[1][price]'],
  ['too little', { line_items: [ticket(49)] }, 'line_items'],
  ['JPY below its minimum', { line_items: [ticket(49, 'jpy')] }, 'line_items'],
  ['ISK with a fraction', { line_items: [ticket(50_050, 'isk')] }, 'line_items'],
  ['KWD with a third digit', { line_items: [ticket(5_005, 'kwd')] }, 'line_items'],
  ['an unknown currency', { line_items: [ticket(500, 'zzz')] }, 'line_items[0][price_data][currency]'],
  ['expiry too soon', { expires_at: NOW_MS / 1000 + 1799 }, 'expires_at'],
  ['expiry too late', { expires_at: NOW_MS / 1000 + 86_401 }, 'expires_at'],
  ['the old ui_mode', { ui_mode: 'hosted' }, 'ui_mode'],
  ['a return_url on a hosted page', { return_url: 'https://shop.test/' }, 'return_url'],
  ['a broken address', { success_url: 'shop' }, 'success_url'],
  ['two discounts', { discounts: [{ coupon: 'a' }, { coupon: 'b' }] }, 'discounts'],
])('a session with %s is refused and names its parameter', async (_, more, param) => {
  const { stripe } = openShop();
  const error = await refusal(stripe.checkout.sessions.create(hosted(more)));
  expect(error.status).toBe(param === 'line_items[0][price]' ? 404 : 400);
  expect(error.param?.startsWith(param)).toBe(true);
  expect((await stripe.checkout.sessions.list()).data).toHaveLength(0);
});

test('the removed list of payment methods is refused by name', async () => {
  const { stripe } = openShop();
  const params = { ...hosted(), payment_method_types: ['card'] } as Stripe.Checkout.SessionCreateParams;
  const error = await refusal(stripe.checkout.sessions.create(params));
  expect(error).toMatchObject({ code: 'payment_method_types_no_longer_supported', param: 'payment_method_types' });
});

test('a hundred line items survive, in order, with numbers for quantities', async () => {
  const { stripe } = openShop();
  const line_items = Array.from({ length: 100 }, (_, index) => ({ ...ticket(100 + index), quantity: 2 }));
  const session = await stripe.checkout.sessions.create(hosted({ line_items }));
  const all = await stripe.checkout.sessions
    .listLineItems(session.id, { limit: 100 })
    .autoPagingToArray({ limit: 200 });
  expect(all.map((item) => item.amount_total)).toEqual(line_items.map((_, index) => 2 * (100 + index)));
  expect(all[0]?.quantity).toBe(2);
});

test('an update merges metadata, and an open session takes a new basket', async () => {
  const { stripe } = openShop();
  const session = await stripe.checkout.sessions.create(
    hosted({ metadata: { a: '1', b: '2' }, expand: ['line_items'] }),
  );
  const updated = await stripe.checkout.sessions.update(session.id, { metadata: { b: '', c: '3' } });
  expect(updated.metadata).toEqual({ a: '1', c: '3' });
  const [line] = session.line_items?.data ?? [];
  const bigger = await stripe.checkout.sessions.update(session.id, {
    line_items: [{ id: line?.id ?? '', quantity: 3 }],
  });
  expect(bigger.amount_total).toBe(7500);
});

test('a recovered session asks for everything that the first one asked for, and prefills what was typed', async () => {
  const { sandbox, stripe } = openShop();
  const item = { ...ticket(), adjustable_quantity: { enabled: true, minimum: 1, maximum: 4 } };
  const session = await stripe.checkout.sessions.create(
    hosted({
      line_items: [item],
      after_expiration: { recovery: { enabled: true, allow_promotion_codes: true } },
      phone_number_collection: { enabled: true },
      custom_fields: [{ key: 'row', label: { type: 'custom', custom: 'Row' }, type: 'text' }],
      shipping_address_collection: { allowed_countries: ['US'] },
      metadata: { order: '7' },
      submit_type: 'book',
    }),
  );
  await sandbox.control.pay(session.id, { outcome: 'declined', email: 'ann@example.com', custom_fields: { row: 'A' } });
  const gone = await stripe.checkout.sessions.expire(session.id);
  await sandbox.fetch(new Request(gone.after_expiration?.recovery?.url ?? ''));
  const [fresh] = (await stripe.checkout.sessions.list({ limit: 1 })).data;
  expect(fresh).toMatchObject({
    recovered_from: session.id,
    allow_promotion_codes: true,
    customer_email: 'ann@example.com',
    metadata: { order: '7' },
    phone_number_collection: { enabled: true },
    shipping_address_collection: { allowed_countries: ['US'] },
    submit_type: 'book',
  });
  expect(fresh?.custom_fields[0]).toMatchObject({ key: 'row', text: { value: null } });
  const again = await sandbox.control.pay(fresh?.id ?? '', {
    quantities: { [(await stripe.checkout.sessions.listLineItems(fresh?.id ?? '')).data[0]?.id ?? '']: 3 },
    custom_fields: { row: 'B' },
  });
  expect(again.session).toMatchObject({ status: 'complete', amount_total: 7500 });
});

test('an expired session that may be recovered leads to a new one', async () => {
  const { sandbox, stripe } = openShop();
  const session = await stripe.checkout.sessions.create(hosted({ after_expiration: { recovery: { enabled: true } } }));
  const gone = await stripe.checkout.sessions.expire(session.id);
  const url = gone.after_expiration?.recovery?.url ?? '';
  const response = await sandbox.fetch(new Request(url));
  expect(response.status).toBe(303);
  const [fresh] = (await stripe.checkout.sessions.list({ limit: 1 })).data;
  expect(fresh).toMatchObject({ recovered_from: session.id, amount_total: 2500, status: 'open' });
});

test('sessions are found by payment, customer, e-mail and status', async () => {
  const { sandbox, stripe } = openShop();
  const customer = await stripe.customers.create({ email: 'bob@example.com' });
  const one = await stripe.checkout.sessions.create(hosted({ customer: customer.id }));
  await stripe.checkout.sessions.create(hosted());
  const paid = await sandbox.control.pay(one.id);
  const ids = async (filter: Stripe.Checkout.SessionListParams) =>
    (await stripe.checkout.sessions.list(filter)).data.map((session) => session.id);
  expect(await ids({ payment_intent: idOf(paid.session.payment_intent) })).toEqual([one.id]);
  expect(await ids({ customer: customer.id })).toEqual([one.id]);
  expect(await ids({ customer_details: { email: 'bob@example.com' } })).toEqual([one.id]);
  expect(await ids({ status: 'complete' })).toEqual([one.id]);
  expect(await ids({ status: 'expired' })).toEqual([]);
});
