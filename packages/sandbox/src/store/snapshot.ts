import { type Database, type Row, TABLES } from './database.ts';
import { loadState, saveState, type World } from './world.ts';

/** What belongs to the store itself and not to the state in it: where ids come from, what tokens are made of. */
const OWN = "('seed', 'secret')";

const all = (table: string): string => (table === 'settings' ? `settings where name not in ${OWN}` : table);

function dump(database: Database): string {
  const tables = Object.fromEntries(TABLES.map((table) => [table, database.all(`select * from ${all(table)}`)]));
  return JSON.stringify(tables);
}

function fill(database: Database, tables: Record<string, Row[]>): void {
  for (const table of TABLES) {
    database.run(`delete from ${all(table)}`);
    for (const row of tables[table] ?? []) {
      const columns = Object.keys(row);
      const marks = columns.map(() => '?').join(', ');
      const sql = `insert into ${table} (${columns.join(', ')}) values (${marks})`;
      database.run(sql, ...Object.values(row));
    }
  }
}

/** Keeps the whole state under a name: objects, clock, ids, timers, open deliveries, faults. */
export function takeSnapshot(world: World, name: string): void {
  const { database } = world;
  database.transaction(() => {
    saveState(world);
    const sql = 'insert or replace into snapshots (name, taken_ms, value) values (?, ?, ?)';
    database.run(sql, name, world.clock.now(), dump(database));
  });
}

export interface SnapshotView {
  name: string;
  /** When, by the sandbox's clock of then. */
  taken_ms: number;
  bytes: number;
}

export function listSnapshots(database: Database): SnapshotView[] {
  const rows = database.all('select name, taken_ms, length(value) as bytes from snapshots order by taken_ms, name');
  return rows.map(({ name, taken_ms, bytes }) => ({
    name: String(name),
    taken_ms: Number(taken_ms),
    bytes: Number(bytes),
  }));
}

/** @throws Error when there is no snapshot of that name */
export function dropSnapshot(database: Database, name: string): void {
  readSnapshot(database, name);
  database.run('delete from snapshots where name = ?', name);
}

/** @throws Error when there is no snapshot of that name */
export function restoreSnapshot(world: World, name: string): void {
  const { database } = world;
  database.transaction(() => fill(database, readSnapshot(database, name)));
  world.epoch++;
  loadState(world, true);
}

/** @throws Error when there is no snapshot of that name */
export function readSnapshot(database: Database, name: string): Record<string, Row[]> {
  const row = database.one('select value from snapshots where name = ?', name);
  if (!row) throw new Error(`There is no snapshot named ${name}.`);
  return JSON.parse(row.value as string) as Record<string, Row[]>;
}

/** Empties everything but the snapshots. Ids begin again from the seed. */
export function emptyStore(world: World): void {
  const { database } = world;
  database.transaction(() => {
    for (const table of TABLES) database.run(`delete from ${all(table)}`);
  });
  world.epoch++;
  world.recentCalls.clear();
  world.ids.resume(0);
  world.seq = 0;
  world.calls = 0;
  world.targets = undefined;
  world.armed = { faults: undefined, rules: undefined };
  world.chaos = undefined;
  world.limiter = undefined;
}
