import type Stripe from 'stripe';
import { handleClient, isClientPath } from './client-routes/client-routes.ts';
import { type Control, controlOf } from './control/control.ts';
import { deliverer } from './delivery/run.ts';
import { reachable } from './delivery/targets.ts';
import { handleApi } from './http/pipeline.ts';
import { router } from './http/router.ts';
import { schemaTools } from './http/tools.ts';
import { type SandboxClock, shiftable } from './kernel/clock.ts';
import { type IdSource, idSource } from './kernel/ids.ts';
import type { RuntimeOptions, SandboxOptions } from './kernel/options.ts';
import { API_ROUTES } from './resources/index.ts';
import { runTimers } from './resources/timers.ts';
import { type Books, readBooks } from './store/books.ts';
import { type Database, openDatabase } from './store/database.ts';
import { pruneJournal } from './store/journal.ts';
import { readSetting, writeSetting } from './store/settings.ts';
import { earliestTimer } from './store/timers.ts';
import { loadState, saveState, type World } from './store/world.ts';
import { randomSeed, strictRun, systemClock } from './system.ts';
import { controlToken } from './web/respond.ts';
import { handleWeb } from './web/web.ts';

/** A local stand-in for Stripe's API. Unofficial, not affiliated with Stripe; no money ever moves. */
export interface Sandbox {
  /** Answers any request: the API, the pages, the control calls. Listens to nothing. */
  fetch(request: Request): Promise<Response>;
  clock: SandboxClock;
  ids: IdSource;
  /** The private books, as they are now. */
  books(): Books;
  control: Control;
  keys: { secret: string; publishable: string };
  /** What control calls over a port have to show in `X-Sandbox-Token`. */
  controlToken: string;
  /** Runs due timers and due deliveries. Answers how many. */
  tick(): Promise<number>;
  /** Ticks until nothing is due any more. */
  drain(): Promise<number>;
  /** When there is something to do next, in milliseconds of the sandbox's clock. */
  nextDueAt(): number | undefined;
  /** A ready official client that talks to this sandbox in this process. */
  stripe(client: typeof Stripe): Stripe;
  httpClient(client: typeof Stripe): ReturnType<typeof Stripe.createFetchHttpClient>;
  close(): Promise<void>;
  world: World;
}

const DAY_MS = 86_400_000;
const ALLOWED_IN_PRODUCTION = 'I know this takes no real money';

function refuseDangers(options: SandboxOptions): void {
  if (process.env.NODE_ENV === 'production' && options.allowProduction !== ALLOWED_IN_PRODUCTION) {
    throw new Error(
      `The sandbox takes no real money, so it does not start with NODE_ENV=production. To do it all the same, pass ` +
        `allowProduction: '${ALLOWED_IN_PRODUCTION}'.`,
    );
  }
  if (/\b[srp]k_live_/.test(JSON.stringify(options))) {
    throw new Error('A live key was given to the sandbox. It was not kept. Use keys that begin with sk_test_.');
  }
  for (const { url } of options.deliver ? [] : (options.webhooks ?? [])) {
    if (reachable(url, options.allowHosts ?? [])) continue;
    throw new Error(`Webhooks of the sandbox stay on this machine: name the host of ${url} in allowHosts.`);
  }
}

function seedFor(database: Database, given: string | undefined): string {
  const stored = readSetting(database, 'seed');
  if (stored !== undefined) return stored;
  const seed = given ?? (database.inMemory ? 'sandbox' : randomSeed());
  if (!database.inMemory) writeSetting(database, 'seed', seed);
  return seed;
}

/** Kept beside a file, so that a page that is open over a restart can still be paid. */
function secretFor(database: Database): string {
  const secret = readSetting(database, 'secret') ?? randomSeed();
  if (!database.inMemory) writeSetting(database, 'secret', secret);
  return secret;
}

