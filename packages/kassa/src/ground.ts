import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createSandbox, type Sandbox, serveSandbox } from '@kassa/sandbox';
import { ConfigError, type OfferSettings, type Settings } from './config.ts';
import { startEmbedded } from './database/embedded/index.ts';
import {
  closeDatabase,
  type Database,
  type MigrationReport,
  migrate,
  openDatabase,
  readDurability,
  WORKER_LIMITS,
} from './database/index.ts';
import type { World } from './house-of.ts';
import type { Http } from './kernel/http.ts';

/** What the house stands on: a migrated database, and a data folder that keeps this machine's own secrets. */
export interface Ground {
  readonly db: Database;
  readonly worker_db: Database;
  /** For people: `Postgres 18.4, port 54213`. */
  readonly database: string;
  readonly migrated: MigrationReport;
  close(): Promise<void>;
}

export interface GroundOptions {
  /** Tells which migrations would run, and runs none. */
  readonly dry_run?: boolean;
  readonly worker_connections?: number;
}

const WORKER_CONNECTIONS = 6;
const SECRET_BYTES = 24;

/**
 * Opens the database that the settings name, or the one in the data folder, and brings its schema up to date.
 * @throws EmbeddedRefusal, MigrationRefusal or ConfigError, each with one sentence that says what to do.
 */
