import { type RawBuilder, sql } from 'kysely';

/** As what Postgres reads a value; a column's own type may be narrower. */
export type ColumnType = 'uuid' | 'text' | 'int' | 'bigint' | 'boolean' | 'timestamptz' | 'jsonb';

/** Names of columns, by what they are read as. */
export type Columns<Row extends object = never> = { readonly [Type in ColumnType]?: readonly (keyof Row & string)[] };

/**
 * A statement that writes any number of rows: they come as one value, so its text, and the plan that Postgres keeps for
 * it, are the same for one row and for a hundred. It ends where `returning` would begin.
 */
export interface RowsStatement<Row extends object = never> {
  /** The columns of the relation that the statement reads. */
  readonly columns: Columns<Row>;
  /** @param rows the name of the relation. */
  readonly statement: (rows: RawBuilder<unknown>) => RawBuilder<unknown>;
  /** What tells that a row was written: a column of it as text, and the same text of the row that was handed in. */
  readonly told?: { readonly column: RawBuilder<unknown>; readonly of: (row: Row) => string };
  /** Each row that is handed in is written, or everything that is sent with them is refused (`isRefusedWhole`). */
  readonly all?: true;
}

/**
 * Inserts rows as they are: objects into jsonb, dates into times. What a row leaves out is null, so columns with a
 * default of their own are not named.
 * @param rest such as `on conflict do nothing`.
 */
export function insertion<Row extends object>(
  table: string,
  columns: Columns<Row>,
  rest: RawBuilder<unknown> = sql``,
): RowsStatement<Row> {
  const names = sql.join(namesOf(columns).map((name) => sql.ref(name)));
  const into = sql.table(`kassa.${table}`);
  return { columns, statement: (rows) => sql`insert into ${into} (${names}) select ${names} from ${rows} ${rest}` };
}

/**
 * The relation of rows that are handed in as lists of values. Names beside each value would cost Postgres twice as much
 * to read, and arrays of columns more than that where there are few rows (measured).
 */
export function relationOf(columns: Columns, rows: RawBuilder<string>): RawBuilder<unknown> {
  const typed = Object.entries(columns).flatMap(([type, names]) => names.map((name) => ({ name, type })));
  const values = typed.map(({ name, type }, at) => {
    const place = sql.lit(at);
    const value = type === 'jsonb' ? sql`nullif(one -> ${place}, 'null')` : sql`(one ->> ${place})::${sql.raw(type)}`;
    return sql`${value} as ${sql.ref(name)}`;
  });
  return sql`select ${sql.join(values)} from jsonb_array_elements(${rows}::jsonb) as one`;
}

/**
 * Rows as a relation's lists. Postgres refuses half of a character, which JavaScript lets through; the driver sends U+FFFD
 * for it, and so do we.
 */
export function asLists(columns: Columns, rows: readonly object[]): string {
  const names = namesOf(columns);
  const text = JSON.stringify(rows.map((row) => names.map((name) => (row as Record<string, unknown>)[name])));
  if (!text.includes('\\ud')) return text;
  // A pair of backslashes is text; what comes behind it is no sign of half a character.
  return text.replaceAll(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, (found) => (found === '\\\\' ? found : '\ufffd'));
}

function namesOf(columns: Columns): string[] {
  return Object.values(columns).flat();
}
