// What the checks of all contracts need to know of each: how to buy through it, what it answers, and what a refusal
// looks like there.
import { expect } from 'vitest';
import {
  asBuyer,
  BOOKING_STATUS,
  book,
  CALCULATE,
  CONFIRM,
  CREATE_BOOKING,
  CREDITS,
  confirmBooking,
  METHODS,
  oneHour,
  payBooking,
} from './booking.ts';
import { bearing, CHAT, chat, confirmAtStripe, INTENT, intentIn, LINK, openIntent } from './chat.ts';
import { EMBED, EMBEDDED_STATUS, embed } from './embedded.ts';
import { BUY, buy, CREATE, GIVE, open, orderOf, orderOfPayment, STATUS } from './hosted.ts';
import type { Answer, Sent } from './http.ts';
import type { Shop } from './shop.ts';
import { buyTicket, MOUNT, openTicket, payTicket, SCREENING, sessionIn } from './tickets.ts';

/** A POST with a JSON body that its contract takes. */
export interface Post {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A POST that opens something to be paid at Stripe. */
export interface Create extends Post {
  /** What is due at Stripe for it, in minor units. */
  readonly cents: number;
  /** Where the object of its answer stands at Stripe, such as `/v1/checkout/sessions/cs_…`. */
  at(answer: Answer): string;
}

export interface Get {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Contract {
  readonly name: string;
  /** Fresh wishes for each call: a signed-in contract gets a buyer whom nobody has met. */
  creates(shop: Shop): readonly Create[];
  /** Every JSON POST of it, on things that are there. */
  posts(shop: Shop): Promise<readonly Post[]>;
  /** Every GET of it, about a purchase that is paid and settled. */
  gets(shop: Shop): Promise<readonly Get[]>;
  /** The GETs about a purchase that is paid at Stripe, of which nobody has told the shop. */
  unsettled(shop: Shop): Promise<readonly Get[]>;
  /** What a caller of the other shop shows; where nothing, everybody may call. */
  elsewhere?(shop: Shop): Promise<Readonly<Record<string, string>>>;
  /** Something that may be sent so many times a minute, and then no more. `from` is the caller's address. */
  limited(shop: Shop): Promise<{ readonly count: number; send(from: string): Promise<Answer> }>;
  /** Whether a read brings an order to what Stripe has proved. */
  readonly reads_settle: boolean;
  /** How it is asked about a purchase by the id of it. */
  ask(shop: Shop, id: string): Get | Post;
  /** What its refusals look like. @throws when this one does not. */
  refusal(answer: Answer): void;
}

export function post(shop: Shop, { path, body, headers = {} }: Post, sent: Sent = {}): Promise<Answer> {
  return shop.post(path, body, { ...sent, headers: { ...headers, ...sent.headers } });
}

export function get(shop: Shop, { path, headers = {} }: Get, method = 'GET'): Promise<Answer> {
  return shop.send(method, path, { headers });
}

export function session(session_id: unknown): string {
  return `/v1/checkout/sessions/${session_id}`;
}

/** What is due at Stripe for a session or an intent. */
export async function dueAt(shop: Shop, path: string): Promise<unknown> {
  const { amount_total, amount } = await shop.sandbox.get(path);
  return amount_total ?? amount;
}

function threeFields(answer: Answer): void {
  expect(Object.keys(answer.json).sort()).toEqual(['code', 'details', 'error']);
  expect(answer.json).toEqual({ error: expect.any(String), details: expect.any(Object), code: expect.any(String) });
}

const hosted: Contract = {
  name: 'hosted-checkout',
  creates: () => [
    { path: CREATE, body: { ...BUY, quantity: 1 }, cents: 1999, at: ({ json }) => session(json.session_id) },
    { path: CREATE, body: GIVE, cents: 2550, at: ({ json }) => session(json.session_id) },
  ],
  posts: async () => [{ path: CREATE, body: GIVE }],
  gets: async (shop) => [{ path: STATUS + (await buy(shop)).session_id }],
  async unsettled(shop) {
    const { session_id } = await open(shop);
    await shop.sandbox.pay(session_id);
    return [{ path: STATUS + session_id }];
  },
  ask: (_, id) => ({ path: STATUS + id }),
  limited: async (shop) => ({ count: 10, send: (from) => shop.post(CREATE, GIVE, { from }) }),
  reads_settle: true,
  refusal: threeFields,
};

const tickets: Contract = {
  name: 'ticket-order',
  creates: () => [{ path: `${MOUNT}/`, body: {}, cents: 1200, at: ({ value }) => session(sessionIn(value)) }],
  async posts(shop) {
    const details = { stripe_checkout_session_id: await openTicket(shop), email: 'buyer@example.com' };
    return [
      { path: `${MOUNT}/`, body: {} },
      { path: `${MOUNT}/pending`, body: { ...details, screening_id: SCREENING, name: 'Ada' } },
    ];
  },
  async gets(shop) {
    return bothPages((await buyTicket(shop)).session_id);
  },
  async unsettled(shop) {
    const session_id = await openTicket(shop);
    await payTicket(shop, session_id);
    return bothPages(session_id);
  },
  ask: (_, id) => bothPages(id)[1],
  limited: async (shop) => ({ count: 10, send: (from) => shop.post(`${MOUNT}/`, {}, { from }) }),
  reads_settle: true,
  refusal({ json }) {
    expect(json).toEqual({ detail: expect.any(String) });
  },
};

function bothPages(session_id: string): readonly [Get, Get] {
  const query = `stripe_checkout_session_id=${session_id}&screening_id=${SCREENING}`;
  return [{ path: `${MOUNT}/complete?session_id=${session_id}` }, { path: `${MOUNT}/confirmation?${query}` }];
}

const embedded: Contract = {
  name: 'embedded-checkout',
  creates: () => [
    { path: EMBED, body: {}, cents: 200, at: ({ json }) => session(sessionIn(json.client_secret)) },
    {
      path: EMBED,
      body: { metadata: { user_id: 'user_123' }, customer_email: 'user@example.com' },
      cents: 200,
      at: ({ json }) => session(sessionIn(json.client_secret)),
    },
  ],
  posts: async () => [{ path: EMBED, body: { metadata: { user_id: 'user_123' }, customer_email: 'user@example.com' } }],
  async gets(shop) {
    const session_id = await embed(shop);
    await shop.sandbox.pay(session_id);
    await orderOf(shop, session_id, 'paid');
    return [{ path: EMBEDDED_STATUS + session_id }];
  },
  async unsettled(shop) {
    const session_id = await embed(shop);
    await shop.sandbox.pay(session_id);
    return [{ path: EMBEDDED_STATUS + session_id }];
  },
  ask: (_, id) => ({ path: EMBEDDED_STATUS + id }),
  limited: async (shop) => ({ count: 10, send: (from) => shop.post(EMBED, {}, { from }) }),
  reads_settle: true,
  refusal: threeFields,
};

let buyers = 0;
/** The header of somebody whom the shop has never met. */
function stranger(shop: Shop): Record<string, string> {
  buyers += 1;
  const sub = `somebody-${process.pid}-${buyers}`;
  return bearing(shop.token({ sub, email: `${sub}@example.com` }));
}

const tokenIn = ({ Authorization = '' }: Record<string, string>): string => Authorization.slice('Bearer '.length);

const booking: Contract = {
  name: 'booking-checkout',
  creates: (shop) => [
    {
      path: CREATE_BOOKING,
      body: oneHour(shop),
      headers: stranger(shop),
      cents: 10_875,
      at: ({ json }) => `/v1/payment_intents/${json.payment_intent_id}`,
    },
  ],
  async posts(shop) {
    const headers = stranger(shop);
    const { order_id } = await book(shop, tokenIn(headers), oneHour(shop));
    return [
      { path: CREATE_BOOKING, body: oneHour(shop), headers },
      { path: CALCULATE, body: oneHour(shop), headers },
      { path: CONFIRM, body: { order_id }, headers },
      { path: BOOKING_STATUS, body: { order_id }, headers },
    ];
  },
  async gets(shop) {
    const headers = stranger(shop);
    const { order_id, payment_intent_id } = await book(shop, tokenIn(headers), oneHour(shop));
    await payBooking(shop, payment_intent_id);
    await confirmBooking(shop, tokenIn(headers), { order_id });
    return [METHODS, CREDITS].map((path) => ({ path, headers }));
  },
  async unsettled(shop) {
    const headers = stranger(shop);
    const { payment_intent_id } = await book(shop, tokenIn(headers), oneHour(shop));
    await payBooking(shop, payment_intent_id);
    return [METHODS, CREDITS].map((path) => ({ path, headers }));
  },
  ask(shop, id) {
    const name = id.startsWith('pi_') ? 'payment_intent_id' : 'checkout_session_id';
    return { path: BOOKING_STATUS, body: { [name]: id }, headers: stranger(shop) };
  },
  elsewhere: async (shop) => stranger(shop),
  async limited(shop) {
    const headers = stranger(shop);
    const { order_id } = await book(shop, tokenIn(headers), oneHour(shop));
    return { count: 10, send: () => asBuyer(shop, tokenIn(headers), CONFIRM, { order_id }) };
  },
  reads_settle: false,
  refusal: threeFields,
};

const KEYS = 5;
const keys = new WeakMap<Shop, Promise<readonly string[]>>();
/** A key for each path, so that the limit of one key is not what a check is about. */
function keysOf(shop: Shop): Promise<readonly string[]> {
  const known = keys.get(shop);
  if (known) return known;
  const made = Promise.all(Array.from({ length: KEYS }, () => shop.makeKey({ scope: 'all' })));
  keys.set(shop, made);
  return made;
}

const foreign_keys = new WeakMap<Shop, Promise<string>>();

async function paidIntent(shop: Shop): Promise<string> {
  const { id } = await openIntent(shop);
  await confirmAtStripe(shop, id);
  return id;
}

const chats: Contract = {
  name: 'chat-payments',
  creates: (shop) => [
    {
      path: `${CHAT}/intent/create`,
      body: INTENT,
      headers: bearing(shop.keys.full),
      cents: 15_000,
      at: (answer) => `/v1/payment_intents/${intentIn(answer).id}`,
    },
    {
      path: `${CHAT}/checkout/create`,
      body: LINK,
      headers: bearing(shop.keys.full),
      cents: 40_000,
      at: ({ json }) => session((json.checkout_session as { id: string }).id),
    },
  ],
  async posts(shop) {
    const { id } = await openIntent(shop);
    const paid = await paidIntent(shop);
    await orderOfPayment(shop, paid, 'paid');
    const bodies: [string, Readonly<Record<string, unknown>>][] = [
      ['/intent/create', INTENT],
      ['/checkout/create', LINK],
      [`/intent/${id}/cancel`, { reason: 'requested_by_customer' }],
      ['/refund', { payment_intent_id: paid, amount: 1 }],
      ['/customer/create', { email: 'customer@example.com', name: 'John Doe' }],
    ];
    const made = await keysOf(shop);
    return bodies.map(([path, body], at) => ({ path: CHAT + path, body, headers: bearing(made[at] ?? '') }));
  },
  async gets(shop) {
    const id = await paidIntent(shop);
    await orderOfPayment(shop, id, 'paid');
    return chatReads(shop, id);
  },
  unsettled: async (shop) => chatReads(shop, await paidIntent(shop)),
  ask: (shop, id) => ({ path: `${CHAT}/intent/${id}/status`, headers: bearing(shop.keys.full) }),
  async elsewhere(shop) {
    const made = foreign_keys.get(shop) ?? shop.makeKey({ scope: 'all', tenant: 'other' });
    foreign_keys.set(shop, made);
    return bearing(await made);
  },
  async limited(shop) {
    const key = await shop.makeKey({ scope: 'all' });
    return { count: 120, send: () => chat(shop, 'GET', '/intent/pi_unknown/status', undefined, { key }) };
  },
  reads_settle: true,
  refusal({ json }) {
    expect(json).toEqual({
      success: false,
      error: expect.any(String),
      details: expect.any(Object),
      code: expect.any(String),
    });
  },
};

async function chatReads(shop: Shop, id: string): Promise<readonly Get[]> {
  const made = await chat(shop, 'POST', '/customer/create', { email: 'customer@example.com' });
  const headers = bearing(shop.keys.full);
  const { id: customer } = made.json.customer as { id: string };
  return [`/intent/${id}/status`, `/customer/${customer}`].map((path) => ({ path: CHAT + path, headers }));
}

/** The contracts that the shop serves. */
export const CONTRACTS: readonly Contract[] = [hosted, tickets, booking, chats, embedded];
