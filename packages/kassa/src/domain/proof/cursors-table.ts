import { type Database, sql } from '../../database/index.ts';

interface ShopKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** What is listed at Stripe page by page. Finished and expired sessions are two lists there. */
export type ListKind =
  | 'sessions_complete'
  | 'sessions_expired'
  | 'intents'
  | 'refunds'
  | 'disputes'
  | 'events'
  | 'fees';

/** A pass through a list that has not come to its end: Stripe lists the newest first, so it goes back in time. */
export interface Pass {
  /** Since when objects are looked at. */
  readonly from: Date;
  readonly started_at: Date;
  /** The last object that was compared. */
  readonly after: string;
}

export interface ReconcileCursor {
  /** Everything made before this has been compared; null before the first pass came to its end. */
  readonly reached_at: Date | null;
  readonly pass: Pass | null;
  /** What was made since then has been compared; null before the first pass came to its end. */
  readonly since_at: Date | null;
}

/** How far the comparison of one list has come. */
export async function readCursorOf(db: Database, shop: ShopKey, kind: ListKind): Promise<ReconcileCursor> {
  const row = await db
    .selectFrom('reconcile_cursors')
    .select(['reached_at', 'since_at', 'pass_from', 'pass_started_at', 'pass_after'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('kind', '=', kind)
    .executeTakeFirst();
  if (!row) return { reached_at: null, pass: null, since_at: null };
  const { reached_at, since_at, pass_from, pass_started_at, pass_after } = row;
  const pass =
    pass_from === null || pass_started_at === null || pass_after === null
      ? null
      : { from: pass_from, started_at: pass_started_at, after: pass_after };
  return { reached_at, pass, since_at };
}

/** When this shop was set up in this database, which holds money of one mode only. */
export async function setUpAt(db: Database, shop: ShopKey): Promise<Date> {
  const query = db.selectFrom('tenants').select('created_at').where('id', '=', shop.tenant_id);
  return (await query.executeTakeFirstOrThrow()).created_at;
}

/**
 * Notes how far it has come, so that a pass that is cut off goes on there.
 * @param since_at where a pass that came to its end began to look, in time; null for any other.
 */
export async function keepCursor(
  db: Database,
  shop: ShopKey,
  kind: ListKind,
  { reached_at, pass, since_at, at }: ReconcileCursor & { readonly at: Date },
): Promise<void> {
  await sql`
    insert into kassa.reconcile_cursors
      (tenant_id, mode, kind, reached_at, since_at, pass_from, pass_started_at, pass_after, updated_at)
    values (${shop.tenant_id}, ${shop.mode}, ${kind}, ${reached_at}, ${since_at}, ${pass?.from ?? null},
      ${pass?.started_at ?? null}, ${pass?.after ?? null}, ${at})
    on conflict (tenant_id, mode, kind) do update
      set reached_at = excluded.reached_at, since_at = least(reconcile_cursors.since_at, excluded.since_at),
        pass_from = excluded.pass_from,
        pass_started_at = excluded.pass_started_at, pass_after = excluded.pass_after,
        updated_at = excluded.updated_at`.execute(db);
}
