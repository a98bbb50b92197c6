/** Milliseconds after which the server gives up by itself; 0 is never. */
export interface TimeLimits {
  readonly statement_ms: number;
  readonly lock_ms: number;
  readonly idle_in_transaction_ms: number;
}

/** A buyer is waiting. */
export const REQUEST_LIMITS: TimeLimits = { statement_ms: 5_000, lock_ms: 2_000, idle_in_transaction_ms: 10_000 };
/** Drains, timers, the reconciler. */
export const WORKER_LIMITS: TimeLimits = { statement_ms: 30_000, lock_ms: 5_000, idle_in_transaction_ms: 10_000 };
/** The simulation makes these errors itself; real time has no place in it. */
export const NO_LIMITS: TimeLimits = { statement_ms: 0, lock_ms: 0, idle_in_transaction_ms: 0 };

type ConnectionSettings = Readonly<Record<string, string | number>>;

/**
 * Statements of buyers and workers look rows up. A plan that was made while a table was small would read all of it, and
 * be kept while it grows: until Postgres counts again, a minute later, each of a crowd would read what all before them
 * wrote. What has no index is read whole all the same; its price, up to Postgres 17, must not start the compiler.
 */
const LOOKS_UP: ConnectionSettings = { enable_seqscan: 'off', jit: 'off' };

const settingsOf = (limits: TimeLimits): ConnectionSettings => ({
  search_path: 'kassa,public',
  TimeZone: 'UTC',
  statement_timeout: limits.statement_ms,
  lock_timeout: limits.lock_ms,
  idle_in_transaction_session_timeout: limits.idle_in_transaction_ms,
});

/** The address with what each of our connections asks of the server. @param reads_tables whether whole tables are read */
export function withSettings(url: string, limits: TimeLimits, reads_tables: boolean): string {
  const address = new URL(url);
  const settings = { ...settingsOf(limits), ...(reads_tables ? {} : LOOKS_UP) };
  const ours = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const theirs = address.searchParams.get('options') ?? '';
  address.searchParams.set('options', [theirs, ...ours].join(' ').trim());
  return address.href;
}
