import { CompiledQuery, type OperationNodeSource, type RawBuilder, sql } from 'kysely';
import { Bug } from '../../kernel/errors.ts';
import { DatabaseUnavailable, isTimedOut } from '../faults.ts';
import { type Database, lockedLater, type Transaction, unsent } from '../transaction.ts';
import { asLists, type RowsStatement, relationOf } from './rows.ts';

/** How many rows a statement has written, told to whoever must judge it. May throw: then everything rolls back. */
export type Wrote = (rows: number) => void;
/** The same for rows of many: whether this one was written. */
export type WroteRow = (was_written: boolean) => void;

type Part =
  | { readonly kind: 'write'; readonly statement: OperationNodeSource; readonly wrote: Wrote }
  | { readonly kind: 'rows'; readonly statement: RowsStatement; readonly rows: object[]; readonly wrote: ToldKeys[] }
  | { readonly kind: 'look'; readonly value: RawBuilder<unknown>; readonly name: string | null; readonly told: Told[] };
type Told = (value: never) => void;
type ToldKeys = (written: ReadonlySet<string>) => void;

const gathered = new WeakMap<Transaction, Part[]>();
const unheard: Wrote = () => undefined;

/**
 * Sends a statement that writes: at once, or, inside `together`, with all others. The statement returns nothing; who
 * must know whether it found its row is told how many it wrote.
 */
export async function write(tx: Transaction, statement: OperationNodeSource, wrote: Wrote = unheard): Promise<void> {
  await hand(tx, { kind: 'write', statement, wrote });
}

/**
 * Writes rows by a statement that takes any number of them: at once, or, inside `together`, in one with the rows of all
 * others who use the same statement, at the place of the first.
 * @param wrote is told for each of these rows whether it was written; the statement must have a `told` then.
 */
export async function writeRows<Row extends object>(
  tx: Transaction,
  statement: RowsStatement<Row>,
  rows: readonly Row[],
  wrote?: WroteRow,
): Promise<void> {
  if (rows.length === 0) return;
  const { told, all } = statement;
  if (wrote && all) throw new Bug('a statement that is for all or nothing tells nobody which rows it wrote');
  const heard =
    wrote && told
      ? (written: ReadonlySet<string>): void => {
          for (const row of rows) wrote(written.has(told.of(row)));
        }
      : undefined;
  const own = { statement: statement as RowsStatement, rows: [...rows], wrote: heard ? [heard] : [] };
  await hand(tx, { kind: 'rows', ...own });
}

/**
 * Reads one value, as a scalar subquery in brackets: at once, or, inside `together`, with all writes. There it sees what
 * was before them.
 * @param name given, looks of one name are one and the same to the letter, and are made once for all.
 */
export async function look<Value>(
  tx: Transaction,
  value: RawBuilder<Value>,
  told: (value: Value) => void,
  name: string | null = null,
): Promise<void> {
  await hand(tx, { kind: 'look', value, name, told: [told as Told] });
}

async function hand(tx: Transaction, part: Part): Promise<void> {
  const open = gathered.get(tx);
  if (open) join(open, part);
  else await send(tx, [part]);
}

/** Rows of one statement become one part, as do looks of one name. */
function join(parts: Part[], part: Part): void {
  for (const one of parts) {
    if (one.kind === 'rows' && part.kind === 'rows' && one.statement === part.statement) {
      one.rows.push(...part.rows);
      one.wrote.push(...part.wrote);
      return;
    }
    if (one.kind === 'look' && part.kind === 'look' && one.name !== null && one.name === part.name) {
      one.told.push(...part.told);
      return;
    }
  }
  parts.push(part);
}

/**
 * Gathers whatever `work` writes through `write` and sends it as one statement, in the order of the calls: one way to
 * the database and back instead of one for each row. Statements of one round see the rows as they were before it, and
 * none may touch a row that another one touches. Keys that point to rows of the same round are checked at its end.
 * Inside another round it joins that one when it is whole; one that throws leaves nothing there.
 * @throws whatever `wrote` and `told` throw.
 */
export async function together<Result>(tx: Transaction, work: () => Promise<Result>): Promise<Result> {
  const outer = gathered.get(tx);
  const parts: Part[] = [];
  gathered.set(tx, parts);
  let result: Result;
  try {
    result = await work();
  } finally {
    if (outer) gathered.set(tx, outer);
    else gathered.delete(tx);
  }
  if (outer) for (const part of parts) join(outer, part);
  else if (parts.length > 0) await send(tx, parts);
  return result;
}

/**
 * Gathers whatever `work` writes and sends it as one statement that is a transaction by itself: one way to the database
 * and back instead of five. Nobody can take anything back when it is answered, so it is for rows of which nobody asks
 * whether they were written, and for statements that see to that themselves (`all`). Not repeated by itself.
 * @throws DatabaseUnavailable when it took longer than it may; Bug when something else is handed in, or sent at once.
 */
