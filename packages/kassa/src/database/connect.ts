import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql } from 'kysely';
import { Pool, type PoolClient, types } from 'pg';
import { Bug } from '../kernel/errors.ts';
import { REQUEST_LIMITS, type TimeLimits, withSettings } from './connection/settings.ts';
import { DatabaseUnavailable, isConnectionLoss, isOutdatedPlan, sqlstateOf } from './faults.ts';
import type { Tables } from './generated/tables.ts';
import { rememberPool } from './measures/pool-counts.ts';
import { type Database, type DatabaseWorld, openTransaction, rememberWorld } from './transaction.ts';

/**
 * Stands around everything that is sent to the server, statements outside transactions included. The simulation hands
 * in one that schedules, crashes and loses answers; production has none.
 */
export type DatabaseGate = <T>(point: GatePoint, run: () => Promise<T>) => Promise<T>;

export interface GatePoint {
  /** `connect` comes first, before a connection is taken from the pool; nothing of the others happens without it. */
  readonly kind: 'connect' | 'begin' | 'statement' | 'commit' | 'rollback';
  readonly sql: string;
  /** What stands for `$1`, `$2` and so on in it. */
  readonly values?: readonly unknown[];
  /** The same object for everything that is sent over one connection; undefined while there is none yet. */
  readonly session?: object;
}

export interface OpenOptions extends DatabaseWorld {
  gate?: DatabaseGate;
  /** Connections at most; 10 unless told. */
  poolMax?: number;
  /** REQUEST_LIMITS unless told. */
  limits?: TimeLimits;
  /** How long a statement may wait for a free connection, in milliseconds; 5,000 unless told. */
  poolWaitMs?: number;
  /** How long a connection that nobody uses stays open, in milliseconds; 10,000 unless told, 0 is for ever. */
  poolIdleMs?: number;
  /** False behind a pooler that forbids named statements; true unless told. */
  prepared?: boolean;
  /** True for whoever reads whole tables, such as a proof; false unless told. */
  readsTables?: boolean;
}

const POOL_MAX = 10;
const POOL_WAIT_MS = 5_000;
const POOL_IDLE_MS = 10_000;
/** A statement that is sent this often is worth a plan that is kept. */
const PREPARED_AFTER = 3;
/** Plans that one connection keeps at most. Lists of any length make texts of any number. */
const PREPARED_MAX = 300;
const TEXTS_REMEMBERED = 2_000;

/**
 * A pool of connections to `url` with typed tables. Nothing is connected before the first statement.
 * Times come back as Date, eight-byte integers as exact numbers, jsonb parsed, ranges and numerics as text.
 */
export function openDatabase(url: string, options: OpenOptions): Database {
  const { clock, random, log, gate = direct, poolMax = POOL_MAX, limits = REQUEST_LIMITS } = options;
  const { poolWaitMs = POOL_WAIT_MS, poolIdleMs = POOL_IDLE_MS, prepared = true, readsTables = false } = options;
  const pool = new Pool({
    connectionString: withSettings(url, limits, readsTables),
    application_name: 'kassa',
    max: poolMax,
    connectionTimeoutMillis: poolWaitMs,
    idleTimeoutMillis: poolIdleMs,
    keepAlive: true,
    types: {
      getTypeParser: ((oid: number, format: 'text') => PARSERS[oid] ?? types.getTypeParser(oid, format)) as never,
    },
  });
  const last_words = new WeakMap<PoolClient, Error>();
  pool.on('connect', (client) => {
    // A server that ends a session says why at once, often before anyone asks; the next statement then tells it on.
    client.on('error', (error) => {
      // The first word is the reason; that the connection is gone then follows.
      if (!last_words.has(client as PoolClient)) last_words.set(client as PoolClient, error);
      // After our goodbye the server may go before it has let everyone out: nothing is lost.
      if (pool.ending) return;
      log.warn({ error: error.message, sqlstate: sqlstateOf(error) }, 'a database connection was lost');
    });
  });
  pool.on('error', () => undefined);
  const dialect = new PostgresDialect({
    pool: guarded(pool, { gate, last_words, names: prepared ? statementNames() : NO_NAMES }),
  });
  const db: Database = new Kysely<Tables>({ dialect });
  rememberWorld(db, { clock, random, log });
  rememberPool(db, pool);
  return db;
}

/** Waits for running statements and closes every connection. */
export function closeDatabase(db: Database): Promise<void> {
  return db.destroy();
}

/** What the server promises about storage, and whether its clock is the simulator's. A live key wants all of it right. */
export async function readDurability(
  db: Database,
): Promise<{ durable: boolean; clock_is_set: boolean; version: number }> {
  const { rows } = await sql<{ fsync: string; commits: string; pages: string; clock: string | null; version: number }>`
    select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commits,
      current_setting('full_page_writes') as pages, nullif(current_setting('kassa.clock', true), '') as clock,
      current_setting('server_version_num')::int as version`.execute(db);
  const [row] = rows;
  if (!row) throw new Bug('Postgres did not answer for its settings');
  const durable = row.fsync === 'on' && row.pages === 'on' && !['off', 'local'].includes(row.commits);
  return { durable, clock_is_set: row.clock !== null, version: row.version };
}

