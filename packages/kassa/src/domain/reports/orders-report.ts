import { type Database, sql } from '../../database/index.ts';
import { cursorText, readCursor } from './cursor.ts';

interface ShopKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** One row of the list of orders. Money is minor units. */
export interface OrderRow {
  readonly id: string;
  readonly number: number | null;
  readonly status: string;
  readonly review_reason: string | null;
  readonly contract: string;
  readonly email: string | null;
  readonly total_minor: number;
  readonly currency: string;
  readonly created_at: Date;
  readonly lines: readonly { readonly name: string; readonly quantity: number }[];
}

export interface OrderPage {
  readonly orders: readonly OrderRow[];
  readonly next: string | undefined;
}

/** `search` is an order's number or a part of an e-mail address. */
export interface OrderFilter {
  readonly limit: number;
  readonly before?: string;
  readonly status?: string;
  readonly search?: string;
}

const PAGE_MAX = 100;

/** Orders of a shop, newest first, by keyset, so that a page costs the same wherever it is. */
export async function listOrders(db: Database, shop: ShopKey, filter: OrderFilter): Promise<OrderPage> {
  const limit = Math.min(Math.max(1, filter.limit), PAGE_MAX);
  const cursor = readCursor(filter.before);
  const search = filter.search?.trim() ?? '';
  const number = numberIn(search);
  const rows = await db
    .selectFrom('orders')
    .select(['id', 'number', 'status', 'review_reason', 'contract', 'email', 'total_minor', 'currency', 'created_at'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .$if(cursor !== undefined, (query) =>
      query.where(sql<boolean>`(created_at, id) < (${cursor?.at}::timestamptz, ${cursor?.id}::uuid)`),
    )
    .$if(filter.status === 'review', (query) => query.where('review_reason', 'is not', null))
    .$if(filter.status !== undefined && filter.status !== 'review', (query) =>
      query.where(sql<boolean>`status = ${filter.status}`),
    )
    .$if(number !== undefined, (query) => query.where('number', '=', number ?? null))
    .$if(number === undefined && search !== '', (query) =>
      query.where(sql<string>`email`, 'ilike', `%${search.replace(/[\\%_]/g, '\\$&')}%`),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  const lines = await linesOf(
    db,
    shown.map((row) => row.id),
  );
  const last = shown.at(-1);
  return {
    orders: shown.map((row) => ({ ...row, lines: lines.get(row.id) ?? [] })),
    next: rows.length > limit && last ? cursorText(last) : undefined,
  };
}

/** Digits alone, with or without `#`, are a number; everything else is a part of an address. */
function numberIn(search: string): number | undefined {
  const [, digits] = /^#?(\d{1,15})$/.exec(search) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

async function linesOf(
  db: Database,
  order_ids: readonly string[],
): Promise<Map<string, { name: string; quantity: number }[]>> {
  const found = new Map<string, { name: string; quantity: number }[]>();
  if (order_ids.length === 0) return found;
  const rows = await db
    .selectFrom('order_lines')
    .select(['order_id', 'name', 'quantity'])
    .where('order_id', 'in', [...order_ids])
    .orderBy('order_id')
    .orderBy('position')
    .execute();
  for (const { order_id, ...line } of rows) found.set(order_id, [...(found.get(order_id) ?? []), line]);
  return found;
}
