import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError, type Settings } from './config.ts';
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
import { hashOf } from './kernel/ids.ts';

/** What the house stands on: a migrated database, and a data folder that keeps this machine's own secrets. */
export interface Ground {
  readonly db: Database;
  readonly worker_db: Database;
  /** For what Stripe tells: a crowd of buyers never takes its connections. */
  readonly webhook_db: Database;
  /** For people: `Postgres 18.4, port 54213`. */
  readonly database: string;
  readonly migrated: MigrationReport;
  close(): Promise<void>;
}

export interface GroundOptions {
  /** Tells which migrations would run, and runs none. */
  readonly dry_run?: boolean;
  readonly worker_connections?: number;
  /** True for a command that proves or sums up what whole tables hold; a server looks rows up. */
  readonly reads_tables?: boolean;
}

const WORKER_CONNECTIONS = 7;
/** One for each batch that may be under way, and one for a repeat. */
const WEBHOOK_CONNECTIONS = 3;
const SECRET_BYTES = 24;

/**
 * Opens the database that the settings name, or the one in the data folder, and brings its schema up to date.
 * @throws EmbeddedRefusal, MigrationRefusal or ConfigError, each with one sentence that says what to do.
 */
export async function openGround(settings: Settings, world: World, options: GroundOptions = {}): Promise<Ground> {
  const embedded = settings.database_url === null ? await openEmbedded(settings, world) : null;
  const url = settings.database_url ?? embedded?.url ?? '';
  const { clock, random, log } = world;
  const { prepared } = settings;
  const usual = { clock, random, log, prepared, readsTables: options.reads_tables ?? false };
  const db = openDatabase(url, usual);
  const worker_db = openDatabase(url, { ...usual, limits: WORKER_LIMITS, poolMax: WORKER_CONNECTIONS });
  const webhook_db = openDatabase(url, { ...usual, poolMax: WEBHOOK_CONNECTIONS });
  const close = async (): Promise<void> => {
    await Promise.all([db, worker_db, webhook_db].map(closeDatabase));
    await embedded?.stop();
  };
  try {
    const durability = await readDurability(db);
    refuseUnsafe(settings, durability);
    const migrated = await migrate(worker_db, { dry_run: options.dry_run ?? false });
    const where = embedded ? `port ${embedded.port}` : new URL(url).host;
    const database = `Postgres ${readable(durability.version)}, ${where}`;
    return { db, worker_db, webhook_db, database, migrated, close };
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

/**
 * Development signs its own buyers in; production says who may, or has no signed-in buyers. What seals the tokens of
 * pages is made from a secret that every process of the shop has, or kept beside the sandbox, which has one process.
 */
export function secretsOf(settings: Settings, world: World): { auth_secret: string | null; form_secret: string } {
  const { auth, stripe, tenant } = settings;
  const behind = tenant.key === 'default' ? '' : `-${tenant.key}`;
  const shared = auth.kind === 'secret' ? auth.secret : stripe.kind === 'stripe' ? stripe.secret_key : null;
  const form_secret =
    shared === null
      ? keptSecret(settings, world, { name: `forms${behind}`, prefix: '' })
      : hashOf(`kassa forms ${tenant.key} ${shared}`);
  if (auth.kind === 'secret') return { auth_secret: auth.secret, form_secret };
  const has_none = auth.kind === 'jwks' || settings.production || settings.mode === 'live';
  const auth_secret = has_none ? null : keptSecret(settings, world, { name: `auth${behind}`, prefix: 'kassa_auth_' });
  return { auth_secret, form_secret };
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
