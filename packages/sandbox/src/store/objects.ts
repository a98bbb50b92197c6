import type { Kind, Kinds } from '../kernel/kinds.ts';
import { DEFAULT_ACCOUNT } from '../kernel/options.ts';
import type { Database, Row } from './database.ts';
import { keysOf } from './keys.ts';
import { type ListQuery, type Scope, selection, type Wanted } from './select.ts';

/** An object with the part that never leaves the sandbox: how a test card behaves, which items a session holds. */
export interface Held {
  kind: Kind;
  account: string;
  object: Record<string, unknown> & { id: string };
  hidden: Record<string, unknown>;
  seq: number;
  deleted: boolean;
  fresh: boolean;
  dirty: boolean;
  /** Its JSON as it stands now, while nothing has touched it since. */
  text?: string | undefined;
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

/** When a unit of work is, and how far the search index lags behind it, in milliseconds. */
export interface Moment {
  now_ms: number;
  lag_ms: number;
  /** Checks that nothing changed an object behind the back of this table. */
  strict: boolean;
}

/** Holds each object of a unit of work once, so that two readers in one call see and change the same object. */
export interface ObjectTable {
  held(id: string): Held | undefined;
  add(kind: Kind, object: Record<string, unknown> & { id: string }, hidden: Record<string, unknown>): void;
  flush(): void;
  list<K extends Kind>(kind: K, query: ListQuery): { found: Kinds[K][]; has_more: boolean };
  every<K extends Kind>(kind: K, where: Record<string, string>): Kinds[K][];
}

/** What was deleted makes room for its own name. */
const INSERT =
  'insert or replace into objects (id, account, type, created, seq, deleted, json, hidden) values (?, ?, ?, ?, ?, 0, ?, ?)';
const UPDATE = 'update objects set json = ?, hidden = ?, deleted = ? where seq = ?';
const DROP_KEY = 'delete from object_keys where type = ? and key = ? and value = ? and seq = ?';
const ADD_KEY = 'insert or ignore into object_keys (type, key, value, seq) values (?, ?, ?, ?)';

export function objectTable(database: Database, nextSeq: () => number, scope: Scope, moment: Moment): ObjectTable {
  const cache = new Map<string, Held>();

  const fromRow = (row: Row): Held => {
    const known = cache.get(row.id as string);
    if (known) return known;
    const kind = row.type as Kind;
    const object = JSON.parse(row.json as string) as Held['object'];
    const held: Held = {
      kind,
      account: row.account as string,
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

  const find = (id: string): Row | undefined =>
    scope.account === undefined
      ? database.one('select * from objects where id = ?', id)
      : database.one('select * from objects where id = ? and account = ?', id, scope.account);

  const flush = (): void => {
    for (const held of cache.values()) if (held.dirty) save(database, held, moment);
  };

  return {
    held: (id) => {
      const known = cache.get(id);
      if (known) return known;
      const row = find(id);
      if (!row) return undefined;
      scope.account ??= row.account as string;
      return fromRow(row);
    },
    add: (kind, object, hidden) => {
      scope.account ??= DEFAULT_ACCOUNT;
      const made = { kind, account: scope.account, object, hidden, seq: nextSeq(), keys: [] };
      cache.set(object.id, { ...made, deleted: false, fresh: true, dirty: true });
    },
    flush,
    list: (kind, query) => {
      flush();
      return page(database, { kind, scope, query }, fromRow);
    },
    every: (kind, where) => {
      flush();
      const { from, values } = selection({ kind, scope, query: { limit: 0, where } });
      const rows = database.all(`select o.* ${from} order by o.created, o.seq`, ...values);
      return rows.map((row) => fromRow(row).object as unknown as Kinds[typeof kind]);
    },
  };
}

function save(database: Database, held: Held, moment: Moment): void {
  const { object, kind, seq } = held;
  const json = held.text ?? JSON.stringify(object);
  if (moment.strict && json !== JSON.stringify(object)) {
    throw new Error(`${kind} ${object.id} was changed after it was told, and nobody touched it`);
  }
  keepIndexed(held, json, moment);
  const hidden = JSON.stringify(held.hidden);
  if (held.fresh) {
    database.run(INSERT, object.id, held.account, kind, Number(object.created ?? 0), seq, json, hidden);
  } else database.run(UPDATE, json, hidden, held.deleted ? 1 : 0, seq);
  held.fresh = false;
  held.dirty = false;
  writeKeys(database, held);
}

/** A change restarts the wait: what the index held before it stays there until nothing has changed for the lag. */
function keepIndexed(held: Held, json: string, { now_ms, lag_ms }: Moment): void {
  if (lag_ms === 0 || held.before === undefined || held.before === json || !SEARCHABLE.has(held.kind)) return;
  const known = held.hidden.indexed as Indexed | undefined;
  const waits = known !== undefined && known.until_ms > now_ms;
  held.hidden.indexed = { until_ms: now_ms + lag_ms, json: waits ? known.json : held.before } satisfies Indexed;
}

/** Brings the table of filters in step with the object. */
function writeKeys(database: Database, held: Held): void {
  const pairs = held.deleted ? [] : keysOf(held.kind, held.object);
  if (pairs.length === held.keys.length && pairs.every((part, i) => part === held.keys[i])) return;
  for (let i = 0; i < held.keys.length; i += 2) {
    database.run(DROP_KEY, held.kind, held.keys[i] ?? '', held.keys[i + 1] ?? '', held.seq);
  }
  for (let i = 0; i < pairs.length; i += 2) {
    database.run(ADD_KEY, held.kind, pairs[i] ?? '', pairs[i + 1] ?? '', held.seq);
  }
  held.keys = pairs;
}

function page<K extends Kind>(
  database: Database,
  wanted: Wanted & { kind: K },
  fromRow: (row: Row) => Held,
): { found: Kinds[K][]; has_more: boolean } {
  const { query, scope } = wanted;
  const { from, values } = selection(wanted);
  const cursor = query.starting_after ?? query.ending_before;
  const upwards = query.ending_before !== undefined;
  let after = '';
  if (cursor !== undefined) {
    const at = database.one(
      'select created, seq from objects where id = ? and account = ?',
      cursor,
      scope.account ?? DEFAULT_ACCOUNT,
    );
    // A cursor that vanished was refused before; none here means nothing can follow it.
    after = `and (o.created, o.seq) ${upwards ? '>' : '<'} (?, ?)`;
    values.push(Number(at?.created ?? -1), Number(at?.seq ?? -1));
  }
  const order = upwards ? 'order by o.created, o.seq' : 'order by o.created desc, o.seq desc';
  const rows = database.all(`select o.* ${from} ${after} ${order} limit ?`, ...values, query.limit + 1);
  const has_more = rows.length > query.limit;
  const kept = rows.slice(0, query.limit);
  if (upwards) kept.reverse();
  return { found: kept.map((row) => fromRow(row).object as unknown as Kinds[K]), has_more };
}
