import {
  besideKey,
  type Database,
  insertion,
  keysOf,
  type RowsStatement,
  sql,
  type Transaction,
  writeRows,
} from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';
import { operationKey } from './attempts-table.ts';
import type { StoredRequest } from './requests.ts';

/** A write to Stripe: stored before it is sent, and sent again only as it stands. */
export interface Operation {
  readonly id: string;
  readonly key: string;
  /** Null for what concerns a customer. */
  readonly order_id: string | null;
  readonly attempt_id: string | null;
  readonly refund_id: string | null;
  readonly action: string;
  readonly path: string;
  readonly body: string;
  readonly state: 'intended' | 'sent' | 'known' | 'unknown';
  readonly outcome: 'done' | 'refused' | 'abandoned' | null;
  readonly stripe_object_id: string | null;
  /** How often its bytes were about to leave. */
  readonly sends: number;
  readonly first_sent_at: Date | null;
  readonly last_sent_at: Date | null;
  readonly created_at: Date;
}

const OPERATION_COLUMNS = [
  'id',
  'key',
  'order_id',
  'attempt_id',
  'refund_id',
  'action',
  'path',
  'body',
  'state',
  'outcome',
  'stripe_object_id',
  'sends',
  'first_sent_at',
  'last_sent_at',
  'created_at',
] as const;

/** Stripe may forget a key 24 hours after it saw it; we stop an hour earlier (docs.stripe.com/api/idempotent_requests). */
export const RESEND_WITHIN_MS = 23 * 60 * 60 * 1000;

export interface NewOperation {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly key: string;
  readonly order_id: string;
  readonly attempt_id: string | null;
  readonly refund_id: string | null;
  readonly action: string;
  readonly request: StoredRequest;
  /** It is sent right after this commit: written down as sent already, which saves the mark and errs on the safe side. */
  readonly leaves_at_once?: boolean;
}

/** Writes the intention, and answers it as it is while nobody has sent it. A key that is there already keeps its first bytes. */
export async function intendOperation(
  tx: Transaction,
  operation: NewOperation,
  world: { ids: Ids; at: Date },
): Promise<Operation> {
  const { request, leaves_at_once = false, ...fields } = operation;
  const { at } = world;
  const sent = leaves_at_once
    ? { state: 'sent' as const, sends: 1, first_sent_at: at, last_sent_at: at }
    : { state: 'intended' as const, sends: 0, first_sent_at: null, last_sent_at: null };
  const row = { ...fields, ...request, ...sent, id: world.ids.uuid(), created_at: at, updated_at: at };
  await writeRows(tx, INSERT_OPERATIONS, [row]);
  const { updated_at: _, ...intended } = row;
  return { ...intended, outcome: null, stripe_object_id: null };
}

type OperationRow = Omit<NewOperation, 'request' | 'leaves_at_once'> &
  Omit<StoredRequest, 'leaving'> &
  Pick<Operation, 'id' | 'state' | 'first_sent_at' | 'last_sent_at' | 'created_at'> & {
    readonly sends: number;
    readonly updated_at: Date;
  };

const INSERT_OPERATIONS = insertion<OperationRow>(
  'stripe_operations',
  {
    uuid: ['id', 'tenant_id', 'order_id', 'attempt_id', 'refund_id'],
    text: ['mode', 'key', 'action', 'path', 'body', 'state'],
    int: ['sends'],
    timestamptz: ['first_sent_at', 'last_sent_at', 'created_at', 'updated_at'],
  },
  sql`on conflict (key) do nothing`,
);

/** What a numbered try belongs to: an attempt of an order, or a customer. */
export type TrySubject = { readonly order_id: string; readonly attempt_id: string } | { readonly customer_id: string };

export type NewTry = TrySubject & {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly action: string;
  readonly request: StoredRequest;
};

/** The newest try of an action, and how many there have been. */
export async function lastTry(
  db: Database | Transaction,
  subject: TrySubject,
  action: string,
): Promise<{ readonly operation: Operation | undefined; readonly tries: number }> {
  const tried = db
    .selectFrom('stripe_operations')
    .$if('attempt_id' in subject, (query) =>
      query.where('attempt_id', '=', 'attempt_id' in subject ? subject.attempt_id : ''),
    )
    .$if('customer_id' in subject, (query) =>
      query.where('customer_id', '=', 'customer_id' in subject ? subject.customer_id : ''),
    )
    .where('action', '=', action);
  const { tries } = await tried.select((row) => row.fn.countAll<string>().as('tries')).executeTakeFirstOrThrow();
  const newest = tried.select(OPERATION_COLUMNS).orderBy('created_at', 'desc').orderBy('id', 'desc').limit(1);
  return { operation: await newest.executeTakeFirst(), tries: Number(tries) };
}

