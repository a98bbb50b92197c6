// Goal: whatever the control is told over HTTP, it either does it or says in a sentence why not, and calls go on.

import '../report/kept-fresh.ts';
import { expect, test } from 'vitest';
import { charged, hosted, openShop, refusal } from '../shop.ts';

const BASE = 'http://127.0.0.1:4243/_sandbox';
type Shop = ReturnType<typeof openShop>;

async function ask({ sandbox }: Shop, method: string, path: string, body?: unknown) {
  const text = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const headers = { 'x-sandbox-control': '1' };
  const response = await sandbox.fetch(new Request(`${BASE}/${path}`, { method, headers, ...text }));
  return { status: response.status, said: (await response.json()) as Record<string, never> & { error?: unknown } };
}

const call = { kind: 'error', status: 500, when: 'before' };

test.each<[string, unknown, RegExp]>([
  ['faults', {}, /fault/],
  ['faults', { fault: { kind: 'explode' } }, /kind.*one of error, timeout/],
  ['faults', { fault: { kind: 'error', status: 500 } }, /when/],
  ['faults', { fault: { kind: 'error', status: 99, when: 'before' } }, /status/],
  ['faults', { fault: { kind: 'delay', ms: 'long', when: 'before' } }, /ms/],
  ['faults', { fault: call, match: { path: 7 } }, /match\.path/],
  ['faults', { fault: call, match: { pth: '/v1/refunds' } }, /no pth.*path/],
  ['faults', { fault: call, times: 0 }, /times/],
  ['faults', [], /JSON object/],
  ['faults', '{', /JSON/],
  ['chaos', { error_before: 'often' }, /error_before.*0 to 1/],
  ['chaos', { drop: 1.5 }, /drop/],
  ['chaos', { outages: {} }, /outages.*list/],
  ['chaos', { outages: [{ from: 0, to: 1, what: 'everything' }] }, /outages\[0\]\.what/],
  ['limiter', { endpoint: 0 }, /endpoint/],
  ['webhooks/rules', { action: { kind: 'burn' } }, /action\.kind/],
  ['webhooks/rules', { action: { kind: 'duplicate', times: 1e9 } }, /times/],
  ['webhooks/rules', { action: { kind: 'drop' }, match: { nth: -1 } }, /nth/],
  ['options', { async_delay_ms: 'soon' }, /async_delay_ms/],
  ['options', { asyncDelayMs: 5 }, /no asyncDelayMs.*async_delay_ms/],
  ['clock', { advance_ms: 'far' }, /advance_ms/],
  ['clock', { advance_ms: Number.MAX_SAFE_INTEGER }, /advance_ms/],
  ['clock', { set_ms: 'now', allow_backward: true }, /set_ms/],
  ['clock', { set_ms: -1, allow_backward: true }, /set_ms/],
  ['snapshots', {}, /name/],
  ['snapshots', { name: '../x' }, /named/],
  ['seed', { prices: [{}] }, /prices\[0\]\.id/],
  ['sessions/cs_nothing/pay', { outcome: 7 }, /outcome/],
  ['payment_intents/pi_nothing/authenticate', { result: 'perhaps' }, /result/],
  ['async/pi_nothing', { result: 'x' }, /result/],
  ['disputes', { charge: 'ch_nothing', reason: 'bored' }, /reason/],
  ['disputes/du_nothing', { status: 'maybe' }, /status/],
  ['refunds/re_nothing/settle', { result: 'x' }, /result/],
  ['webhook_endpoints/we_nothing/roll', { overlap_ms: '1' }, /overlap_ms/],
])('%s with %j is refused with a sentence, and the next payment is taken', async (path, body, sentence) => {
  const shop = openShop();
  const before = shop.sandbox.clock.now();
  const { status, said } = await ask(shop, 'POST', path, body);
  expect(status).toBe(400);
  expect(JSON.stringify(said.error)).toMatch(sentence);
  expect((await charged(shop.stripe)).status).toBe('succeeded');
  expect(shop.sandbox.clock.now()).toBe(before);
});

