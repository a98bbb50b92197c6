import {
  batcher,
  type Database,
  type InboxKey,
  insertInboxEvents,
  markArrived,
  type NewInboxEvent,
  OWN_ACCOUNT,
} from '../database/index.ts';
import { WebhookRefused } from '../domain/payments/gateway.ts';
import type { House } from '../flows/house.ts';
import { type Log, silentLog } from '../kernel/log.ts';

/** Where verified events go in: one statement and one commit for all that arrive together. */
export type StoreEvent = (event: NewInboxEvent) => Promise<boolean>;

/** What was stored since the start, and by how many statements. */
export interface EventCounts {
  batches: number;
  events: number;
  /** Of the largest batch. */
  rows_max: number;
}

/**
 * One statement at a time: whoever comes meanwhile gathers, and a wide one costs each event less (measured: half the
 * commits, a tenth less of Postgres).
 */
const STORE_LIMITS = { lanes: 1, rows_max: 256, waiting_max: 10_000 };

export function eventStore(
  db: Database,
  counts: EventCounts = { batches: 0, events: 0, rows_max: 0 },
  log: Log = silentLog,
): StoreEvent {
  const arrived: InboxKey[] = [];
  return batcher(async (events: readonly NewInboxEvent[]) => {
    const stored = await insertInboxEvents(db, events);
    // Our own asking was faster: the endpoint works all the same. Their names alone are kept, bodies may be large.
    const known = events.filter((_, at) => !stored[at]);
    arrived.push(...known.map(({ account, id }) => ({ account, id })));
    await noteArrived(db, arrived, log);
    counts.batches += 1;
    counts.events += stored.filter((is_new) => is_new).length;
    counts.rows_max = Math.max(counts.rows_max, events.length);
    return stored;
  }, STORE_LIMITS);
}

const ARRIVED_MAX = 1_000;

/**
 * These are durable already, so that whatever goes wrong here is no reason to have them sent again: it is made up for
 * when the next event comes. Lost with the process, it costs an alarm about an endpoint that works.
 */
async function noteArrived(db: Database, arrived: InboxKey[], log: Log): Promise<void> {
  const keys = arrived.splice(0).slice(-ARRIVED_MAX);
  if (keys.length === 0) return;
  try {
    arrived.push(...(await markArrived(db, keys)));
  } catch (error) {
    log.warn({ events: keys.length, err: error }, 'it could not be noted that events arrive by themselves');
    arrived.push(...keys);
  }
}

/**
 * Takes in a webhook: verified over its raw bytes, stored, and only then answered. Nothing is decided here, so nothing
 * can be lost here. When the promise resolves the event is durable, and Stripe may be told 200; a repeat is durable
 * already. An event of the other mode or of a foreign account is stored too, and ignored by the drain.
 * @throws WebhookRefused 400 for what Stripe did not sign, 503 when no secret is configured.
 * @throws DatabaseUnavailable and others when it could not be stored: answer 503, so that Stripe sends it again.
 */
export async function receive(
  house: House,
  store: StoreEvent,
  raw: Uint8Array,
  signature: string | null,
): Promise<{ event_id: string; repeated: boolean }> {
  const at = house.clock.now();
  const event = house.gateway.verifyEvent(raw, signature, at);
  const fresh = await store({
    account: event.account ?? OWN_ACCOUNT,
    id: event.id,
    tenant_id: house.shop.tenant_id,
    mode: event.livemode ? 'live' : 'test',
    type: event.type,
    object_id: event.object_id,
    api_version: event.api_version,
    body: withoutMark(raw),
    occurred_at: event.created_at,
    received_at: at,
  });
  house.wake('inbox');
  return { event_id: event.id, repeated: !fresh };
}

/** A mark of the byte order says nothing in UTF-8, and no reader of JSON expects one. */
function withoutMark(raw: Uint8Array): Uint8Array {
  const has_mark = raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf;
  return has_mark ? raw.subarray(3) : raw;
}

/**
 * Takes in a webhook for whichever of these shops has the secret that signed it: all of them share the paths.
 * @throws what `receive` throws; where none takes it, the refusal that tells most.
 */
export async function receiveForAny(
  houses: readonly House[],
  store: StoreEvent,
  raw: Uint8Array,
  signature: string | null,
): Promise<{ event_id: string; repeated: boolean }> {
  let told: WebhookRefused | undefined;
  for (const house of houses) {
    try {
      return await receive(house, store, raw, signature);
    } catch (error) {
      if (!(error instanceof WebhookRefused)) throw error;
      if (told === undefined || weight(error) > weight(told)) told = error;
    }
  }
  throw told ?? new WebhookRefused(503, 'no webhook secret is configured');
}

/** Signed, but too late or unreadable, says more than signed by nobody known; that says more than no secret at all. */
function weight({ status, message }: WebhookRefused): number {
  if (status === 503) return 0;
  return message === 'signature verification failed' ? 1 : 2;
}

/** True when an event speaks of our own mode and account; everything else changes nothing here (fault F56). */
export function concernsUs(house: House, event: { account: string; mode: 'test' | 'live' }): boolean {
  return event.account === OWN_ACCOUNT && event.mode === house.shop.mode;
}
