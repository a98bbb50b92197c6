import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

export type Row = Record<string, string | number | null>;

/** Every table. `snapshot` copies all of them except `snapshots` itself. */
export const TABLES = [
  'objects',
  'object_keys',
  'events',
  'deliveries',
  'attempts',
  'idempotency',
  'timers',
  'faults',
  'rules',
  'requests',
  'book_entries',
  'settings',
] as const;

const SCHEMA = `
create table if not exists objects (
  seq integer primary key, id text not null, account text not null, type text not null, created integer not null,
  deleted integer not null, json text not null, hidden text not null, unique (id, account)) strict;
create index if not exists objects_newest on objects (type, created desc, seq desc);
create table if not exists object_keys (
  type text not null, key text not null, value text not null, seq integer not null,
  primary key (type, key, value, seq)) strict, without rowid;
create table if not exists events (
  seq integer primary key, id text not null unique, account text not null, type text not null,
  created integer not null, json text not null, object_id text) strict;
create table if not exists deliveries (
  seq integer primary key, event_id text not null, target text not null, due_ms integer, state text not null,
  attempts integer not null, plan text not null) strict;
create index if not exists deliveries_due on deliveries (due_ms, target) where state = 'due';
create index if not exists deliveries_by_event on deliveries (event_id);
create table if not exists attempts (
  seq integer primary key, delivery integer not null, event_id text not null, target text not null,
  at_ms integer not null, took_ms integer not null, status integer, reply text not null) strict;
create index if not exists attempts_by_delivery on attempts (delivery);
create table if not exists idempotency (
  seq integer primary key, key text not null, account text not null, fingerprint text not null, state text not null,
  status integer, body text, request_id text, created_ms integer not null, unique (key, account)) strict;
create table if not exists timers (
  seq integer primary key, due_ms integer not null, kind text not null, subject text not null, payload text not null)
  strict;
create index if not exists timers_due on timers (due_ms, seq);
create index if not exists timers_subject on timers (subject);
create table if not exists faults (
  seq integer primary key, id text not null unique, match text not null, fault text not null, times integer not null,
  seen integer not null) strict;
create table if not exists rules (
  seq integer primary key, id text not null unique, rule text not null, times integer not null, seen integer not null)
  strict;
create table if not exists requests (
  seq integer primary key, account text not null, at_ms integer not null, id text not null, method text not null, template text not null,
  path text not null, status integer not null, key text, fault text, committed integer not null,
  caller_saw integer not null, replayed integer not null, code text) strict;
create table if not exists book_entries (
  seq integer primary key, account text not null, at_ms integer not null, kind text not null, currency text, amount integer,
  subject text not null, charge text, more text not null) strict;
create table if not exists settings (name text primary key, value text not null) strict, without rowid;
create table if not exists snapshots (name text primary key, taken_ms integer not null, value text not null) strict;
`;

/**
 * With SQLite's own `:memory:` a commit takes the longer the more is stored: ten times as long after 12,000 payments.
 * Its file system in memory (https://sqlite.org/src/file/src/memdb.c) does not. Without a slash in front the name
 * belongs to this connection alone. It holds at most 1 GiB, some 200,000 objects with their events.
 */
const MEMORY = 'file:sandbox?vfs=memdb';

/** The objects of a payment are two to four kilobytes each: a page takes several, so that few pages change per call. */
const IN_MEMORY = `pragma page_size = 8192; pragma cache_size = -8192; pragma locking_mode = exclusive;
pragma journal_mode = memory; pragma synchronous = off; pragma temp_store = memory;`;

/** One SQLite file (or memory), one writer, statements prepared once. */
export interface Database {
  run(sql: string, ...values: SQLInputValue[]): void;
  one(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): Row[];
  /** Everything inside happens or nothing does. Never nested. */
  transaction<T>(work: () => T): T;
  close(): void;
  readonly inMemory: boolean;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM means that the process exists but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The files that this process itself has open. */
const ours = new Set<string>();

/** A second process on one file would break the promise of a single writer. Answers what gives the lock back. */
function lockFile(path: string): () => void {
  const lock = `${path}.lock`;
  if (existsSync(lock)) {
    const owner = Number(readFileSync(lock, 'utf8'));
    // A restarted container often gets the process number that a killed one had: our own number is no owner by itself.
    const held = owner === process.pid ? ours.has(path) : Number.isInteger(owner) && owner > 0 && alive(owner);
    if (held) {
      throw new Error(`The sandbox store ${path} is in use by process ${owner}. Stop it, or give another store.`);
    }
    rmSync(lock, { force: true });
  }
  const handle = openSync(lock, 'wx', 0o600);
  writeSync(handle, String(process.pid));
  closeSync(handle);
  ours.add(path);
  return () => {
    ours.delete(path);
    rmSync(lock, { force: true });
  };
}

/**
 * @param store `:memory:` or the path of a file, made with mode 0600 when it is not there
 * @throws Error when another living process holds the file, or another version of the sandbox wrote it
 */
export function openDatabase(store: string): Database {
  const inMemory = store === ':memory:';
  let unlock = (): void => undefined;
  if (!inMemory) {
    mkdirSync(dirname(store), { recursive: true });
    unlock = lockFile(store);
    closeSync(openSync(store, 'a', 0o600));
    chmodSync(store, 0o600);
  }
  const sqlite = new DatabaseSync(inMemory ? MEMORY : store);
  try {
    // WAL with NORMAL survives the death of the process at any point; only a power cut may lose the last commits.
    if (!inMemory) sqlite.exec('pragma journal_mode = wal; pragma synchronous = normal;');
    else sqlite.exec(IN_MEMORY);
    readShape(sqlite, store);
  } catch (error) {
    sqlite.close();
    unlock();
    throw error;
  }
  return wrap(sqlite, inMemory, unlock);
}

/** Counts the shapes that the tables have had. */
const SHAPE = 2;

/** @throws Error when the tables are those of another version: what they say cannot be trusted to mean the same */
function readShape(sqlite: DatabaseSync, store: string): void {
  const tables = sqlite.prepare('select count(*) as n from sqlite_master').get()?.n;
  const shape = sqlite.prepare('pragma user_version').get()?.user_version;
  if (tables !== 0 && shape !== SHAPE) {
    throw new Error(`The sandbox store ${store} was made by another version. Remove it, or give another store.`);
  }
  sqlite.exec(SCHEMA);
  sqlite.exec(`pragma user_version = ${SHAPE}`);
}

function wrap(sqlite: DatabaseSync, inMemory: boolean, unlock: () => void): Database {
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known) return known;
    const fresh = sqlite.prepare(sql);
    statements.set(sql, fresh);
    return fresh;
  };
  return {
    run: (sql, ...values) => void prepared(sql).run(...values),
    one: (sql, ...values) => prepared(sql).get(...values) as Row | undefined,
    all: (sql, ...values) => prepared(sql).all(...values) as Row[],
    transaction: (work) => {
      prepared('begin immediate').run();
      try {
        const answer = work();
        prepared('commit').run();
        return answer;
      } catch (error) {
        prepared('rollback').run();
        throw error;
      }
    },
    close: () => {
      sqlite.close();
      unlock();
    },
    inMemory,
  };
}
