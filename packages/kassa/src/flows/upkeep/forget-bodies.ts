import {
  dropBodyMonth,
  forgetLooseBodies,
  inTransaction,
  listBodyMonths,
  makeBodyMonths,
  setTimer,
} from '../../database/index.ts';
import type { House } from '../house.ts';

/** What one round came to. */
export interface Forgotten {
  /** Bodies of events that came before this moment are let go, by whole months. */
  readonly before: Date;
  /** Months that were dropped, or would be. */
  readonly dropped: readonly { readonly month: string; readonly bytes: number }[];
  /** Months that are kept, the coming ones included. */
  readonly kept: readonly { readonly month: string; readonly bytes: number }[];
  /** Bodies that no month held; null where nothing was to be changed. */
  readonly loose: number | null;
}

const EVERY_MS = 24 * 60 * 60_000;
/** One step is one statement that is over before anybody waits. */
const STEP_ROWS = 1_000;
const STEPS_MAX = 10_000;

/**
 * Lets go of the bodies of events that are older than `kept_ms`, and makes the months that are to come. The events stay,
 * with their ids: one that Stripe tells again after years is still known. What is not finished keeps its body. Each month
 * goes in a transaction of its own, so a cut in half leaves whole months, and the next round goes on.
 */
export async function forgetBodies(
  { db, shop, clock }: House,
  { kept_ms, dry_run = false }: { readonly kept_ms: number; readonly dry_run?: boolean },
): Promise<Forgotten> {
  const at = clock.now();
  const before = new Date(at.getTime() - kept_ms);
  if (!dry_run) await inTransaction(db, (tx) => makeBodyMonths(tx, at));
  const months = await listBodyMonths(db);
  const old = months.filter(({ to }) => to <= before);
  const told = (some: typeof months) =>
    some.map(({ name, bytes }) => ({ month: name.slice(-7).replace('_', '-'), bytes }));
  const kept = told(months.filter((month) => !old.includes(month)));
  if (dry_run) return { before, dropped: told(old), kept, loose: null };
  for (const month of old) await inTransaction(db, (tx) => dropBodyMonth(tx, month));
  let loose = 0;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const forgotten = await forgetLooseBodies(db, before, STEP_ROWS);
    loose += forgotten;
    if (forgotten === 0) break;
  }
  const due_at = new Date(at.getTime() + EVERY_MS);
  const timer = { subject: shop.tenant_id, kind: 'forget_bodies', due_at, payload: { done_at: at.toISOString() } };
  await inTransaction(db, (tx) => setTimer(tx, timer));
  return { before, dropped: told(old), kept, loose };
}
