// Goal: the sandbox misbehaves exactly as told, and its private books know what really happened.

import '../report/kept-fresh.ts';
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { charged, hosted, openShop, refusal } from '../shop.ts';

const SESSIONS = { method: 'POST', path: '/v1/checkout/sessions' };

/** A client that never tries again, so that each fault is seen. */
function impatient(sandbox: ReturnType<typeof openShop>['sandbox']): Stripe {
  return new Stripe(sandbox.keys.secret, {
    httpClient: sandbox.httpClient(Stripe),
    telemetry: false,
    maxNetworkRetries: 0,
  });
}

test('a failure before the work leaves nothing and is not remembered', async () => {
  const { sandbox, stripe } = openShop();
  sandbox.control.addFault({ match: SESSIONS, fault: { kind: 'error', status: 500, when: 'before' } });
  const first = await refusal(stripe.checkout.sessions.create(hosted(), { idempotencyKey: 'k' }));
  expect(first).toMatchObject({ status: 500, type: 'StripeAPIError' });
  expect((await stripe.checkout.sessions.list()).data).toHaveLength(0);
  expect((await stripe.checkout.sessions.create(hosted(), { idempotencyKey: 'k' })).status).toBe('open');
});

test('a failure after the work is remembered under its key, and the work is there', async () => {
  const { sandbox, stripe } = openShop();
  sandbox.control.addFault({ match: SESSIONS, fault: { kind: 'error', status: 500, when: 'after' } });
  for (let i = 0; i < 3; i++) {
    expect((await refusal(stripe.checkout.sessions.create(hosted(), { idempotencyKey: 'k' }))).status).toBe(500);
  }
  expect((await stripe.checkout.sessions.list()).data).toHaveLength(1);
  expect(sandbox.books().sessions).toHaveLength(1);
  expect(sandbox.books().unseen_commits).toMatchObject([{ method: 'POST', key: 'k' }]);
});

test.each(['timeout', 'reset'] as const)('a %s before or after the work is a broken connection', async (kind) => {
  const { sandbox } = openShop();
  const client = impatient(sandbox);
  sandbox.control.addFault({ match: SESSIONS, times: 2, fault: { kind, when: 'before' } });
  expect((await refusal(client.checkout.sessions.create(hosted(), { idempotencyKey: 'k' }))).type).toBe(
    'StripeConnectionError',
  );
  sandbox.control.removeFault();
  sandbox.control.addFault({ match: SESSIONS, times: 2, fault: { kind, when: 'after' } });
  expect((await refusal(client.checkout.sessions.create(hosted(), { idempotencyKey: 'k' }))).type).toBe(
    'StripeConnectionError',
  );
  sandbox.control.removeFault();
  const again = await client.checkout.sessions.create(hosted(), { idempotencyKey: 'k' });
  expect(again.status).toBe('open');
  expect(sandbox.books().sessions).toHaveLength(1);
});

test('a lost answer is healed by the client itself, with one object in the end', async () => {
  const { sandbox, stripe } = openShop();
  sandbox.control.addFault({ match: SESSIONS, fault: { kind: 'reset', when: 'after' } });
  const session = await stripe.checkout.sessions.create(hosted());
  expect((await stripe.checkout.sessions.list()).data.map(({ id }) => id)).toEqual([session.id]);
  expect(sandbox.control.requests({ path: '/v1/checkout/sessions' }).map((entry) => entry.replayed)).toEqual([
    false,
    true,
    false,
  ]);
});

test('half an answer is no answer', async () => {
  const { sandbox } = openShop();
  sandbox.control.addFault({ match: SESSIONS, times: 9, fault: { kind: 'truncate', when: 'after' } });
  expect((await refusal(impatient(sandbox).checkout.sessions.create(hosted()))).type).toMatch(/Connection|API/);
  expect(sandbox.books().sessions.length).toBeGreaterThan(0);
});

test('a refusal of 429 names its reason and is tried once, a lock is tried again', async () => {
  const { sandbox, stripe } = openShop();
  sandbox.control.addFault({
    match: SESSIONS,
    fault: { kind: 'error', status: 429, when: 'before', reason: 'endpoint-rate' },
  });
  const limited = await refusal(stripe.checkout.sessions.create(hosted()));
  expect(limited).toMatchObject({ type: 'StripeRateLimitError', code: 'rate_limit' });
  sandbox.control.addFault({
    match: SESSIONS,
    fault: { kind: 'error', status: 429, when: 'before', code: 'lock_timeout' },
  });
  expect((await stripe.checkout.sessions.create(hosted())).status).toBe('open');
});

