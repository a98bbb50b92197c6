import type { Kind, Kinds } from '../kernel/kinds.ts';
import type { Database, Row } from './database.ts';
import { keysOf } from './keys.ts';

/** An object with the part that never leaves the sandbox: how a test card behaves, which items a session holds. */
export interface Held {
  kind: Kind;
  object: Record<string, unknown> & { id: string };
  hidden: Record<string, unknown>;
  seq: number;
  deleted: boolean;
  fresh: boolean;
  dirty: boolean;
  /** Names and values by which lists find it, as they stand in the table. */
  keys: string[];
  /** Its JSON before this unit of work; absent for what was made in it. */
  before?: string;
}

/** The search index lags: until `until_ms` it still holds this version of the object. */
export interface Indexed {
  until_ms: number;
  json: string;
}

const SEARCHABLE = new Set<Kind>(['charge', 'customer', 'payment_intent', 'price', 'product']);

export interface ListQuery {
  limit: number;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
  created?: { gt?: number; gte?: number; lt?: number; lte?: number } | undefined;
  /** Values that must match, by the names of `FILTERS`; several values mean any of them. */
  where?: Record<string, string | string[] | undefined>;
  ids?: string[] | undefined;
}

/** Holds each object of a unit of work once, so that two readers in one call see and change the same object. */
export interface ObjectTable {
  held(id: string): Held | undefined;
  add(kind: Kind, object: Record<string, unknown> & { id: string }, hidden: Record<string, unknown>): void;
  flush(): void;
  list<K extends Kind>(kind: K, query: ListQuery): { found: Kinds[K][]; has_more: boolean };
  every<K extends Kind>(kind: K, where: Record<string, string>): Kinds[K][];
}

const INSERT = 'insert into objects (id, type, created, seq, deleted, json, hidden) values (?, ?, ?, ?, 0, ?, ?)';
const UPDATE = 'update objects set json = ?, hidden = ?, deleted = ? where id = ?';
const DROP_KEY = 'delete from object_keys where type = ? and key = ? and value = ? and id = ?';
const ADD_KEY = 'insert or ignore into object_keys (type, key, value, id) values (?, ?, ?, ?)';

/** @param time when the unit of work is, and how far the search index lags behind it, in milliseconds */
export function objectTable(
  database: Database,
  nextSeq: () => number,
  time: { now_ms: number; lag_ms: number },
): ObjectTable {
  const cache = new Map<string, Held>();

  const fromRow = (row: Row): Held => {
    const known = cache.get(row.id as string);
    if (known) return known;
    const kind = row.type as Kind;
    const object = JSON.parse(row.json as string) as Held['object'];
    const held: Held = {
      kind,
      object,
      hidden: JSON.parse(row.hidden as string) as Record<string, unknown>,
      seq: row.seq as number,
      deleted: row.deleted === 1,
      fresh: false,
      dirty: false,
      keys: row.deleted === 1 ? [] : keysOf(kind, object),
      before: row.json as string,
    };
    cache.set(object.id, held);
    return held;
  };

  const flush = (): void => {
    for (const held of cache.values()) {
      if (!held.dirty) continue;
      const { object } = held;
      const json = JSON.stringify(object);
      keepIndexed(held, json, time);
      const hidden = JSON.stringify(held.hidden);
      if (held.fresh) database.run(INSERT, object.id, held.kind, Number(object.created ?? 0), held.seq, json, hidden);
      else database.run(UPDATE, json, hidden, held.deleted ? 1 : 0, object.id);
      held.fresh = false;
      held.dirty = false;
      writeKeys(database, held);
    }
  };

  return {
    held: (id) => {
      const known = cache.get(id);
      if (known) return known;
      const row = database.one('select * from objects where id = ?', id);
      return row ? fromRow(row) : undefined;
    },
    add: (kind, object, hidden) => {
      const held: Held = { kind, object, hidden, seq: nextSeq(), deleted: false, fresh: true, dirty: true, keys: [] };
      cache.set(object.id, held);
    },
    flush,
    list: (kind, query) => {
      flush();
      return page(database, kind, query, fromRow);
    },
    every: (kind, where) => {
      flush();
      const { clauses, values } = conditions(kind, { limit: 0, where });
      const sql = `select * from objects o where ${clauses.join(' and ')} order by o.created, o.seq`;
      return database.all(sql, ...values).map((row) => fromRow(row).object as unknown as Kinds[typeof kind]);
    },
  };
}

