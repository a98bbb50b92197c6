import { sql } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { Database, Transaction } from './transaction.ts';

/**
 * The job's claim has run out and another worker has it: nothing of this job may be written any more.
 * Thrown inside a transaction it takes back everything that the job wrote there.
 */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** Which rows a round claims: due at `at`, at most `limit`, kept from others for `lease_ms` of the database's clock. */
export interface ClaimRound {
  readonly at: Date;
  readonly limit: number;
  readonly lease_ms: number;
}

/** What became of a job that failed. */
export interface Failure {
  readonly error: unknown;
  readonly at: Date;
  readonly random: Random;
  /** At this many failures the row is parked for a person; each table has its own default. */
  readonly attempts_max?: number;
}

const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_LONGEST_MS = 3_600_000;
const ERROR_LENGTH_MAX = 2_000;

/** Waits before the next try: doubling from one second to one hour, each between half and all of its step. */
export function backoffMs(attempts: number, random: Random): number {
  const step_ms = Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(attempts - 1, 30), BACKOFF_LONGEST_MS);
  return step_ms / 2 + random.below(step_ms / 2 + 1);
}

/** An error as its row keeps it. Codes, not characters, are counted by the column's limit, so none is cut in half. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // Postgres stores no NUL, and a message from outside may hold one.
  return [...text.replaceAll('\0', '')].slice(0, ERROR_LENGTH_MAX).join('');
}

/** How long a claim lasts, and how often it is renewed while the work behind it runs; null: not at all. */
export interface Holding {
  readonly lease_ms: number;
  readonly every_ms: number | null;
}

/** What a killed process had is free within seconds, and a job that takes its minute is not begun a second time. */
export const HEARTBEAT: Holding = { lease_ms: 15_000, every_ms: 3_000 };
/** Where time is virtual nobody beats: longer than the slowest job, a call to Stripe with all its repeats. */
export const LONG_LEASE: Holding = { lease_ms: 120_000, every_ms: null };

export interface Held {
  readonly holding: Holding;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes the claim last for `lease_ms` from now; false when nothing of it is this worker's any more. */
  readonly renew: (lease_ms: number) => Promise<boolean>;
}

/**
 * Does a piece of work and renews its claim until the work has ended. A renewal that fails is tried again with the next
 * beat; a claim that was lost is let go of, and the fence of its rows refuses what the work would still write.
 */
export async function holdingOn<Result>(held: Held, work: () => Promise<Result>): Promise<Result> {
  const over = new AbortController();
  void keepRenewing(held, over.signal);
  try {
    return await work();
  } finally {
    over.abort();
  }
}

async function keepRenewing({ holding, clock, log, renew }: Held, over: AbortSignal): Promise<void> {
  const { lease_ms, every_ms } = holding;
  if (every_ms === null) return;
  for (;;) {
    await clock.sleep(every_ms, over);
    if (over.aborted) return;
    try {
      if (!(await renew(lease_ms))) return;
    } catch (error) {
      log.warn({ err: error }, 'a claim could not be renewed');
    }
  }
}

/** A name that one process at a time may act under, such as `reconcile`. The token grows with every taker. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
}

export interface LeaseRequest {
  readonly name: string;
  /** Who asks, for people who look: process and machine. */
  readonly holder: string;
  readonly lease_ms: number;
}

/** Takes the lease if nobody has it. Time is the database's own, so that no process can be wrong about it. */
export async function takeLease(db: Database, { name, holder, lease_ms }: LeaseRequest): Promise<Lease | undefined> {
  const { rows } = await sql<{ token: number }>`
    insert into kassa.leases as held (name, holder, token, lease_until)
    values (${name}, ${holder}, 1, kassa.clock() + ${lease_ms}::int * interval '1 millisecond')
    on conflict (name) do update
      set holder = excluded.holder, token = held.token + 1, lease_until = excluded.lease_until
      where held.lease_until <= kassa.clock()
    returning token`.execute(db);
  const [row] = rows;
  return row && { name, holder, token: row.token };
}

/** Keeps a lease for longer. False when it was lost: stop the work. */
export async function renewLease(db: Database, lease: Lease, lease_ms: number): Promise<boolean> {
  const { rows } = await sql`
    update kassa.leases set lease_until = kassa.clock() + ${lease_ms}::int * interval '1 millisecond'
    where name = ${lease.name} and token = ${lease.token} and lease_until > kassa.clock()
    returning token`.execute(db);
  return rows.length === 1;
}

/** Gives a lease back, so that the next taker need not wait. The row stays: its token must never start again. */
export async function dropLease(db: Database, lease: Lease): Promise<void> {
  await sql`
    update kassa.leases set lease_until = kassa.clock()
    where name = ${lease.name} and token = ${lease.token} and lease_until > kassa.clock()`.execute(db);
}

/**
 * The fence: call it in each transaction that writes under a lease. A taker waits until that transaction has ended.
 * @throws LeaseLost when the lease has run out or belongs to somebody else.
 */
export async function assertLease(tx: Transaction, lease: Lease): Promise<void> {
  const { rows } = await sql`
    select from kassa.leases
    where name = ${lease.name} and token = ${lease.token} and lease_until > kassa.clock() for share`.execute(tx);
  if (rows.length === 0) throw new LeaseLost(`the lease ${lease.name} was lost by ${lease.holder}`);
}