test('a fault meets the n-th matching call and no other', async () => {
  const { sandbox, stripe } = openShop();
  sandbox.control.addFault({ match: { ...SESSIONS, nth: 3 }, fault: { kind: 'error', status: 503, when: 'before' } });
  const results = await Promise.allSettled([1, 2, 3, 4].map(() => stripe.checkout.sessions.create(hosted())));
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  sandbox.control.addFault({
    match: { idempotency_key: 'this' },
    fault: { kind: 'error', status: 503, when: 'before' },
  });
  await stripe.customers.create({ name: 'a' }, { idempotencyKey: 'other' });
  expect((await refusal(stripe.customers.create({ name: 'a' }, { idempotencyKey: 'this' }))).status).toBe(503);
});

test('chaos rolls the same dice for the same seed', async () => {
  const run = async (seed: string): Promise<number[]> => {
    const { sandbox } = openShop({ seed });
    sandbox.control.setChaos({ error_before: 0.2, error_after: 0.2 });
    const client = impatient(sandbox);
    for (let i = 0; i < 40; i++)
      await client.customers.create({ name: `c${i}` }, { idempotencyKey: `k${i}` }).catch(() => undefined);
    return sandbox.control.requests().map((entry) => entry.status);
  };
  const [one, two, other] = [await run('a'), await run('a'), await run('b')];
  expect(one).toEqual(two);
  expect(one).not.toEqual(other);
  expect(one.filter((status) => status === 500).length).toBeGreaterThan(5);
});

test('an outage refuses what it covers, for as long as it lasts', async () => {
  const { sandbox, clock } = openShop();
  const client = impatient(sandbox);
  const from = clock.now() + 1000;
  sandbox.control.setChaos({ outages: [{ from, to: from + 3_600_000, what: 'writes' }] });
  await client.customers.create({ name: 'before' });
  clock.advance(1000);
  expect((await refusal(client.customers.create({ name: 'during' }))).status).toBe(503);
  expect((await client.customers.list()).data).toHaveLength(1);
  clock.advance(3_600_000);
  expect((await client.customers.create({ name: 'after' })).name).toBe('after');
});

test('webhooks that an outage swallows come when it is over', async () => {
  const { sandbox, stripe, received, clock } = openShop();
  const from = clock.now();
  sandbox.control.setChaos({ outages: [{ from, to: from + 200_000, what: 'webhooks' }] });
  await stripe.customers.create({ name: 'a' });
  await sandbox.drain();
  expect(received).toHaveLength(0);
  await sandbox.control.advance(300_000);
  expect(received).toHaveLength(1);
});

test('the limiter lets through what Stripe lets through', async () => {
  const { sandbox, clock } = openShop();
  sandbox.control.setLimiter({ endpoint: 5, overall: 8 });
  const client = impatient(sandbox);
  const burst = async (n: number) =>
    (await Promise.allSettled(Array.from({ length: n }, () => client.customers.list()))).filter(
      (r) => r.status === 'fulfilled',
    ).length;
  expect(await burst(10)).toBe(5);
  expect((await refusal(client.customers.list())).raw.headers?.['stripe-rate-limited-reason']).toBe('endpoint-rate');
  expect((await client.products.list()).data).toEqual([]);
  clock.advance(1000);
  expect(await burst(10)).toBe(5);
});

test('a snapshot has the same future as the world that it was taken from', async () => {
  const { sandbox, stripe, received } = openShop();
  const session = await stripe.checkout.sessions.create(hosted());
  await sandbox.control.pay(session.id);
  sandbox.control.addFault({ match: SESSIONS, fault: { kind: 'error', status: 500, when: 'before' } });
  sandbox.control.snapshot('paid, not told');
  const future = async () => {
    received.length = 0;
    await sandbox.drain();
    const failed = await refusal(stripe.checkout.sessions.create(hosted()));
    const next = await stripe.checkout.sessions.create(hosted());
    await sandbox.control.advance(86_400_000);
    return {
      bodies: received.map(({ body, signature }) => body + signature),
      failed: failed.status,
      next: next.id,
      now: sandbox.clock.now(),
    };
  };
  const one = await future();
  sandbox.control.restore('paid, not told');
  const two = await future();
  expect(two).toEqual(one);
  expect(one.bodies.length).toBe(5);
  expect(one.failed).toBe(500);
});

