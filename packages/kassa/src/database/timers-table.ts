import { sql } from 'kysely';
import type { JsonValue } from './generated/tables.ts';
import { backoffMs, type ClaimRound, errorText, type Failure } from './lease.ts';
import { type Database, lockClass, type Transaction } from './transaction.ts';
import { keysOf } from './writes/by-key.ts';
import type { RowsStatement } from './writes/rows.ts';
import { type WroteRow, writeRows } from './writes/together.ts';

/** Something that must happen later. One per subject and kind: setting it again moves it. */
export interface Timer {
  readonly subject: string;
  readonly kind: string;
  readonly due_at: Date;
  readonly payload?: Readonly<Record<string, JsonValue>>;
}

/** A timer that this worker alone may run until its lease runs out. */
export interface ClaimedTimer {
  readonly subject: string;
  readonly kind: string;
  readonly token: number;
  readonly due_at: Date;
  readonly payload: JsonValue;
  /** Failures so far. */
  readonly attempts: number;
}

type TimerClaim = Pick<ClaimedTimer, 'subject' | 'kind' | 'token'>;

/** The column's own limit. A timer is never given up: it only grows slower, up to one try an hour. */
const ATTEMPTS_COUNTED_MAX = 1_000;

/** Sets a timer, or moves it when it is set already. Whoever runs the old one can no longer end the new one. */
export async function setTimer(tx: Transaction, { subject, kind, due_at, payload = {} }: Timer): Promise<void> {
  lockClass(tx, 'append');
  await writeRows(tx, SET_TIMERS, [{ subject, kind, due_at, payload }]);
}

const SET_TIMERS: RowsStatement<Timer> = {
  columns: { uuid: ['subject'], text: ['kind'], timestamptz: ['due_at'], jsonb: ['payload'] },
  statement: (rows) => sql`
    insert into kassa.timers as timer (subject, kind, due_at, payload)
    select subject, kind, due_at, payload from ${rows}
    on conflict (subject, kind) do update
      set due_at = excluded.due_at, payload = excluded.payload, attempts = 0, claims = timer.claims + 1,
        lease_until = null, last_error = null`,
};

/** Takes a timer back; there may be none. */
export async function cancelTimer(
  tx: Transaction,
  { subject, kind }: Pick<Timer, 'subject' | 'kind'>,
  wrote?: WroteRow,
): Promise<void> {
  lockClass(tx, 'append');
  await writeRows(tx, CANCEL_TIMERS, [{ subject, kind }], wrote);
}

const CANCEL_TIMERS: RowsStatement<Pick<Timer, 'subject' | 'kind'>> = {
  columns: { uuid: ['subject'], text: ['kind'] },
  statement: (rows) => sql`
    delete from kassa.timers timer using ${rows} as over
    where timer.subject = any (${keysOf(rows, 'subject')}) and timer.subject = over.subject and timer.kind = over.kind`,
  told: { column: sql`timer.subject || timer.kind`, of: ({ subject, kind }) => subject + kind },
};

/**
 * Claims due timers, oldest first. Those that another worker is claiming, or somebody has set anew, at this moment are
 * passed over: the next round has them.
 */
export async function claimTimers(db: Database, { at, limit, lease_ms }: ClaimRound): Promise<ClaimedTimer[]> {
  const { rows } = await sql<ClaimedTimer>`
    with claimed as (
      update kassa.timers
      set claims = claims + 1, lease_until = kassa.clock() + ${lease_ms}::int * interval '1 millisecond'
      where ctid = any (array(
        select ctid from kassa.timers
        where due_at <= ${at} and (lease_until is null or lease_until <= kassa.clock())
        order by due_at, subject, kind limit ${limit} for update skip locked))
      returning *
    )
    select subject, kind, claims as token, due_at, payload, attempts
    from claimed order by due_at, subject, kind`.execute(db);
  return rows;
}

/** Keeps a claimed timer for longer. False when it is ended, set anew, or no longer this worker's. */
export async function renewTimer(db: Database, timer: TimerClaim, lease_ms: number): Promise<boolean> {
  const { rows } = await sql`
    update kassa.timers set lease_until = kassa.clock() + ${lease_ms}::int * interval '1 millisecond'
    where subject = ${timer.subject} and kind = ${timer.kind} and claims = ${timer.token} and lease_until is not null
    returning kind`.execute(db);
  return rows.length === 1;
}

/**
 * Ends a timer, in the transaction of what it did. False when it was set anew or cancelled meanwhile, or another worker
 * has it: what was set anew stays set.
 */
export async function finishTimer(tx: Transaction, timer: TimerClaim): Promise<boolean> {
  lockClass(tx, 'append');
  const { rows } = await sql`
    delete from kassa.timers
    where subject = ${timer.subject} and kind = ${timer.kind} and claims = ${timer.token}
    returning kind`.execute(tx);
  return rows.length === 1;
}

/** Records a failure: due again after a growing wait. False when the timer is no longer this worker's. */
export async function failTimer(
  db: Database,
  timer: TimerClaim & Pick<ClaimedTimer, 'attempts'>,
  { error, at, random }: Omit<Failure, 'attempts_max'>,
): Promise<boolean> {
  const attempts = Math.min(timer.attempts + 1, ATTEMPTS_COUNTED_MAX);
  const { rows } = await sql`
    update kassa.timers
    set attempts = ${attempts}, last_error = ${errorText(error)}, lease_until = null,
      due_at = ${new Date(at.getTime() + backoffMs(attempts, random))}
    where subject = ${timer.subject} and kind = ${timer.kind} and claims = ${timer.token}
    returning kind`.execute(db);
  return rows.length === 1;
}

/** Gives claimed timers back untouched, so that a stopping process leaves no lease to wait for. */
export async function releaseTimers(db: Database, timers: readonly TimerClaim[]): Promise<void> {
  await sql`
    update kassa.timers timer set lease_until = null
    from unnest(${timers.map(({ subject }) => subject)}::uuid[], ${timers.map(({ kind }) => kind)}::text[],
      ${timers.map(({ token }) => token)}::bigint[]) as kept (subject, kind, token)
    where timer.subject = any (${timers.map(({ subject }) => subject)}::uuid[])
      and timer.subject = kept.subject and timer.kind = kept.kind and timer.claims = kept.token`.execute(db);
}

/** How many timers are due, those that somebody runs included, and since when the oldest is. */
export async function countTimers(
  db: Database | Transaction,
  at: Date,
): Promise<{ readonly due: number; readonly oldest_due_at: Date | null }> {
  const { rows } = await sql<{ due: number; oldest_due_at: Date | null }>`
    select count(*) as due, min(due_at) as oldest_due_at from kassa.timers where due_at <= ${at}`.execute(db);
  return rows[0] ?? { due: 0, oldest_due_at: null };
}

/** When the next timer is due, or null when none is set. */
export async function nextTimerAt(db: Database | Transaction): Promise<Date | null> {
  const { rows } = await sql<{ due_at: Date }>`
    select due_at from kassa.timers order by due_at, subject, kind limit 1`.execute(db);
  return rows[0]?.due_at ?? null;
}
