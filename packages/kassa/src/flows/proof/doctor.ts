import { readDurability } from '../../database/index.ts';
import { type EndpointReport, GatewayFailure } from '../../domain/payments/index.ts';
import { openBreaks, readHealth } from '../../domain/proof/index.ts';
import type { Http } from '../../kernel/http.ts';
import type { House } from '../house.ts';

/** One line of the examination. */
export interface Examined {
  readonly id: string;
  /** `bad` must be mended before money is taken; `warn` may be meant so. */
  readonly level: 'ok' | 'warn' | 'bad';
  readonly sentence: string;
  /** What to do; null where nothing is wrong. */
  readonly fix: string | null;
}

/** How the shop is set up, as its settings say. */
export interface SetUp {
  readonly behind: 'sandbox' | 'stripe';
  readonly is_restricted_key: boolean;
  readonly webhook_secrets: number;
  readonly origins: readonly string[];
  readonly on_sale: number;
  readonly hooks: readonly string[];
  readonly mails_leave: boolean;
  readonly embedded_database: boolean;
  readonly types: readonly string[];
  readonly http: Http;
}

const SKEW_MAX_MS = 2_000;
const POSTGRES_MIN = 150_000;
const RECONCILED_MAX_MS = 600_000;
const FORGOTTEN_MAX_MS = 2 * 24 * 60 * 60_000;
/** What Stripe's deliveries meet: a path that answers them, as all contracts' webhook paths do. */
const PATHS = ['/payments/webhook', '/webhook'];

/**
 * Looks whether money can be taken and webhooks arrive: the key, the endpoint at Stripe with its version, its events and
 * its address, the secret, the clocks, the database, what is sold, and what has been left undone. Reads only; the one
 * thing that it sends is an unsigned ping to the shop's own endpoint, which has to be refused.
 */
export async function doctor(house: House, set_up: SetUp): Promise<Examined[]> {
  const lines = [...(await examineDatabase(house, set_up)), ...(await examineStripe(house, set_up))];
  return [...lines, ...examineShop(house, set_up), ...(await examineWork(house))];
}

const ok = (id: string, sentence: string): Examined => ({ id, level: 'ok', sentence, fix: null });
const bad = (id: string, sentence: string, fix: string): Examined => ({ id, level: 'bad', sentence, fix });
const warn = (id: string, sentence: string, fix: string): Examined => ({ id, level: 'warn', sentence, fix });

async function examineDatabase({ db, clock, shop }: House, { embedded_database }: SetUp): Promise<Examined[]> {
  const { durable, clock_is_set, version } = await readDurability(db);
  const { database_now } = await readHealth(db, shop);
  const skew_ms = Math.abs(database_now.getTime() - clock.now().getTime());
  const name = `Postgres ${Math.floor(version / 10_000)}`;
  return [
    version >= POSTGRES_MIN
      ? ok('postgres', `${name}${embedded_database ? ', embedded' : ''}`)
      : bad('postgres', `${name} is too old`, 'use Postgres 15 or newer'),
    durable
      ? ok('durable', 'what is committed survives a power cut')
      : bad('durable', 'the database forgets in a power cut', 'set fsync, full_page_writes and synchronous_commit on'),
    clock_is_set
      ? bad('database_clock', 'kassa.clock is set, which is for tests', 'alter database … reset "kassa.clock"')
      : skew_ms <= SKEW_MAX_MS
        ? ok('database_clock', `the database’s clock is ${skew_ms} ms from ours`)
        : warn('database_clock', `the database’s clock is ${skew_ms} ms from ours`, 'run a time service on both'),
  ];
}

async function examineStripe(house: House, set_up: SetUp): Promise<Examined[]> {
  const { gateway, shop } = house;
  try {
    await gateway.readBalance('unblock');
  } catch (error) {
    if (!(error instanceof GatewayFailure)) throw error;
    return [
      bad('key', `Stripe does not take the key (${error.code})`, 'check STRIPE_SECRET_KEY in Stripe’s dashboard'),
    ];
  }
  if (set_up.behind === 'sandbox') {
    const fix = 'set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET to take real payments';
    return [warn('key', 'the sandbox stands in for Stripe, and delivers its webhooks in this process', fix)];
  }
  const key = set_up.is_restricted_key
    ? ok('key', `a restricted ${shop.mode} key, and Stripe takes it`)
    : warn('key', `a ${shop.mode} key that may do everything`, 'make a restricted key (docs.stripe.com/keys)');
  return [key, ...(await examineEndpoint(house, set_up))];
}