test('the same seed and the same calls give the same world to the byte', async () => {
  const run = async () => {
    const { sandbox, stripe, received } = openShop({ seed: 'same' });
    const client = new Stripe(sandbox.keys.secret, { httpClient: sandbox.httpClient(Stripe), telemetry: false });
    const session = await client.checkout.sessions.create(hosted(), { idempotencyKey: 'a' });
    await sandbox.control.pay(session.id, { outcome: 'declined' });
    const paid = await sandbox.control.pay(session.id);
    await stripe.refunds.create({ payment_intent: paid.session.payment_intent ?? '' }, { idempotencyKey: 'b' });
    await sandbox.control.advance(10_000_000);
    return JSON.stringify([received, sandbox.control.requests(), sandbox.control.deliveries(), sandbox.books()]);
  };
  expect(await run()).toBe(await run());
});

test('after a reset nothing is left and ids begin again', async () => {
  const { sandbox, stripe } = openShop();
  const one = await stripe.customers.create({ name: 'a' });
  sandbox.control.reset();
  expect((await stripe.customers.list()).data).toHaveLength(0);
  sandbox.control.reset();
  expect((await stripe.customers.create({ name: 'a' })).id).toBe(one.id);
});

test('seeding twice changes nothing and keeps the ids that the shop knows', async () => {
  const { sandbox, stripe } = openShop();
  const wish = { prices: [{ id: 'price_123', product_name: 'Print', currency: 'usd', unit_amount: 1999 }] };
  await sandbox.control.seed(wish);
  await sandbox.control.seed(wish);
  const session = await stripe.checkout.sessions.create(hosted({ line_items: [{ price: 'price_123', quantity: 1 }] }));
  expect(session.amount_total).toBe(1999);
  expect((await stripe.products.list()).data.map(({ name }) => name)).toEqual(['Print']);
});

test('the clock goes back only when that is asked for', async () => {
  const { sandbox } = openShop();
  const now = sandbox.clock.now();
  await expect(sandbox.control.setTime(now - 1000)).rejects.toThrow(/forward/);
  await sandbox.control.setTime(now - 1000, { allow_backward: true });
  expect(sandbox.clock.now()).toBe(now - 1000);
});

test('the books know until when each session can be paid and when that ended', async () => {
  const { sandbox, stripe } = openShop();
  const session = await stripe.checkout.sessions.create(hosted({ client_reference_id: 'ord_7', metadata: { a: '1' } }));
  expect(sandbox.books().sessions).toMatchObject([
    { session: session.id, payable_until_ms: session.expires_at * 1000, closed_ms: null, client_reference_id: 'ord_7' },
  ]);
  await sandbox.control.pay(session.id);
  expect(sandbox.books().sessions[0]).toMatchObject({ closed_as: 'complete', closed_ms: sandbox.clock.now() });
  expect(sandbox.books().charges).toMatchObject([
    { session: session.id, captured: 2500, session_metadata: { a: '1' }, client_reference_id: 'ord_7', refunds: [] },
  ]);
});

test('the next payment is declined when that was asked for, whatever card it uses, and only the next', async () => {
  const { sandbox, stripe } = openShop();
  const panel = await (await sandbox.fetch(new Request('http://127.0.0.1:4243/_sandbox'))).text();
  const token = /name="token" value="([^"]+)"/.exec(panel)?.[1] ?? '';
  const body = new URLSearchParams({ token, action: 'fail_next_payment' });
  const pressed = await sandbox.fetch(new Request('http://127.0.0.1:4243/_sandbox/panel', { method: 'POST', body }));
  expect(await pressed.text()).toContain('the next payment is declined');
  const session = await stripe.checkout.sessions.create(hosted());
  expect((await sandbox.control.pay(session.id)).result).toBe('declined');
  expect((await sandbox.control.pay(session.id)).result).toBe('complete');
  sandbox.control.addFault({ fault: { kind: 'decline', decline_code: 'insufficient_funds' } });
  sandbox.control.addFault({ fault: { kind: 'decline', decline_code: 'expired_card' } });
  expect(await refusal(charged(stripe))).toMatchObject({ status: 402, decline_code: 'insufficient_funds' });
  expect(await refusal(charged(stripe))).toMatchObject({ status: 402, code: 'expired_card' });
  expect((await charged(stripe)).status).toBe('succeeded');
  expect(sandbox.control.faults()).toEqual([]);
});

