import type { Database, Transaction } from '../../database/index.ts';
import { hashOf, type Ids, sameText } from '../../kernel/ids.ts';
import type { ApiKey, KeyCaps, KeyKind, Scope } from './key.ts';

type Reader = Database | Transaction;

const COLUMNS = [
  'id',
  'tenant_id',
  'kind',
  'name',
  'hash',
  'last_four',
  'scopes',
  'caps',
  'created_at',
  'last_used_at',
  'revoked_at',
] as const;

/** The time of last use is written at most this often: it tells a forgotten key from a living one, nothing finer. */
const USE_NOTED_EVERY_MS = 60_000;

/** A key that is about to be kept; of its text only the hash and the last four letters are. */
export interface NewKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly kind: KeyKind;
  readonly name: string;
  readonly text: string;
  readonly scopes: readonly Scope[];
  readonly caps: KeyCaps;
}

export async function insertKey(tx: Transaction, key: NewKey, world: { ids: Ids; at: Date }): Promise<ApiKey> {
  const { text, scopes, caps, ...rest } = key;
  const row = await tx
    .insertInto('api_keys')
    .values({
      ...rest,
      id: world.ids.uuid(),
      hash: hashOf(text),
      last_four: text.slice(-4),
      scopes: [...scopes],
      caps: JSON.stringify(caps),
      created_at: world.at,
    })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
  return keyOf(row);
}

/**
 * The key that this text is, unless it was revoked, and a note that it was used now. Keys of every tenant are looked
 * at: the answer says whose it is.
 */
export async function recognizeKey(
  db: Reader,
  mode: 'test' | 'live',
  text: string,
  at: Date,
): Promise<ApiKey | undefined> {
  const hash = hashOf(text);
  const row = await db
    .selectFrom('api_keys')
    .select(COLUMNS)
    .where('hash', '=', hash)
    .where('mode', '=', mode)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (!row || !sameText(row.hash, hash)) return undefined;
  const noted_ms = row.last_used_at?.getTime() ?? 0;
  if (at.getTime() - noted_ms >= USE_NOTED_EVERY_MS) {
    await db.updateTable('api_keys').set({ last_used_at: at }).where('id', '=', row.id).execute();
  }
  return keyOf(row);
}

/** Every key of a shop, the newest first; revoked ones stay as a record. */
export async function listKeys(
  db: Reader,
  { tenant_id, mode }: { tenant_id: string; mode: 'test' | 'live' },
): Promise<ApiKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .select(COLUMNS)
    .where('tenant_id', '=', tenant_id)
    .where('mode', '=', mode)
    .orderBy('id', 'desc')
    .execute();
  return rows.map(keyOf);
}

/** Ends a key for ever. Safe to repeat: the first time counts. @returns undefined when the shop has no such key. */
export async function markRevoked(
  tx: Transaction,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  id: string,
  at: Date,
): Promise<ApiKey | undefined> {
  const row = await tx
    .updateTable('api_keys')
    .set((set) => ({ revoked_at: set.fn.coalesce('revoked_at', set.val(at)) }))
    .where('id', '=', id)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .returning(COLUMNS)
    .executeTakeFirst();
  return row && keyOf(row);
}

/** Our own rows: what stands in `scopes` and `caps` was checked when it was written. */
function keyOf(row: {
  readonly id: string;
  readonly tenant_id: string;
  readonly kind: KeyKind;
  readonly name: string;
  readonly last_four: string;
  readonly scopes: string[];
  readonly caps: unknown;
  readonly created_at: Date;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}): ApiKey {
  const { id, tenant_id, kind, name, last_four, created_at, last_used_at, revoked_at } = row;
  const rights = { scopes: row.scopes as Scope[], caps: row.caps as KeyCaps };
  return { id, tenant_id, kind, name, last_four, ...rights, created_at, last_used_at, revoked_at };
}
