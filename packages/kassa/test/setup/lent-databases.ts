import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { asAdmin } from './servers.ts';

/**
 * Databases that a test gave back, as empty files named like them: copying the template costs ten times what emptying
 * a used one does. A file is taken by renaming it, which only one of several worker processes can do.
 */
const FREE = 'free-databases';

/** A database that somebody gave back, or undefined when nobody has. `folder` is the run's. */
export function takeGivenBack(folder: string): string | undefined {
  const free = join(folder, FREE);
  for (const name of namesIn(free)) {
    try {
      renameSync(join(free, name), join(folder, `lent-${name}`));
      return name;
    } catch (error) {
      // Another worker was faster.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

/**
 * Empties a database for its next test. Answers false, and leaves it alone, when it is no longer what the template was:
 * its schema or its settings were changed, or somebody still works in it.
 */
export async function giveBack(folder: string, name: string, url: string, shape: string): Promise<boolean> {
  const emptied = await asAdmin(url, async (client) => {
    const { rows } = await client.query<{ others: number }>(
      `select count(*)::int as others from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`,
    );
    if (rows[0]?.others !== 0 || (await shapeOf(client)) !== shape) return false;
    const used = await usedTables(client);
    // The books refuse to be emptied; a test's own database may be, without asking its triggers. To truncate would cost
    // half a second: it makes new files for each table and index.
    const empty = used.map((table) => `delete from ${table}`).join('; ');
    await client.query(`begin; set local session_replication_role = replica; ${empty}; commit`);
    return true;
  });
  if (!emptied) return false;
  mkdirSync(join(folder, FREE), { recursive: true });
  writeFileSync(join(folder, FREE, name), '');
  return true;
}

/** One word for the whole schema with its grants, triggers, functions and settings; copies of a template share it. */
export async function shapeOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ shape: string }>(SHAPE);
  return rows[0]?.shape ?? '';
}

/** Everything that a test could change besides rows. Oids below 16384 belong to Postgres itself. */
const SHAPE = `select md5(string_agg(part, e'\\n' order by part)) as shape from (
  select concat_ws(' ', 'class', oid, relname, relkind, relacl, reloptions, relrowsecurity) as part
    from pg_class where oid >= 16384
  union all select concat_ws(' ', 'column', attrelid, attnum, attname, atttypid, attnotnull, atthasdef, attacl)
    from pg_attribute where attrelid >= 16384
  union all select concat_ws(' ', 'default', oid, adrelid) from pg_attrdef
  union all select concat_ws(' ', 'constraint', oid, conname, convalidated) from pg_constraint where oid >= 16384
  union all select concat_ws(' ', 'trigger', oid, tgname, tgenabled) from pg_trigger
  union all select concat_ws(' ', 'function', oid, proname, proacl, md5(prosrc)) from pg_proc where oid >= 16384
  union all select concat_ws(' ', 'schema', oid, nspname, nspacl) from pg_namespace where oid >= 16384
  union all select concat_ws(' ', 'setting', setconfig)
    from pg_db_role_setting join pg_database on pg_database.oid = setdatabase where datname = current_database()
  union all select concat_ws(' ', 'migration', to_jsonb(m)) from kassa.migrations m
) as parts`;

/** Tables that were ever written to; the others are empty. */
async function usedTables(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class
      where relnamespace = 'kassa'::regnamespace and relkind = 'r' and relname <> 'migrations'
        and pg_relation_size(oid) > 0`,
  );
  return rows.map(({ name }) => name);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