test('a person does with the panel what a program does with the control', async () => {
  const { sandbox, stripe, received } = openShop();
  const address = 'http://127.0.0.1:4243/_sandbox';
  const token =
    /name="token" value="([^"]+)"/.exec(await (await sandbox.fetch(new Request(address))).text())?.[1] ?? '';
  const press = async (action: string, fields: Record<string, string> = {}): Promise<string> => {
    const body = new URLSearchParams({ token, action, ...fields });
    return (await sandbox.fetch(new Request(`${address}/panel`, { method: 'POST', body }))).text();
  };
  const customer = () => stripe.customers.create({ name: 'Ann' }, { maxNetworkRetries: 0 });
  const count = async () => (await stripe.customers.list()).data.length;
  await press('fail_call_before');
  expect([(await refusal(customer())).status, await count()]).toEqual([500, 0]);
  await press('fail_call_after');
  expect([(await refusal(customer())).status, await count()]).toEqual([500, 1]);
  await press('outage', { ms: '300000' });
  expect((await refusal(customer())).status).toBe(503);
  await press('end_outage');
  await press('keep', { name: 'one customer' });
  await customer();
  expect(await count()).toBe(2);
  await press('keep', { name: 'two customers' });
  expect(await press('restore', { name: 'one customer' })).toContain('two customers');
  expect(await count()).toBe(1);
  await press('restore', { name: 'two customers' });
  expect(await count()).toBe(2);
  expect(await press('forget', { name: 'two customers' })).toContain('is forgotten');
  expect(await press('restore', { name: 'two customers' })).toContain('no snapshot named two customers');
  expect(await press('keep', { name: '<b>' })).toContain('A snapshot is named by');
  await press('restore', { name: 'one customer' });
  await sandbox.drain();
  received.length = 0;
  await press('drop_next_webhook');
  await customer();
  await press('hold_webhooks');
  await customer();
  await sandbox.drain();
  expect(received).toHaveLength(0);
  expect(await press('release_webhooks')).toContain('1 webhooks are on their way');
  await sandbox.drain();
  expect(received).toHaveLength(1);
  const session = await stripe.checkout.sessions.create(hosted());
  await sandbox.control.pay(session.id);
  expect(await press('advance', { ms: 'soon' })).toContain('whole numbers');
  expect(await press('nothing')).toContain('no such button');
  expect(await press('advance', { ms: '0' })).toMatch(/captured<\/dt><dd>\$25\.00/);
});

/** A person at the panel: presses a button, and reads what the page then says. */
async function panelOf({ sandbox }: ReturnType<typeof openShop>) {
  const address = 'http://127.0.0.1:4243/_sandbox';
  const html = await (await sandbox.fetch(new Request(address))).text();
  const token = /name="token" value="([^"]+)"/.exec(html)?.[1] ?? '';
  return async (action: string, fields: Record<string, string> = {}): Promise<string> => {
    const body = new URLSearchParams({ token, action, ...fields });
    return (await sandbox.fetch(new Request(`${address}/panel`, { method: 'POST', body }))).text();
  };
}

