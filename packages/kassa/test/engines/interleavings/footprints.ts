import type { GatePoint } from '../../../src/database/index.ts';
import { givenTo, lockAskedBy, type Mention, mentionsIn, nameOf, rowsOf, setBy } from './rows.ts';
import type { Consequences, Once, Reference } from './schema.ts';

/**
 * What one step may do to others, as coarsely as is still true, in tables, or in one row of a table as `table/row`: two
 * steps of which neither can be told by the other may stand in either order.
 */
export interface Footprint {
  /** Of these it reads what was committed. */
  readonly sees: ReadonlySet<string>;
  /** Of these it takes rows, waits for rows of others, or lets rows go. */
  readonly takes: ReadonlySet<string>;
  /** Of these it takes whole rows, so that nobody may even refer to them. Some of what it takes. */
  readonly locks: ReadonlySet<string>;
  /** To rows of these it refers: they may be written meanwhile, and not locked as a whole. */
  readonly refers: ReadonlySet<string>;
  /** Of these it makes changes seen by everybody. */
  readonly shows: ReadonlySet<string>;
  /** The one question that it waits at, holding nothing of it meanwhile. */
  readonly waits?: string | undefined;
  /** Questions that nobody else can ask until its transaction, which goes on after it, has ended. */
  readonly keeps?: ReadonlySet<string>;
  /** What it does at Stripe. */
  readonly asks?: 'reads' | 'writes';
}

const NONE: ReadonlySet<string> = new Set();

/** A question to Stripe: what is asked there is told by nothing in the database. */
export const atStripe = (method: string): Footprint => ({
  ...{ sees: NONE, takes: NONE, locks: NONE, refers: NONE, shows: NONE },
  asks: method === 'GET' ? 'reads' : 'writes',
});

/** Whether the two may change places without anybody being able to tell. */
export function independent(one: Footprint, other: Footprint): boolean {
  if (one.asks && other.asks) return one.asks === 'reads' && other.asks === 'reads';
  // Whoever waits until the other's end anyway can begin to wait sooner or later.
  if (awaits(one, other) || awaits(other, one)) return true;
  return (
    nothingOf(one.takes, other.takes) &&
    nothingOf(one.locks, other.refers) &&
    nothingOf(other.locks, one.refers) &&
    nothingOf(one.shows, other.sees) &&
    nothingOf(other.shows, one.sees)
  );
}

const awaits = ({ waits }: Footprint, { keeps }: Footprint): boolean =>
  waits !== undefined && keeps?.has(waits) === true;

function nothingOf(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return [...one].every((mine) => [...other].every((its) => !meet(mine, its)));
}