export async function atOnce<Result>(db: Database, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  const tx = db.withoutPlugins() as Transaction;
  const parts: Part[] = [];
  gathered.set(tx, parts);
  const result = await unsent(() => work(tx));
  gathered.delete(tx);
  const is_final = parts.every((part) => part.kind === 'rows' && part.wrote.length === 0);
  if (!is_final) throw new Bug('what is sent at once is rows that nobody judges afterwards');
  try {
    if (parts.length > 0) await db.executeQuery(queryOf(db, parts));
  } catch (error) {
    throw isTimedOut(error) ? new DatabaseUnavailable('busy', error) : error;
  }
  return result;
}

/**
 * One of many strangers in a round: a round of its own within it, which may throw and then leaves nothing. Everything
 * that locks must be gathered, by statements for many, so that all of them lock in one order.
 */
export function oneOfMany<Result>(tx: Transaction, work: () => Promise<Result>): Promise<Result> {
  if (!gathered.has(tx)) throw new Bug('one of many stands in a round');
  return lockedLater(tx, () => together(tx, work));
}

/** Texts of rounds by what they are made of: building one takes half a millisecond. */
const texts = new Map<string, string>();
const numbers = new WeakMap<RowsStatement, number>();
let numbered = 0;

async function send(tx: Transaction, parts: readonly Part[]): Promise<void> {
  const { rows } = await tx.executeQuery<Record<string, never>>(queryOf(tx, parts));
  const [row] = rows;
  if (!row) throw new Bug('a round of writes answers one row');
  for (const [at, part] of parts.entries()) tell(part, row[`w${at}`] as never);
}

function queryOf(db: Database, parts: readonly Part[]): CompiledQuery<Record<string, never>> {
  const shape = shapeOf(parts);
  const known = shape === undefined ? undefined : texts.get(shape);
  if (known !== undefined) return CompiledQuery.raw(known, listsOf(parts));
  const query = composed(parts).compile(db);
  // A value that a part brings along beside its rows would be that of this round for ever.
  const is_ours_alone = query.parameters.length === parts.filter(({ kind }) => kind === 'rows').length;
  if (shape !== undefined && is_ours_alone) texts.set(shape, query.sql);
  return query;
}

/** The same for rounds of the same text; undefined where that cannot be told before it is built. */
function shapeOf(parts: readonly Part[]): string | undefined {
  let shape = '';
  for (const part of parts) {
    if (part.kind === 'rows') {
      const number = numbers.get(part.statement) ?? numbered++;
      numbers.set(part.statement, number);
      shape += tellsKeys(part) ? `${number}!` : `${number}.`;
    } else if (part.kind === 'look' && part.name !== null) shape += `${part.name}?`;
    else return undefined;
  }
  return shape;
}

function tellsKeys(part: Part): boolean {
  return part.kind === 'rows' && part.wrote.length > 0;
}

function listsOf(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => (part.kind === 'rows' ? [asLists(part.statement.columns, part.rows)] : []));
}

/** Each write is a part of its own; counting its rows in the order of the calls also makes Postgres run it in that order. */
function composed(parts: readonly Part[]): RawBuilder<Record<string, never>> {
  const withs = parts.flatMap((part, at) => {
    if (part.kind === 'look') return [];
    const name = sql.ref(`w${at}`);
    if (part.kind === 'write') return [sql`${name} as (${part.statement} returning 1)`];
    const { columns, statement, told } = part.statement;
    const rows = sql.ref(`r${at}`);
    const relation = relationOf(columns, sql`${asLists(columns, part.rows)}`);
    return [
      sql`${rows} as (${relation})`,
      sql`${name} as (${statement(rows)} returning ${told?.column ?? sql`1`} as told)`,
    ];
  });
  const values = parts.map((part, at) => {
    const name = sql.ref(`w${at}`);
    if (part.kind === 'look') return sql`${part.value} as ${name}`;
    if (tellsKeys(part)) return sql`(select json_agg(told) from ${name}) as ${name}`;
    const written = sql`(select count(*) from ${name})::int`;
    if (part.kind === 'write' || !part.statement.all) return sql`${written} as ${name}`;
    const handed_in = sql`(select count(*) from ${sql.ref(`r${at}`)})`;
    return sql`case when ${written} = ${handed_in} then ${written} else kassa.refuse_part() end as ${name}`;
  });
  return sql`${withs.length === 0 ? sql`` : sql`with ${sql.join(withs)}`} select ${sql.join(values)}`;
}

function tell(part: Part, value: never): void {
  if (part.kind === 'write') part.wrote(value);
  else if (part.kind === 'look') for (const told of part.told) told(value);
  else if (part.wrote.length > 0) {
    const written = new Set<string>(value ?? []);
    for (const wrote of part.wrote) wrote(written);
  }
}