test('at the panel a person chooses which call and which webhook goes wrong, and how', async () => {
  const shop = openShop();
  const { sandbox, stripe, received } = shop;
  const press = await panelOf(shop);
  const call = { call_method: 'POST', call_path: '/v1/refunds', call_when: 'after', call_times: '1', call_ms: '' };
  await press('arm_call', { ...call, call_nth: '2', call_fault: 'error 503' });
  expect(sandbox.control.faults()).toMatchObject([
    { match: { method: 'POST', path: '/v1/refunds', nth: 2 }, fault: { kind: 'error', status: 503, when: 'after' } },
  ]);
  const paid = await charged(stripe);
  const refund = () => stripe.refunds.create({ payment_intent: paid.id, amount: 100 }, { maxNetworkRetries: 0 });
  expect((await refund()).status).toBe('succeeded');
  expect((await refusal(refund())).status).toBe(503);
  expect((await stripe.refunds.list()).data).toHaveLength(2);
  const any = { call_method: '', call_path: '', call_nth: '', call_when: 'before', call_times: '' };
  await press('arm_call', { ...any, call_fault: 'delay', call_ms: '0' });
  expect(sandbox.control.faults()).toMatchObject([{ match: {}, fault: { kind: 'delay', ms: 0 }, times: 1 }]);
  expect(await press('arm_call', { ...any, call_fault: 'delay', call_ms: 'long' })).toContain('whole numbers');
  expect(await press('arm_call', { ...any, call_fault: 'explode' })).toContain('one of error, timeout');
  await sandbox.drain();
  received.length = 0;
  const hook = { hook_type: 'customer.created', hook_object: '', hook_nth: '2', hook_times: '1' };
  await press('arm_webhook', { ...hook, hook_action: 'duplicate', hook_amount: '3' });
  for (const name of ['Ann', 'Bob', 'Cleo']) await stripe.customers.create({ name });
  await sandbox.drain();
  const names = received.map(({ event }) => (event.data.object as Stripe.Customer).name);
  expect(names).toEqual(['Ann', 'Bob', 'Bob', 'Bob', 'Cleo']);
  expect(await press('arm_webhook', { ...hook, hook_action: 'burn', hook_amount: '' })).toContain('one of drop');
});

test('at the panel a person sets the chances, sees them, and calms the sandbox down without ending an outage', async () => {
  const shop = openShop();
  const { stripe } = shop;
  const press = await panelOf(shop);
  const calls = ['error_before', 'error_after', 'timeout_before', 'timeout_after', 'reset_before', 'reset_after'];
  const rates = Object.fromEntries([...calls, 'drop', 'duplicate', 'delay', 'reorder'].map((name) => [name, '0']));
  expect(await press('chaos', { ...rates, error_before: '100', drop: '7' })).toContain('Webhooks: lost 7 %');
  expect((await refusal(stripe.customers.create({ name: 'a' }, { maxNetworkRetries: 0 }))).status).toBe(500);
  expect(await press('chaos', { ...rates, drop: '101' })).toContain('drop has to be a number from 0 to 1');
  await press('outage', { ms: '300000' });
  expect(await press('calm')).toContain('Every call is refused until');
  expect((await refusal(stripe.customers.create({ name: 'a' }, { maxNetworkRetries: 0 }))).status).toBe(503);
  await press('end_outage');
  expect((await stripe.customers.create({ name: 'a' })).name).toBe('a');
});

test('at the panel a person sees who gets webhooks, and rolls the secret of an endpoint', async () => {
  const shop = openShop();
  const press = await panelOf(shop);
  const endpoint = await shop.stripe.webhookEndpoints.create({ url: 'http://shop.test/b', enabled_events: ['*'] });
  await shop.stripe.customers.create({ name: 'Ann' });
  const rolled = await press('roll_secret', { endpoint: endpoint.id });
  expect(rolled).toMatch(/shown only here: whsec_\w{32}/);
  expect(rolled).not.toContain(endpoint.secret);
  const later = await press('advance', { ms: '0' });
  expect(later).not.toContain('whsec_');
  expect(later).toContain('http://shop.test/b');
  expect(await press('roll_secret', { endpoint: 'we_nothing' })).toContain('There is no webhook endpoint');
});

test('the address that a refusal names shows that call alone', async () => {
  const { sandbox, stripe } = openShop();
  for (let i = 0; i < 40; i++) await stripe.products.list();
  const { raw } = await refusal(stripe.customers.retrieve('cus_nothing'));
  for (let i = 0; i < 40; i++) await stripe.products.list();
  const address = (raw.raw as { request_log_url?: string }).request_log_url ?? '';
  expect(address).toMatch(/\/_sandbox\?request=req_\w+$/);
  const page = await (await sandbox.fetch(new Request(address))).text();
  const calls = page.slice(page.indexOf('id="requests"'), page.indexOf('id="events"'));
  expect(calls).toContain('/v1/customers/cus_nothing');
  expect(calls).not.toContain('/v1/products');
});
