// Goal: the client speaks every contract in its own words, and whatever must not happen twice does not.
// Method: each class against the whole shop over its HTTP; the wire is cut by hand, time is handed in.
import { afterEach, describe, expect, test } from 'vitest';
import {
  BookingCheckout,
  CheckoutError,
  type ClientOptions,
  EmbeddedCheckout,
  PaymentItem,
  StripePaymentManager,
  TicketOrder,
  type World,
} from '../../../client/src/index.ts';
import { defineKassa, item, ticket, usd } from '../../src/index.ts';
import { toTypeId } from '../../src/kernel/ids.ts';
import { PRACTICE, type Practice, SESSION, startPractice } from '../setup/booking.ts';
import { type ChatShop, LINK, startChat } from '../setup/chat.ts';
import { type Shop, startShop } from '../setup/shop.ts';

const BASE = 'http://shop.test';

let running: Shop | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

interface Place {
  readonly options: ClientOptions;
  readonly keys: string[];
  readonly waited: number[];
  /** The next so many answers are lost on their way back. */
  lose(answers: number): void;
}

/** A server of the caller's, or a page: where the client runs. */
function placeOf(shop: Shop, is_page = false): Place {
  let lost = 0;
  const keys: string[] = [];
  const waited: number[] = [];
  const kept = new Map<string, string>();
  const world: Partial<World> = {
    is_page,
    async fetch(url, init) {
      const key = new Headers(init.headers).get('Idempotency-Key');
      if (key !== null) keys.push(key);
      const answer = await shop.send(url.slice(BASE.length), init);
      if (lost === 0) return answer;
      lost -= 1;
      throw new TypeError('network error');
    },
    async sleep(ms) {
      waited.push(ms);
      shop.clock.advance(ms);
    },
    memory: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: (name) => void kept.delete(name),
    },
  };
  return {
    options: { base_url: BASE, world },
    keys,
    waited,
    lose(answers) {
      lost = answers;
    },
  };
}

const orders = async ({ db }: Shop): Promise<number> => (await db.selectFrom('orders').select('id').execute()).length;

