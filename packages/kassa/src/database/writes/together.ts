import { type OperationNodeSource, type RawBuilder, sql } from 'kysely';
import { Bug } from '../../kernel/errors.ts';
import type { Transaction } from '../transaction.ts';

/** How many rows a statement has written, told to whoever must judge it. May throw: then everything rolls back. */
export type Wrote = (rows: number) => void;

type Part =
  | { readonly kind: 'write'; readonly statement: OperationNodeSource; readonly wrote: Wrote }
  | { readonly kind: 'look'; readonly value: RawBuilder<unknown>; readonly told: (value: never) => void };

const gathered = new WeakMap<Transaction, Part[]>();
const unheard: Wrote = () => undefined;

/**
 * Sends a statement that writes: at once, or, inside `together`, with all others. The statement returns nothing; who
 * must know whether it found its row is told how many it wrote.
 */
export async function write(tx: Transaction, statement: OperationNodeSource, wrote: Wrote = unheard): Promise<void> {
  const open = gathered.get(tx);
  if (open) {
    open.push({ kind: 'write', statement, wrote });
    return;
  }
  const { numAffectedRows } = await sql`${statement}`.execute(tx);
  wrote(Number(numAffectedRows ?? 0n));
}

/**
 * Reads one value, as a scalar subquery in brackets: at once, or, inside `together`, with all writes. There it sees what
 * was before them.
 */
export async function look<Value>(
  tx: Transaction,
  value: RawBuilder<Value>,
  told: (value: Value) => void,
): Promise<void> {
  const open = gathered.get(tx);
  if (open) {
    open.push({ kind: 'look', value, told });
    return;
  }
  const { rows } = await sql<{ value: Value }>`select ${value} as value`.execute(tx);
  for (const row of rows) told(row.value);
}

/**
 * Gathers whatever `work` writes through `write` and sends it as one statement, in the order of the calls: one way to
 * the database and back instead of one for each row. Statements of one round see the rows as they were before it, and
 * none may touch a row that another one touches. Keys that point to rows of the same round are checked at its end.
 * Inside another round it joins that one.
 * @throws whatever `wrote` and `told` throw.
 */
export async function together<Result>(tx: Transaction, work: () => Promise<Result>): Promise<Result> {
  if (gathered.has(tx)) return work();
  const parts: Part[] = [];
  gathered.set(tx, parts);
  let result: Result;
  try {
    result = await work();
  } finally {
    gathered.delete(tx);
  }
  await send(tx, parts);
  return result;
}

/** Each write is a part of its own; counting its rows in the order of the calls also makes Postgres run it in that order. */
async function send(tx: Transaction, parts: readonly Part[]): Promise<void> {
  if (parts.length === 0) return;
  const writes = parts.flatMap((part, at) =>
    part.kind === 'write' ? [sql`${sql.ref(`w${at}`)} as (${part.statement} returning 1)`] : [],
  );
  const values = parts.map((part, at) => {
    const name = sql.ref(`w${at}`);
    return part.kind === 'write' ? sql`(select count(*) from ${name})::int as ${name}` : sql`${part.value} as ${name}`;
  });
  const { rows } = await sql<Record<string, never>>`
    ${writes.length === 0 ? sql`` : sql`with ${sql.join(writes)}`} select ${sql.join(values)}`.execute(tx);
  const [row] = rows;
  if (!row) throw new Bug('a round of writes answers one row');
  for (const [at, part] of parts.entries()) {
    const value = row[`w${at}`] as never;
    if (part.kind === 'write') part.wrote(value);
    else part.told(value);
  }
}
