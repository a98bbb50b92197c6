// Goal: what Stripe says is kept before it is acknowledged, is believed once, and nobody else can say it.
// Method: events signed here with the secrets that the shop was given, and the sandbox's own deliveries.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BUY, open, orderOf, stockOf } from './world/hosted.ts';
import { changed } from './world/rows.ts';
import type { Thing } from './world/sandbox.ts';
import { openShop, type Shop, WEBHOOK_SECRETS } from './world/shop.ts';
import { until } from './world/until.ts';
import { deliver, eventOf, signature } from './world/webhook.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop?.close());
beforeEach(async () => {
  await shop.sandbox.calm();
  await shop.clear();
});

const BOTH = ['/payments/webhook', '/webhook'];
const CUSTOMER = { id: 'cus_checks', object: 'customer' };
const stored = (event: string): Promise<readonly unknown[]> =>
  shop.rows.read(
    `select e.id, e.outcome, coalesce(e.body, b.body) as body
     from kassa.inbox_events e left join kassa.inbox_bodies b using (account, id) where e.id = $1`,
    JSON.parse(event).id,
  );
const inbox = async (): Promise<unknown> =>
  (await shop.rows.read('select count(*)::int as events from kassa.inbox_events'))[0]?.events;
/** The event of a session as Stripe made it, to be delivered by hand. */
const eventAbout = async (type: string, session_id: string): Promise<string> => {
  const [event] = await until(`Stripe has ${type}`, async () => {
    const found = await shop.sandbox.events(type, session_id);
    return found.length > 0 ? found : undefined;
  });
  return JSON.stringify(event);
};
/** Nothing that Stripe sends arrives; what a check delivers by hand does. */
const alone = (): Promise<void> => shop.sandbox.hook({ action: { kind: 'drop' } });

