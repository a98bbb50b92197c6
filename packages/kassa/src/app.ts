import { contractOffers } from './config/contract-offers.ts';
import type { Hooks, Settings } from './config.ts';
import { inTransaction, pruneKeys, setTimer, sql } from './database/index.ts';
import { type GrantCredits, grantCredits } from './flows/buyers/grant-credits.ts';
import type { House } from './flows/house.ts';
import { syncCatalog } from './flows/sync-catalog.ts';
import { openDoors } from './gateways.ts';
import { type Ground, keptSecret, openGround, secretsOf } from './ground.ts';
import { houseOf, type World } from './house-of.ts';
import type { Readiness } from './http/house.ts';
import { DEFAULT_LIMITS, type Limits } from './http/limits.ts';
import { listen } from './http/listen.ts';
import type { HttpApp } from './http/server.ts';
import { drainInbox } from './inbox/drain.ts';
import { type BuiltShop, type Installation, installationOf } from './installation.ts';
import { drainOutbox } from './outbox/drain.ts';
import { openMailer } from './outbox/mailer.ts';
import { httpMessenger, SMS_LIMIT_MS } from './outbox/sms/http-messenger.ts';
import { catchingMessenger, type Messenger } from './outbox/sms/messenger.ts';
import { DELIVERY_LIMIT_MS } from './outbox/time-limit.ts';
import type { StandIn } from './stand-in.ts';
import type { BudgetRates } from './stripe/budget.ts';
import { type Crew, type Job, startCrew } from './workflows/crew.ts';
import { runTimers } from './workflows/run-timers.ts';

export type { World } from './house-of.ts';

/** A whole shop. Its HTTP answers through `fetch` whether or not it listens. */
export interface Kassa {
  readonly house: House;
  /** Those of all shops, by their keys in the configuration. */
  readonly houses: ReadonlyMap<string, House>;
  readonly fetch: HttpApp['fetch'];
  /** The stand-in for Stripe; null with a Stripe key. */
  readonly stand_in: StandIn | null;
  /** For people: `Postgres 18.4, port 54213`. */
  readonly database: string;
  /** Takes the configured port, or any free one when that is 0. @throws the error of node:net when it cannot be had. */
  listen(): Promise<{ readonly port: number }>;
  readiness(): Promise<Readiness>;
  /** Gives a buyer credits that nobody pays for here. @returns the id of the lot. */
  grantCredits(grant: GrantCredits): Promise<string>;
  /** Stops accepting, lets what is in flight finish, then stops workers, sandbox and database. Safe to call twice. */
  stop(): Promise<void>;
}

export interface KassaOptions {
  readonly version: string;
  /** Folder with the shop's own pages; null: none. */
  readonly site_folder: string | null;
  /** Lets browsers and other programs reach the sandbox on its port. Off, only this process does. */
  readonly serve_sandbox: boolean;
  /** Off, nothing is drained by itself: a test or the simulation goes round by hand. Or those who do, by their names. */
  readonly run_workers: boolean | readonly WorkerName[];
  /** How often workers look by themselves, in milliseconds; a wake-up spares them the wait. Default one second. */
  readonly poll_ms?: number;
  /** How often callers may ask. Default: `DEFAULT_LIMITS`. */
  readonly limits?: Limits;
  /** How often Stripe may be asked. Default: what it allows a key of this mode. */
  readonly stripe_rates?: BudgetRates;
  /** False settles each order by itself. */
  readonly batches?: boolean;
}

export type WorkerName = 'inbox' | 'outbox' | 'timers' | 'old keys' | 'sandbox';

/** Sums of past days can wait until what happened during a stop is settled. */
const CLOSE_DAYS_AFTER_MS = 60_000;
/** How long buyers' requests in flight may still take when the shop stops. */
const GRACE_MS = 10_000;
const POLL_EVERY_MS = 1_000;
const SANDBOX_POLL_MS = 50;
const PRUNE_EVERY_MS = 60 * 60_000;
const PRUNE_ROWS = 1_000;
const EVENTS_PER_ROUND = 256;
const DELIVERIES_PER_ROUND = 20;
const TIMERS_PER_ROUND = 20;
/** Two, so that a hook that takes its time does not keep the next buyer's receipt. */
const OUTBOX_LANES = 2;
/** Two, so that one thinks while the other waits for the database; they take different events, as two processes do. */
const INBOX_LANES = 2;