async function examineEndpoint({ gateway, shop }: House, set_up: SetUp): Promise<Examined[]> {
  const secret =
    set_up.webhook_secrets > 0
      ? [ok('webhook_secret', `${set_up.webhook_secrets} webhook secret, as whsec_…`)]
      : [
          warn(
            'webhook_secret',
            'no webhook secret: Stripe is asked for events every few seconds instead',
            'make an endpoint at Stripe and set STRIPE_WEBHOOK_SECRET',
          ),
        ];
  const all = await gateway.listEndpoints();
  const ours = all.filter(({ url }) => PATHS.some((path) => new URL(url).pathname.endsWith(path)));
  const [endpoint] = ours.filter(({ url }) => set_up.origins.includes(new URL(url).origin)).concat(ours);
  if (!endpoint) {
    const level = set_up.webhook_secrets > 0 || shop.mode === 'live' ? bad : warn;
    return [...secret, level('endpoint', 'Stripe has no endpoint of this shop', `add one for …${PATHS[0]}`)];
  }
  return [...secret, ...stateOf(endpoint, set_up, gateway.api_version), await reached(endpoint, set_up)];
}

function stateOf({ url, is_enabled, api_version, types }: EndpointReport, set_up: SetUp, wanted: string): Examined[] {
  const missing = types.includes('*') ? [] : set_up.types.filter((type) => !types.includes(type));
  return [
    is_enabled
      ? ok('endpoint', `${url} is switched on`)
      : bad('endpoint', `${url} is switched off at Stripe`, 'mend what it answers, then switch it on in the dashboard'),
    api_version === wanted
      ? ok('endpoint_version', `its events speak ${wanted}`)
      : warn(
          'endpoint_version',
          `its events speak ${api_version ?? 'the account’s default'}, so each is read again`,
          `make a new endpoint with api_version ${wanted}`,
        ),
    missing.length === 0
      ? ok('endpoint_events', `it sends all ${set_up.types.length} types of events`)
      : bad('endpoint_events', `it does not send ${missing.join(', ')}`, 'add these types in the dashboard'),
  ];
}

/** Nobody signed this ping, so the shop has to answer 400; Stripe follows no redirect and counts it as a failure. */
async function reached({ url }: EndpointReport, { http }: SetUp): Promise<Examined> {
  try {
    const { status } = await http(new Request(url, { method: 'POST', body: '{}' }));
    if (status === 400) return ok('endpoint_reached', `${url} answers, and refuses what Stripe did not sign`);
    if (status === 503) return bad('endpoint_reached', `${url} has no secret`, 'set STRIPE_WEBHOOK_SECRET and restart');
    if (status >= 300 && status < 400)
      return bad('endpoint_reached', `${url} redirects (${status})`, 'give Stripe the address that it leads to');
    return bad(
      'endpoint_reached',
      `${url} answers ${status}`,
      'give Stripe the address of this shop’s /payments/webhook',
    );
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return bad('endpoint_reached', `${url} cannot be reached from here`, 'check name, certificate and firewall');
  }
}

function examineShop({ shop }: House, set_up: SetUp): Examined[] {
  const open = set_up.origins.filter((origin) => !origin.startsWith('https:'));
  const live = shop.mode === 'live';
  return [
    set_up.on_sale > 0
      ? ok('catalogue', `${set_up.on_sale} offers with prices that Stripe can charge`)
      : bad('catalogue', 'nothing is on sale', 'add an offer to the catalog of kassa.config.ts'),
    open.length === 0
      ? ok('https', 'every page is served by https')
      : (live ? bad : warn)('https', `${open.join(', ')} without https`, 'set FRONTEND_URL to the https address'),
    set_up.hooks.length > 0
      ? ok('hooks', `kassa.hooks.ts hears ${set_up.hooks.join(', ')}`)
      : warn('hooks', 'no hook: a sale is a mail and a row', 'see docs/hooks.md'),
    set_up.mails_leave
      ? ok('mail', 'mails leave by SMTP')
      : (live ? bad : warn)('mail', 'mails are caught and reach nobody', 'set SMTP_URL'),
  ];
}

async function examineWork({ db, shop, clock }: House): Promise<Examined[]> {
  const { last_webhook_at, reconciled_at, bodies_forgotten_at, parked } = await readHealth(db, shop);
  const late = reconciled_at === null || clock.now().getTime() - reconciled_at.getTime() > RECONCILED_MAX_MS;
  const open = await openBreaks(db, shop, 1_000);
  return [
    last_webhook_at === null
      ? warn('last_event', 'no webhook has ever arrived', 'buy something, and look at the deliveries at Stripe')
      : ok('last_event', `the last webhook arrived at ${last_webhook_at.toISOString()}`),
    late
      ? warn('reconciled', 'nothing was compared with Stripe in the last ten minutes', 'is the shop running?')
      : ok('reconciled', `compared with Stripe at ${reconciled_at.toISOString()}`),
    bodies_forgotten_at === null || clock.now().getTime() - bodies_forgotten_at.getTime() > FORGOTTEN_MAX_MS
      ? warn('retention', 'the texts of old events are not let go', 'is the shop running? else kassa retention')
      : ok('retention', `the texts of old events were let go at ${bodies_forgotten_at.toISOString()}`),
    parked === 0
      ? ok('parked', 'nothing gave up')
      : bad('parked', `${parked} events or deliveries gave up`, 'kassa replay'),
    open.length === 0
      ? ok('breaks', 'nothing at Stripe is unexplained')
      : bad('breaks', `${open.length} unexplained: ${open[0]?.stripe_object_id}`, 'kassa verify'),
  ];
}
