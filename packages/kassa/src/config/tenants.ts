import { ConfigError, nearestHint } from './config-error.ts';
import type { Environment } from './environment/variables.ts';
import type { Settings } from './settings.ts';
import type { ParsedConfig, ParsedCoupon, ParsedTenant } from './written/schema.ts';

/** What is each tenant's own: read under its name with the tenant's behind it, such as `STRIPE_SECRET_KEY__OTHER`. */
const OWN_VARIABLES = [
  'STRIPE_SECRET_KEY',
  'STRIPE_PUBLISHABLE_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'FRONTEND_URL',
  'KASSA_AUTH_SECRET',
  'KASSA_AUTH_JWKS_URL',
] as const;
const OWN_NAMES = new RegExp(`\\b(${OWN_VARIABLES.join('|')})\\b`, 'g');

const suffixOf = (tenant: string): string => `__${tenant.toUpperCase()}`;

/** The environment as this tenant sees it: nothing of what is another's own, not even as a default. */
export function tenantEnvironment(environment: Environment, tenant: string): Environment {
  const own = OWN_VARIABLES.map((name) => [name, environment[name + suffixOf(tenant)]] as const);
  return { ...environment, ...Object.fromEntries(own) };
}

/** Every variable that only tenants have. */
export function tenantVariables(tenants: readonly string[]): string[] {
  return tenants.flatMap((tenant) => OWN_VARIABLES.map((name) => name + suffixOf(tenant)));
}

/** Sentences about a tenant's variables of which there is no tenant; most often a letter is wrong. */
export function strayVariables(environment: Environment, tenants: readonly string[]): string[] {
  const known = tenantVariables(tenants);
  return Object.keys(environment)
    .filter((name) => OWN_VARIABLES.some((own) => name.startsWith(`${own}__`)) && !known.includes(name))
    .sort()
    .map((name) => `${name} is set, but there is no such tenant${nearestHint(name, known) || '.'}`);
}

/** Speaks of a tenant's settings by the names under which they are written. */
export function namedFor(tenant: string, sentence: string): string {
  return `tenants.${tenant}: ${sentence.replaceAll(OWN_NAMES, (name) => name + suffixOf(tenant))}`;
}

/**
 * The configuration as if this tenant were the only shop: what it sells of the catalogue, under its own name, with what
 * it says of contracts and sign-in. Ids that the file fixes stay with the default tenant, because an id is one row.
 * @throws ConfigError for products that are not there, and for prices at Stripe that are another account's.
 */
export function tenantConfig(config: ParsedConfig, key: string, { sandbox }: { sandbox: boolean }): ParsedConfig {
  const tenant = config.tenants[key];
  if (tenant === undefined) throw new ConfigError(`tenants has no ${key}.`);
  const { name = config.seller.name, email = config.seller.email } = tenant;
  const catalog = catalogOf(config, tenant, sandbox);
  return {
    ...config,
    seller: { ...config.seller, name, email },
    catalog,
    coupons: couponsOf(config, catalog),
    contracts: contractsOf(config, tenant, catalog),
    hosts: tenant.hosts,
    auth: tenant.auth,
    origins: tenant.origins ?? [],
    stripe: {},
    tenants: {},
  };
}

function catalogOf(config: ParsedConfig, tenant: ParsedTenant, sandbox: boolean): ParsedConfig['catalog'] {
  const sold = tenant.products ?? Object.keys(config.catalog);
  for (const key of [...sold, ...Object.keys(tenant.stripePrices)]) {
    if (Object.hasOwn(config.catalog, key)) continue;
    throw new ConfigError(`the catalogue has no "${key}"${nearestHint(key, Object.keys(config.catalog)) || '.'}`);
  }
  const entries = Object.entries(config.catalog).filter(([key]) => sold.includes(key));
  return Object.fromEntries(
    entries.map(([key, { id: _, stripePrice, ...offer }]) => {
      const own = tenant.stripePrices[key] ?? (sandbox ? stripePrice : undefined);
      if (stripePrice !== undefined && own === undefined) {
        throw new ConfigError(
          `catalog.${key}.stripePrice is a price of another Stripe account: give this one's as stripePrices.${key}.`,
        );
      }
      return [key, own === undefined ? offer : { ...offer, stripePrice: own }];
    }),
  );
}

/** A coupon for products of which this tenant sells none is none of this tenant's. */
function couponsOf(config: ParsedConfig, catalog: ParsedConfig['catalog']): ParsedConfig['coupons'] {
  const kept = Object.entries(config.coupons).flatMap(([code, coupon]): [string, ParsedCoupon][] => {
    const only = coupon.only?.filter((key) => Object.hasOwn(catalog, key));
    return only?.length === 0 ? [] : [[code, only === undefined ? coupon : { ...coupon, only }]];
  });
  return Object.fromEntries(kept);
}

/** What the tenant says of a contract counts; of the rest, products that it does not sell are no default of its own. */
function contractsOf(
  config: ParsedConfig,
  tenant: ParsedTenant,
  catalog: ParsedConfig['catalog'],
): ParsedConfig['contracts'] {
  const shared = Object.entries(config.contracts).map(([name, settings]) => {
    if (!settings) return [name, settings];
    const kept = Object.entries(settings).filter(
      ([setting, value]) => !/product$/i.test(setting) || (typeof value === 'string' && Object.hasOwn(catalog, value)),
    );
    return [name, Object.fromEntries(kept)];
  });
  return { ...Object.fromEntries(shared), ...tenant.contracts } as ParsedConfig['contracts'];
}

/**
 * What no two tenants may share: a host, a Stripe account, a webhook secret. And all are of one mode, because they share
 * a database.
 * @throws ConfigError
 */
export function checkTenants(own: Settings, tenants: readonly Settings[]): void {
  for (const { tenant, stripe, mode } of tenants) {
    const name = `STRIPE_SECRET_KEY${suffixOf(tenant.key)}`;
    if (own.stripe.kind === 'sandbox' && stripe.kind === 'stripe') {
      throw new ConfigError(`${name} is set and STRIPE_SECRET_KEY is not: set both, or neither for the sandbox.`);
    }
    if (own.stripe.kind === 'stripe' && stripe.kind === 'sandbox') {
      throw new ConfigError(`${name} is not set: every tenant has a Stripe account of its own.`);
    }
    if (mode !== own.mode)
      throw new ConfigError(`${name} is of ${mode} mode and STRIPE_SECRET_KEY of ${own.mode} mode.`);
  }
  const all = [own, ...tenants];
  once(all, 'host', ({ tenant }) => tenant.hosts);
  once(all, 'Stripe account', ({ stripe }) => (stripe.kind === 'stripe' ? [stripe.secret_key] : []));
  once(all, 'webhook secret', ({ webhook_secrets }) => webhook_secrets);
}

/** No sentence repeats a secret. */
function once(shops: readonly Settings[], what: string, valuesOf: (shop: Settings) => readonly string[]): void {
  const seen = new Map<string, string>();
  for (const shop of shops) {
    for (const value of valuesOf(shop)) {
      const before = seen.get(value);
      if (before !== undefined) {
        throw new ConfigError(`The tenants ${before} and ${shop.tenant.key} have one ${what}: each needs its own.`);
      }
      seen.set(value, shop.tenant.key);
    }
  }
}
