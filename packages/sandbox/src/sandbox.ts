import type Stripe from 'stripe';
import { handleClient, isClientPath } from './client-routes/client-routes.ts';
import { type Control, controlOf } from './control/control.ts';
import { deliverer } from './delivery/run.ts';
import { reachable } from './delivery/targets.ts';
import { type Incoming, incomingFrom } from './http/call.ts';
import { handleApi } from './http/pipeline.ts';
import { type Reply, toResponse } from './http/reply.ts';
import { router } from './http/router.ts';
import { schemaTools } from './http/tools.ts';
import { inProcessClient } from './in-process.ts';
import { type SandboxClock, shiftable } from './kernel/clock.ts';
import { type IdSource, idSource } from './kernel/ids.ts';
import type { RuntimeOptions, SandboxOptions } from './kernel/options.ts';
import { API_ROUTES } from './resources/index.ts';
import { runTimers } from './resources/timers.ts';
import { type Books, readBooks } from './store/books.ts';
import { type Database, openDatabase } from './store/database.ts';
import { prune } from './store/prune.ts';
import { readSetting, writeSetting } from './store/settings.ts';
import { earliestTimer } from './store/timers.ts';
import { loadState, saveState, type World } from './store/world.ts';
import { randomSeed, strictRun, systemClock } from './system.ts';
import { controlToken } from './web/respond.ts';
import { handleWeb } from './web/web.ts';

export interface Keys {
  secret: string;
  publishable: string;
}

export interface Account {
  id: string;
  keys: Keys;
  /** The official client with this account's key. */
  stripe(client: typeof Stripe): Stripe;
}

/** A local stand-in for Stripe's API. Unofficial, not affiliated with Stripe; no money ever moves. */
export interface Sandbox {
  /** Answers any request: the API, the pages, the control calls. Listens to nothing. */
  fetch(request: Request): Promise<Response>;
  clock: SandboxClock;
  ids: IdSource;
  /** The private books, as they are now: of one account, or of all. */
  books(account?: string): Books;
  control: Control;
  keys: Keys;
  /**
   * A second seller in the same sandbox, with objects, events and money of its own. Any key that names the account
   * opens it: `sk_test_sandbox_acct_blue_…` is one of `account('blue')`.
   * @throws Error for a name that is not made of letters and digits
   */
  account(name: string): Account;
  /** What control calls over a port have to show in `X-Sandbox-Token`. */
  controlToken: string;
  /** Runs due timers and due deliveries, and waits for the receivers. Answers how many. */
  tick(): Promise<number>;
  /** The same for a server: waits for nobody. A receiver that hangs holds up its own queue and nothing else. */
  nudge(): number;
  /** Ticks until nothing is due any more. */
  drain(): Promise<number>;
  /** When there is something to do next, in milliseconds of the sandbox's clock. */
  nextDueAt(): number | undefined;
  /** A ready official client that talks to this sandbox in this process. */
  stripe(client: typeof Stripe): Stripe;
  /** For a client of your own: `new Stripe(key, { httpClient: sandbox.httpClient(Stripe) })`. */
  httpClient(client: typeof Stripe): ReturnType<typeof inProcessClient>;
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
    require_control_token: true,
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
    answered: 0,
    epoch: 0,
    targets: undefined,
    armed: { faults: undefined, rules: undefined },
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

function keysOf(ids: IdSource, account: string): Keys {
  return {
    secret: `sk_test_sandbox_${account}${ids.named(`${account}secret key`, 24)}`,
    publishable: `pk_test_sandbox_${account}${ids.named(`${account}publishable key`, 24)}`,
  };
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
  const nudge = (): { ran: number; done: Promise<unknown> } => {
    const timers = runTimers(world);
    const { started, done } = deliveries.start();
    return { ran: timers + started, done };
  };
  const tick = async (): Promise<number> => {
    const { ran, done } = nudge();
    await done;
    return ran;
  };
  const drain = (): Promise<number> => untilQuiet(tick, () => deliveries.underWay());
  const control = controlOf(world, { tick, nextDueAt });
  const keys = keysOf(world.ids, '');
  const api = async (incoming: Incoming): Promise<Reply> => {
    const reply = await handleApi(world, tools, incoming);
    for (const watch of world.watchers) watch(incoming, reply);
    return reply;
  };
  const fetch = async (request: Request): Promise<Response> => {
    const incoming = incomingFrom(request);
    if (/^\/v\d+\//.test(incoming.path)) return toResponse(await api(incoming));
    if (isClientPath(incoming.path)) return handleClient({ world, api }, request);
    return handleWeb({ world, control, keys, tick, drain }, request);
  };
  const client = inProcessClient(api);
  return {
    fetch,
    clock: world.clock,
    ids: world.ids,
    books: (account) => readBooks(database, account),
    control,
    keys,
    account: (name) => {
      if (!/^[A-Za-z0-9]{1,32}$/.test(name)) throw new Error('An account is named by up to 32 letters and digits.');
      const own = keysOf(world.ids, `acct_${name}_`);
      const stripe: Account['stripe'] = (maker) => new maker(own.secret, { httpClient: client, telemetry: false });
      return { id: `acct_${name}`, keys: own, stripe };
    },
    controlToken: controlToken(world),
    tick,
    drain,
    nextDueAt,
    nudge: () => nudge().ran,
    stripe: (maker) => new maker(keys.secret, { httpClient: client, telemetry: false }),
    httpClient: () => client,
    close: async () => {
      deliveries.stop();
      if (!database.inMemory) {
        prune(world);
        saveState(world);
      }
      database.close();
    },
    world,
  };
}

/** A server looks at its clock by itself too: what it took a moment ago has happened only when it has been tried. */
async function untilQuiet(tick: () => Promise<number>, underWay: () => Promise<number>): Promise<number> {
  let sum = 0;
  for (let busy = true; busy; ) {
    const ran = await tick();
    sum += ran;
    busy = ran + (await underWay()) > 0;
  }
  return sum;
}
