import { join } from 'node:path';
import type { createSandbox, Sandbox } from '@kassa/sandbox';
import { ConfigError, type OfferSettings, type Settings } from './config.ts';
import type { World } from './house-of.ts';
import type { Http } from './kernel/http.ts';
import { hashOf } from './kernel/ids.ts';

/** What stands in for Stripe while there is no key. */
export interface StandIn {
  readonly sandbox: Sandbox;
  /** The key of a shop's own account, by the shop's key in the configuration. */
  secretKeyOf(tenant: string): string;
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
  /** Takes the webhooks that are meant for these shops. */
  readonly deliver: (request: Request) => Promise<Response>;
}

/** A shop that has an account in the sandbox, and what signs the events of that account. */
export interface SandboxAccount {
  readonly shop: Settings;
  readonly webhook_secret: string;
}

/** Where the sandbox sends events. Nobody resolves the name: `deliver` takes these requests in process. */
const OWN_WEBHOOK = 'http://127.0.0.1/payments/webhook';

/**
 * Starts the sandbox on its file in the data folder, so that a restart keeps its objects and our orders consistent, and
 * brings the catalogue's Stripe prices into it.
 * @throws the error of node:net, such as `EADDRINUSE`, when its port cannot be had.
 */
export async function openStandIn(
  accounts: readonly SandboxAccount[],
  world: World,
  options: StandInOptions,
): Promise<StandIn> {
  const [first] = accounts;
  if (first === undefined) throw new Error('a sandbox stands in for one shop at least');
  const settings = first.shop;
  const asked_port = settings.stripe.kind === 'sandbox' ? settings.stripe.port : 0;
  const { clock, log } = world;
  // A shop with a key of Stripe's never reads these files, which are a tenth of its memory.
  const { createSandbox, serveSandbox } = await import('@kassa/sandbox');
  const sandbox = open(createSandbox, {
    store: join(settings.data_folder, 'sandbox.sqlite'),
    clock: { now: () => clock.now().getTime(), sleep: (ms) => clock.sleep(ms) },
    ...(options.serve ? {} : { publicUrl: `http://127.0.0.1:${asked_port}` }),
    sellerName: settings.seller.name,
    webhooks: accounts.map(({ shop, webhook_secret }) => {
      const account = accountOf(shop.tenant.key);
      return { url: OWN_WEBHOOK, secret: webhook_secret, ...(account === null ? {} : { account }) };
    }),
    deliver: (request) => (request.url === OWN_WEBHOOK ? options.deliver(request) : world.http(request)),
    retryProfile: 'dev',
    // The panel can turn the sandbox's clock; our own check of a signature's age goes by the real one.
    signWith: options.serve ? 'wall' : 'clock',
    asyncDelayMs: 3_000,
    log: (line) => log.debug(line, 'sandbox call'),
  });
  try {
    for (const { shop } of accounts) await bringPrices(sandbox, shop);
    const served = options.serve ? await serveSandbox(sandbox, { port: asked_port }) : null;
    return {
      sandbox,
      secretKeyOf: (tenant) => secretKeyOf(sandbox, tenant),
      port: served?.port ?? asked_port,
      http: async (request, leaving) => {
        leaving?.();
        return sandbox.fetch(request);
      },
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
function open(create: typeof createSandbox, options: Parameters<typeof createSandbox>[0]): Sandbox {
  try {
    return create(options);
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), error);
  }
}

/**
 * The account of a shop in the sandbox; null for the one that is always there, which is the first shop's. Names of
 * accounts are letters and digits, so what does not fit is told apart by its hash.
 */
function accountOf(tenant: string): string | null {
  if (tenant === 'default') return null;
  const fits = /^[a-z0-9]{1,32}$/.test(tenant) && tenant !== 'sandbox';
  return `acct_${fits ? tenant : tenant.replaceAll('_', '').slice(0, 20) + hashOf(tenant).slice(0, 8)}`;
}

/** A key names the account that it opens. */
function secretKeyOf({ keys }: Sandbox, tenant: string): string {
  const account = accountOf(tenant);
  return account === null ? keys.secret : keys.secret.replace('sk_test_sandbox_', `sk_test_sandbox_${account}_`);
}

/** A key with which a command opens a shop's account in a sandbox that runs elsewhere; it takes any of this form. */
export function commandKeyOf(tenant: string): string {
  const account = accountOf(tenant);
  return account === null ? 'sk_test_sandbox_command' : `sk_test_sandbox_${account}_command`;
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

async function bringPrices(sandbox: Sandbox, { offers, tenant }: Settings): Promise<void> {
  const prices = offers.flatMap(pricesAtStripe);
  const account = accountOf(tenant.key);
  await sandbox.control.seed({ prices, ...(account === null ? {} : { account }) });
  for (const price of prices) await refuseChanged(sandbox, tenant.key, price);
}

/**
 * A price at Stripe never changes its amount, and neither does one in the sandbox's file: sold under the old amount and
 * expected at the new one, each order would end before a person.
 * @throws ConfigError saying both amounts.
 */
async function refuseChanged(sandbox: Sandbox, tenant: string, price: SeededPrice): Promise<void> {
  const headers = { Authorization: `Bearer ${secretKeyOf(sandbox, tenant)}` };
  const answer = await sandbox.fetch(new Request(`http://127.0.0.1/v1/prices/${price.id}`, { headers }));
  const kept = (await answer.json()) as { unit_amount?: number; currency?: string };
  if (kept.unit_amount === price.unit_amount && kept.currency === price.currency) return;
  throw new ConfigError(
    `${price.id} costs ${kept.unit_amount} ${kept.currency} (minor units) in the sandbox and ${price.unit_amount} ` +
      `${price.currency} in kassa.config.ts. Prices at Stripe never change: give the new price an id of its own.`,
  );
}