function runtimeFrom(options: SandboxOptions, virtual: boolean): RuntimeOptions {
  return {
    hold_redirect_ms: 0,
    webhook_wait: true,
    async_delay_ms: options.asyncDelayMs ?? (virtual ? 2 * DAY_MS : 3000),
    dispute_delay_ms: options.disputeDelayMs ?? (virtual ? DAY_MS : 0),
    refund_delay_ms: options.refundDelayMs ?? (virtual ? DAY_MS : 3000),
    search_lag_ms: options.searchLagMs ?? (virtual ? 60_000 : 0),
    require_own_keys: false,
  };
}

function openWorld(options: SandboxOptions): World {
  const database = openDatabase(options.store ?? ':memory:');
  const base = options.clock ?? systemClock();
  const virtual = 'set' in base;
  const world: World = {
    database,
    clock: shiftable(base),
    ids: idSource(seedFor(database, options.seed)),
    options,
    publicUrl: (options.publicUrl ?? 'http://127.0.0.1:4243').replace(/\/+$/, ''),
    secret: secretFor(database),
    retryProfile: options.retryProfile ?? (virtual ? 'stripe-test' : 'dev'),
    runtime: runtimeFrom(options, virtual),
    chaos: undefined,
    limiter: undefined,
    recentCalls: new Map(),
    calls: 0,
    seq: 0,
    targets: undefined,
    optionTargets: options.webhooks ?? [],
    listeners: new Map(),
    cliSessions: new Map(),
    watchers: new Set(),
    socketUrl: '',
    served: false,
    log: options.log ?? (() => undefined),
  };
  loadState(world, false);
  return world;
}

/**
 * Opens a sandbox. Nothing listens until `serveSandbox`, and time moves only as its clock does.
 * @throws Error with NODE_ENV=production, with a live key in the options, or when another process holds the store
 */
export function createSandbox(given: SandboxOptions = {}): Sandbox {
  const options = { ...given, strict: given.strict ?? strictRun() };
  refuseDangers(options);
  const world = openWorld(options);
  const { database } = world;
  const tools = schemaTools(router(API_ROUTES), options.strict);
  const deliveries = deliverer(world);
  const nextDueAt = (): number | undefined => {
    const due = [earliestTimer(database), deliveries.nextDueAt()].filter((at) => at !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  };
  const tick = async (): Promise<number> => {
    const timers = runTimers(world);
    return timers + (await deliveries.run());
  };
  const drain = async (): Promise<number> => {
    let sum = 0;
    for (let done = await tick(); done > 0; done = await tick()) sum += done;
    return sum;
  };
  const control = controlOf(world, { tick, nextDueAt });
  const keys = {
    secret: `sk_test_sandbox_${world.ids.named('secret key', 24)}`,
    publishable: `pk_test_sandbox_${world.ids.named('publishable key', 24)}`,
  };
  const api = async (request: Request): Promise<Response> => {
    const response = await handleApi(world, tools, request);
    for (const watch of world.watchers) await watch(request, response);
    return response;
  };
  const fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (/^\/v\d+\//.test(pathname)) return api(request);
    if (isClientPath(pathname)) return handleClient({ world, api }, request);
    return handleWeb({ world, control, keys, tick, drain }, request);
  };
  const httpClient = (client: typeof Stripe): ReturnType<typeof Stripe.createFetchHttpClient> =>
    client.createFetchHttpClient((input, init) => fetch(new Request(input, init)));
  return {
    fetch,
    clock: world.clock,
    ids: world.ids,
    books: () => readBooks(database),
    control,
    keys,
    controlToken: controlToken(world),
    tick,
    drain,
    nextDueAt,
    stripe: (client) => new client(keys.secret, { httpClient: httpClient(client), telemetry: false }),
    httpClient,
    close: async () => {
      if (!database.inMemory) {
        pruneJournal(database);
        saveState(world);
      }
      database.close();
    },
    world,
  };
}
