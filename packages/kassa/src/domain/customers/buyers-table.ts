import type { Transaction } from '../../database/index.ts';
import { Bug } from '../../kernel/errors.ts';
import type { Ids } from '../../kernel/ids.ts';
import { findCustomer } from './customers-table.ts';

interface ShopRef {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/**
 * Our row of a signed-in buyer, made when it is missing; two at once make one. Nothing is locked, and Stripe need not
 * know the buyer: it only owns what is ours to give.
 */
export async function keepBuyer(
  tx: Transaction,
  buyer: ShopRef & { readonly user_id: string; readonly email: string | null },
  world: { ids: Ids; at: Date },
): Promise<{ readonly id: string }> {
  const { tenant_id, mode, user_id, email } = buyer;
  await tx
    .insertInto('customers')
    .values({ id: world.ids.uuid(), tenant_id, mode, namespace: 'buyer', user_id, email, created_at: world.at })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'mode', 'namespace', 'user_id']).doNothing())
    .execute();
  const found = await findCustomer(tx, buyer, { namespace: 'buyer', user_id });
  if (!found) throw new Bug('a buyer who was just written is there');
  return { id: found.id };
}
