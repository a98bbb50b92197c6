// Two shops of one installation: one database, one HTTP, and a Stripe account for each.
import { createSandbox, type Sandbox, virtualClock } from '@kassa/sandbox';
import { inject } from 'vitest';
import { checkHooks } from '../../src/config/hooks.ts';
import { type KassaConfig, readSettings, type Settings } from '../../src/config.ts';
import { closeDatabase, type Database, openDatabase } from '../../src/database/index.ts';
import { syncCatalog } from '../../src/flows/sync-catalog.ts';
import { houseOf } from '../../src/house-of.ts';
import { DEFAULT_LIMITS } from '../../src/http/limits.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { type BuiltShop, type Installation, installationOf } from '../../src/installation.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { idsFrom } from '../../src/kernel/ids.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { drainOutbox } from '../../src/outbox/drain.ts';
import { catchingMailer } from '../../src/outbox/mailer.ts';
import { catchingMessenger } from '../../src/outbox/sms/messenger.ts';
import { TEST_RATES } from '../../src/stripe/budget.ts';
import { createGateway } from '../../src/stripe/gateway.ts';
import { runTimers } from '../../src/workflows/run-timers.ts';
import { freshDatabase } from '../setup/database.ts';
import { quietWorld } from '../setup/world.ts';

const START = Date.parse('2027-01-10T10:00:00Z');

/** A shop, its own account at Stripe, and the webhook secret of that account. */
export interface TestTenant {
  readonly shop: BuiltShop;
  readonly sandbox: Sandbox;
  readonly webhook_secret: string;
}

export interface TestInstallation {
  readonly db: Database;
  /** The connections of webhooks and workers. */
  readonly own_db: Database;
  readonly installation: Installation;
  readonly first: TestTenant;
  readonly second: TestTenant;
  /** Asks over HTTP, as if the address led here. */
  send(url: string, init?: RequestInit & { ip?: string }): Promise<Response>;
  /** Lets everything that is due happen, until nothing is. */
  rest(): Promise<void>;
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens the shop of a configuration and its one tenant. */
export async function openInstallation(config: KassaConfig, written_hooks: unknown = {}): Promise<TestInstallation> {
  const fresh = await freshDatabase({ poolWaitMs: 1_000 });
  // As in production: neither webhooks nor workers share the connections of requests.
  const own_db = openDatabase(fresh.url, quietWorld);
  const clock = virtualClock(START);
  const ours: Clock = { now: () => new Date(clock.now()), sleep: async (ms) => clock.advance(ms) };
  const random = seededRandom(`installation ${inject('kassa_run').run}`);
  const ids = idsFrom(ours, random);
  const hooks = checkHooks(written_hooks);
  const settings = readSettings(config, {}, { folder: '/tmp' });
  const open = async (own: Settings): Promise<TestTenant> => {
    const webhook_secret = `whsec_${own.tenant.key}`;
    const sandbox = createSandbox({
      clock,
      seed: own.tenant.key,
      strict: true,
      webhooks: [{ url: 'http://127.0.0.1/payments/webhook', secret: webhook_secret }],
      deliver: (request) => installation.http.fetch(request, { ip: '127.0.0.1' }),
    });
    const world = { clock: ours, random, ids, log: silentLog, http: (request: Request) => sandbox.fetch(request) };
    const address = { secret_key: sandbox.keys.secret, host: '127.0.0.1', port: 4243 };
    const gateway = createGateway({ ...world, address, rates: TEST_RATES, webhook_secrets: [webhook_secret] });
    const row = { ...own.tenant, name: own.seller.name, origins: own.frontend.origins };
    const { offers, practitioners, tax_rates, coupons } = own;
    const shop = await syncCatalog(
      { db: fresh.db, clock: ours, ids },
      { tenant: row, mode: 'test', offers, practitioners, tax_rates, coupons },
    );
    const built = houseOf({
      ...{ settings: own, hooks, world, gateway, shop, db: fresh.db, worker_db: own_db },
      ...{ mailer: catchingMailer(), messenger: catchingMessenger(), site_folder: null, version: '0' },
      ...{ auth_secret: `signs the buyers of ${own.tenant.key}`, form_secret: own.tenant.key },
      readiness: async () => ({ ready: true, parts: {} }),
    });
    return { shop: { settings: own, built }, sandbox, webhook_secret };
  };
  const [other] = settings.tenants;
  if (!other) throw new Error('the configuration has no tenant');
  const first = await open(settings);
  const second = await open(other);
  const installation = installationOf([first.shop, second.shop], own_db, DEFAULT_LIMITS);
  const test: TestInstallation = {
    ...{ db: fresh.db, own_db, installation, first, second },
    send: (url, { ip = '10.0.0.1', ...init } = {}) => installation.http.fetch(new Request(url, init), { ip }),
    async rest() {
      for (;;) {
        const at_stripe = (await first.sandbox.tick()) + (await second.sandbox.tick());
        const inbox = await drainInbox(installation.inbox, 50);
        const timers = await runTimers(installation.timers, 50);
        if (at_stripe + inbox + timers + (await drainOutbox(installation.outbox, 50)) === 0) return;
      }
    },
    async pass(ms) {
      clock.set(clock.now() + ms);
      await test.rest();
    },
    async close() {
      await Promise.all([first.sandbox.close(), second.sandbox.close(), closeDatabase(own_db)]);
      await fresh.drop();
    },
  };
  return test;
}