export async function openGround(settings: Settings, world: World, options: GroundOptions = {}): Promise<Ground> {
  const embedded = settings.database_url === null ? await openEmbedded(settings, world) : null;
  const url = settings.database_url ?? embedded?.url ?? '';
  const { clock, random, log } = world;
  const db = openDatabase(url, { clock, random, log });
  const worker_db = openDatabase(url, { clock, random, log, limits: WORKER_LIMITS, poolMax: WORKER_CONNECTIONS });
  const close = async (): Promise<void> => {
    await Promise.all([closeDatabase(db), closeDatabase(worker_db)]);
    await embedded?.stop();
  };
  try {
    const durability = await readDurability(db);
    refuseUnsafe(settings, durability);
    const migrated = await migrate(worker_db, { dry_run: options.dry_run ?? false });
    const where = embedded ? `port ${embedded.port}` : new URL(url).host;
    return { db, worker_db, database: `Postgres ${readable(durability.version)}, ${where}`, migrated, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The server tells 180004; people say 18.4. */
function readable(version: number): string {
  return `${Math.floor(version / 10_000)}.${version % 10_000}`;
}

function openEmbedded(settings: Settings, world: World): ReturnType<typeof startEmbedded> {
  const { clock, random, log } = world;
  return startEmbedded({ folder: join(settings.data_folder, 'postgres'), clock, random, log });
}

/** Real money needs a database that keeps what it has acknowledged and whose clock nobody can turn. */
function refuseUnsafe(settings: Settings, found: { durable: boolean; clock_is_set: boolean }): void {
  if (settings.mode !== 'live') return;
  if (!found.durable) {
    throw new ConfigError(
      'The database of DATABASE_URL forgets in a power cut (fsync or synchronous_commit is off) and STRIPE_SECRET_KEY ' +
        'is live: turn both on.',
    );
  }
  if (found.clock_is_set) {
    throw new ConfigError(
      'The database sets kassa.clock, which is for tests, and STRIPE_SECRET_KEY is live: unset it.',
    );
  }
}

/** The shop's own pages: the folder `pages` beside its configuration, when there is one. */
export function pagesBeside(config_file: string): string | null {
  const folder = join(dirname(config_file), 'pages');
  return existsSync(folder) ? folder : null;
}

/**
 * A secret of this machine, made on the first call and kept in a file that only its owner may read.
 * @param prefix says what it is for, such as `whsec_`.
 */
export function keptSecret(
  settings: Settings,
  world: World,
  { name, prefix }: { name: string; prefix: string },
): string {
  const folder = join(settings.data_folder, 'secrets');
  const file = join(folder, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(file)) {
    const secret = prefix + Buffer.from(world.random.bytes(SECRET_BYTES)).toString('hex');
    writeIfAbsent(file, secret);
  }
  // A copied folder may have lost it: the secret is what it is only as long as nobody else can read it.
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8').trim();
}

/** Appears complete or not at all, so two starters at once end up with one secret and both can read it. */
function writeIfAbsent(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${text}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** What stands in for Stripe while there is no key. */
export interface StandIn {
  readonly sandbox: Sandbox;
  readonly secret_key: string;
  readonly port: number;
  /** Reaches it without a socket. */
  readonly http: Http;
  /** Null while nothing listens: tests and the simulation call it in process. */
  readonly url: string | null;
  close(): Promise<void>;
}

export interface StandInOptions {
  /** Pages for a browser and `/v1` for other programs; otherwise nobody but this process can reach it. */
  readonly serve: boolean;
  /** Takes the webhooks that are meant for this shop. */
  readonly deliver: (request: Request) => Promise<Response>;
  readonly webhook_secret: string;
}

/** Where the sandbox sends events. Nobody resolves the name: `deliver` takes these requests in process. */
const OWN_WEBHOOK = 'http://127.0.0.1/payments/webhook';

/**
 * Starts the sandbox on its file in the data folder, so that a restart keeps its objects and our orders consistent, and
 * brings the catalogue's Stripe prices into it.
 * @throws the error of node:net, such as `EADDRINUSE`, when its port cannot be had.
 */
export async function openStandIn(settings: Settings, world: World, options: StandInOptions): Promise<StandIn> {
  const asked_port = settings.stripe.kind === 'sandbox' ? settings.stripe.port : 0;
  const { clock, log } = world;
  const sandbox = open({
    store: join(settings.data_folder, 'sandbox.sqlite'),
    clock: { now: () => clock.now().getTime(), sleep: (ms) => clock.sleep(ms) },
    ...(options.serve ? {} : { publicUrl: `http://127.0.0.1:${asked_port}` }),
    sellerName: settings.seller.name,
    webhooks: [{ url: OWN_WEBHOOK, secret: options.webhook_secret }],
    deliver: (request) => (request.url === OWN_WEBHOOK ? options.deliver(request) : world.http(request)),
    retryProfile: 'dev',
    // The panel can turn the sandbox's clock; our own check of a signature's age goes by the real one.
    signWith: options.serve ? 'wall' : 'clock',
    asyncDelayMs: 3_000,
    log: (line) => log.debug(line, 'sandbox call'),
  });
  try {
    const prices = settings.offers.flatMap(pricesAtStripe);
    sandbox.control.seed({ prices });
    for (const price of prices) await refuseChanged(sandbox, price);
    const served = options.serve ? await serveSandbox(sandbox, { port: asked_port }) : null;
    return {
      sandbox,
      secret_key: sandbox.keys.secret,
      port: served?.port ?? asked_port,
      http: (request) => sandbox.fetch(request),
      url: served?.url ?? null,
      async close() {
        await served?.close();
        await sandbox.close();
      },
    };
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

/** @throws ConfigError when another process has the sandbox's file: it has one writer. */
function open(options: Parameters<typeof createSandbox>[0]): Sandbox {
  try {
    return createSandbox(options);
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), error);
  }
}

interface SeededPrice {
  readonly id: string;
  readonly product_name: string;
  readonly currency: string;
  readonly unit_amount: number;
}

function pricesAtStripe(offer: OfferSettings): SeededPrice[] {
  return offer.prices.flatMap(({ stripe_price_id, currency, unit_minor }) =>
    stripe_price_id === null || unit_minor === null
      ? []
      : [{ id: stripe_price_id, product_name: offer.name, currency, unit_amount: unit_minor }],
  );
}

/**
 * A price at Stripe never changes its amount, and neither does one in the sandbox's file: sold under the old amount and
 * expected at the new one, each order would end before a person.
 * @throws ConfigError saying both amounts.
 */
async function refuseChanged(sandbox: Sandbox, price: SeededPrice): Promise<void> {
  const headers = { Authorization: `Bearer ${sandbox.keys.secret}` };
  const answer = await sandbox.fetch(new Request(`http://127.0.0.1/v1/prices/${price.id}`, { headers }));
  const kept = (await answer.json()) as { unit_amount?: number; currency?: string };
  if (kept.unit_amount === price.unit_amount && kept.currency === price.currency) return;
  throw new ConfigError(
    `${price.id} costs ${kept.unit_amount} ${kept.currency} (minor units) in the sandbox and ${price.unit_amount} ` +
      `${price.currency} in kassa.config.ts. Prices at Stripe never change: give the new price an id of its own.`,
  );
}
