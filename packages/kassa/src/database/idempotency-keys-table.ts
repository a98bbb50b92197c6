import { sql } from 'kysely';
import { Bug } from '../kernel/errors.ts';
import type { Database, Transaction } from './transaction.ts';
import { write } from './writes/together.ts';

/** A caller's key. The scope holds who calls and what, so that two callers can never meet on one key. */
export interface KeyRef {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly scope: string;
  readonly key: string;
}

export interface KeyRequest extends KeyRef {
  /** SHA-256 of the canonical request, lower-case hex. */
  readonly request_hash: string;
}

/** What a repeated request is answered with: exactly what the first one was. */
export interface KeyAnswer {
  readonly status: number;
  /** JSON text. */
  readonly body: string;
}

/** As it was stored, with the attempt that it speaks of: null when it speaks of none. */
export interface KeptAnswer extends KeyAnswer {
  readonly attempt_id: string | null;
}

export type KeyClaim =
  /** Nobody had this key: do the work. */
  | { readonly state: 'new' }
  /** Answer exactly as the first time. */
  | ({ readonly state: 'replay' } & KeptAnswer)
  /** Another request with this key is at work: 409 with Retry-After. */
  | { readonly state: 'in_use' }
  /** The key belongs to a different request: 409. */
  | { readonly state: 'reused' }
  /** The first request was cut off: go on where it stopped. */
  | {
      readonly state: 'resume';
      readonly order_id: string;
      readonly attempt_id: string;
      /** Given when the request was for a refund. */
      readonly refund_id: string | null;
    };

const KEPT_DAYS = 30;
/**
 * Whoever has not finished by then was most likely cut off. If not, both send the same bytes under Stripe's one key.
 */
const BUSY_MS = 8_000;

interface KeyRow {
  request_hash: string;
  recovery_point: 'started' | 'drafted' | 'finished';
  order_id: string | null;
  attempt_id: string | null;
  refund_id: string | null;
  status: number | null;
  body: string | null;
  created_at: Date;
}

/**
 * Claims a caller's key in the transaction that does the work. Two requests at once: the second waits for the first
 * one's transaction and then sees its row, so exactly one hears `new`, and exactly one may resume.
 */
export async function claimKey(tx: Transaction, request: KeyRequest, at: Date): Promise<KeyClaim> {
  const { tenant_id, mode, scope, key, request_hash } = request;
  const busy_until = new Date(at.getTime() + BUSY_MS);
  const { rows: inserted } = await sql`
    insert into kassa.idempotency_keys
      (tenant_id, mode, scope, key, request_hash, recovery_point, busy_until, created_at)
    values (${tenant_id}, ${mode}, ${scope}, ${key}, ${request_hash}, 'started', ${busy_until}, ${at})
    on conflict (tenant_id, mode, scope, key) do nothing
    returning key`.execute(tx);
  if (inserted.length === 1) return { state: 'new' };
  const row = await readRow(tx, request);
  // Pruned in this very moment: by its age it is a new key.
  if (!row) return claimKey(tx, request, at);
  if (row.request_hash !== request_hash) return { state: 'reused' };
  if (row.recovery_point === 'finished') return { state: 'replay', ...answerOf(row) };
  const { rows: taken } = await sql`
    update kassa.idempotency_keys set busy_until = ${busy_until}
    where tenant_id = ${tenant_id} and mode = ${mode} and scope = ${scope} and key = ${key}
      and recovery_point <> 'finished' and busy_until <= ${at}
    returning key`.execute(tx);
  if (taken.length === 0) return { state: 'in_use' };
  const { order_id, attempt_id, refund_id } = row;
  // Cut off before anything was made: there is nothing to go on with, so the work begins.
  return order_id && attempt_id ? { state: 'resume', order_id, attempt_id, refund_id } : { state: 'new' };
}

/**
 * The answer that is stored under a key, without claiming it: a repeat needs nothing else looked up first. `reused`
 * when the key belongs to a different request; undefined while there is no answer.
 */
export async function findAnswer(db: Database, request: KeyRequest): Promise<KeptAnswer | 'reused' | undefined> {
  const row = await readRow(db, request);
  if (!row) return undefined;
  if (row.request_hash !== request.request_hash) return 'reused';
  return row.recovery_point === 'finished' ? answerOf(row) : undefined;
}