const up = 'up' as const;
const down = 'down' as const;

/**
 * Opens everything a shop needs, in order, and closes all of it again when a part cannot be opened.
 * @throws ConfigError, EmbeddedRefusal, MigrationRefusal, KassaError: each one sentence for the person at the keyboard.
 */
export async function createKassa(
  settings: Settings,
  hooks: Hooks,
  world: World,
  options: KassaOptions,
): Promise<Kassa> {
  const closing = closeLater(world);
  try {
    const ground = await openGround(settings, world, { reads_tables: options.run_workers === false });
    closing.add('the database', () => ground.close());
    const shops = [settings, ...settings.tenants];
    const { serve_sandbox: serve, stripe_rates } = options;
    const doors = await openDoors(shops, world, { serve, stripe_rates });
    const { stand_in } = doors;
    if (stand_in !== null) closing.add('the sandbox', stand_in.close);
    const mailer = await openMailer(settings.notify.smtp_url);
    closing.add('mail', () => mailer.close());
    let crew: Crew | undefined;
    const readiness = (): Promise<Readiness> => readinessOf(ground, crew, world);
    const { version, site_folder, limits = DEFAULT_LIMITS, batches = true } = options;
    const senders = { mailer, messenger: messengerOf(settings, world) };
    const { db, worker_db } = ground;
    const shared = { hooks, world, db, worker_db, ...senders, site_folder, version, limits, batches };
    const doorsOf = (own: Settings) => ({ gateway: doors.gatewayOf(own), stripe_js: doors.stripeJsOf(own) });
    const build = async (own: Settings): Promise<BuiltShop> => {
      const shop = await syncCatalog({ db, clock: world.clock, ids: world.ids }, catalogueOf(own));
      const parts = { ...shared, settings: own, shop, ...doorsOf(own), ...secretsOf(own, world) };
      return { settings: own, built: houseOf({ ...parts, readiness, delivery_limit_ms: DELIVERY_LIMIT_MS }) };
    };
    const first = await build(settings);
    const others: BuiltShop[] = [];
    for (const own of settings.tenants) others.push(await build(own));
    const installation = installationOf([first, ...others], ground.webhook_db, limits);
    doors.deliverTo(installation.http);
    const hires = hiredBy(options);
    if (hires !== null) {
      for (const { built } of [first, ...others]) await soonAfterStart(built.house);
      await setSoon(first.built.house, ['forget_bodies']);
      const jobs = jobsOf(installation, stand_in, options.poll_ms ?? POLL_EVERY_MS).filter(hires);
      const hired = startCrew(jobs, world);
      crew = hired;
      for (const { built } of [first, ...others]) built.onWake((worker) => hired.wake(worker));
      closing.add('workers', hired.stop);
    }
    return {
      house: first.built.house,
      houses: new Map([first, ...others].map((one) => [one.settings.tenant.key, one.built.house])),
      fetch: installation.http.fetch,
      stand_in,
      database: ground.database,
      async listen() {
        const { host, port } = settings.server;
        const listening = await listen({ ...installation.http, host, port, clock: world.clock });
        closing.add('HTTP', () => listening.close(GRACE_MS));
        return listening;
      },
      readiness,
      grantCredits: (grant) => grantCredits(first.built.house, grant),
      stop: () => closing.close(),
    };
  } catch (error) {
    await closing.close();
    throw error;
  }
}

/** Who goes round in this process; null: nobody. */
function hiredBy({ run_workers }: KassaOptions): ((job: { readonly name: string }) => boolean) | null {
  if (typeof run_workers !== 'boolean') {
    return run_workers.length === 0 ? null : ({ name }) => run_workers.some((one) => one === name);
  }
  return run_workers ? () => true : null;
}

