import about from '../package.json' with { type: 'json' };
import { createKassa, type Kassa, type World } from './app.ts';
import {
  ConfigError,
  claimFolder,
  type Environment,
  type Hooks,
  type LoadedConfig,
  readSettings,
  type Settings,
} from './config.ts';
import { EmbeddedRefusal } from './database/embedded/index.ts';
import { DatabaseUnavailable, MigrationRefusal, type MigrationReport } from './database/index.ts';
import { listTenants } from './domain/catalog/index.ts';
import { GatewayFailure } from './domain/payments/index.ts';
import { type CurrencyMetrics, type Period, readMetrics } from './domain/reports/index.ts';
import type { House, Shop } from './flows/house.ts';
import { type Ground, openGround, pagesBeside, secretsOf } from './ground.ts';
import { signBuyerToken } from './http/callers/token.ts';
import { KassaError } from './kernel/errors.ts';
import type { Log } from './kernel/log.ts';

export const VERSION = about.version;

/** A mistake in Kassa itself ended the process (EX_SOFTWARE of sysexits). */
export const EXIT_BUG = 70;

/** How a shop is started: what it sells, where it runs, and the world it runs in. */
export interface Start {
  readonly loaded: LoadedConfig;
  readonly environment: Environment;
  /** Where relative paths begin. */
  readonly folder: string;
  readonly world: World;
}

export interface RunningShop {
  readonly kassa: Kassa;
  readonly settings: Settings;
  readonly port: number;
}

/**
 * Opens the whole shop, listens, and answers when it is ready to sell.
 * @throws what `refusalOf` turns into a sentence, and everything else as the mistake that it is.
 */
export async function startShop({ loaded, environment, folder, world }: Start): Promise<RunningShop> {
  const settings = readSettings(loaded.config, environment, { folder, file: loaded.file });
  claimFolder(settings.data_folder, settings.mode);
  const site_folder = pagesBeside(loaded.file);
  const options = { version: VERSION, site_folder, serve_sandbox: true, run_workers: true };
  const kassa = await createKassa(settings, loaded.hooks, world, options);
  try {
    const { port } = await kassa.listen();
    return { kassa, settings, port };
  } catch (error) {
    await kassa.stop();
    throw error;
  }
}

