import { type Database, lockClass, type Transaction } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';

type Reader = Database | Transaction;

/**
 * Somebody who pays, and who they are at Stripe. Signed-in buyers and the people of the chat contract are two kinds:
 * they are never merged, because nobody has proved that an address is theirs.
 */
export interface Customer {
  readonly id: string;
  readonly namespace: 'buyer' | 'chat';
  /** The shop's own name for a buyer; for the chat contract the address in lower case. */
  readonly user_id: string;
  readonly email: string | null;
  readonly name: string | null;
  /** Null until Stripe has answered. */
  readonly stripe_customer_id: string | null;
  readonly created_at: Date;
}

const CUSTOMER_COLUMNS = ['id', 'namespace', 'user_id', 'email', 'name', 'stripe_customer_id', 'created_at'] as const;

interface ShopRef {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

export async function customerById(db: Reader, shop: ShopRef, id: string): Promise<Customer | undefined> {
  return db
    .selectFrom('customers')
    .select(CUSTOMER_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** By what the shop or the chat calls them. */
export async function findCustomer(
  db: Reader,
  shop: ShopRef,
  who: Pick<Customer, 'namespace' | 'user_id'>,
): Promise<Customer | undefined> {
  return db
    .selectFrom('customers')
    .select(CUSTOMER_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('namespace', '=', who.namespace)
    .where('user_id', '=', who.user_id)
    .executeTakeFirst();
}

export async function customerAtStripe(
  db: Reader,
  shop: ShopRef,
  stripe_customer_id: string,
): Promise<Customer | undefined> {
  return db
    .selectFrom('customers')
    .select(CUSTOMER_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('stripe_customer_id', '=', stripe_customer_id)
    .executeTakeFirst();
}

/** What a customer is made of. */
export type NewCustomer = Pick<Customer, 'namespace' | 'user_id' | 'email' | 'name'>;

/**
 * The customer under its row lock, made when there is none: of two callers at once one waits and finds the other's.
 * What a customer is known as already stays.
 */
export async function lockCustomer(
  tx: Transaction,
  shop: ShopRef,
  who: NewCustomer,
  world: { ids: Ids; at: Date },
): Promise<Customer> {
  lockClass(tx, 'customer');
  await tx
    .insertInto('customers')
    .values({
      ...who,
      tenant_id: shop.tenant_id,
      mode: shop.mode,
      id: world.ids.uuid(),
      stripe_customer_id: null,
      created_at: world.at,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'mode', 'namespace', 'user_id']).doNothing())
    .execute();
  return tx
    .selectFrom('customers')
    .select(CUSTOMER_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('namespace', '=', who.namespace)
    .where('user_id', '=', who.user_id)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow();
}

/** Who a customer is at Stripe. The first answer stays: whoever comes second has asked with the same key. */
export async function attachCustomer(tx: Transaction, id: string, stripe_customer_id: string): Promise<void> {
  lockClass(tx, 'customer');
  await tx
    .updateTable('customers')
    .set({ stripe_customer_id })
    .where('id', '=', id)
    .where('stripe_customer_id', 'is', null)
    .execute();
}

/** Forgets who a customer was at Stripe, because they were deleted there. True when somebody was forgotten. */
export async function detachCustomer(tx: Transaction, shop: ShopRef, stripe_customer_id: string): Promise<boolean> {
  lockClass(tx, 'customer');
  const result = await tx
    .updateTable('customers')
    .set({ stripe_customer_id: null })
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('stripe_customer_id', '=', stripe_customer_id)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Leaves out the address of a locked customer whom Stripe does not know yet, because Stripe does not take it. */
export async function dropAddress(tx: Transaction, id: string): Promise<void> {
  await tx
    .updateTable('customers')
    .set({ email: null })
    .where('id', '=', id)
    .where('stripe_customer_id', 'is', null)
    .execute();
}

/** Renames a customer that is locked already. */
export async function renameCustomer(tx: Transaction, id: string, name: string): Promise<void> {
  await tx.updateTable('customers').set({ name }).where('id', '=', id).execute();
}
