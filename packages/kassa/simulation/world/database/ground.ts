import { sql } from 'kysely';
import pg from 'pg';
import {
  closeDatabase,
  type Database,
  type DatabaseGate,
  migrate,
  NO_LIMITS,
  openDatabase,
} from '../../../src/database/index.ts';
import type { Clock } from '../../../src/kernel/clock.ts';
import { silentLog } from '../../../src/kernel/log.ts';
import type { Random } from '../../../src/kernel/random.ts';
import { systemClock, systemRandom } from '../../../src/system.ts';
import { planOnce, withPlanning } from './connection.ts';
import { type Real, startServer } from './server.ts';

/** A real Postgres for one process of the simulation: one database of its own, emptied between runs. */
export interface Ground {
  readonly db: Database;
  /** Runs statements one by one past every gate, for the harness itself. Several statements may stand in one text. */
  ask<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  /** After a run that broke off: closes whatever it left open. */
  renew(): Promise<void>;
  /** Whom the open database asks before each statement, and whose clock and chance its retries use, from now on. */
  lendTo(run: Tenant): void;
  /** Nothing is left in any table but what a shelf keeps. */
  empty(shelf?: string): Promise<void>;
  /** Keeps everything that the tables hold now under a name, so that a run may begin with it. */
  keepAs(shelf: string): Promise<void>;
  close(): Promise<void>;
}

export interface Tenant {
  readonly gate: DatabaseGate;
  readonly clock: Clock;
  readonly random: Random;
}

export interface GroundOptions {
  /** A server that runs already; a database is made on it and dropped at the end. Otherwise one is started. */
  readonly server_url: string | null;
  /** Statements that take constraints away before any run, for negative controls. */
  readonly ddl: readonly string[];
}

/** Enough for every story that may be open at once when statements interleave. */
const CONNECTIONS = 8;
const TRUNCATE_EVERY = 60;

planOnce();

export async function openGround({ server_url, ddl }: GroundOptions): Promise<Ground> {
  const real = { clock: systemClock(), random: systemRandom(), log: silentLog };
  const started = server_url === null ? await startServer(real) : null;
  const admin_url = started?.url ?? server_url ?? '';
  const name = `kassa_simulation_${process.pid}_${Buffer.from(real.random.bytes(4)).toString('hex')}`;
  await once(admin_url, `create database "${name}" template template0 encoding 'UTF8'`);
  const plain_url = Object.assign(new URL(admin_url), { pathname: `/${name}` }).href;
  const url = withPlanning(plain_url);
  await bringUp(url, real);
  const harness_url = withPlanning(plain_url, { search_path: 'kassa,public', TimeZone: 'UTC' });
  const harness = await connected(harness_url);
  // On a line of its own: switching triggers off makes the server forget every plan of the session.
  const cleaner = await connected(harness_url);
  for (const statement of ddl) await harness.query(statement);
  let tenant: Tenant | undefined;
  const open = (): Promise<Database> => openLent(url, real, () => tenant);
  const tables = await tablesOf(harness);
  const shelves = new Map<string, string>();
  let db = await open();
  const names = new Map<string, string>();
  let runs = 0;
  return {
    get db() {
      return db;
    },
    async renew() {
      tenant = undefined;
      await harness.query(END_CONNECTIONS);
      db = await open();
    },
    async ask(text, values = []) {
      // Named, so that the long statements of the checkers are planned once and not at every question.
      const name = names.get(text) ?? `ask ${names.size}`;
      names.set(text, name);
      const { rows } = await harness.query({ name, text, values });
      return rows;
    },
    lendTo(run) {
      tenant = run;
    },
    async empty(shelf) {
      runs += 1;
      const kept = shelf === undefined ? undefined : shelves.get(shelf);
      // Deleting is ten times faster than truncating, and leaves rows behind that cost more and more: now and then both.
      const texts =
        runs % TRUNCATE_EVERY === 0 ? [`truncate ${tables.join(', ')}`] : tables.map((one) => `delete from ${one}`);
      if (kept !== undefined) texts.push(kept);
      await cleaner.query(`begin; set local session_replication_role = replica; ${texts.join('; ')}; commit`);
    },
    async keepAs(shelf) {
      shelves.set(shelf, await copyTables(cleaner, tables, `shelf_${shelves.size}`));
    },
    async close() {
      tenant = undefined;
      // A connection that a dead node never gave back would be waited for for ever.
      await harness.query(END_CONNECTIONS);
      await Promise.all([harness.end(), cleaner.end()]);
      await once(admin_url, `drop database if exists "${name}" with (force)`);
      await started?.stop();
    },
  };
}

/** Opened once for many runs; each lends it its own gate, clock and chance. */
async function openLent(url: string, real: Real, tenant: () => Tenant | undefined): Promise<Database> {
  const db = openDatabase(url, {
    clock: {
      now: () => (tenant()?.clock ?? real.clock).now(),
      sleep: (ms) => (tenant()?.clock ?? real.clock).sleep(ms),
    },
    random: {
      bytes: (count) => (tenant()?.random ?? real.random).bytes(count),
      below: (limit) => (tenant()?.random ?? real.random).below(limit),
    },
    log: silentLog,
    limits: NO_LIMITS,
    poolMax: CONNECTIONS,
    // The pool would ask for a timer each time it gives a connection out, and each time it gets one back.
    poolWaitMs: 0,
    poolIdleMs: 0,
    gate: (point, run) => tenant()?.gate(point, run) ?? run(),
  });
  // Whoever comes first has to wait for the driver to get ready, longer than those who come after: no run may meet it.
  await sql`select 1`.execute(db);
  return db;
}

const END_CONNECTIONS = `select pg_terminate_backend(pid, 10000) from pg_stat_activity
  where datname = current_database() and application_name = 'kassa' and pid <> pg_backend_pid()`;

/** Copies every row into a schema of its own. Answers the statements that bring them back. */
async function copyTables(client: pg.Client, tables: readonly string[], schema: string): Promise<string> {
  await client.query(`create schema ${schema}`);
  const back: string[] = [];
  for (const table of tables) {
    const copy = `${schema}.${table.split('.')[1]}`;
    const { rowCount } = await client.query(`create table ${copy} as table ${table}`);
    if (rowCount !== 0) back.push(`insert into ${table} table ${copy}`);
  }
  return back.join('; ');
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

async function bringUp(url: string, real: Real): Promise<void> {
  const db = openDatabase(url, { ...real, limits: NO_LIMITS });
  try {
    await migrate(db);
  } finally {
    await closeDatabase(db);
  }
}

async function once(url: string, text: string): Promise<void> {
  const client = await connected(url);
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function tablesOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
     where schemaname = 'kassa' and tablename <> 'migrations' order by tablename`,
  );
  return rows.map(({ name }) => name);
}