/** Says that nobody is at work under the key any more, so that a request that failed can be repeated at once. */
export async function releaseKey(db: Database | Transaction, ref: KeyRef, at: Date): Promise<void> {
  await sql`
    update kassa.idempotency_keys set busy_until = ${at}
    where tenant_id = ${ref.tenant_id} and mode = ${ref.mode} and scope = ${ref.scope} and key = ${ref.key}
      and recovery_point <> 'finished' and busy_until > ${at}`.execute(db);
}

/** Forgets what a claimed key had made, because it was given up: the same request begins anew. */
export async function restartKey(tx: Transaction, ref: KeyRef): Promise<void> {
  await sql`
    update kassa.idempotency_keys set recovery_point = 'started', order_id = null, attempt_id = null, refund_id = null
    where tenant_id = ${ref.tenant_id} and mode = ${ref.mode} and scope = ${ref.scope} and key = ${ref.key}
      and recovery_point = 'drafted'`.execute(tx);
}

/** Notes what the key made, so that a crash after this commit is taken up there. */
export async function noteDraft(
  tx: Transaction,
  ref: KeyRef,
  made: { readonly order_id: string; readonly attempt_id: string; readonly refund_id?: string },
): Promise<void> {
  const statement = sql`
    update kassa.idempotency_keys
    set recovery_point = 'drafted', order_id = ${made.order_id}, attempt_id = ${made.attempt_id},
      refund_id = ${made.refund_id ?? null}
    where tenant_id = ${ref.tenant_id} and mode = ${ref.mode} and scope = ${ref.scope} and key = ${ref.key}
      and recovery_point = 'started'`;
  await write(tx, statement, (rows) => {
    if (rows === 0) throw new Bug('only a key that was just claimed is marked as drafted');
  });
}

/**
 * Stores the answer with the work's last commit. The first answer stays for ever: whoever comes second gets that one
 * back, and sends it. Answers of 500 and above, and 429, are never stored (docs/contracts, Idempotency).
 */
export async function finishKey(tx: Transaction, ref: KeyRef, answer: KeyAnswer, at: Date): Promise<KeyAnswer> {
  if (answer.status < 200 || answer.status > 499 || answer.status === 429) {
    throw new Bug(`an answer of ${answer.status} is never stored under a key`);
  }
  const { rows } = await sql`
    update kassa.idempotency_keys
    set recovery_point = 'finished', status = ${answer.status}, body = ${answer.body}, finished_at = ${at}
    where tenant_id = ${ref.tenant_id} and mode = ${ref.mode} and scope = ${ref.scope} and key = ${ref.key}
      and recovery_point <> 'finished'
    returning key`.execute(tx);
  if (rows.length === 1) return answer;
  const row = await readRow(tx, ref);
  if (!row) throw new Bug('only a claimed key is finished');
  const { status, body } = answerOf(row);
  return { status, body };
}

/** The key of an order that was cut off, for whoever finishes the order in the caller's place. */
export async function findKeyOfOrder(db: Database | Transaction, order_id: string): Promise<KeyRef | undefined> {
  const { rows } = await sql<KeyRef>`
    select tenant_id, mode, scope, key from kassa.idempotency_keys where order_id = ${order_id}
    order by created_at, scope, key limit 1`.execute(db);
  return rows[0];
}

/** Deletes up to `limit` keys older than 30 days; answers how many. Call again while it answers `limit`. */
export async function pruneKeys(db: Database, at: Date, limit: number): Promise<number> {
  const before = new Date(at.getTime() - KEPT_DAYS * 86_400_000);
  const { rows } = await sql`
    delete from kassa.idempotency_keys where (tenant_id, mode, scope, key) in (
      select tenant_id, mode, scope, key from kassa.idempotency_keys where created_at < ${before}
      order by created_at, tenant_id, mode, scope, key limit ${limit} for update skip locked)
    returning key`.execute(db);
  return rows.length;
}

async function readRow(tx: Database | Transaction, ref: KeyRef): Promise<KeyRow | undefined> {
  const { rows } = await sql<KeyRow>`
    select request_hash, recovery_point, order_id, attempt_id, refund_id, status, body, created_at
    from kassa.idempotency_keys
    where tenant_id = ${ref.tenant_id} and mode = ${ref.mode} and scope = ${ref.scope} and key = ${ref.key}`.execute(
    tx,
  );
  return rows[0];
}

function answerOf({ status, body, attempt_id }: KeyRow): KeptAnswer {
  if (status === null || body === null) throw new Bug('a finished key has an answer');
  return { status, body, attempt_id };
}
