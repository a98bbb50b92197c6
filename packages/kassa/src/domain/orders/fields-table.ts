import type { Transaction } from '../../database/index.ts';

/** What a buyer's form said besides its e-mail address: kept for the shop's people, never read by pricing. */
export type OrderFields = Readonly<Record<string, string | number | boolean | null>>;

/** The fields of a locked order; an order that was never filled has none. */
export async function fieldsOf(tx: Transaction, order_id: string): Promise<OrderFields> {
  const row = await tx.selectFrom('orders').select('fields').where('id', '=', order_id).executeTakeFirstOrThrow();
  return row.fields as OrderFields;
}

/** Replaces the fields of a locked order: the last form wins as a whole. The move and its audit row are the caller's. */
export async function saveFields(tx: Transaction, order_id: string, fields: OrderFields): Promise<void> {
  await tx
    .updateTable('orders')
    .set({ fields: JSON.stringify(fields) })
    .where('id', '=', order_id)
    .execute();
}
