import type { Settings } from './config.ts';
import type { Gateway } from './domain/payments/index.ts';
import { keptSecret } from './ground.ts';
import type { World } from './house-of.ts';
import type { StripeJs } from './http/house.ts';
import type { HttpApp } from './http/server.ts';
import { commandKeyOf, openStandIn, type StandIn } from './stand-in.ts';
import { type BudgetRates, LIVE_RATES, TEST_RATES } from './stripe/budget.ts';
import { API_VERSION } from './stripe/client.ts';
import { createGateway } from './stripe/gateway.ts';

/** Stripe.js of the same release train as the version that the server speaks (docs.stripe.com/sdks/stripejs-versioning). */
const STRIPE_JS = `https://js.stripe.com/${API_VERSION.split('.')[1]}/stripe.js`;

/** The doors to Stripe, one for each shop of the installation, and what stands in for Stripe while there is no key. */
export interface Doors {
  readonly stand_in: StandIn | null;
  gatewayOf(shop: Settings): Gateway;
  /** What the shop's pages need to show a form of Stripe's; null without a publishable key, or when nothing listens. */
  stripeJsOf(shop: Settings): StripeJs | null;
  /** Says who takes the stand-in's webhooks. Until then they are told to come again. */
  deliverTo(http: HttpApp): void;
}

/**
 * Opens a door for each shop: its own Stripe account, its own webhook secrets, its own budget of calls. Without keys all
 * of them lead to one sandbox, where each has an account of its own too.
 * @throws what `openStandIn` throws.
 */
export async function openDoors(
  shops: readonly Settings[],
  world: World,
  { serve, stripe_rates }: { readonly serve: boolean; readonly stripe_rates?: BudgetRates | undefined },
): Promise<Doors> {
  let receiver: HttpApp | undefined;
  const deliver = async (request: Request): Promise<Response> =>
    receiver
      ? receiver.fetch(request, { ip: '127.0.0.1' })
      : new Response('the shop is still starting', { status: 503 });
  const pretended = shops.filter((shop) => shop.stripe.kind === 'sandbox');
  const accounts = pretended.map((shop) => ({ shop, webhook_secret: sandboxSecret(shop, world) }));
  const stand_in = accounts.length > 0 ? await openStandIn(accounts, world, { serve, deliver }) : null;
  const doors = new Map(shops.map((shop) => [shop.tenant.key, doorOf(shop, world, { stand_in, stripe_rates })]));
  return {
    stand_in,
    gatewayOf(shop) {
      const gateway = doors.get(shop.tenant.key);
      if (gateway === undefined) throw new Error(`no door was opened for ${shop.tenant.key}`);
      return gateway;
    },
    stripeJsOf(shop) {
      if (shop.stripe.kind === 'sandbox') {
        const url = stand_in?.url ?? null;
        const publishable_key = stand_in?.sandbox.keys.publishable ?? '';
        return url === null ? null : { script: `${url}/sandbox/stripe.js`, publishable_key };
      }
      const { publishable_key } = shop.stripe;
      return publishable_key === null ? null : { script: STRIPE_JS, publishable_key };
    },
    deliverTo(http) {
      receiver = http;
    },
  };
}

interface Way {
  readonly stand_in: StandIn | null;
  readonly stripe_rates: BudgetRates | undefined;
}

/** A door for one command. */
export interface Door {
  readonly gateway: Gateway;
  close(): Promise<void>;
}

/**
 * Opens the door of one shop to Stripe or, without a key, to the sandbox: the one that runs at `sandbox_url`, else the
 * shop's own file, which has one reader at a time.
 * @throws what `openStandIn` throws.
 */
export async function openDoor(
  shop: Settings,
  shops: readonly Settings[],
  world: World,
  sandbox_url: string | null,
): Promise<Door> {
  const close = async (): Promise<void> => undefined;
  if (shop.stripe.kind === 'stripe')
    return { gateway: doorOf(shop, world, { stand_in: null, stripe_rates: undefined }), close };
  if (sandbox_url === null) {
    const doors = await openDoors(shops, world, { serve: false });
    return { gateway: doors.gatewayOf(shop), close: async () => doors.stand_in?.close() };
  }
  const { hostname, port } = new URL(sandbox_url);
  const address = { secret_key: commandKeyOf(shop.tenant.key), host: hostname, port: Number(port) };
  const { clock, random, log, http } = world;
  const webhook_secrets = [sandboxSecret(shop, world)];
  return { gateway: createGateway({ clock, random, log, http, rates: TEST_RATES, address, webhook_secrets }), close };
}

function doorOf(shop: Settings, world: World, { stand_in, stripe_rates }: Way): Gateway {
  const { clock, random, log } = world;
  const rates = stripe_rates ?? (shop.mode === 'live' ? LIVE_RATES : TEST_RATES);
  const ways = { clock, random, log, rates };
  if (shop.stripe.kind === 'stripe') {
    const { secret_key } = shop.stripe;
    return createGateway({ ...ways, http: world.http, address: { secret_key }, webhook_secrets: shop.webhook_secrets });
  }
  if (stand_in === null) throw new Error('without a key there is a sandbox');
  const address = { secret_key: stand_in.secretKeyOf(shop.tenant.key), host: '127.0.0.1', port: stand_in.port };
  const webhook_secrets = [...shop.webhook_secrets, sandboxSecret(shop, world)];
  return createGateway({ ...ways, http: stand_in.http, address, webhook_secrets });
}

/** What the sandbox signs this shop's events with: made once and kept. */
function sandboxSecret(shop: Settings, world: World): string {
  const { key } = shop.tenant;
  return keptSecret(shop, world, { name: key === 'default' ? 'webhook' : `webhook-${key}`, prefix: 'whsec_' });
}
