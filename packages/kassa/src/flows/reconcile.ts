import { inTransaction, setTimer } from '../database/index.ts';
import {
  closeBreak,
  findAttempt,
  isLive,
  type ListedSession,
  oldestLive,
  openBreak,
  pendingRefunds,
} from '../domain/payments/index.ts';
import type { House } from './house.ts';

/** What one round found, for the log and for tests. */
export interface ReconcileReport {
  readonly sessions_seen: number;
  readonly settled: number;
  readonly refunds_read: number;
  readonly unexplained: number;
}

/** A session can be made by our bytes a moment before our own clock says so. */
const SKEW_MS = 5 * 60_000;
const REFUNDS_MAX = 20;
const CAUSE = { cause: 'reconcile', actor: 'kassa' };

/**
 * Compares objects at Stripe with our rows and asks settle for each difference, so that an order ends the same when no
 * event ever arrives. Lists finished sessions since the oldest attempt that still waits; asks nothing when none does.
 * A paid session that carries our mark and that no row knows becomes a break, which a person sees.
 * Cut in half it starts again; a second round changes nothing.
 * @throws GatewayFailure when Stripe cannot be asked.
 */
export async function reconcile(house: House): Promise<ReconcileReport> {
  const tally = { sessions_seen: 0, settled: 0, refunds_read: 0, unexplained: 0 };
  const oldest = await oldestLive(house.db, house.shop);
  if (oldest) {
    const created_from = new Date(oldest.getTime() - SKEW_MS);
    for (const status of ['complete', 'expired'] as const) {
      let after: string | undefined;
      do {
        const page = await house.gateway.listSessions({
          created_from,
          status,
          ...(after === undefined ? {} : { after }),
        });
        for (const session of page.items) await compareSession(house, session, tally);
        after = page.next;
      } while (after !== undefined);
    }
  }
  await rereadRefunds(house, tally);
  await armNextRound(house);
  return tally;
}

type Tally = { -readonly [Key in keyof ReconcileReport]: number };

async function compareSession(house: House, session: ListedSession, tally: Tally): Promise<void> {
  tally.sessions_seen += 1;
  const attempt = await findAttempt(house.db, house.shop, session);
  if (!attempt) return noteUnknown(house, session, tally);
  if (!isLive(attempt.payment_status) && session.payment_status === 'unpaid') return;
  if (!isLive(attempt.payment_status) && attempt.received_minor > 0) return;
  const settled = await inTransaction(house.db, (tx) => house.settle(house, tx, session, CAUSE));
  if (settled.outcome === 'applied') tally.settled += 1;
  await closeBreak(
    house.db,
    house.shop,
    { kind: 'session_without_order', stripe_object_id: session.session_id },
    house.clock.now(),
  );
}

async function noteUnknown(house: House, session: ListedSession, tally: Tally): Promise<void> {
  if (!session.marked || session.payment_status !== 'paid') return;
  tally.unexplained += 1;
  const { session_id, payment_id, amount_minor, currency, reference } = session;
  const found = { kind: 'session_without_order', stripe_object_id: session_id };
  const details = { payment_id, amount_minor, currency, reference };
  await openBreak(house.db, house.shop, { ...found, details }, { ids: house.ids, at: house.clock.now() });
}

async function rereadRefunds(house: House, tally: Tally): Promise<void> {
  const before = new Date(house.clock.now().getTime() - house.pace.reconcile_every_ms);
  for (const refund of await pendingRefunds(house.db, house.shop, { before, limit: REFUNDS_MAX })) {
    const report = await house.gateway.readRefund(refund.stripe_refund_id, 'reconcile');
    tally.refunds_read += 1;
    await inTransaction(house.db, (tx) => house.recordRefund(house, tx, report, CAUSE));
  }
}

/** One timer per shop, so any number of processes runs one reconciler. */
async function armNextRound(house: House): Promise<void> {
  const due_at = new Date(house.clock.now().getTime() + house.pace.reconcile_every_ms);
  const timer = { subject: house.shop.tenant_id, kind: 'reconcile', due_at };
  await inTransaction(house.db, (tx) => setTimer(tx, timer));
}