/**
 * Writes the intention of an action that may have to be tried more than once, each time under a key of its own: Stripe
 * answers a repeated key with the first answer, also with a refusal. While one try is at work there is no second one:
 * it is answered instead, with its own bytes. One that is too old to be sent again is given up.
 * The subject's row is locked already, so that two callers take turns.
 */
export async function intendTry(tx: Transaction, wanted: NewTry, world: { ids: Ids; at: Date }): Promise<Operation> {
  const { operation, tries } = await lastTry(tx, wanted, wanted.action);
  if (operation && operation.state !== 'known') {
    if (maySend(operation, world.at)) return operation;
    await closeOperation(tx, operation.key, { outcome: 'abandoned', error: 'too old to be sent again' }, world.at);
  }
  const { request, ...fields } = wanted;
  const subject = 'attempt_id' in wanted ? wanted.attempt_id : wanted.customer_id;
  const row = await tx
    .insertInto('stripe_operations')
    .values({
      ...fields,
      ...request,
      key: operationKey(subject, `${wanted.action}:${tries + 1}`),
      id: world.ids.uuid(),
      state: 'intended',
      created_at: world.at,
      updated_at: world.at,
    })
    .returning(OPERATION_COLUMNS)
    .executeTakeFirstOrThrow();
  return row;
}

export async function findOperation(db: Database | Transaction, key: string): Promise<Operation | undefined> {
  return db.selectFrom('stripe_operations').select(OPERATION_COLUMNS).where('key', '=', key).executeTakeFirst();
}

/** True while the stored bytes may be sent under the stored key without any risk of a second effect. */
export function maySend(operation: Operation, at: Date): boolean {
  if (operation.state === 'known') return false;
  return operation.first_sent_at === null || at.getTime() - operation.first_sent_at.getTime() < RESEND_WITHIN_MS;
}

/**
 * Marks a send before the bytes leave, so that a crash in the call is seen as `sent` and never as never sent.
 * @returns how often these bytes have been sent, this time included; undefined when the operation is closed, and then
 *   nothing may be sent.
 */
export async function markSent(db: Database, key: string, at: Date): Promise<number | undefined> {
  const row = await db
    .updateTable('stripe_operations')
    .set({
      state: 'sent',
      sends: sql<number>`least(sends + 1, 1000)`,
      first_sent_at: sql<Date>`coalesce(first_sent_at, ${at})`,
      // Clocks of machines differ, and the latest of all counts.
      last_sent_at: sql<Date>`greatest(last_sent_at, ${at})`,
      updated_at: at,
    })
    .where('key', '=', key)
    .where(besideKey(sql`state <> 'known'`))
    .returning('sends')
    .executeTakeFirst();
  return row?.sends;
}

/**
 * What came of it. `unknown` keeps the operation open; everything else closes it for good.
 * @param end.sends given, it is closed only while nobody has sent it more often than that.
 * @returns whether anything was written.
 */
export async function closeOperation(
  db: Database | Transaction,
  key: string,
  end: { outcome: 'done' | 'refused' | 'abandoned' | 'unknown'; object_id?: string; error?: string; sends?: number },
  at: Date,
): Promise<boolean> {
  const { sends } = end;
  const result = await closing(db, key, end, at)
    .$if(sends !== undefined, (query) => query.where('sends', '<=', sends ?? 0))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** The end that most have: it was done, and this is what Stripe made. One that is closed already stays as it is. */
export async function noteDone(tx: Transaction, key: string, object_id: string, at: Date): Promise<void> {
  await writeRows(tx, NOTE_DONE, [{ key, object_id, at }]);
}

const NOTE_DONE: RowsStatement<{ readonly key: string; readonly object_id: string; readonly at: Date }> = {
  columns: { text: ['key', 'object_id'], timestamptz: ['at'] },
  statement: (rows) => sql`
    update kassa.stripe_operations operation
    set state = 'known', outcome = 'done', stripe_object_id = done.object_id, last_error = null, updated_at = done.at
    from ${rows} as done
    where operation.key = any (${keysOf(rows, 'key')}) and operation.key = done.key and ${besideKey(sql`operation.state <> 'known'`)}`,
};

type End = Parameters<typeof closeOperation>[2];

function closing(db: Database | Transaction, key: string, end: End, at: Date) {
  return db
    .updateTable('stripe_operations')
    .set({
      state: end.outcome === 'unknown' ? 'unknown' : 'known',
      outcome: end.outcome === 'unknown' ? null : end.outcome,
      stripe_object_id: end.object_id ?? null,
      last_error: end.error ?? null,
      updated_at: at,
    })
    .where('key', '=', key)
    .where(besideKey(sql`state <> 'known'`));
}
