import { resolve } from 'node:path';
import { ConfigError } from './config/config-error.ts';
import { readFrontend } from './config/environment/frontend.ts';
import { readKeys, type StripeKeys } from './config/environment/keys.ts';
import {
  readAuth,
  readDatabase,
  readLogLevel,
  readNotify,
  readPrepared,
  readProxyHops,
  readWorkflows,
} from './config/environment/places.ts';
import {
  type Environment,
  isLoopback,
  portFrom,
  readSurroundings,
  type Surroundings,
  unreadVariables,
} from './config/environment/variables.ts';
import { readOffers, readPractitioners } from './config/offers.ts';
import type { AuthSettings, Settings, StripeSettings } from './config/settings.ts';
import { readContracts, readCoupons, readTaxRates } from './config/shop.ts';
import { checkTenants, namedFor, strayVariables, tenantConfig, tenantEnvironment } from './config/tenants.ts';
import { type ParsedConfig, WrittenConfig } from './config/written/schema.ts';
import { sentencesOf } from './config/written/sentences.ts';
import type { KassaConfig } from './config/written/types.ts';

export { ConfigError } from './config/config-error.ts';
export type { Environment } from './config/environment/variables.ts';
export type * from './config/hooks.ts';
export { claimFolder, type LoadedConfig, loadConfig } from './config/load.ts';
export type * from './config/settings.ts';
export type { KassaConfig } from './config/written/types.ts';

const PORT_DEFAULT = 4242;
const SANDBOX_PORT_DEFAULT = 4243;

export interface ReadOptions {
  /** Where relative paths begin: the working directory of the program. */
  readonly folder: string;
  /** The port that was really taken, when it is not the one that was asked for. */
  readonly port?: number;
  /** The name under which sentences speak of the configuration. */
  readonly file?: string;
}

/**
 * `kassa.config.ts` and the environment, checked against each other and turned into what the program runs on. Pure:
 * the same input gives the same settings, and the environment is a parameter.
 * @throws ConfigError with a sentence for everything that would be unsafe or that nobody can have meant.
 */
export function readSettings(written: KassaConfig, environment: Environment, options: ReadOptions): Settings {
  const file = options.file ?? 'kassa.config.ts';
  const config = inFile(file, () => parse(written));
  const own = readShop(config, environment, { ...options, tenant: { key: 'default', hosts: config.hosts } });
  const sandbox = own.stripe.kind === 'sandbox';
  const keys = Object.keys(config.tenants);
  const tenants = keys.map((key) => inTenant(key, () => readTenant(config, environment, { ...options, key, sandbox })));
  checkTenants(own, tenants);
  const notices = [
    ...own.notices,
    ...tenants.flatMap((tenant) => tenant.notices),
    ...unreadVariables(environment),
    ...strayVariables(environment, keys),
  ];
  return frozen({ ...own, tenants, notices });
}

function readTenant(
  config: ParsedConfig,
  environment: Environment,
  options: ReadOptions & { readonly key: string; readonly sandbox: boolean },
): Settings {
  const { key, file = 'kassa.config.ts' } = options;
  const hosts = config.tenants[key]?.hosts ?? [];
  const as_if_alone = inFile(file, () => tenantConfig(config, key, options));
  const settings = readShop(as_if_alone, tenantEnvironment(environment, key), { ...options, tenant: { key, hosts } });
  // What is said of the whole installation was said already.
  const notices = settings.notices.map((notice) => namedFor(key, notice)).filter((notice) => notice.includes('__'));
  return { ...settings, notices };
}