describe('StripePaymentManager', () => {
  const start = async (): Promise<{ shop: ChatShop; place: Place; manager: StripePaymentManager }> => {
    const shop = await startChat();
    running = shop;
    const place = placeOf(shop);
    return { shop, place, manager: new StripePaymentManager(shop.keys.agent, place.options) };
  };

  test('C3: opens, asks, ends and gives back, in the words of the contract, also for an agent', async () => {
    const { shop, manager } = await start();
    const customer = await manager.createCustomer({ email: 'ann@example.com', name: 'Ann' });
    expect(await manager.getCustomer(customer.id)).toMatchObject({ ...customer, created: expect.any(String) });
    const intent = await manager.createPaymentIntent({ amount: 150, customer_id: customer.id });
    expect(intent).toMatchObject({ amount: 150, currency: 'usd', status: 'requires_payment_method' });
    expect(await manager.pollPaymentStatus(intent.id)).toMatchObject({ outcome: 'unknown' });
    await shop.confirm(intent.id);
    await shop.rest();
    expect(await manager.pollPaymentStatus(intent.id)).toMatchObject({
      outcome: 'succeeded',
      status: { payment_intent: { id: intent.id, customer_id: customer.id } },
    });
    expect(await manager.refundPayment(intent.id, { amount: 40 })).toMatchObject({ amount: 40, status: 'succeeded' });
    expect(await manager.refundPayment(intent.id)).toMatchObject({ amount: 110 });
    const other = await manager.createPaymentIntent({ amount: 5 });
    expect(await manager.cancelPayment(other.id, 'abandoned')).toMatchObject({ id: other.id, status: 'canceled' });
    expect(await manager.pollPaymentStatus(other.id)).toMatchObject({ outcome: 'canceled' });
  });

  test('C3: a payment item is one piece unless it says more, and a link sells several', async () => {
    const { shop, manager } = await start();
    expect(JSON.parse(JSON.stringify(new PaymentItem({ name: 'Ticket', amount: 50 })))).toEqual({
      name: 'Ticket',
      amount: 50,
      quantity: 1,
    });
    const items = [new PaymentItem({ name: 'Ticket', amount: '50.00', quantity: 2 }), { offer: 'print' }];
    const link = await manager.createCheckoutSession({ items, ...LINK, customer_email: 'ann@example.com' });
    expect(link).toMatchObject({ id: expect.stringMatching(/^cs_/), status: 'open' });
    expect((await shop.stripe.checkout.sessions.retrieve(link.id)).amount_total).toBe(11_999);
  });

  test('C3: two people who pay the same are two payments, and a lost answer is asked for under the same key', async () => {
    const { shop, place, manager } = await start();
    const ask = () => manager.createPaymentIntent({ amount: 20 });
    const [ann, bob] = await Promise.all([ask(), ask()]);
    expect(ann.id).not.toBe(bob.id);
    place.lose(2);
    await ask();
    expect(await orders(shop)).toBe(3);
    expect(new Set(place.keys).size).toBe(3);
    expect(place.waited).toEqual([500, 1_000]);
  });

  test('C3: a wish with a name is one payment, also when another process asks for it again', async () => {
    const { shop, place, manager } = await start();
    const named = { intent: 'seat upgrade of ORD123' };
    place.lose(4);
    await expect(manager.createPaymentIntent({ amount: 20 }, named)).rejects.toMatchObject({ code: 'NETWORK' });
    const later = new StripePaymentManager(shop.keys.agent, place.options);
    const intent = await later.createPaymentIntent({ amount: 20 }, named);
    expect(await manager.createPaymentIntent({ amount: 20 }, named)).toEqual(intent);
    expect(await orders(shop)).toBe(1);
  });

  test('C3: a refusal keeps its code, its details and the request’s id', async () => {
    const { manager } = await start();
    const refusal = await manager.createPaymentIntent({ amount: 300.01 }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CheckoutError);
    expect(refusal).toMatchObject({ status: 400, code: 'AMOUNT_OUT_OF_RANGE', details: { maximum: 300 } });
    expect((refusal as CheckoutError).request_id).toMatch(/^req_/);
    await expect(manager.pollPaymentStatus('pi_unknown')).rejects.toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });

  test('C3: 3-D Secure ends the asking with the secret that the buyer’s page needs', async () => {
    const { shop, manager } = await start();
    const { id, client_secret } = await manager.createPaymentIntent({ amount: 20 });
    await shop.confirm(id, 'pm_card_authenticationRequired');
    await shop.rest();
    expect(await manager.pollPaymentStatus(id)).toMatchObject({
      outcome: 'requires_action',
      status: { client_secret },
    });
  });

  test('C3: a secret key is refused in a page, and a publishable one on a server', () => {
    expect(() => new StripePaymentManager('kassa_sk_test_1', { world: { is_page: true } })).toThrow(TypeError);
    expect(() => new StripePaymentManager('kassa_pk_test_1')).toThrow(TypeError);
    expect(() => new StripePaymentManager('', { world: { is_page: true } })).not.toThrow();
  });
});

describe('TicketOrder', () => {
  const CINEMA = defineKassa({
    seller: { name: 'Cinema', email: 'box@example.com' },
    catalog: { film: ticket({ name: 'Night Train', price: usd('18.00'), capacity: 2 }) },
    contracts: { 'ticket-order': { product: 'film' } },
  });

  test('takes a visitor through the four steps, and reads the one field of a refusal', async () => {
    const shop = await startShop({ config: CINEMA, http: { hosts: ['shop.test'] } });
    running = shop;
    const tickets = new TicketOrder('', placeOf(shop, true).options);
    const secret = await tickets.createSession();
    const session_id = secret.slice(0, secret.indexOf('_secret_'));
    const order_id = await tickets.storeDetails(session_id, { email: 'ann@example.com', seat: 'B7' });
    expect(order_id).toMatch(/^ord_/);
    const screening = (await shop.db.selectFrom('offers').select('id').where('key', '=', 'film').executeTakeFirst())
      ?.id;
    const screening_id = toTypeId('screening', screening ?? '');
    await expect(tickets.getConfirmation(session_id, screening_id)).rejects.toMatchObject({
      status: 400,
      message: 'Checkout is not complete',
      request_id: expect.stringMatching(/^req_/),
    });
    await shop.sandbox.control.pay(session_id, { outcome: 'pays' });
    await shop.rest();
    expect(await tickets.getConfirmation(session_id, screening_id)).toBe(order_id);
  });
});

