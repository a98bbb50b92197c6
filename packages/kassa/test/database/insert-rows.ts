import { type RawBuilder, sql } from 'kysely';
import type { Transaction } from '../../src/database/index.ts';
import { companionRows, type Row, validRows } from './valid-rows.ts';

/** One row as it stands: whatever the schema says about it is heard by its own name. */
export function insertRow(table: string, row: Row): RawBuilder<unknown> {
  const columns = Object.keys(row).map((name) => sql.ref(name));
  return sql`insert into kassa.${sql.ref(table)} (${sql.join(columns)}) values (${sql.join(Object.values(row))})`;
}

/** A database is one installation, and counts the changes of its catalogue once, whatever else is in it. */
const ONE_ROW = ['installation', 'catalogue_version'];

/** Stores one complete set of legal rows, see `validRows`; `changes` are laid over the row of their table. */
export async function insertSet(
  tx: Transaction,
  set: number,
  changes: Readonly<Record<string, Row>> = {},
): Promise<void> {
  const { before, after } = companionRows(set);
  const early = new Map(before);
  for (const [table, row] of Object.entries(validRows(set))) {
    if (ONE_ROW.includes(table) && set > 1) continue;
    const companion = early.get(table);
    if (companion && table === 'credit_entries') await insertRow(table, companion).execute(tx);
    await insertRow(table, { ...row, ...changes[table] }).execute(tx);
    if (companion && table !== 'credit_entries') await insertRow(table, companion).execute(tx);
    for (const [name, extra] of after) if (name === table) await insertRow(name, extra).execute(tx);
  }
}
