import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';

/** What Postgres needs to count its statements; it costs some of the speed, so only a profile asks for it. */
export const COUNTING = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
  'pg_stat_statements.track_planning': 'on',
};

const LINES_MAX = 40;
const TEXT_MAX = 140;
export const STATEMENTS_ENDING = '.statements.txt';

interface Cost {
  readonly calls: string;
  readonly rows: string;
  readonly ms: string;
  readonly longest_ms: string;
  readonly blocks: string;
  readonly query: string;
}

/** Sequential scans are told beside the statements: a plan that reads a whole table shows there first. */
interface Scanned {
  readonly name: string;
  readonly scans: string;
  readonly rows: string;
  readonly by_index: string;
}

/** Writes which statements took longest since the database was made, those of the bench itself among them. */
export async function writeStatements(db: Client, folder: string, name: string): Promise<void> {
  const { rows } = await db.query<Cost>(
    `select calls, rows, round((total_exec_time + total_plan_time)::numeric, 1) as ms,
       round(max_exec_time::numeric, 1) as longest_ms, (shared_blks_hit + shared_blks_read) / calls as blocks,
       left(regexp_replace(query, '\\s+', ' ', 'g'), ${TEXT_MAX}) as query
     from pg_stat_statements join pg_database on pg_database.oid = dbid and datname = current_database()
     where calls > 0 order by total_exec_time + total_plan_time desc limit ${LINES_MAX}`,
  );
  const { rows: scanned } = await db.query<Scanned>(
    `select relname as name, seq_scan as scans, seq_tup_read as rows, coalesce(idx_tup_fetch, 0) as by_index
     from pg_stat_user_tables where seq_tup_read + coalesce(idx_tup_fetch, 0) > 0
     order by seq_tup_read + coalesce(idx_tup_fetch, 0) desc limit ${LINES_MAX}`,
  );
  const lines = [
    `${name}: statements by the time that they took; waiting for locks counts, and what a trigger ran counts twice`,
    '',
    '       ms    calls     rows  longest  blocks',
    ...rows.map(({ ms, calls, rows: told, longest_ms, blocks, query }) =>
      [ms.padStart(9), calls.padStart(8), told.padStart(8), longest_ms.padStart(8), blocks.padStart(7), query].join(
        ' ',
      ),
    ),
    '',
    'rows read from each table: by whole scans, and by an index',
    '',
    ...scanned.map(
      ({ name: table, rows: read, scans, by_index }) =>
        `${read.padStart(10)} in ${scans} scans ${by_index.padStart(10)} by index  ${table}`,
    ),
  ];
  writeFileSync(join(folder, `${name}${STATEMENTS_ENDING}`), `${lines.join('\n')}\n`);
}