/** One shop of the installation, as if there were no other. */
function readShop(
  config: ParsedConfig,
  environment: Environment,
  options: ReadOptions & Pick<Settings, 'tenant'>,
): Settings {
  const { tenant, file = 'kassa.config.ts' } = options;
  const found = readSurroundings(environment);
  const production = found.NODE_ENV === 'production';
  const keys = readKeys(config.stripe, found, environment);
  const stripe = readStripe(keys, found, production);
  const asked_port = portFrom('PORT', found, PORT_DEFAULT);
  const port = options.port ?? asked_port;
  if (stripe.kind === 'sandbox' && asked_port !== 0 && stripe.port === asked_port) {
    throw new ConfigError('PORT and KASSA_SANDBOX_PORT are the same: give the sandbox a port of its own.');
  }
  const host = found.HOST ?? '127.0.0.1';
  // The shop's own hosts are more names for it; another's are all that it has.
  const hosts = tenant.key === 'default' ? [] : tenant.hosts;
  const wanted = { frontend_url: found.FRONTEND_URL, written: config.origins, cors: config.cors, mode: keys.mode };
  const frontend = readFrontend({ ...wanted, port, hosts });
  const auth = readAuth(config, found, keys.mode);
  return {
    tenant,
    tenants: [],
    mode: keys.mode,
    production,
    server: { host, port, port_is_fixed: found.PORT !== undefined, base_path: config.basePath },
    data_folder: resolve(options.folder, found.KASSA_DATA_DIR ?? '.kassa'),
    database_url: readDatabase(config, found, environment, { production, mode: keys.mode }),
    stripe,
    webhook_secrets: keys.webhook_secrets,
    frontend,
    auth,
    notify: readNotify(config, found),
    log_level: readLogLevel(found),
    proxy_hops: readProxyHops(found),
    prepared: readPrepared(found),
    workflows: readWorkflows(config, found),
    seller: { name: config.seller.name, email: config.seller.email, country: config.seller.country ?? null },
    currency: config.currency,
    time_zone: config.timeZone,
    after_refund: config.afterRefund,
    event_bodies_ms: config.keepEvents,
    unexpected_money: {
      without_order: config.unexpectedMoney.withoutOrder,
      second_payment: config.unexpectedMoney.secondPayment,
      other_amount: config.unexpectedMoney.otherAmount,
    },
    ...inFile(file, () => ({
      offers: readOffers(config),
      practitioners: readPractitioners(config),
      tax_rates: readTaxRates(config),
      coupons: readCoupons(config),
      contracts: readContracts(config, { mode: keys.mode, host, frontend }),
    })),
    notices: noticesOf(keys, found, { host, auth }),
  };
}

/** Names whose setting it is that is wrong. */
function inTenant<Result>(key: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      error.sentences.map((sentence) => namedFor(key, sentence)),
      error.cause,
    );
  }
}

function parse(written: unknown): ParsedConfig {
  const parsed = WrittenConfig.safeParse(written, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new ConfigError(sentencesOf(parsed.error.issues));
}

/** Puts the file's name before what is wrong in it. */
function inFile<Result>(file: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      error.sentences.map((sentence) => `${file}: ${sentence}`),
      error.cause,
    );
  }
}

/** The sandbox is what there is without a key; it never meets production or a live key. */
function readStripe(keys: StripeKeys, found: Surroundings, production: boolean): StripeSettings {
  const { secret_key, publishable_key } = keys;
  if (secret_key !== null) {
    if (keys.mode === 'live' && found.KASSA_SANDBOX_PORT !== undefined) {
      throw new ConfigError(
        'KASSA_SANDBOX_PORT is set, but STRIPE_SECRET_KEY is live: the sandbox never meets a live key, so unset it.',
      );
    }
    return { kind: 'stripe', secret_key, publishable_key };
  }
  if (production) {
    throw new ConfigError(
      'STRIPE_SECRET_KEY is not set and NODE_ENV is production, where the sandbox never runs: set your key, or unset ' +
        'NODE_ENV to try Kassa.',
    );
  }
  const port = portFrom('KASSA_SANDBOX_PORT', found, SANDBOX_PORT_DEFAULT);
  return { kind: 'sandbox', port, port_is_fixed: found.KASSA_SANDBOX_PORT !== undefined };
}

function noticesOf(
  keys: StripeKeys,
  found: Surroundings,
  { host, auth }: { host: string; auth: AuthSettings },
): string[] {
  const notices: string[] = [];
  if (keys.secret_key !== null && keys.webhook_secrets.length === 0) {
    notices.push(
      'STRIPE_WEBHOOK_SECRET is not set: webhooks are answered with 503, and payments are found by asking Stripe.',
    );
  }
  if (auth.kind === 'jwks' && auth.audience === null) {
    notices.push('auth.audience is not set: a token that KASSA_AUTH_JWKS_URL signs for somebody else is taken too.');
  }
  if (keys.secret_key !== null && found.KASSA_SANDBOX_PORT !== undefined) {
    notices.push('KASSA_SANDBOX_PORT is set but unused: STRIPE_SECRET_KEY leads to Stripe itself.');
  }
  if (keys.secret_key === null && !isLoopback(host)) {
    notices.push(`The sandbox takes play money, and whoever reaches ${host} can order with it.`);
  }
  return notices;
}

function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
