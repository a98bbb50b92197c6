import type { Database, Transaction } from '../../database/index.ts';

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
