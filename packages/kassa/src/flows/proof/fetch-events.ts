import {
  insertInboxEvents,
  inTransaction,
  knownInboxEvents,
  markListed,
  OWN_ACCOUNT,
  setTimer,
} from '../../database/index.ts';
import { closeBreaks, type ListedEvent, oldestLive, oldestOpenRefund, openBreak } from '../../domain/payments/index.ts';
import type { House } from '../house.ts';
import { passOver } from '../reconciling/pass-over.ts';

/** What this installation listens to, and whether Stripe has been told where to send it. */
export interface Ears {
  /** The types of events that we understand, at most twenty. */
  readonly types: readonly string[];
  /** False without a webhook secret: then no event can arrive by itself, and none is missed. */
  readonly expects_webhooks: boolean;
}

/** What one round found, for the log and for tests. */
export interface FetchReport {
  readonly seen: number;
  /** Events that nobody had brought before. */
  readonly brought: number;
  readonly silent: boolean;
}

/** Events are told within seconds; the newest ones are listed once more, because a list may be a moment behind. */
const OVERLAP_MS = 120_000;
/** With nothing to wait for, Stripe is asked this often all the same: an endpoint may die while nobody buys. */
const QUIET_MS = 600_000;
/** So long an event may be known at Stripe and unheard here before a person is told: within a quarter of an hour. */
const SILENCE_MS = 600_000;
const ENDPOINT = 'webhook endpoint';

/** What the timer of this story carries from one round to the next. */
interface Memory {
  /** While nothing is waited for, Stripe is not asked before. */
  readonly quiet_until: string | null;
  /** The oldest event that only our asking brought, with none delivered since. */
  readonly silent_since: string | null;
}

/**
 * Lists the events that Stripe has made since the last look and puts those into the inbox that never arrived, where
 * they are handled as if they had. So an order is paid within seconds where no webhook can reach us, and within a
 * minute where one was lost. When events are made and none arrives by itself, a break says so to operations: an
 * endpoint that answers 404, moved, or was switched off at Stripe looks like a quiet day from inside
 * (docs.stripe.com/webhooks#disable). Objects are compared all the same, because Stripe may never make an event
 * (docs.stripe.com/webhooks/handle-irrecoverable-events). Cut in half it starts again where it was; the inbox knows
 * each event by its id.
 * @throws GatewayFailure, KassaError when Stripe cannot be asked.
 */
export async function fetchEvents(house: House, ears: Ears, payload?: unknown): Promise<FetchReport> {
  const { db, shop, clock } = house;
  const now = clock.now();
  const memory = memoryOf(payload);
  const { quiet_until, silent_since } = memory;
  const waits = (await oldestLive(db, shop)) ?? (await oldestOpenRefund(db, shop));
  const rests = quiet_until !== null && now.toISOString() < quiet_until;
  if (!waits && rests && silent_since === null) {
    await arm(house, memory);
    return { seen: 0, brought: 0, silent: false };
  }
  const tally = { seen: 0, brought: 0 };
  let since = silent_since;
  const list = {
    kind: 'events' as const,
    overlap_ms: OVERLAP_MS,
    reaches: (events: readonly ListedEvent[]) => events[0]?.created_at,
    page: (filter: { created_from: Date; after?: string }) =>
      house.gateway.listEvents({ ...filter, types: ears.types }),
    async compare(events: readonly ListedEvent[]) {
      const delivered = await bring(house, events, tally);
      since = silenceAfter(since, events, delivered);
    },
  };
  await passOver(house, list);
  if (tally.brought > 0) house.wake('inbox');
  const silent = ears.expects_webhooks && since !== null && now.getTime() - Date.parse(since) >= SILENCE_MS;
  await tellOperations(house, silent ? since : null);
  const next: Memory = { quiet_until: new Date(now.getTime() + QUIET_MS).toISOString(), silent_since: since };
  await arm(house, next);
  return { ...tally, silent };
}

function memoryOf(payload: unknown): Memory {
  const given = (payload ?? {}) as Partial<Record<keyof Memory, unknown>>;
  const moment = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return { quiet_until: moment(given.quiet_until), silent_since: moment(given.silent_since) };
}

/** Puts what is missing into the inbox. @returns the ids of those that had arrived by themselves. */
async function bring(
  { db, shop, clock }: House,
  events: readonly ListedEvent[],
  tally: { seen: number; brought: number },
): Promise<ReadonlySet<string>> {
  tally.seen += events.length;
  const key = ({ account, id }: ListedEvent) => ({ account: account ?? OWN_ACCOUNT, id });
  const known = await knownInboxEvents(db, events.map(key));
  const missing = events.filter(({ id }) => !known.has(id));
  if (missing.length > 0) {
    const received_at = clock.now();
    const rows = missing.map((event) => ({
      ...key(event),
      tenant_id: shop.tenant_id,
      mode: event.livemode ? ('live' as const) : ('test' as const),
      type: event.type,
      object_id: event.object_id,
      api_version: event.api_version,
      body: event.body,
      occurred_at: event.created_at,
      received_at,
    }));
    // One that arrives by itself in this very moment keeps its own row.
    await inTransaction(db, async (tx) => {
      const fresh = await insertInboxEvents(tx, rows);
      const brought = rows.filter((_, at) => fresh[at]);
      await markListed(tx, brought);
      tally.brought += brought.length;
    });
  }
  return new Set([...known].filter(([, listed]) => !listed).map(([id]) => id));
}

/** Since when no event arrived by itself; one that did, made later than the oldest that did not, ends the silence. */
function silenceAfter(
  since: string | null,
  events: readonly ListedEvent[],
  delivered: ReadonlySet<string>,
): string | null {
  let silent_since = since;
  // Newest first: from the oldest on.
  for (const { id, created_at } of events.toReversed()) {
    const at = created_at.toISOString();
    if (!delivered.has(id)) silent_since = silent_since === null || at < silent_since ? at : silent_since;
    else if (silent_since !== null && at >= silent_since) silent_since = null;
  }
  return silent_since;
}

async function tellOperations({ db, shop, clock, ids, log }: House, since: string | null): Promise<void> {
  const at = clock.now();
  if (since === null) return closeBreaks(db, shop, { stripe_object_id: ENDPOINT }, at);
  log.error({ since }, 'Stripe makes events and none of them arrives: look at the webhook endpoint');
  const details = { since, cure: 'Run kassa doctor: it says what is wrong with the webhook endpoint.' };
  const found = { kind: 'webhooks_silent', stripe_object_id: ENDPOINT, owner: 'operations' as const, details };
  await openBreak(db, shop, found, { ids, at });
}

async function arm({ db, shop, clock, pace }: House, memory: Memory): Promise<void> {
  const due_at = new Date(clock.now().getTime() + pace.fetch_events_every_ms);
  const timer = { subject: shop.tenant_id, kind: 'fetch_events', due_at, payload: { ...memory } };
  await inTransaction(db, (tx) => setTimer(tx, timer));
}