const direct: DatabaseGate = (_point, run) => run();

/** Kysely's view of the pool: every statement passes the gate, and nobody leaves his own transaction unawares. */
interface Guard {
  readonly gate: DatabaseGate;
  readonly last_words: WeakMap<PoolClient, Error>;
  readonly names: StatementNames;
}

interface StatementNames {
  readonly of: (text: string) => string | undefined;
  /** A plan under this name outlived its table: from now on all have other names; old plans go with their connections. */
  readonly outdate: (name: string) => void;
}

const NO_NAMES: StatementNames = { of: () => undefined, outdate: () => undefined };

function guarded(pool: Pool, guard: Guard): PostgresPool {
  const { gate } = guard;
  const known = new WeakMap<PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const current = openTransaction();
      if (current?.connected) {
        throw new Bug(
          'a statement was sent past the open transaction: use the tx that was handed in, not the database',
        );
      }
      const client = await gate({ kind: 'connect', sql: '' }, () => pool.connect()).catch((error: unknown) => {
        if (/^timeout exceeded/.test((error as Error).message)) throw new DatabaseUnavailable('busy', error);
        throw isConnectionLoss(error) ? new DatabaseUnavailable('unreachable', error) : error;
      });
      if (current) current.connected = true;
      const existing = known.get(client);
      if (existing) return existing;
      const wrapped = guardedClient(client, guard);
      known.set(client, wrapped);
      return wrapped;
    },
  };
}

/**
 * Names for statements that come again and again, the same for every connection of a pool: under a name Postgres reads
 * and plans a statement once per connection instead of each time. Several commands cannot stand under one.
 */
function statementNames(): StatementNames {
  const names = new Map<string, string>();
  const seen = new Map<string, number>();
  let generation = 0;
  const prefix = (): string => `kassa_${generation}_`;
  return {
    of(text) {
      const known = names.get(text);
      if (known !== undefined || names.size >= PREPARED_MAX || text.includes(';')) return known;
      const times = (seen.get(text) ?? 0) + 1;
      if (times < PREPARED_AFTER) {
        if (seen.size >= TEXTS_REMEMBERED) seen.clear();
        seen.set(text, times);
        return undefined;
      }
      seen.delete(text);
      const name = `${prefix()}${names.size}`;
      names.set(text, name);
      return name;
    },
    outdate(name) {
      if (!name.startsWith(prefix())) return;
      generation += 1;
      names.clear();
    },
  };
}

function guardedClient(client: PoolClient, { gate, last_words, names }: Guard): PostgresPoolClient {
  let in_transaction = false;
  const named = (name: string, text: string, values: unknown[]): Promise<unknown> =>
    client.query({ name, text, values }).catch((error: unknown) => {
      if (!isOutdatedPlan(error)) throw error;
      names.outdate(name);
      // A transaction is lost by it, and runs again from its beginning.
      if (in_transaction) throw error;
      return client.query(text, values);
    });
  const query = async (text: string, parameters: readonly unknown[]): Promise<unknown> => {
    const kind = kindOf(text);
    try {
      const name = kind === 'statement' ? names.of(text) : undefined;
      const values = [...parameters];
      const run = (): Promise<unknown> => (name === undefined ? client.query(text, values) : named(name, text, values));
      if (kind !== 'statement') in_transaction = kind === 'begin';
      return await gate({ kind, sql: text, values, session: client }, run);
    } catch (error) {
      const told = sqlstateOf(error) === undefined ? (last_words.get(client) ?? error) : error;
      const current = openTransaction();
      if (kind === 'commit' && current) current.commit_failure = told;
      throw told;
    }
  };
  return {
    query: query as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy ?? false),
  };
}

function kindOf(text: string): GatePoint['kind'] {
  if (/^(begin|start transaction)\b/.test(text)) return 'begin';
  if (text === 'commit' || text === 'rollback') return text;
  return 'statement';
}

const INT8 = 20;
const INT8_ARRAY = 1016;
const DATE = 1082;
const TIMESTAMP = 1114;

/** The driver's own readings that would lose something: digits of large integers, the zone of zoneless times. */
const PARSERS: Record<number, (text: string) => unknown> = {
  [INT8]: exactInteger,
  [INT8_ARRAY]: (text) =>
    text === '{}'
      ? []
      : text
          .slice(1, -1)
          .split(',')
          .map((item) => (item === 'NULL' ? null : exactInteger(item))),
  [DATE]: (text) => text,
  [TIMESTAMP]: (text) => text,
};

/** Money and counters are bounded to what JavaScript holds exactly; anything beyond is a mistake, never rounded. */
function exactInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new Bug(`the integer ${text} is larger than JavaScript holds exactly`);
  return number;
}