describe('EmbeddedCheckout', () => {
  const BOARDS = defineKassa({
    seller: { name: 'Boards', email: 'hi@example.com' },
    catalog: { board: item({ name: 'Board', price: usd('2.00') }) },
    contracts: { 'embedded-checkout': { product: 'board' } },
  });

  test('opens the form once, also after lost answers and a double click, and tells when it is done', async () => {
    const shop = await startShop({ config: BOARDS });
    running = shop;
    const place = placeOf(shop, true);
    const form = new EmbeddedCheckout('', place.options);
    const wanted = { metadata: { device_id: 'device_456' }, customer_email: 'ann@example.com' };
    place.lose(2);
    const [secret, twice] = await Promise.all([form.createSession(wanted), form.createSession(wanted)]);
    expect(twice).toBe(secret);
    expect(new Set(place.keys).size).toBe(1);
    expect(place.waited).toEqual([500, 1_000]);
    expect(await shop.db.selectFrom('orders').select('id').execute()).toHaveLength(1);
    const session_id = secret.slice(0, secret.indexOf('_secret_'));
    expect(await form.pollStatus(session_id, { polls: 2 })).toEqual({ outcome: 'unknown', status: { status: 'open' } });
    await shop.sandbox.control.pay(session_id, { outcome: 'pays' });
    await shop.rest();
    expect(await form.pollStatus(session_id)).toEqual({ outcome: 'complete', status: { status: 'complete' } });
    await expect(form.getStatus(secret)).rejects.toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
  });
});

describe('BookingCheckout', () => {
  const start = async (options?: Parameters<typeof startPractice>[0]): Promise<Practice> => {
    const practice = await startPractice(options);
    running = practice;
    return practice;
  };
  const session = (of: Practice, days?: number) => ({
    checkout_type: 'single_session' as const,
    items: [{ ...SESSION, ...of.hour(days) }],
  });

  test('prices, books, pays and asks after it for a signed-in buyer, once', async () => {
    const of = await start();
    const place = placeOf(of, true);
    const buyer_token = () => of.token({ sub: 'ann', email: 'ann@example.com' });
    const booking = new BookingCheckout({ ...place.options, buyer_token });
    const price = await booking.calculatePrice(session(of));
    expect(price).toMatchObject({ total_cents: 10_875, currency: 'usd', requires_payment: true });
    place.lose(1);
    const booked = await booking.createCheckout({ ...session(of), save_payment_method: true });
    expect(booked).toMatchObject({ total_cents: 10_875, payment_intent_id: expect.stringMatching(/^pi_/) });
    expect(await of.db.selectFrom('orders').select('id').execute()).toHaveLength(1);
    await of.confirms(booked.payment_intent_id);
    expect(await booking.confirmPayment({ order_id: booked.order_id })).toMatchObject({
      status: 'paid',
      bookings: [{ status: 'confirmed', service_id: 123 }],
    });
    expect(await booking.getCheckoutStatus({ order_id: booked.order_id })).toMatchObject({ payment_status: 'paid' });
    await of.rest();
    expect(await booking.getPaymentMethods()).toMatchObject([{ type: 'card', card: { last4: '4242' } }]);
    expect(await booking.getCreditBalance()).toMatchObject({ balance_cents: 0, currency: 'usd' });
    const taken = booking.createCheckout(session(of));
    await expect(taken).rejects.toMatchObject({ status: 409, code: 'SLOT_TAKEN' });
  });

  test('a buyer who is known by the shop’s cookie alone books from the shop’s own page, mark and all', async () => {
    const authenticate = (request: Request) =>
      request.headers.get('Cookie')?.includes('sid=ann') ? { user_id: 'ann', email: 'ann@example.com' } : null;
    const of = await start({ config: PRACTICE, hooks: { authenticate } });
    const jar = new Map([['sid', 'ann']]);
    const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    // What a browser does by itself: sends the page's origin and its cookies along, and keeps those that come back.
    const world: Partial<World> = {
      cookies,
      async fetch(url, init) {
        const headers = {
          ...(init.headers as Record<string, string>),
          Cookie: cookies(),
          Origin: 'https://shop.example',
        };
        const answer = await of.send(url.slice(BASE.length), { ...init, headers });
        const [, name, value] = /^(\w+)=([^;]*)/.exec(answer.headers.get('Set-Cookie') ?? '') ?? [];
        if (name !== undefined && value !== undefined) jar.set(name, value);
        return answer;
      },
    };
    const booking = new BookingCheckout({ base_url: BASE, world });
    expect(await booking.createCheckout(session(of))).toMatchObject({ requires_payment: true });
    expect(jar.has('csrftoken')).toBe(true);
  });
});