describe('taking events in', () => {
  test('check 21: a valid signed event at /payments/webhook is 200 {"received":true}', async () => {
    const event = eventOf('customer.created', CUSTOMER);
    const answer = await deliver(shop, event);
    expect([answer.status, answer.json]).toEqual([200, { received: true }]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(await stored(event)).toHaveLength(1);
  });

  test('check 22: the same at /webhook is 200, and the same event on both is one inbox row and one effect', async () => {
    await alone();
    const { session_id } = await open(shop);
    await shop.sandbox.pay(session_id);
    const event = await eventAbout('checkout.session.completed', session_id);
    for (const path of [...BOTH, '/webhook/']) {
      const answer = await deliver(shop, event, { path });
      expect([path, answer.status, answer.json]).toEqual([path, 200, { received: true }]);
    }
    const { order_id } = await orderOf(shop, session_id, 'paid');
    await shop.rest();
    expect(await stored(event)).toHaveLength(1);
    expect(await shop.mails(order_id)).toHaveLength(1);
  });

  test('check 23: no header is 400 in plain text that begins "Webhook Error: ", and nothing is stored', async () => {
    const before = await inbox();
    for (const path of BOTH) {
      for (const headers of [{}, { 'Stripe-Signature': '' }]) {
        const answer = await shop.post(path, eventOf('customer.created', CUSTOMER), { headers });
        expect(answer.status).toBe(400);
        expect(answer.headers['content-type']).toMatch(/^text\/plain/);
        expect(answer.text).toBe('Webhook Error: missing Stripe-Signature header');
      }
    }
    expect(await inbox()).toBe(before);
  });

  test('check 24: a wrong secret, a changed byte, v0 alone and a garbage header are 400 each, and nothing is stored', async () => {
    const event = eventOf('customer.created', CUSTOMER);
    const good = signature(shop, event);
    const forged: [string, string, string][] = [
      [event, signature(shop, event, { secret: 'whsec_another' }), 'signature verification failed'],
      [event.replace('cus_checks', 'cus_checkz'), good, 'signature verification failed'],
      [`${event} `, good, 'signature verification failed'],
      [event, signature(shop, event, { scheme: 'v0' }), 'signature verification failed'],
      [event, 'garbage', 'signature verification failed'],
      [event, good.replace(/^t=[0-9]+/, 't='), 'signature verification failed'],
      [event, good.replace(/v1=.{64}/, `v1=${'0'.repeat(64)}`), 'signature verification failed'],
      [event, good.replace(/v1=(.{63})./, 'v1=$1'), 'signature verification failed'],
      [event, signature(shop, event, { secret: '' }), 'signature verification failed'],
    ];
    const before = await inbox();
    for (const path of BOTH) {
      for (const [body, header, sentence] of forged) {
        const answer = await shop.post(path, body, { headers: { 'Stripe-Signature': header } });
        expect([header, answer.status, answer.text]).toEqual([header, 400, `Webhook Error: ${sentence}`]);
        expect(answer.headers['content-type']).toMatch(/^text\/plain/);
      }
    }
    for (const nonsense of ['', '{', '[]', 'null', '{"id":7}', '"evt_1"']) {
      const answer = await deliver(shop, nonsense);
      expect([nonsense, answer.status, answer.text]).toEqual([nonsense, 400, 'Webhook Error: invalid payload']);
    }
    expect(await inbox()).toBe(before);
  });

  test('check 25: a signature of 301 s ago is 400, of 299 s ago 200, of 61 s ahead 400', async () => {
    const at = async (shift_s: number): Promise<readonly [number, string]> => {
      // A second that ends between the signature and the look at it would be another check.
      await until('a second has just begun', () => (shop.now() % 1_000 < 200 ? true : undefined));
      const answer = await deliver(shop, eventOf('customer.created', CUSTOMER), { shift_s });
      return [answer.status, answer.text];
    };
    const stale = [400, 'Webhook Error: timestamp outside the tolerance zone'];
    expect([await at(-301), await at(61)]).toEqual([stale, stale]);
    expect([(await at(-299))[0], (await at(59))[0]]).toEqual([200, 200]);
  });

  test('check 26: with two secrets configured, events signed with either are 200', async () => {
    for (const secret of WEBHOOK_SECRETS) {
      const event = eventOf('customer.created', CUSTOMER);
      expect([secret, (await deliver(shop, event, { secret })).status]).toEqual([secret, 200]);
      expect(await stored(event)).toHaveLength(1);
    }
    const event = eventOf('customer.created', CUSTOMER);
    const [first = '', second = ''] = WEBHOOK_SECRETS.map((secret) => signature(shop, event, { secret }));
    const both = `${first.replace(/v1=/, 'v1=0000,v1=')},${second.replace(/^t=[0-9]+,/, '')}`;
    expect((await shop.post('/webhook', event, { headers: { 'Stripe-Signature': both } })).status).toBe(200);
  });

  test('check 27: a pretty-printed body with odd white space and letters of all kinds, correctly signed, is 200', async () => {
    const pretty = JSON.stringify(
      { ...JSON.parse(eventOf('customer.created', CUSTOMER)), note: 'Größe ✓ 日本' },
      null,
      3,
    );
    const body = `\n\t ${pretty.replaceAll('\n', '\r\n')}  \n`;
    const answer = await deliver(shop, body, { sent: { headers: { 'Content-Type': 'text/plain; charset=latin1' } } });
    expect(answer.status).toBe(200);
    expect(await stored(body)).toMatchObject([{ body }]);
  });

  test('check 29: an unknown type is 200 and stored, and the orders stay as they are', async () => {
    const { session_id } = await open(shop);
    await shop.rest();
    const before = await shop.rows.dump({ except: ['inbox_events'] });
    const event = eventOf('fish.caught', { id: session_id, object: 'checkout.session', payment_status: 'paid' });
    expect((await deliver(shop, event)).status).toBe(200);
    await shop.rest();
    expect(await stored(event)).toHaveLength(1);
    expect(changed(before, await shop.rows.dump({ except: ['inbox_events'] }))).toEqual([]);
  });

  test('check 30: a livemode event in test mode is 200, ignored, and the database is the same', async () => {
    await alone();
    const { session_id } = await open(shop);
    await shop.sandbox.pay(session_id);
    await shop.rest();
    const before = await shop.rows.dump({ except: ['inbox_events'] });
    const real = JSON.parse(await eventAbout('checkout.session.completed', session_id));
    const event = JSON.stringify({ ...real, id: `${real.id}live`, livemode: true });
    expect((await deliver(shop, event)).status).toBe(200);
    await shop.rest();
    expect(await stored(event)).toMatchObject([{ outcome: 'ignored' }]);
    expect(changed(before, await shop.rows.dump({ except: ['inbox_events'] }))).toEqual([]);
    const foreign = JSON.stringify({ ...real, id: `${real.id}foreign`, account: 'acct_somebody' });
    expect((await deliver(shop, foreign)).status).toBe(200);
    await shop.rest();
    expect(changed(before, await shop.rows.dump({ except: ['inbox_events'] }))).toEqual([]);
    // The very same words in our own mode are believed: what was refused above was refused for its mode alone.
    expect((await deliver(shop, JSON.stringify(real))).status).toBe(200);
    await orderOf(shop, session_id, 'paid');
  });

  test('check 36: a body over 1 MiB is 413', async () => {
    const padded = (length: number): string => {
      const event = eventOf('customer.created', CUSTOMER, { padding: '' });
      return event.replace('"padding":""', `"padding":"${'x'.repeat(length - event.length)}"`);
    };
    const before = await inbox();
    const over = await deliver(shop, padded(1_048_577));
    expect([over.status, over.text]).toEqual([413, expect.stringMatching(/^Webhook Error: /)]);
    expect(over.headers['content-type']).toMatch(/^text\/plain/);
    expect(await inbox()).toBe(before);
    expect((await deliver(shop, padded(1_048_576))).status).toBe(200);
  });
});

describe('what events do', () => {
  test('check 31: completed and paid, delivered 50 times in parallel, is one paid order, one mail and one capture of stock', async () => {
    await alone();
    const sold = (await stockOf(shop, 'print')).sold;
    const { session_id } = await open(shop, { ...BUY, quantity: 1 });
    await shop.sandbox.pay(session_id);
    const event = await eventAbout('checkout.session.completed', session_id);
    const path = (at: number): string => BOTH[at % 2] ?? '';
    const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => deliver(shop, event, { path: path(at) })));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    const { order_id } = await orderOf(shop, session_id, 'paid');
    await shop.rest();
    expect(await stored(event)).toHaveLength(1);
    expect(await shop.mails(order_id)).toHaveLength(1);
    expect(await stockOf(shop, 'print')).toEqual({ held: 0, sold: sold + 1 });
    const [{ captured } = { captured: null }] = await shop.rows.read<{ captured: string }>(
      `select sum(amount_minor)::text as captured from kassa.ledger_entries where order_id = $1 and account in ('stripe', 'fees')`,
      order_id,
    );
    expect(captured).toBe('1999');
  });

  test('check 32: expired after completed, in any order, leaves the order paid', async () => {
    await alone();
    for (const expired_first of [false, true]) {
      const { session_id } = await open(shop);
      const before = await shop.sandbox.get(`/v1/checkout/sessions/${session_id}`);
      await shop.sandbox.pay(session_id);
      const completed = await eventAbout('checkout.session.completed', session_id);
      const expired = eventOf('checkout.session.expired', { ...before, status: 'expired' });
      const both = expired_first ? [expired, completed] : [completed, expired];
      for (const event of both) {
        expect((await deliver(shop, event)).status).toBe(200);
        await shop.rest();
      }
      expect((await orderOf(shop, session_id, 'paid')).status).toBe('paid');
      const { json } = await shop.get(`/api/payments/v1/checkout/status/${session_id}`);
      expect(json).toMatchObject({ status: 'complete', payment_status: 'paid' });
    }
  });

  test('check 34: completed and unpaid, then async_payment_succeeded, is processing and then paid', async () => {
    const { session_id } = await open(shop, { ...BUY, quantity: 1 });
    await shop.sandbox.pay(session_id, { outcome: 'pays later' });
    const { order_id } = await orderOf(shop, session_id, 'processing');
    await shop.rest();
    expect(await shop.mails(order_id)).toEqual([]);
    expect((await stockOf(shop, 'print')).held).toBe(1);
    const { payment_intent } = (await shop.sandbox.get(`/v1/checkout/sessions/${session_id}`)) as Thing;
    await shop.sandbox.control('POST', `async/${payment_intent}`, { result: 'succeeds' });
    await orderOf(shop, session_id, 'paid');
    await shop.rest();
    expect(await shop.mails(order_id)).toHaveLength(1);
    expect((await stockOf(shop, 'print')).held).toBe(0);
  });

  test('check 35: completed and unpaid, then async_payment_failed, is not paid, gives the stock back and mails no receipt', async () => {
    const sold = (await stockOf(shop, 'print')).sold;
    const { session_id } = await open(shop, { ...BUY, quantity: 1 });
    await shop.sandbox.pay(session_id, { outcome: 'pays later, then fails' });
    const { order_id } = await orderOf(shop, session_id, 'processing');
    const { payment_intent } = (await shop.sandbox.get(`/v1/checkout/sessions/${session_id}`)) as Thing;
    await shop.sandbox.control('POST', `async/${payment_intent}`, { result: 'fails' });
    await until('the stock is back', async () => ((await stockOf(shop, 'print')).held === 0 ? true : undefined));
    await shop.rest();
    expect((await stockOf(shop, 'print')).sold).toBe(sold);
    expect(['expired', 'canceled']).toContain((await orderOf(shop, session_id)).status);
    const topics = await shop.rows.read(
      `select topic from kassa.outbox_messages where payload->>'order_id' = $1`,
      order_id,
    );
    expect(topics.filter(({ topic }) => topic === 'order.paid')).toEqual([]);
    for (const { subject } of await shop.mails(order_id)) expect(String(subject)).not.toMatch(/confirm|receipt|paid/i);
    expect((await shop.get(`/api/payments/v1/checkout/status/${session_id}`)).json.payment_status).toBe('unpaid');
  });

  test('check 28: without a configured secret the answer is 503, never 200', async () => {
    // The sandbox always has a secret of its own, so this shop believes in a Stripe that it never has to reach.
    const deaf = await openShop({
      variant: 'alone',
      env: { STRIPE_SECRET_KEY: 'sk_test_51Checks', STRIPE_WEBHOOK_SECRET: undefined, KASSA_SANDBOX_PORT: undefined },
    });
    try {
      for (const path of BOTH) {
        const event = eventOf('customer.created', CUSTOMER);
        for (const secret of [WEBHOOK_SECRETS[0], '', 'undefined', 'null']) {
          const answer = await deliver(deaf, event, { path, secret });
          expect([secret, answer.status]).toEqual([secret, 503]);
          expect(answer.text).toMatch(/^Webhook Error: /);
          expect(answer.headers['content-type']).toMatch(/^text\/plain/);
        }
      }
      expect(await deaf.rows.read('select id from kassa.inbox_events')).toEqual([]);
    } finally {
      await deaf.close();
    }
  });

  test('check 33: with the database down the answer is 503; when it is back a redelivery settles', async () => {
    await alone();
    const { session_id } = await open(shop);
    await shop.sandbox.pay(session_id);
    const event = await eventAbout('checkout.session.completed', session_id);
    await shop.cutDatabase(async () => {
      const answer = await deliver(shop, event);
      expect([answer.status, answer.text]).toEqual([503, expect.stringMatching(/^Webhook Error: /)]);
      expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    });
    expect(await stored(event)).toEqual([]);
    expect((await orderOf(shop, session_id)).status).toBe('pending');
    await until('a redelivery is taken', async () => ((await deliver(shop, event)).status === 200 ? true : undefined));
    await orderOf(shop, session_id, 'paid');
    expect(await stored(event)).toHaveLength(1);
  });
});
