import { type Database, sql } from '../../database/index.ts';

/** What a timer may be about; each has its tenant in its own row. */
const SUBJECTS = ['payment_transactions', 'refunds', 'orders', 'quotes', 'customers', 'credit_lots', 'appointments'];

/** Whose a row is, when only its id is known; undefined when no table has it. */
export async function tenantOf(db: Database, id: string): Promise<string | undefined> {
  const rows = SUBJECTS.map((table) => sql`select tenant_id from ${sql.table(`kassa.${table}`)} where id = ${id}`);
  const found = await sql<{ tenant_id: string }>`
    select id as tenant_id from kassa.tenants where id = ${id}
    union all ${sql.join(rows, sql` union all `)} limit 1`.execute(db);
  return found.rows[0]?.tenant_id;
}