test('everything that the control does in a program, it does over HTTP', async () => {
  const shop = openShop();
  const { stripe, received } = shop;
  const post = async (path: string, body: unknown = {}) => (await ask(shop, 'POST', path, body)).said;
  const get = async (path: string) => (await ask(shop, 'GET', path)).said;
  await post('seed', { prices: [{ id: 'price_1', currency: 'usd', unit_amount: 1999 }] });
  const session = await stripe.checkout.sessions.create(hosted({ line_items: [{ price: 'price_1', quantity: 1 }] }));
  await post('snapshots', { name: 'one open session' });
  expect(await post(`sessions/${session.id}/pay`, { outcome: 'pays', email: 'ann@example.com' })).toMatchObject({
    result: 'complete',
  });
  const paid = await stripe.checkout.sessions.retrieve(session.id);
  expect([paid.status, paid.amount_total]).toEqual(['complete', 1999]);
  expect(await post('tick')).toEqual({ ran: 4 });
  expect(received).toHaveLength(4);
  const [event] = received;
  await post(`events/${event?.event.id}/resend`);
  await post('tick');
  expect(received).toHaveLength(5);
  const { id } = await post('faults', { fault: { kind: 'decline', decline_code: 'lost_card' } });
  expect(await get('faults')).toMatchObject([{ id, fault: { kind: 'decline' } }]);
  expect((await refusal(charged(stripe))).decline_code).toBe('lost_card');
  const rule = await post('webhooks/rules', { action: { kind: 'hold' } });
  await stripe.customers.create({ name: 'Ann' });
  await post('tick');
  await ask(shop, 'DELETE', `webhooks/rules/${rule.id}`);
  expect(await post('webhooks/release')).toMatchObject({ released: 1 });
  expect(await get('books')).toMatchObject({ currencies: { usd: { captured: 1999 } } });
  expect(await get('books?account=acct_elsewhere')).toMatchObject({ currencies: {} });
  expect((await get('requests?path=/v1/checkout')).length).toBeGreaterThan(1);
  expect((await get(`deliveries?event=${event?.event.id}`)).length).toBe(2);
  expect(await get('snapshots')).toMatchObject([{ name: 'one open session' }]);
  expect(await post('snapshots/one%20open%20session/restore')).toEqual({ done: true });
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
  expect((await ask(shop, 'DELETE', 'snapshots/one%20open%20session')).status).toBe(200);
  expect((await ask(shop, 'POST', 'snapshots/one%20open%20session/restore')).status).toBe(400);
  expect(await post('clock', { advance_ms: 86_400_000 })).toMatchObject({ now: shop.sandbox.clock.now() });
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('expired');
  expect(await get('options')).toMatchObject({ require_own_keys: false });
  expect(await post('options', { require_own_keys: true })).toMatchObject({ require_own_keys: true });
  expect(await post('reset')).toEqual({ done: true });
  expect((await ask(shop, 'POST', 'nothing')).status).toBe(404);
});

test('a fault meets one address, or a template whatever its names', async () => {
  const { sandbox, stripe } = openShop();
  const [ann, bob] = [await stripe.customers.create({ name: 'Ann' }), await stripe.customers.create({ name: 'Bob' })];
  const fault = { kind: 'error', status: 503, when: 'before' } as const;
  sandbox.control.addFault({ match: { path: `/v1/customers/${ann.id}` }, fault });
  expect((await stripe.customers.retrieve(bob.id)).id).toBe(bob.id);
  expect((await refusal(stripe.customers.retrieve(ann.id))).status).toBe(503);
  for (const path of ['/v1/customers/:customer', '/v1/customers/{id}']) {
    sandbox.control.addFault({ match: { method: 'GET', path }, fault });
    expect((await refusal(stripe.customers.retrieve(bob.id))).status).toBe(503);
  }
});
