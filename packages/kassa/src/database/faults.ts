/**
 * A commit whose answer never came: the work is either wholly done or wholly undone, and nobody here knows which.
 * The caller reads its own row back by its key on a new connection, and decides then. Repeating blindly is never safe.
 */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown';
}

/** The database cannot be asked now: `unreachable` is down or restarting, `busy` has no connection or lock to give. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
  readonly reason: 'unreachable' | 'busy';

  constructor(reason: 'unreachable' | 'busy', cause: unknown) {
    const sentence =
      reason === 'busy' ? 'The database is too busy just now.' : 'The database cannot be reached just now.';
    super(sentence, { cause });
    this.reason = reason;
  }
}

/** The five letters by which Postgres names what went wrong (its manual, appendix A), or undefined for other errors. */
export function sqlstateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') ? code : undefined;
}

/** The constraint that a statement hit, as the schema names it. */
export function constraintOf(error: unknown): string | undefined {
  const name = (error as { constraint?: unknown } | null)?.constraint;
  return typeof name === 'string' ? name : undefined;
}

/** The values of one row are at fault (classes 22 and 23): its neighbours in a batch are not. */
export function isRowFault(error: unknown): boolean {
  const state = sqlstateOf(error);
  return state !== undefined && (state.startsWith('22') || state.startsWith('23'));
}

/**
 * Two transactions stood in each other's way: serialization, deadlock, lock timeout, or a migration that changed a table
 * beside a plan of it. The whole work may be repeated.
 */
export function isConflict(error: unknown): boolean {
  return ['40001', '40P01', '55P03'].includes(sqlstateOf(error) ?? '') || isOutdatedPlan(error);
}

/** A kept plan answers in types that its tables no longer have: nothing was done. Told by its place, in any language. */
export function isOutdatedPlan(error: unknown): boolean {
  return sqlstateOf(error) === '0A000' && (error as { routine?: unknown }).routine === 'RevalidateCachedQuery';
}

/** A statement for all or nothing found rows that do not fit: nothing of it is kept. */
export function isRefusedWhole(error: unknown): boolean {
  return sqlstateOf(error) === 'KS001';
}

/** The server ended a statement that took longer than it may: nothing of its transaction is kept. Also as it is told on. */
export function isTimedOut(error: unknown): boolean {
  const told = error instanceof DatabaseUnavailable ? error.cause : error;
  return sqlstateOf(told) === '57014';
}

const SOCKET_CODES = [
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
];

/** The connection went away, or none could be made. 57P01 to 57P03: the server is stopping, crashed or starting. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return error.reason === 'unreachable';
  const state = sqlstateOf(error);
  if (state !== undefined) return state.startsWith('08') || /^57P0[123]$/.test(state);
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && SOCKET_CODES.includes(code)) return true;
  // The driver has no code for these three; their words are asserted by tests that cut real connections.
  return (
    typeof message === 'string' &&
    /^Connection terminated|not queryable|^Postgres connection has been discarded/.test(message)
  );
}

/** The database is at fault and not the work: out of reach, too busy, or gone while something was read or committed. */
export function isDatabaseAway(error: unknown): boolean {
  return error instanceof DatabaseUnavailable || error instanceof CommitUnknown || isConnectionLoss(error);
}
