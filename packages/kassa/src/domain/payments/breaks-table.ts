import { type Database, sql } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';

interface ShopKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** Who has to act: the shop decides about money, Kassa tries again by itself, operations mend keys and endpoints. */
export type BreakOwner = 'shop' | 'kassa' | 'operations';

/** Something at Stripe that no row of ours explains. */
export interface Break {
  readonly kind: string;
  readonly stripe_object_id: string;
  readonly owner: BreakOwner;
}

/**
 * Opens a break, or notes that it is still there; it keeps the age of its first sight until it is resolved.
 * @returns since when it is there.
 */
export async function openBreak(
  db: Database,
  shop: ShopKey,
  found: Break & { readonly details: Readonly<Record<string, unknown>> },
  world: { ids: Ids; at: Date },
): Promise<Date> {
  const details = JSON.stringify(found.details);
  const { kind, stripe_object_id, owner } = found;
  const row = { ...shop, kind, stripe_object_id, owner, details };
  const { first_seen_at } = await db
    .insertInto('reconcile_breaks')
    .values({ ...row, id: world.ids.uuid(), first_seen_at: world.at, last_seen_at: world.at })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'mode', 'kind', 'stripe_object_id'])
        // One that was explained and is back is as old as its return.
        .doUpdateSet({
          ...{ last_seen_at: world.at, details, owner, resolved_at: null },
          first_seen_at: sql`case when reconcile_breaks.resolved_at is null
            then reconcile_breaks.first_seen_at else excluded.first_seen_at end`,
        }),
    )
    .returning('first_seen_at')
    .executeTakeFirstOrThrow();
  return first_seen_at;
}

/** What is unexplained at the moment, what Kassa owes itself first, then the longest; at most `limit`. */
export async function openBreaks(
  db: Database,
  shop: ShopKey,
  limit: number,
): Promise<Pick<Break, 'kind' | 'stripe_object_id'>[]> {
  return db
    .selectFrom('reconcile_breaks')
    .select(['kind', 'stripe_object_id'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('resolved_at', 'is', null)
    .orderBy(sql`owner <> 'kassa'`)
    .orderBy('first_seen_at')
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Open breaks of some kinds, longest unseen first: by turns, so that what stays open keeps nothing else waiting. */
export async function breaksByTurns(
  db: Database,
  shop: ShopKey,
  { kinds, limit, first_before, last_before }: BreakTurn,
): Promise<Pick<Break, 'kind' | 'stripe_object_id'>[]> {
  let open = db
    .selectFrom('reconcile_breaks')
    .select(['kind', 'stripe_object_id'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('kind', 'in', [...kinds])
    .where('resolved_at', 'is', null);
  if (first_before) open = open.where('first_seen_at', '<=', first_before);
  if (last_before) open = open.where('last_seen_at', '<', last_before);
  return open.orderBy('last_seen_at').orderBy('id').limit(limit).execute();
}

interface BreakTurn {
  readonly kinds: readonly string[];
  readonly limit: number;
  /** Only what is there since before this moment. */
  readonly first_before?: Date;
  /** Only what was not seen since this one. */
  readonly last_before?: Date;
}

/** Notes that a break is being looked at: whatever comes of it, it is the turn of the others then. */
export async function noteLook(
  db: Database,
  shop: ShopKey,
  { kind, stripe_object_id }: Pick<Break, 'kind' | 'stripe_object_id'>,
  at: Date,
): Promise<void> {
  await db
    .updateTable('reconcile_breaks')
    .set({ last_seen_at: at })
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('kind', '=', kind)
    .where('stripe_object_id', '=', stripe_object_id)
    .execute();
}

/** Ends the breaks about an object that has found its explanation: every one, or those that are meant. */
export async function closeBreaks(
  db: Database,
  shop: ShopKey,
  { stripe_object_id, owners, seen_before }: ExplainedBreaks,
  at: Date,
): Promise<void> {
  let open = db
    .updateTable('reconcile_breaks')
    .set({ resolved_at: at })
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('stripe_object_id', '=', stripe_object_id)
    .where('resolved_at', 'is', null);
  if (owners) open = open.where('owner', 'in', [...owners]);
  if (seen_before) open = open.where('last_seen_at', '<', seen_before);
  await open.execute();
}

export interface ExplainedBreaks {
  readonly stripe_object_id: string;
  /** Whose breaks alone; without it everybody's. */
  readonly owners?: readonly BreakOwner[] | undefined;
  /** Not what was seen again since. */
  readonly seen_before?: Date | undefined;
}
