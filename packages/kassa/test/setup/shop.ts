import { createHmac } from 'node:crypto';
import Stripe from 'stripe';
import { type OpenOptions, sql } from '../../src/database/index.ts';
import type { HttpSettings } from '../../src/http/house.ts';
import { createHttp, type HttpApp } from '../../src/http/server.ts';
import { customAmount, defineKassa, item, jpy, type KassaConfig, money, ticket, usd } from '../../src/index.ts';
import type { Log } from '../../src/kernel/log.ts';
import { type Counter, openCounter } from './counter.ts';

export const ORIGIN = 'https://shop.example';
export const CREATE = '/api/payments/v1/checkout/session';
export const STATUS = '/api/payments/v1/checkout/status/';
export const AUTH_SECRET = 'signs the buyers of the test shop';

/** The shop of the conformance list. */
export const FIXTURE = defineKassa({
  currency: 'usd',
  seller: { name: 'Shop', email: 'shop@example.com', country: 'US' },
  catalog: {
    print: item({ name: 'Print', price: usd('19.99'), capacity: 5, stripePrice: 'price_123' }),
    many: item({ name: 'Postcard', price: usd('2.00'), stripePrice: 'price_postcard' }),
    seat: ticket({ name: 'Seat', price: usd('45.00'), capacity: 2 }),
    flyer: item({ name: 'Flyer', price: usd('0.00') }),
    donation: customAmount({
      name: 'Donation',
      min: [usd('5.00'), jpy('500'), money('1.000', 'kwd')],
      max: [usd('500.00'), jpy('50000'), money('100.000', 'kwd')],
    }),
  },
});

/** The same shop, which takes bare amounts as donations. */
export const TAKES_AMOUNTS: KassaConfig = {
  ...FIXTURE,
  contracts: { 'hosted-checkout': { customAmountProduct: 'donation' } },
};

/** The prices that the shop's owner made at Stripe. */
const PRICES_AT_STRIPE = [
  { id: 'price_123', product_name: 'Print', currency: 'usd', unit_amount: 1999 },
  { id: 'price_postcard', product_name: 'Postcard', currency: 'usd', unit_amount: 200 },
  { id: 'price_ticket', product_name: 'Night Train', currency: 'usd', unit_amount: 1800 },
];

/** A whole shop behind its HTTP; only time is virtual and no socket is opened. */
export interface Shop extends Counter {
  readonly http: HttpApp;
  readonly stripe: Stripe;
  readonly logged: unknown[][];
  send(path: string, init?: RequestInit & { ip?: string }): Promise<Response>;
  create(body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Creates and reads the answer; fails when it is not 200. */
  opened(body: unknown, headers?: Record<string, string>): Promise<{ url: string; session_id: string }>;
  status(session_id: string): Promise<Record<string, unknown>>;
  /** Everything that a shopkeeper would miss, as text: equal means unchanged. */
  books(): Promise<string>;
  /** What Stripe was asked to do or to tell. */
  calls(): string[];
  /** A buyer's token as the shop's own sign-in would make it. */
  token(claims: { sub: string; email?: string }): string;
}

/** Starts a shop. Each request comes from an address of its own unless it says otherwise, so that limits stay out. */
export async function startShop(
  options: {
    config?: KassaConfig;
    hooks?: unknown;
    http?: Partial<HttpSettings>;
    database?: Partial<OpenOptions>;
  } = {},
): Promise<Shop> {
  const config = options.config ?? FIXTURE;
  const { database = {}, hooks = {} } = options;
  const counter = await openCounter({ config, hooks, database });
  const logged: unknown[][] = [];
  const write = (...line: unknown[]): void => void logged.push(line);
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log };
  const { settings } = counter.built.http;
  const changed = { origins: [ORIGIN], auth_secret: AUTH_SECRET, ...options.http };
  const http = createHttp({ ...counter.built.http, log, settings: { ...settings, ...changed } });
  counter.deliver = (request) => http.fetch(request, { ip: '127.0.0.1' });
  const stripe = counter.sandbox.stripe(Stripe);
  await counter.sandbox.control.seed({ prices: PRICES_AT_STRIPE });
  let callers = 0;
  const send: Shop['send'] = (path, init = {}) => {
    callers += 1;
    const { ip = `10.${(callers >> 16) & 255}.${(callers >> 8) & 255}.${callers & 255}`, ...rest } = init;
    return http.fetch(new Request(`http://shop.test${path}`, rest), { ip });
  };
  const create: Shop['create'] = (body, headers = {}) =>
    send(CREATE, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return Object.assign(counter, {
    ...{ http, stripe, logged, send, create },
    async opened(body: unknown, headers?: Record<string, string>) {
      const answer = await create(body, headers);
      if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()} ${failures(logged)}`);
      return (await answer.json()) as { url: string; session_id: string };
    },
    status: async (session_id: string) => (await (await send(STATUS + session_id)).json()) as Record<string, unknown>,
    books: () => readBooks(counter),
    calls: () =>
      counter.sandbox.control
        .requests()
        .filter((entry) => entry.path.startsWith('/v1/'))
        .map((entry) => `${entry.method} ${entry.path}`),
    token: (claims: { sub: string; email?: string }) =>
      sign({ ...claims, exp: Math.floor(counter.clock.now() / 1000) + 60 }),
  });
}

/** What went wrong inside, for a test that did not expect it. */
function failures(logged: readonly unknown[][]): string {
  return logged.flatMap(([fields]) => ((fields as { err?: Error }).err?.stack ?? []) as string | string[]).join('\n');
}

function sign(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${body}.${createHmac('sha256', AUTH_SECRET).update(body).digest('base64url')}`;
}

const TABLES = [
  'orders',
  'payment_transactions',
  'holds',
  'stock',
  'ledger_entries',
  'outbox_messages',
  'inbox_events',
  'inbox_bodies',
];

async function readBooks({ db }: Counter): Promise<string> {
  const rows = await Promise.all(
    TABLES.map((table) => sql`select * from ${sql.table(`kassa.${table}`)} as row order by row::text`.execute(db)),
  );
  return JSON.stringify(rows.map((result) => result.rows));
}
