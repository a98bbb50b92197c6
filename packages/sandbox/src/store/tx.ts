import { writeEvent } from '../delivery/events.ts';
import { changedFrom } from '../kernel/canonical.ts';
import { missingObject } from '../kernel/failure.ts';
import type { IdSource } from '../kernel/ids.ts';
import type { Kind, Kinds } from '../kernel/kinds.ts';
import { DEFAULT_ACCOUNT } from '../kernel/options.ts';
import { type BookEntry, writeBook } from './books.ts';
import { type Held, type ObjectTable, objectTable } from './objects.ts';
import type { ListQuery, Scope } from './select.ts';
import { addTimer, dropTimers } from './timers.ts';
import { keepPosition, type World } from './world.ts';

/** Who caused the changes: a call, or nobody when a timer did. Stands in every event. */
export interface Caller {
  request_id: string | null;
  idempotency_key: string | null;
  /** Whose objects it may see; unset where nobody calls. */
  account?: string;
}

/** One unit of work: reads, decides, writes. Nothing of it is visible until it commits, and it never waits. */
export interface Tx {
  readonly world: World;
  readonly ids: IdSource;
  readonly caller: Caller;
  /** Whose objects this unit of work sees, once that is known. */
  account(): string;
  /** Milliseconds, and whole seconds, fixed for the whole unit of work. */
  readonly now_ms: number;
  readonly now: number;
  find<K extends Kind>(kind: K, id: string): Kinds[K] | undefined;
  /** @throws ApiFailure 404 resource_missing naming `param` */
  get<K extends Kind>(kind: K, id: string, param?: string): Kinds[K];
  /** The object of any kind behind an id, also a deleted one; for expansion. */
  any(id: string): { kind: Kind; object: Record<string, unknown>; deleted: boolean } | undefined;
  /** Whom an object belongs to. */
  ownerOf(id: string): string;
  /** The private part of an object, free to be changed; call `touch` afterwards. */
  hidden(id: string): Record<string, unknown>;
  insert<K extends Kind>(kind: K, object: Kinds[K], hidden?: Record<string, unknown>): Kinds[K];
  touch(object: { id: string }): void;
  remove(object: { id: string }): void;
  /** Changes an object and answers the old values of what changed, as `previous_attributes` tells them. */
  patch<T extends { id: string }>(object: T, changes: Partial<T>): Record<string, unknown> | undefined;
  list<K extends Kind>(kind: K, query: ListQuery): { found: Kinds[K][]; has_more: boolean };
  /** All objects with these key values, oldest first. */
  every<K extends Kind>(kind: K, where: Record<string, string>): Kinds[K][];
  emit(type: string, object: { id?: string }, previous?: Record<string, unknown>): void;
  timer(kind: string, subject: string, due_ms: number, payload?: Record<string, unknown>): void;
  untime(kind: string, subject: string): void;
  book(entry: BookEntry): void;
  flush(): void;
  /** Did anything change? */
  changed(): boolean;
}

const NOUNS: Partial<Record<Kind, string>> = {
  'checkout.session': 'checkout session',
  payment_intent: 'payment intent',
  setup_intent: 'setup intent',
  payment_method: 'payment method',
  promotion_code: 'promotion code',
  'test_helpers.test_clock': 'test clock',
};

type Reading = Pick<Tx, 'find' | 'get' | 'any' | 'ownerOf' | 'hidden' | 'list' | 'every'>;

function mustHold(table: ObjectTable, id: string): Held {
  const held = table.held(id);
  if (!held) throw new Error(`no object ${id} in this unit of work`);
  return held;
}

function readingOf(table: ObjectTable): Reading {
  const find: Tx['find'] = <K extends Kind>(kind: K, id: string) => {
    const held = table.held(id);
    return held && held.kind === kind && !held.deleted ? (held.object as unknown as Kinds[K]) : undefined;
  };
  return {
    find,
    get: (kind, id, param = kind) => {
      const object = find(kind, id);
      if (!object) throw missingObject(NOUNS[kind] ?? kind.replaceAll('_', ' '), id, param);
      return object;
    },
    any: (id) => {
      const held = table.held(id);
      return held && { kind: held.kind, object: held.object, deleted: held.deleted };
    },
    ownerOf: (id) => mustHold(table, id).account,
    hidden: (id) => mustHold(table, id).hidden,
    list: table.list,
    every: table.every,
  };
}

/** What an event tells of an object is what the store will keep of it, unless it changes once more. */
function jsonOf(table: ObjectTable, object: { id?: string }): string {
  const held = object.id === undefined ? undefined : table.held(object.id);
  if (held?.object !== object) return JSON.stringify(object);
  held.text ??= JSON.stringify(object);
  return held.text;
}

/** @param at_ms the time of the whole unit; absent means the clock's */
export function openTx(world: World, caller: Caller, at_ms = world.clock.now()): Tx {
  const scope: Scope = { account: caller.account };
  const moment = { now_ms: at_ms, lag_ms: world.runtime.search_lag_ms, strict: world.options.strict === true };
  const table = objectTable(world.database, () => ++world.seq, scope, moment);
  const account = (): string => scope.account ?? DEFAULT_ACCOUNT;
  let changed = false;
  const touch = (object: { id: string }): void => {
    const held = mustHold(table, object.id);
    held.dirty = true;
    held.text = undefined;
    changed = true;
    if (held.kind === 'webhook_endpoint') world.targets = undefined;
  };
  return {
    world,
    ids: world.ids,
    caller,
    account,
    now_ms: at_ms,
    now: Math.floor(at_ms / 1000),
    ...readingOf(table),
    insert: (kind, object, hidden = {}) => {
      table.add(kind, object as unknown as Record<string, unknown> & { id: string }, hidden);
      touch(object as { id: string });
      return object;
    },
    touch,
    remove: (object) => {
      mustHold(table, object.id).deleted = true;
      touch(object);
    },
    patch: (object, changes) => {
      // Old values are only referred to: a patch replaces values, it never reaches into them.
      const before: Record<string, unknown> = {};
      for (const key of Object.keys(changes)) before[key] = (object as Record<string, unknown>)[key];
      Object.assign(object, changes);
      touch(object);
      return changedFrom(before, changes as Record<string, unknown>);
    },
    emit: (type, object, previous) => {
      changed = true;
      const told = { json: jsonOf(table, object), object_id: object.id ?? null };
      writeEvent(world, { type, ...told, previous, caller, account: account(), at_ms });
    },
    timer: (kind, subject, due_ms, payload = {}) => addTimer(world.database, { due_ms, kind, subject, payload }),
    untime: (kind, subject) => dropTimers(world.database, subject, kind),
    book: (entry) => writeBook(world.database, { at_ms, account: account() }, entry),
    flush: table.flush,
    changed: () => changed,
  };
}

/** Runs `work` as one SQLite transaction; the changes are there when this returns, or none is when it throws. */
export function inTx<T>(world: World, caller: Caller, work: (tx: Tx) => T, at_ms?: number): T {
  return world.database.transaction(() => {
    const tx = openTx(world, caller, at_ms);
    const answer = work(tx);
    tx.flush();
    keepPosition(world);
    return answer;
  });
}