/** A change restarts the wait: what the index held before it stays there until nothing has changed for the lag. */
function keepIndexed(held: Held, json: string, { now_ms, lag_ms }: { now_ms: number; lag_ms: number }): void {
  if (lag_ms === 0 || held.before === undefined || held.before === json || !SEARCHABLE.has(held.kind)) return;
  const known = held.hidden.indexed as Indexed | undefined;
  const waits = known !== undefined && known.until_ms > now_ms;
  held.hidden.indexed = { until_ms: now_ms + lag_ms, json: waits ? known.json : held.before } satisfies Indexed;
}

/** Brings the table of filters in step with the object. */
function writeKeys(database: Database, held: Held): void {
  const pairs = held.deleted ? [] : keysOf(held.kind, held.object);
  const now = pairs.join('\n');
  if (now === held.keys.join('\n')) return;
  for (let i = 0; i < held.keys.length; i += 2) {
    database.run(DROP_KEY, held.kind, held.keys[i] ?? '', held.keys[i + 1] ?? '', held.object.id);
  }
  for (let i = 0; i < pairs.length; i += 2) {
    database.run(ADD_KEY, held.kind, pairs[i] ?? '', pairs[i + 1] ?? '', held.object.id);
  }
  held.keys = pairs;
}

function conditions(kind: Kind, query: ListQuery): { clauses: string[]; values: (string | number)[] } {
  const clauses = ['o.type = ?', 'o.deleted = 0'];
  const values: (string | number)[] = [kind];
  for (const [name, wanted] of Object.entries(query.where ?? {})) {
    if (wanted === undefined) continue;
    const list = Array.isArray(wanted) ? wanted : [wanted];
    const marks = list.map(() => '?').join(', ');
    clauses.push(`o.id in (select k.id from object_keys k where k.type = ? and k.key = ? and k.value in (${marks}))`);
    values.push(kind, name, ...list);
  }
  const signs = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;
  for (const [name, sign] of Object.entries(signs)) {
    const bound = query.created?.[name as keyof typeof signs];
    if (bound === undefined) continue;
    clauses.push(`o.created ${sign} ?`);
    values.push(bound);
  }
  if (query.ids) {
    clauses.push(`o.id in (${query.ids.map(() => '?').join(', ')})`);
    values.push(...query.ids);
  }
  return { clauses, values };
}

function page<K extends Kind>(
  database: Database,
  kind: K,
  query: ListQuery,
  fromRow: (row: Row) => Held,
): { found: Kinds[K][]; has_more: boolean } {
  const { clauses, values } = conditions(kind, query);
  const cursor = query.starting_after ?? query.ending_before;
  if (cursor !== undefined) {
    const at = database.one('select created, seq from objects where id = ?', cursor);
    // A cursor that vanished was refused before; none here means nothing can follow it.
    clauses.push(`(o.created, o.seq) ${query.ending_before === undefined ? '<' : '>'} (?, ?)`);
    values.push(Number(at?.created ?? -1), Number(at?.seq ?? -1));
  }
  const upwards = query.ending_before !== undefined;
  const order = upwards ? 'order by o.created, o.seq' : 'order by o.created desc, o.seq desc';
  const rows = database.all(
    `select * from objects o where ${clauses.join(' and ')} ${order} limit ?`,
    ...values,
    query.limit + 1,
  );
  const has_more = rows.length > query.limit;
  const kept = rows.slice(0, query.limit);
  if (upwards) kept.reverse();
  return { found: kept.map((row) => fromRow(row).object as unknown as Kinds[K]), has_more };
}