/** The sentence for the person who started it, when the surroundings are at fault; undefined when Kassa is. */
export function refusalOf(error: unknown): string | undefined {
  if (error instanceof ConfigError || error instanceof EmbeddedRefusal || error instanceof MigrationRefusal) {
    return error.message;
  }
  if (error instanceof DatabaseUnavailable)
    return `The database does not answer: check DATABASE_URL. ${causeOf(error)}`;
  if (error instanceof KassaError) return error.message;
  if (error instanceof GatewayFailure)
    return `Stripe does not answer as it should (${error.code}): check STRIPE_SECRET_KEY and the network.`;
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken: end the program that uses it, or name another one with PORT or KASSA_SANDBOX_PORT.`;
  }
  if (code === 'EADDRNOTAVAIL' || code === 'EACCES') return `Kassa cannot listen on ${address}:${port} (${code}).`;
  return undefined;
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? `(${error.cause.message})` : '';
}

/** Signals this close to each other, in seconds, are one. */
const SAME_WISH_S = 0.5;

export interface StopSignals {
  /** Resolves with what asked for it: `SIGTERM`, `SIGINT`, or whatever `ask` was told. */
  readonly asked: Promise<string>;
  ask(why: string): void;
}

/**
 * The first SIGTERM or SIGINT asks for a clean stop, the second one ends the process at once. What nobody caught ends
 * it too, with its stack in the log: a shop in an unknown state takes no money, and a restart finds everything again.
 */
export function watchForStop(log: Log): StopSignals {
  let ask: (why: string) => void = () => undefined;
  const asked = new Promise<string>((resolve) => {
    ask = resolve;
  });
  let first_at_s: number | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A terminal and the npm in front of us both pass Ctrl-C on: two signals at once are one wish.
      if (first_at_s !== undefined && process.uptime() - first_at_s > SAME_WISH_S) process.exit(1);
      first_at_s ??= process.uptime();
      ask(signal);
    });
  }
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.error({ err: error, event }, 'nobody caught this error, so the process ends');
      process.exit(EXIT_BUG);
    });
  }
  return { asked, ask };
}

/** A shop whose database is open, while it may run elsewhere: for commands. */
export interface OpenedShop {
  readonly db: Ground['db'];
  /** With the longer limits of workers. */
  readonly worker_db: Ground['db'];
  /** The settings of this very shop, where there are several. */
  readonly settings: Settings;
  /** Undefined while it has never been started. */
  readonly shop: Shop | undefined;
}

/**
 * Opens the database of a shop for one piece of work and closes it again. A shop may run meanwhile: its embedded
 * Postgres is attached to.
 * @throws ConfigError when the configuration names no shop of this key.
 */
export async function atShop<Result>(
  settings: Settings,
  world: World,
  tenant: string,
  work: (shop: OpenedShop) => Promise<Result>,
): Promise<Result> {
  const own = shopNamed(settings, tenant);
  claimFolder(settings.data_folder, settings.mode);
  const ground = await openGround(settings, world, { reads_tables: true });
  try {
    const row = (await listTenants(ground.db)).find(({ key }) => key === tenant);
    const shop = row && { tenant_id: row.id, mode: settings.mode };
    return await work({ db: ground.db, worker_db: ground.worker_db, settings: own, shop });
  } finally {
    await ground.close();
  }
}

/**
 * Opens a shop for one piece of work that may ask Stripe, without selling, and closes it again. With a Stripe key it may
 * run elsewhere meanwhile; a sandbox belongs to one process.
 * @throws ConfigError when the configuration names no shop of this key, or another process has the sandbox.
 */
export async function atCounter<Result>(
  { settings, hooks, world, tenant }: { settings: Settings; hooks: Hooks; world: World; tenant: string },
  work: (house: House) => Promise<Result>,
): Promise<Result> {
  shopNamed(settings, tenant);
  claimFolder(settings.data_folder, settings.mode);
  const options = { version: VERSION, site_folder: null, serve_sandbox: false, run_workers: false };
  const kassa = await createKassa(settings, hooks, world, options);
  try {
    const house = kassa.houses.get(tenant);
    if (house === undefined) throw new ConfigError(`There is no shop ${JSON.stringify(tenant)}.`);
    return await work(house);
  } finally {
    await kassa.stop();
  }
}

/** The settings of one of the shops of an installation. @throws ConfigError naming those that there are. */
export function shopNamed(settings: Settings, tenant: string): Settings {
  const all = [settings, ...settings.tenants];
  const found = all.find((one) => one.tenant.key === tenant);
  if (found) return found;
  const keys = all.map((one) => one.tenant.key);
  throw new ConfigError(
    `There is no shop ${JSON.stringify(tenant)}; there ${keys.length === 1 ? 'is' : 'are'} ${keys.join(', ')}.`,
  );
}

/** Reads how the payments of one shop went. @throws ConfigError when there is no shop of this key. */
export async function reportOnly(
  settings: Settings,
  world: World,
  { tenant, ...period }: Period & { readonly tenant: string },
): Promise<CurrencyMetrics[]> {
  return atShop(settings, world, tenant, async ({ db, shop }) => (shop ? readMetrics(db, shop, period) : []));
}

/**
 * A token for a buyer of one's own invention, as the shop's sign-in would make it: for development alone.
 * @throws ConfigError in live mode, and where somebody else signs tokens.
 */
export function developmentToken(
  settings: Settings,
  world: World,
  { lasts_s, ...buyer }: { readonly user_id: string; readonly email: string | null; readonly lasts_s: number },
): string {
  if (settings.mode === 'live') {
    throw new ConfigError('STRIPE_SECRET_KEY is live: there, buyers sign in at the shop and nowhere else.');
  }
  if (settings.auth.kind === 'jwks') {
    throw new ConfigError('KASSA_AUTH_JWKS_URL says who signs tokens: ask there for one.');
  }
  const { auth_secret } = secretsOf(settings, world);
  if (auth_secret === null) throw new ConfigError('KASSA_AUTH_SECRET is not set: without it no token is taken.');
  const { issuer, audience } = settings.auth;
  const expires_s = Math.floor(world.clock.now().getTime() / 1_000) + lasts_s;
  return signBuyerToken({ ...buyer, issuer, audience, expires_s }, auth_secret);
}

/** Opens the database, brings its schema up to date (or tells what that would take), and closes it again. */
export async function migrateOnly(settings: Settings, world: World, dry_run: boolean): Promise<MigrationReport> {
  claimFolder(settings.data_folder, settings.mode);
  const ground = await openGround(settings, world, { dry_run });
  await ground.close();
  return ground.migrated;
}
