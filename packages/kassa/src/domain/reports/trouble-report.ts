import { type Database, sql } from '../../database/index.ts';

/** What a person must look at, oldest first. Each list holds at most `ROWS_MAX`; `counts` tells how many there are. */
export interface Trouble {
  readonly counts: {
    readonly parked_events: number;
    readonly parked_deliveries: number;
    readonly reviews: number;
    readonly breaks: number;
  };
  readonly parked_events: readonly { id: string; type: string; at: Date; attempts: number; error: string | null }[];
  readonly parked_deliveries: readonly {
    id: string;
    order_id: string;
    destination: string;
    at: Date;
    attempts: number;
    error: string | null;
  }[];
  readonly reviews: readonly { order_id: string; number: number | null; reason: string; at: Date }[];
  /** Objects at Stripe that no row of ours explains. */
  readonly breaks: readonly {
    object_id: string;
    kind: string;
    /** Who has to act. */
    owner: 'shop' | 'kassa' | 'operations';
    details: Readonly<Record<string, unknown>>;
    at: Date;
  }[];
}

const ROWS_MAX = 50;

export async function listTrouble(db: Database, shop: { tenant_id: string; mode: 'test' | 'live' }): Promise<Trouble> {
  const counts = await sql<Trouble['counts']>`
    select (select count(*) from kassa.inbox_events where parked_at is not null) as parked_events,
           (select count(*) from kassa.deliveries where parked_at is not null) as parked_deliveries,
           (select count(*) from kassa.orders where review_reason is not null
               and tenant_id = ${shop.tenant_id} and mode = ${shop.mode}) as reviews,
           (select count(*) from kassa.reconcile_breaks where resolved_at is null
               and tenant_id = ${shop.tenant_id} and mode = ${shop.mode}) as breaks`.execute(db);
  const events = await db
    .selectFrom('inbox_events')
    .select(['id', 'type', 'parked_at', 'attempts', 'last_error as error'])
    .where('parked_at', 'is not', null)
    .orderBy('parked_at')
    .orderBy('id')
    .limit(ROWS_MAX)
    .execute();
  const deliveries = await db
    .selectFrom('deliveries')
    .innerJoin('outbox_messages', 'outbox_messages.id', 'deliveries.message_id')
    .select(['deliveries.id', 'order_id', 'destination', 'parked_at', 'attempts', 'last_error as error'])
    .where('parked_at', 'is not', null)
    .orderBy('parked_at')
    .orderBy('deliveries.id')
    .limit(ROWS_MAX)
    .execute();
  const reviews = await db
    .selectFrom('orders')
    .select(['id as order_id', 'number', 'review_reason', 'review_opened_at'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('review_reason', 'is not', null)
    .orderBy('review_opened_at')
    .orderBy('id')
    .limit(ROWS_MAX)
    .execute();
  return {
    counts: counts.rows[0] ?? { parked_events: 0, parked_deliveries: 0, reviews: 0, breaks: 0 },
    breaks: await listBreaks(db, shop),
    parked_events: events.map(({ parked_at, ...row }) => ({ ...row, at: known(parked_at) })),
    parked_deliveries: deliveries.map(({ parked_at, ...row }) => ({ ...row, at: known(parked_at) })),
    reviews: reviews.map(({ review_opened_at, review_reason, ...row }) => ({
      ...row,
      reason: review_reason ?? '',
      at: known(review_opened_at),
    })),
  };
}

async function listBreaks(
  db: Database,
  shop: { tenant_id: string; mode: 'test' | 'live' },
): Promise<Trouble['breaks']> {
  const rows = await db
    .selectFrom('reconcile_breaks')
    .select(['stripe_object_id as object_id', 'kind', 'owner', 'details', 'first_seen_at as at'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('resolved_at', 'is', null)
    .orderBy('first_seen_at')
    .orderBy('id')
    .limit(ROWS_MAX)
    .execute();
  return rows.map((row) => ({ ...row, details: row.details as Trouble['breaks'][number]['details'] }));
}

/** The rows were chosen by this column being there. */
function known(at: Date | null): Date {
  return at ?? new Date(0);
}
