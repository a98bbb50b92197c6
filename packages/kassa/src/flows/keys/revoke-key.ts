import { type Database, inTransaction, lockClass } from '../../database/index.ts';
import { type ApiKey, markRevoked } from '../../domain/keys/index.ts';
import { writeAudit } from '../../domain/orders/index.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type Ids, toTypeId } from '../../kernel/ids.ts';
import type { Shop } from '../house.ts';

/**
 * Ends a key for ever: the next request with it is refused, in every process. Safe to repeat.
 * @returns undefined when the shop has no such key.
 */
export async function revokeKey(
  world: { readonly db: Database; readonly clock: Clock; readonly ids: Ids },
  shop: Shop,
  { key_id, actor }: { readonly key_id: string; readonly actor: string },
): Promise<ApiKey | undefined> {
  const at = world.clock.now();
  return inTransaction(world.db, async (tx) => {
    lockClass(tx, 'append');
    const key = await markRevoked(tx, shop, key_id, at);
    if (key?.revoked_at?.getTime() !== at.getTime()) return key;
    const about = { order_id: null, order_version: null, status_from: null, status_to: null };
    const details = { key_id: toTypeId('key', key.id) };
    const step = { action: 'key_revoked', cause: 'key revoke', actor, details };
    await writeAudit(tx, { ...shop, ...about, ...step }, { ids: world.ids, at });
    return key;
  });
}
