import { type Database, inTransaction, setTimer } from '../../database/index.ts';
import {
  beginClosing,
  forgetSums,
  sumLateEntries,
  sumNextDay,
  writersAreDone,
  writersUntilNow,
} from '../../domain/ledger/index.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { House } from '../house.ts';

/** What one round came to. */
export interface ClosedDays {
  /** Days of which the last one ends here are closed. */
  readonly before: Date;
  /** Days that were summed just now. */
  readonly days: number;
  /** Entries that had been written into summed days, and are in their sums now. */
  readonly late: number;
  /** False: somebody was still writing who may not have heard of it, or there are more days than a round takes. */
  readonly whole: boolean;
}

const DAY_MS = 24 * 60 * 60_000;
/** An entry has the time at which its story began. Later ones than this after midnight are noted one by one. */
const OPEN_AFTER_MS = 60 * 60_000;
const WAIT_MS = 50;
const WAITS_MAX = 40;
/** Some years of a shop at once; each day is a transaction of its own. */
const DAYS_MAX = 1_000;
/** Soon enough for whoever reports, and no burden while a dump or a long import goes on. */
const AGAIN_MS = 60_000;

/**
 * Sums the books of the days that are over, so that a report of all time need not read every entry.
 *   1 from now on whoever writes into these days is noted by the database   (committed before anything is summed)
 *   2 all who wrote before are waited for                                   (nothing is locked meanwhile)
 *   3 each day is summed in a transaction of its own, and then what was noted as late
 * A cut anywhere leaves sums and entries that are right together; the next round begins with the first step again.
 * @param anew throws all sums of the shop away first, and makes them from the entries.
 */
export async function closeDays(
  { db, shop, clock }: Pick<House, 'db' | 'shop' | 'clock'>,
  { anew = false }: { readonly anew?: boolean } = {},
): Promise<ClosedDays> {
  const at = clock.now();
  const before = new Date(Math.floor((at.getTime() - OPEN_AFTER_MS) / DAY_MS) * DAY_MS);
  if (anew) await inTransaction(db, (tx) => forgetSums(tx, shop));
  const closing = await inTransaction(db, (tx) => beginClosing(tx, shop, before));
  const heard = !closing || (await allHaveHeard(db, clock));
  let days = 0;
  let more = heard;
  while (closing && more && days < DAYS_MAX) {
    more = (await inTransaction(db, (tx) => sumNextDay(tx, shop, closing))) !== undefined;
    if (more) days += 1;
  }
  const late = await inTransaction(db, (tx) => sumLateEntries(tx, shop));
  const whole = !closing || (heard && !more);
  const next_ms = whole ? before.getTime() + DAY_MS + OPEN_AFTER_MS : at.getTime() + AGAIN_MS;
  const timer = { subject: shop.tenant_id, kind: 'close_days', due_at: new Date(next_ms) };
  await inTransaction(db, (tx) => setTimer(tx, timer));
  return { before, days, late, whole };
}

/** Everybody who wrote before days began to be closed has committed or given up. False: one takes long. */
async function allHaveHeard(db: Database, clock: Clock): Promise<boolean> {
  const last = await writersUntilNow(db);
  for (let waits = 0; waits < WAITS_MAX; waits += 1) {
    if (await writersAreDone(db, last)) return true;
    await clock.sleep(WAIT_MS);
  }
  return false;
}
