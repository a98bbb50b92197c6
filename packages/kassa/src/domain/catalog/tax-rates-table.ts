import type { Database, Transaction } from '../../database/index.ts';
import type { ShopKey } from './offers-table.ts';

/** Thousandths of a percent for one class: 8.75 % is 8750. */
export interface TaxRate {
  readonly tax_class: string;
  readonly rate_milli: number;
}

/** Rewrites the shop's tax rates as its configuration states them. What was sold keeps the tax that it was sold with. */
export async function saveTaxRates(
  tx: Transaction,
  { tenant_id, mode }: ShopKey,
  rates: readonly TaxRate[],
): Promise<void> {
  await tx.deleteFrom('tax_rates').where('tenant_id', '=', tenant_id).where('mode', '=', mode).execute();
  const rows = rates.map((rate) => ({ tenant_id, mode, ...rate }));
  if (rows.length > 0) await tx.insertInto('tax_rates').values(rows).execute();
}

/** The rates of these classes, by class. */
export async function taxRatesOf(
  db: Database | Transaction,
  { tenant_id, mode }: ShopKey,
  classes: readonly string[],
): Promise<Map<string, number>> {
  if (classes.length === 0) return new Map();
  const rows = await db
    .selectFrom('tax_rates')
    .select(['tax_class', 'rate_milli'])
    .where('tenant_id', '=', tenant_id)
    .where('mode', '=', mode)
    .where('tax_class', 'in', [...classes])
    .orderBy('tax_class')
    .execute();
  return new Map(rows.map((row) => [row.tax_class, row.rate_milli]));
}
