import { type RawBuilder, sql } from 'kysely';

/**
 * A statement that writes any number of rows: they come as one JSON array, so its text, and the plan that Postgres keeps
 * for it, are the same for one row and for a hundred. It ends where `returning` would begin.
 */
export interface RowsStatement<Row extends object = never> {
  readonly statement: (rows: RawBuilder<string>) => RawBuilder<unknown>;
  /** What tells that a row was written: a column of it as text, and the same text of the row that was handed in. */
  readonly told?: { readonly column: RawBuilder<unknown>; readonly of: (row: Row) => string };
}

/**
 * Inserts rows as they are: objects into jsonb, dates into times. A column that a row leaves out is null, so columns with
 * a default of their own are not named. A table's own types read the values.
 * @param rest such as `on conflict do nothing`.
 */
export function insertion<Row extends object>(
  table: string,
  columns: readonly (keyof Row & string)[],
  rest: RawBuilder<unknown> = sql``,
): RowsStatement<Row> {
  const names = sql.join(columns.map((column) => sql.ref(column)));
  const into = sql.table(`kassa.${table}`);
  return {
    statement: (rows) => sql`
      insert into ${into} (${names}) select ${names} from json_populate_recordset(null::${into}, ${rows}::json) ${rest}`,
  };
}

/** Postgres refuses half of a character, which JavaScript lets through; the driver sends U+FFFD for it, and so do we. */
export function asJson(rows: readonly object[]): RawBuilder<string> {
  const text = JSON.stringify(rows);
  if (!text.includes('\\ud')) return sql`${text}`;
  // A pair of backslashes is text; what comes behind it is no sign of half a character.
  return sql`${text.replaceAll(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, (found) => (found === '\\\\' ? found : '\ufffd'))}`;
}