interface Closing {
  add(what: string, close: () => Promise<void>): void;
  close(): Promise<void>;
}

/** Closes in the opposite order of opening: what stands on something goes before it. One failure stops no other. */
function closeLater({ log }: World): Closing {
  const open: { what: string; close: () => Promise<void> }[] = [];
  let closed: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    for (let last = open.pop(); last; last = open.pop()) {
      try {
        await last.close();
      } catch (error) {
        log.error({ what: last.what, err: error }, 'this part could not be closed in order');
      }
    }
  };
  return {
    add: (what, close) => void open.push({ what, close }),
    close() {
      closed ??= closeAll();
      return closed;
    },
  };
}

function catalogueOf(settings: Settings): Parameters<typeof syncCatalog>[1] {
  const { tenant, mode, seller, frontend, practitioners, tax_rates, coupons } = settings;
  const row = { ...tenant, name: seller.name, origins: frontend.origins };
  const offers = [...settings.offers, ...contractOffers(settings)];
  return { tenant: row, mode, offers, practitioners, tax_rates, coupons };
}

function messengerOf(settings: Settings, world: World): Messenger {
  const { sms_url, sms_secret } = settings.notify;
  if (sms_url === null) return catchingMessenger();
  const secret = sms_secret ?? keptSecret(settings, world, { name: 'sms', prefix: 'kassa_sms_' });
  return httpMessenger({ url: sms_url, secret, http: world.http, clock: world.clock, limit_ms: SMS_LIMIT_MS });
}

/** After a stop or a crash Stripe is asked at once what happened meanwhile, not after the usual pause. */
async function soonAfterStart(house: House): Promise<void> {
  await setSoon(house, ['fetch_events', 'reconcile']);
  await setSoon(house, ['close_days'], CLOSE_DAYS_AFTER_MS);
}

async function setSoon({ db, shop, clock }: House, kinds: readonly string[], after_ms = 0): Promise<void> {
  const [subject, due_at] = [shop.tenant_id, new Date(clock.now().getTime() + after_ms)];
  await inTransaction(db, async (tx) => {
    for (const kind of kinds) await setTimer(tx, { subject, kind, due_at });
  });
}

/** Who goes round, and who is sent round by whom: what comes in moves orders, and moved orders have news to tell. */
function jobsOf(built: Installation, stand_in: StandIn | null, pause_ms: number): Job[] {
  const { db, clock } = built.inbox.house;
  const settle: Job = {
    name: 'inbox',
    pause_ms,
    step: () => drainInbox(built.inbox, EVENTS_PER_ROUND),
    wakes: ['outbox', 'timers'],
  };
  const tell: Job = { name: 'outbox', pause_ms, step: () => drainOutbox(built.outbox, DELIVERIES_PER_ROUND) };
  // A sandbox that listens looks at its own clock; one that does not is told the time from here.
  const unheard = stand_in !== null && stand_in.url === null ? stand_in.sandbox : null;
  return [
    ...(unheard ? [{ name: 'sandbox', pause_ms: SANDBOX_POLL_MS, step: () => unheard.tick() }] : []),
    ...Array.from({ length: INBOX_LANES }, () => ({ ...settle })),
    { name: 'timers', pause_ms, step: () => runTimers(built.timers, TIMERS_PER_ROUND), wakes: ['outbox'] },
    ...Array.from({ length: OUTBOX_LANES }, () => ({ ...tell })),
    { name: 'old keys', pause_ms: PRUNE_EVERY_MS, step: () => pruneKeys(db, clock.now(), PRUNE_ROWS) },
  ];
}

async function readinessOf({ db }: Ground, crew: Crew | undefined, { log }: World): Promise<Readiness> {
  const answers = sql`select 1`.execute(db).then(
    () => true,
    (error: unknown) => {
      log.warn({ err: error }, 'the database did not answer');
      return false;
    },
  );
  const parts = { database: (await answers) ? up : down, stripe: up, workers: crew?.healthy() ? up : down };
  return { ready: Object.values(parts).every((part) => part === up), parts };
}
