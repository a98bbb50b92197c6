import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Kysely, sql } from 'kysely';
import { hashOf } from '../kernel/ids.ts';
import { isConflict } from './faults.ts';
import type { Tables } from './generated/tables.ts';
import { type Database, type DatabaseWorld, worldOf } from './transaction.ts';

/** A start that must not go on. The message is one sentence that says what is wrong and what to do. */
export class MigrationRefusal extends Error {
  override readonly name = 'MigrationRefusal';
}

export interface Migration {
  readonly number: number;
  /** The file's name without its ending, such as `0003_orders`. */
  readonly name: string;
  readonly text: string;
  readonly hash: string;
}

export interface MigrateOptions {
  /** Where the numbered files lie; Kassa's own unless told. */
  folder?: string;
  /** Only says what would be done. */
  dry_run?: boolean;
}

export interface MigrationReport {
  /** What this call applied (a dry run: would apply), in order. */
  readonly applied: readonly string[];
  /** The schema's number when the call ended. */
  readonly at: number;
}

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));
/** Any number will do, as long as every Kassa asks for the same one. */
const ADVISORY_LOCK = 4_713_150_727;
const LOCK_TIMEOUT_MS = 1_000;
const TRIES_MAX = 20;
const WAIT_MS = 250;
const OTHER_STARTER_POLL_MS = 100;
const OTHER_STARTER_WAIT_MAX_MS = 300_000;

/**
 * Brings the schema up to this program, one transaction per file. Two starters are safe: the second waits, then finds
 * nothing to do. A file that waits a second for a lock lets go and tries again, so that traffic never queues behind it.
 * @throws MigrationRefusal when the schema is newer than the program, a file was edited after it was applied, a file
 *   breaks the house's form, or a lock never came free.
 */
export async function migrate(db: Database, options: MigrateOptions = {}): Promise<MigrationReport> {
  const known = readMigrations(options.folder ?? FOLDER);
  const world = worldOf(db);
  if (options.dry_run) {
    const pending = pendingOf(known, await appliedIn(db));
    return { applied: pending.map(({ name }) => name), at: known.length - pending.length };
  }
  return db.connection().execute(async (session) => {
    await waitForTurn(session, world);
    try {
      await sql`select set_config('lock_timeout', ${`${LOCK_TIMEOUT_MS}ms`}, false), set_config('statement_timeout', '0', false)`.execute(
        session,
      );
      await sql`create schema if not exists kassa`.execute(session);
      await sql`create table if not exists kassa.migrations (
        number int primary key, name text not null, hash text not null, applied_at timestamptz not null)`.execute(
        session,
      );
      const pending = pendingOf(known, await appliedIn(session));
      for (const migration of pending) await applyOne(session, migration, world);
      return { applied: pending.map(({ name }) => name), at: known.length };
    } finally {
      // The session goes back to the pool and must not keep the lock or our patience.
      await sql`select pg_advisory_unlock(${ADVISORY_LOCK}::bigint)`.execute(session);
      await sql`reset lock_timeout`.execute(session);
      await sql`reset statement_timeout`.execute(session);
    }
  });
}

/**
 * The numbered files of a folder in order.
 * @throws MigrationRefusal when a number is missing or doubled, a name is malformed, or a file does not begin with a
 *   comment that says what it is for.
 */
export function readMigrations(folder: string = FOLDER): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((file, index) => {
    const match = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(file);
    if (!match || Number(match[1]) !== index + 1) {
      throw new MigrationRefusal(
        `The migration ${file} should be number ${String(index + 1).padStart(4, '0')}: rename it.`,
      );
    }
    // A checkout with other line ends is still the same migration.
    const text = readFileSync(`${folder}/${file}`, 'utf8').replaceAll('\r\n', '\n');
    if (!/^-- \S.{20,}/.test(text)) {
      throw new MigrationRefusal(`The migration ${file} must begin with a comment that says what it is for.`);
    }
    return { number: index + 1, name: file.slice(0, -'.sql'.length), text, hash: hashOf(text) };
  });
}

type Applied = Map<number, { name: string; hash: string }>;

async function appliedIn(db: Kysely<Tables>): Promise<Applied> {
  const { rows: found } = await sql<{ there: boolean }>`
    select to_regclass('kassa.migrations') is not null as there`.execute(db);
  if (!found[0]?.there) return new Map();
  const { rows } = await sql<{ number: number; name: string; hash: string }>`
    select number, name, hash from kassa.migrations order by number`.execute(db);
  return new Map(rows.map((row) => [row.number, row]));
}

function pendingOf(known: readonly Migration[], applied: Applied): Migration[] {
  const newest = Math.max(0, ...applied.keys());
  if (newest > known.length) {
    throw new MigrationRefusal(
      `The database's schema is at ${newest} and this Kassa knows it up to ${known.length}: ` +
        'start the newer Kassa, or restore the database from before the update.',
    );
  }
  const edited = known.find(({ number, hash }) => applied.has(number) && applied.get(number)?.hash !== hash);
  if (edited) {
    throw new MigrationRefusal(
      `The migration ${edited.name} was changed after it had been applied to this database: ` +
        'put the file back as it was, and write what you need as a new migration.',
    );
  }
  return known.filter(({ number }) => !applied.has(number));
}

/** Asks instead of waiting in the server, where the session's own time limits would end the wait. */
async function waitForTurn(session: Kysely<Tables>, { clock, log }: DatabaseWorld): Promise<void> {
  for (let waited_ms = 0; waited_ms < OTHER_STARTER_WAIT_MAX_MS; waited_ms += OTHER_STARTER_POLL_MS) {
    const { rows } = await sql<{ taken: boolean }>`
      select pg_try_advisory_lock(${ADVISORY_LOCK}::bigint) as taken`.execute(session);
    if (rows[0]?.taken) return;
    if (waited_ms === 0) log.info({}, 'another Kassa is changing the schema: waiting for it');
    await clock.sleep(OTHER_STARTER_POLL_MS);
  }
  throw new MigrationRefusal('Another Kassa has been changing the schema for five minutes: see what it waits for.');
}

async function applyOne(session: Kysely<Tables>, migration: Migration, world: DatabaseWorld): Promise<void> {
  const { number, name, text, hash } = migration;
  for (let tries = 1; ; tries += 1) {
    try {
      await session.transaction().execute(async (tx) => {
        await sql.raw(text).execute(tx);
        await sql`insert into kassa.migrations (number, name, hash, applied_at)
          values (${number}, ${name}, ${hash}, ${world.clock.now()})`.execute(tx);
      });
      world.log.info({ migration: name }, 'schema migrated');
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (tries === TRIES_MAX) {
        throw new MigrationRefusal(
          `The migration ${name} could not get its locks in ${TRIES_MAX} tries: end the long transactions that hold them, then start again.`,
          { cause: error },
        );
      }
      world.log.warn({ migration: name, tries }, 'a migration waits for a lock and tries again');
      await world.clock.sleep(WAIT_MS + world.random.below(WAIT_MS));
    }
  }
}
