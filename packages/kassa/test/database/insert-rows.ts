import { type RawBuilder, sql } from 'kysely';
import type { Transaction } from '../../src/database/index.ts';
import { companionRows, type Row, validRows } from './valid-rows.ts';

/** One row as it stands: whatever the schema says about it is heard by its own name. */
export function insertRow(table: string, row: Row): RawBuilder<unknown> {
  return insertRows(table, [row]);
}

/** Rows of the same columns, by one statement. */
export function insertRows(table: string, rows: readonly Row[]): RawBuilder<unknown> {
  const columns = Object.keys(rows[0] ?? {}).map((name) => sql.ref(name));
  const values = rows.map((row) => sql`(${sql.join(Object.values(row))})`);
  return sql`insert into kassa.${sql.ref(table)} (${sql.join(columns)}) values ${sql.join(values)}`;
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
    // The lines of a posting are written together.
    const beside = after.filter(([name]) => name === table).map(([, extra]) => extra);
    await insertRows(table, [{ ...row, ...changes[table] }, ...beside]).execute(tx);
    if (companion && table !== 'credit_entries') await insertRow(table, companion).execute(tx);
  }
}
