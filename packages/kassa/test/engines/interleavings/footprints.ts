import type { GatePoint } from '../../../src/database/index.ts';

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
  return (
    nothingOf(one.takes, other.takes) &&
    nothingOf(one.locks, other.refers) &&
    nothingOf(other.locks, one.refers) &&
    nothingOf(one.shows, other.sees) &&
    nothingOf(other.shows, one.sees)
  );
}

function nothingOf(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return [...one].every((mine) => [...other].every((its) => !meet(mine, its)));
}

/** Whether two places can be one: a table is every row of it. */
function meet(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

/** What the schema does by itself when a table is written: read from the server's own catalogue. */
export interface Consequences {
  readonly tables: ReadonlySet<string>;
  /** Rows of these are locked when a row of that table is written: what it refers to. */
  readonly parents: ReadonlyMap<string, readonly string[]>;
  /** The text of its triggers' functions: those that run at once, and those that wait for the end. */
  readonly triggers: ReadonlyMap<string, readonly { readonly text: string; readonly deferred: boolean }[]>;
}

type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

export async function consequencesIn(ask: Ask): Promise<Consequences> {
  const tables = await ask<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'kassa'`);
  const references = await ask<{ child: string; parent: string }>(
    `select c.relname as child, p.relname as parent from pg_constraint k
     join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
     where k.contype = 'f' and c.relnamespace = 'kassa'::regnamespace`,
  );
  const triggers = await ask<{ name: string; text: string; deferred: boolean }>(
    `select c.relname as name, f.prosrc as text, t.tginitdeferred as deferred from pg_trigger t
     join pg_class c on c.oid = t.tgrelid join pg_proc f on f.oid = t.tgfoid
     where not t.tgisinternal and c.relnamespace = 'kassa'::regnamespace`,
  );
  const parents = Map.groupBy(references, ({ child }) => child);
  return {
    tables: new Set(tables.map(({ name }) => name)),
    parents: new Map([...parents].map(([child, list]) => [child, list.map(({ parent }) => parent)])),
    triggers: Map.groupBy(triggers, ({ name }) => name),
  };
}

/** What a statement, or a transaction so far, has reached: its end lets go of it, and shows what was written. */
interface Reach {
  readonly sees: Set<string>;
  readonly takes: Set<string>;
  readonly locks: Set<string>;
  readonly refers: Set<string>;
  readonly writes: Set<string>;
}

export type Under = Reach;

export function nothingYet(): Under {
  return { sees: new Set(), takes: new Set(), locks: new Set(), refers: new Set(), writes: new Set() };
}

/**
 * The footprint of a step, by the words of its statement: every table that it names is read, one that it writes or
 * locks is taken, and so is what the schema takes by itself because of it.
 * @param under what its transaction has done; absent for a statement that is a transaction of its own
 */
export function footprintOf(point: GatePoint, of: Consequences, under: Under | undefined): Footprint {
  const { kind } = point;
  const reach = kind === 'statement' ? reachOf(point, of) : nothingYet();
  if (under) add(under, reach);
  if (kind === 'statement' && under) return { ...reach, shows: NONE };
  const whole = under ?? reach;
  const sees = new Set([...reach.sees, ...lateSights(of, whole.writes)]);
  return { ...whole, sees, shows: kind === 'rollback' ? NONE : whole.writes };
}

function add(to: Reach, more: Reach): void {
  for (const name of more.sees) to.sees.add(name);
  for (const name of more.takes) to.takes.add(name);
  for (const name of more.locks) to.locks.add(name);
  for (const name of more.refers) to.refers.add(name);
  for (const name of more.writes) to.writes.add(name);
}

const reaches = new WeakMap<Consequences, Map<string, Reach>>();

function reachOf(point: GatePoint, of: Consequences): Reach {
  const { sql } = point;
  const known = reaches.get(of) ?? new Map<string, Reach>();
  reaches.set(of, known);
  const rows = new Map(ROWS.map((one) => [one.table, rowNamed(point, one)]));
  const key = `${sql} ${[...rows.values()].join(' ')}`;
  const place = (table: string): string => {
    const row = rows.get(table);
    return row === undefined ? table : `${table}/${row}`;
  };
  const found = known.get(key) ?? reachOfText(sql, of, place);
  known.set(key, found);
  return found;
}

interface Named {
  readonly table: string;
  /** The column that names one row alone. */
  readonly by: string;
  /** In which statements nothing but that name can be in the way of another row. */
  readonly how: readonly string[];
}

/** Tables of which callers that meet often want different rows. */
const ROWS: readonly Named[] = [
  { table: 'reconcile_cursors', by: 'kind', how: ['from', 'update', 'into'] },
  { table: 'stripe_operations', by: 'key', how: ['from', 'update'] },
  // Two rows can still want one id of Stripe's, so that a change of one may wait for the other.
  { table: 'refunds', by: 'id', how: ['from'] },
];

/** The one row of a table that a statement asks for, changes or makes; undefined when there may be more. */
function rowNamed({ sql, values = [] }: GatePoint, { table, by, how }: Named): string | undefined {
  const [place, ...more] = [...sql.matchAll(/\b(into|update|from|join)\s+(?:"?kassa"?\.)?"?(\w+)/gi)].filter(
    ([, , name]) => name === table,
  );
  const verb = place?.[1]?.toLowerCase() ?? '';
  if (!how.includes(verb) || more.length > 0 || /\bor\b/i.test(sql)) return undefined;
  const asked = new RegExp(`where [^()]*\\b${by}"? = \\$(\\d+)`).exec(sql)?.[1];
  const at = verb === 'into' ? newAt(sql, by) : asked;
  const value = at === undefined ? undefined : values[Number(at) - 1];
  return typeof value === 'string' ? value : undefined;
}

/** Under which number the name of a new row stands. */
function newAt(sql: string, by: string): string | undefined {
  const [, columns = '', given = ''] = /\(([^()]*)\)\s*values\s*\(([^()]*)\)/i.exec(sql) ?? [];
  const at = columns.split(',').findIndex((name) => name.trim().replaceAll('"', '') === by);
  return given.split(',')[at]?.trim().replace('$', '');
}

/** Advisory locks are a table of their own. */
const ADVISORY = 'advisory locks';

function reachOfText(sql: string, of: Consequences, place = (table: string): string => table): Reach {
  const reach = nothingYet();
  const { sees, takes, locks, refers, writes } = reach;
  for (const name of namesIn(sql, of)) sees.add(place(name));
  const written = sql.matchAll(/\b(insert\s+into|update|delete\s+from)\s+(?:only\s+)?(?:"?kassa"?\.)?"?(\w+)/gi);
  const tables = new Set<string>();
  for (const [, how = '', name = ''] of written) {
    if (!of.tables.has(name)) continue;
    tables.add(name);
    writes.add(place(name));
    if (/delete/i.test(how)) locks.add(place(name));
  }
  if (/\bfor\s+((no\s+)?key\s+)?(update|share)\b/i.test(sql)) for (const name of sees) locks.add(name);
  if (/\bpg_(try_)?advisory/i.test(sql)) locks.add(ADVISORY);
  for (const table of tables) {
    for (const parent of of.parents.get(table) ?? []) refers.add(parent);
    // What is written by itself writes further by itself, and whatever it likes.
    for (const { text, deferred } of of.triggers.get(table) ?? []) if (!deferred) add(reach, reachOfText(text, of));
  }
  for (const name of [...writes, ...locks]) takes.add(name);
  for (const name of takes) sees.add(name);
  return reach;
}

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
