// What is looked up by its key stays a lookup, whatever Postgres counted last.
import { type RawBuilder, sql } from 'kysely';

/**
 * A condition on rows that are found by their keys, told so that no partial index answers it. What is due or open is
 * little whenever the planner counts it, in calm hours; taking it for little still, it would go through all of it for
 * each key in the very burst that has filled it: 130 rows for one (measured, 15,000 events at once).
 */
export function besideKey(condition: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql<boolean>`case when ${condition} then true else false end`;
}

/**
 * A key of all rows that were handed in, for `id = any (…)` beside the join with them. By the join alone Postgres may
 * read the whole table instead, when it counted little in it last, and keeps that plan while the table grows: of a shop's
 * first 4,500 orders each had 500 rows read in vain (measured). What is asked for by its keys is looked up by their
 * index, whatever is joined first.
 */
export function keysOf(rows: RawBuilder<unknown>, column: string): RawBuilder<string[]> {
  return sql`array(select ${sql.ref(column)} from ${rows})`;
}

/**
 * `column = any (…)` for a statement that comes again and again. Postgres keeps one plan for it: of a bare list it thinks
 * that it gains by counting it each time, and plans for longer than it looks (a tenth of a millisecond, measured).
 */
export function isOneOf(column: string, ids: readonly string[]): RawBuilder<boolean> {
  return sql<boolean>`${sql.ref(column)} = any (array(select unnest(${ids}::uuid[])))`;
}