/** Whether two places can be one: a table is every row of it. */
function meet(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

/** What a statement, or a transaction so far, has reached: its end lets go of it, and shows what was written. */
interface Reach {
  readonly sees: Set<string>;
  readonly takes: Set<string>;
  readonly locks: Set<string>;
  readonly refers: Set<string>;
  readonly writes: Set<string>;
}

/** What a transaction has done so far. */
export interface Under extends Reach {
  /** Lock questions that found rows: nobody else gets an answer to them before its end. */
  readonly keeps: Set<string>;
}

const nothing = (): Reach => ({
  sees: new Set(),
  takes: new Set(),
  locks: new Set(),
  refers: new Set(),
  writes: new Set(),
});

export const nothingYet = (): Under => ({ ...nothing(), keeps: new Set() });

/**
 * The footprint of a step, by the words of its statement: every table that it names is read, one that it writes or
 * locks is taken, and so is what the schema takes by itself because of it.
 * @param under what its transaction has done so far; absent for a statement that is a transaction of its own
 */
export function footprintOf(point: GatePoint, of: Consequences, under: Under | undefined): Footprint {
  const { kind } = point;
  const reach = kind === 'statement' ? reachOf(point, of, under) : nothing();
  if (kind === 'statement' && under) {
    return { ...reach, shows: NONE, waits: lockAskedBy(point), keeps: new Set(under.keeps) };
  }
  const whole = under ?? reach;
  const sees = new Set([...reach.sees, ...lateSights(of, whole.writes)]);
  const { takes, locks, refers, writes } = whole;
  return { sees, takes, locks, refers, shows: kind === 'rollback' ? NONE : writes };
}

/** Adds a statement that was answered to what its transaction has done. @param rows that it found */
export function answered(under: Under, point: GatePoint, of: Consequences, rows: number): void {
  add(under, reachOf(point, of, under));
  const waits = lockAskedBy(point);
  if (waits !== undefined && rows > 0) under.keeps.add(waits);
}

/** What a change of rows comes to that has found none: it has read. */
export const foundNothing = ({ sees }: Footprint): Footprint => ({
  ...{ sees, takes: NONE, locks: NONE, refers: NONE, shows: NONE },
});

function add(to: Reach, more: Reach): void {
  for (const name of more.sees) to.sees.add(name);
  for (const name of more.takes) to.takes.add(name);
  for (const name of more.locks) to.locks.add(name);
  for (const name of more.refers) to.refers.add(name);
  for (const name of more.writes) to.writes.add(name);
}

/** Advisory locks are a table of their own. */
const ADVISORY = 'advisory locks';

function reachOf(point: GatePoint, of: Consequences, under?: Under): Reach {
  const reach = nothing();
  const { sees, takes, locks, refers, writes } = reach;
  const { sql } = point;
  for (const table of namesIn(sql, of)) for (const place of placesOf(table, point)) sees.add(place);
  if (/\bfor\s+((no\s+)?key\s+)?(update|share)\b/i.test(sql)) for (const place of sees) locks.add(place);
  if (/\bpg_(try_)?advisory/i.test(sql)) locks.add(ADVISORY);
  for (const mention of mentionsIn(sql)) {
    if (!of.tables.has(mention.table)) continue;
    write(reach, mention, point, of);
    if (mention.how === 'update' && again(placesOf(mention.table, point), under))
      for (const { parent } of of.references.get(mention.table) ?? []) refers.add(parent);
  }
  for (const place of [...writes, ...locks]) takes.add(place);
  for (const place of takes) sees.add(place);
  return reach;
}

/** Of a row that its own transaction has made or changed before, the server checks every reference again. */
const again = (places: readonly string[], under: Under | undefined): boolean =>
  places.some((place) => [...(under?.writes ?? [])].some((before) => meet(before, place)));

/** What it comes to that a statement makes, changes or deletes rows, if it does. */
function write({ takes, locks, refers, writes, ...more }: Reach, mention: Mention, point: GatePoint, of: Consequences) {
  const { table, how } = mention;
  const { sql, values = [] } = point;
  const deletes = new RegExp(`\\bdelete\\s+from\\s+(?:only\\s+)?(?:"?kassa"?\\.)?"?${table}\\b`, 'i').test(sql);
  if (!(how === 'into' || how === 'update' || deletes)) return;
  const set = new Set(setBy(mention));
  let wholly = deletes;
  for (const once of of.onces.get(table) ?? []) {
    const changed = once.columns.some((column) => set.has(column));
    if (how === 'update' && !changed) continue;
    for (const place of onceIn(once, mention, values)) takes.add(place);
    wholly ||= once.whole && changed;
  }
  for (const place of placesOf(table, point)) {
    writes.add(place);
    if (wholly) locks.add(place);
  }
  for (const reference of of.references.get(table) ?? [])
    for (const place of meantBy(reference, mention, set, values)) refers.add(place);
  // What is written by itself writes further by itself, and whatever it likes.
  for (const { text, deferred } of of.triggers.get(table) ?? [])
    if (!deferred) add({ takes, locks, refers, writes, ...more }, reachOf({ kind: 'statement', sql: text }, of));
}

/** What nobody else may have is no row, and belongs to the index. */
function onceIn({ columns, by, nothing_counts }: Once, mention: Mention, values: readonly unknown[]): string[] {
  const { how, table } = mention;
  const name = nameOf(table);
  // Rows of other names cannot be in its way.
  if (name !== undefined && columns.includes(name)) return [];
  const place = `once in ${table} by ${columns.join()}`;
  // A change also gives up what was there, which no statement names.
  const given = by === null || how !== 'into' ? undefined : givenTo(mention, by, values);
  if (!given || nothing_counts) return [place];
  return given.filter((value) => value !== null && value !== undefined).map((value) => `${place}/${value}`);
}

/** Which rows of another table the rows that are made, or changed in that, refer to. */
function meantBy(
  { columns, parent, by }: Reference,
  mention: Mention,
  set: ReadonlySet<string>,
  values: readonly unknown[],
): string[] {
  const made = mention.how === 'into';
  if (!made && !columns.some((column) => set.has(column))) return [];
  const [column, ...more] = columns;
  const named = made && column !== undefined && more.length === 0 && nameOf(parent) === by;
  const given = named ? givenTo(mention, column, values) : undefined;
  if (!given) return [parent];
  return given.filter((row) => row !== null && row !== undefined).map((row) => `${parent}/${row}`);
}

const placesOf = (table: string, point: GatePoint): readonly string[] =>
  rowsOf(table, point)?.map((row) => `${table}/${row}`) ?? [table];

/** What the triggers that wait for the end will look at. */
function lateSights(of: Consequences, writes: ReadonlySet<string>): Set<string> {
  const late = [...writes]
    .flatMap((place) => of.triggers.get(place.split('/')[0] ?? '') ?? [])
    .filter(({ deferred }) => deferred);
  return new Set(late.flatMap(({ text }) => [...namesIn(text, of)]));
}

/** Every table whose name stands anywhere in the text: too many rather than too few. */
function namesIn(text: string, of: Consequences): Set<string> {
  return new Set([...text.matchAll(/\w+/g)].map(([name]) => name).filter((name) => of.tables.has(name)));
}
