import { type Database, inTransaction, lockClass } from '../../database/index.ts';
import { claimInstallation, saveTenant, type Tenant } from '../../domain/catalog/index.ts';
import { type ApiKey, insertKey, type KeyCaps, type KeyKind, makeKey, type Scope } from '../../domain/keys/index.ts';
import { writeAudit } from '../../domain/orders/index.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type Ids, toTypeId } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';

export interface CreateKey {
  /** Whose it is. The row is written when the shop has never been started yet. */
  readonly tenant: Omit<Tenant, 'id'>;
  readonly mode: 'test' | 'live';
  readonly kind: KeyKind;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly caps: KeyCaps;
  /** Who asked, for the audit log, such as `command line`. */
  readonly actor: string;
}

/**
 * Makes a key and answers it, this once: what is kept is its hash. Cut in half it has made none.
 * @throws KassaError when the database belongs to the other mode.
 */
export async function createKey(
  world: { readonly db: Database; readonly clock: Clock; readonly ids: Ids; readonly random: Random },
  { tenant, mode, actor, ...wish }: CreateKey,
): Promise<{ readonly key: ApiKey; readonly text: string }> {
  const text = makeKey(wish.kind, mode, world.random);
  const at = world.clock.now();
  const { ids } = world;
  return inTransaction(world.db, async (tx) => {
    lockClass(tx, 'append');
    await claimInstallation(tx, mode, at);
    const tenant_id = await saveTenant(tx, tenant, { ids, at });
    const key = await insertKey(tx, { ...wish, tenant_id, mode, text }, { ids, at });
    const about = { order_id: null, order_version: null, status_from: null, status_to: null };
    const details = { key_id: toTypeId('key', key.id), kind: key.kind, scopes: key.scopes, caps: key.caps };
    const step = { action: 'key_made', cause: 'key create', actor, details };
    await writeAudit(tx, { tenant_id, mode, ...about, ...step }, { ids, at });
    return { key, text };
  });
}
