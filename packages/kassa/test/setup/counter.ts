import { createSandbox, type Sandbox, type VirtualClock, virtualClock } from '@kassa/sandbox';
import { inject } from 'vitest';
import { contractOffers } from '../../src/config/contract-offers.ts';
import { checkHooks, type Hooks } from '../../src/config/hooks.ts';
import { type KassaConfig, readSettings } from '../../src/config.ts';
import type { Database, OpenOptions } from '../../src/database/index.ts';
import { listOffers } from '../../src/domain/catalog/index.ts';
import { type Answer, type StartCheckout, startCheckout } from '../../src/flows/checkout/start-checkout.ts';
import type { House } from '../../src/flows/house.ts';
import { syncCatalog } from '../../src/flows/sync-catalog.ts';
import { type BuiltHouse, houseOf } from '../../src/house-of.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { eventStore, receive } from '../../src/inbox/receive.ts';
import { defineKassa, item, ticket, usd } from '../../src/index.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { Http } from '../../src/kernel/http.ts';
import { idsFrom } from '../../src/kernel/ids.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { drainOutbox } from '../../src/outbox/drain.ts';
import { catchingMailer } from '../../src/outbox/mailer.ts';
import { type BudgetRates, TEST_RATES } from '../../src/stripe/budget.ts';
import { createGateway } from '../../src/stripe/gateway.ts';
import { runTimers } from '../../src/workflows/run-timers.ts';
import { freshDatabase } from './database.ts';

const SECRET = 'whsec_counter';
const START = Date.parse('2026-11-21T10:00:00Z');

export const BLUE_HALL = defineKassa({
  currency: 'usd',
  seller: { name: 'Blue Hall', email: 'tickets@example.com', country: 'US' },
  catalog: {
    lakers: ticket({ name: 'Lakers vs Warriors', price: usd('100.00'), capacity: 100, maxPerOrder: 8, hold: '30m' }),
    finals: ticket({ name: 'Finals', price: usd('300.00'), capacity: 5, maxPerOrder: 5, whenLate: 'rehold-or-refund' }),
    flyer: item({ name: 'Flyer', price: usd('0.00') }),
  },
  contracts: { 'hosted-checkout': true },
});

/** A shop with everything real but time: Postgres, migrations, stories, the sandbox behind the official client. */
export interface Counter {
  readonly house: House;
  readonly built: BuiltHouse;
  readonly db: Database;
  /** Of the database, for whoever wants a connection of their own. */
  readonly url: string;
  readonly sandbox: Sandbox;
  readonly clock: VirtualClock;
  /** What stands between us and the sandbox: a test may lose or repeat what passes. */
  wire: Http;
  /** Every webhook that the sandbox sends passes here; a test may drop it. */
  deliver: (request: Request) => Promise<Response>;
  take(request: Request): Promise<Response>;
  buy(wish?: Partial<StartCheckout> & { offer?: string; quantity?: number }): Promise<Answer & { session_id: string }>;
  /** Lets everything that is due now happen, until nothing is. */
  rest(): Promise<void>;
  /** Moves time and lets what falls due happen on the way. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

interface CounterOptions {
  readonly hooks?: unknown;
  readonly config?: KassaConfig;
  /** For a crowd: more connections, more patience. */
  readonly database?: Partial<OpenOptions>;
  /** False settles each order by itself. */
  readonly batches?: boolean;
  /** What Stripe takes of a charge; nothing unless told. */
  readonly fee?: { readonly basisPoints: number; readonly fixed: number };
  /** How often Stripe may be asked; as a test key may unless told. */
  readonly rates?: BudgetRates;
}

export async function openCounter(options: CounterOptions = {}): Promise<Counter> {
  const fresh = await freshDatabase(options.database);
  const clock = virtualClock(START);
  // Nobody else moves this clock, so whoever waits moves it.
  const ours: Clock = { now: () => new Date(clock.now()), sleep: async (ms) => clock.advance(ms) };
  const random = seededRandom(`counter ${inject('kassa_run').run}`);
  const ids = idsFrom(ours, random);
  const sandbox = createSandbox({
    clock,
    strict: true,
    // Most tests count what was sold; what Stripe takes for it has tests of its own.
    fee: options.fee ?? { basisPoints: 0, fixed: 0 },
    webhooks: [{ url: 'http://127.0.0.1/payments/webhook', secret: SECRET }],
    deliver: (request) => counter.deliver(request),
  });
  const settings = readSettings(options.config ?? BLUE_HALL, {}, { folder: '/tmp' });
  const { practitioners, tax_rates, coupons } = settings;
  const offers = [...settings.offers, ...contractOffers(settings)];
  const catalogue = { mode: 'test' as const, offers, practitioners, tax_rates, coupons };
  const tenant = { key: 'shop', name: 'Blue Hall', hosts: [], origins: ['https://shop.example'] };
  const shop = await syncCatalog({ db: fresh.db, clock: ours, ids }, { tenant, ...catalogue });
  const world = {
    clock: ours,
    random,
    ids,
    log: silentLog,
    http: ((request, leaving) => counter.wire(request, leaving)) as Http,
  };
  const gateway = createGateway({
    ...world,
    address: { secret_key: sandbox.keys.secret, host: '127.0.0.1', port: 4243 },
    rates: options.rates ?? TEST_RATES,
    webhook_secrets: [SECRET],
  });
  const hooks: Hooks = checkHooks(options.hooks ?? {});
  const built = houseOf({
    ...{ settings, hooks, world, gateway, shop, db: fresh.db, worker_db: fresh.db, mailer: catchingMailer() },
    ...{
      auth_secret: null,
      form_secret: 'forms',
      site_folder: null,
      version: '0',
      batches: options.batches ?? true,
      readiness: async () => ({ ready: true, parts: {} }),
    },
  });
  const { house } = built;
  const store = eventStore(fresh.db);
  const counter: Counter = {
    ...{ house, built, sandbox, clock, db: fresh.db, url: fresh.url },
    wire: (request) => sandbox.fetch(request),
    deliver: (request) => counter.take(request),
    async take(request) {
      const raw = new Uint8Array(await request.arrayBuffer());
      await receive(house, store, raw, request.headers.get('stripe-signature'));
      return new Response('{"received": true}');
    },
    async buy({ offer = 'lakers', quantity = 1, ...rest } = {}) {
      const found = (await listOffers(fresh.db, shop)).find((one) => one.key === offer);
      const answer = await startCheckout(house, {
        contract: 'hosted-checkout',
        presentation: 'hosted',
        lines: [{ offer_id: found?.id ?? '', quantity }],
        buyer: {},
        success_url: 'https://shop.example/pay?session_id={CHECKOUT_SESSION_ID}',
        metadata: { source: 'test' },
        render: ({ url, session_id }) => ({ url, session_id }),
        ...rest,
      });
      return { ...answer, session_id: String(JSON.parse(answer.body).session_id) };
    },
    async rest() {
      for (;;) {
        const sandbox_work = await sandbox.tick();
        const inbox = await drainInbox(built.inbox, 50);
        const timers = await runTimers(built.timers, 50);
        const outbox = await drainOutbox(built.outbox, 50);
        if (sandbox_work + inbox + timers + outbox === 0) return;
      }
    },
    async pass(ms) {
      const until = clock.now() + ms;
      while (clock.now() < until) {
        clock.set(Math.min(until, clock.now() + Math.max(STEP_MS, ms / STEPS)));
        await counter.rest();
      }
    },
    async close() {
      await sandbox.close();
      await fresh.drop();
    },
  };
  return counter;
}

const STEP_MS = 60_000;
const STEPS = 30;
