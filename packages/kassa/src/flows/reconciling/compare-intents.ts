import {
  type Attempt,
  findAttempts,
  joinStatus,
  type ListedIntent,
  oldestLive,
  statusProvedBy,
} from '../../domain/payments/index.ts';
import { compareSession, guarded, type Round } from './compare-session.ts';

/** Stripe's clock may be behind ours. */
const SKEW_MS = 3_600_000;

/**
 * Compares payments without a session with our rows: in each round those since the oldest one that still waits, in a
 * wide one everything since the horizon. Those of sessions are told by their sessions.
 */
export async function compareIntents(round: Round, horizon: Date, is_wide: boolean): Promise<void> {
  const { house } = round;
  const oldest = is_wide ? horizon : await oldestLive(house.db, house.shop, 'intent');
  if (!oldest) return;
  const created_from = new Date(Math.max(oldest.getTime(), horizon.getTime()) - SKEW_MS);
  let after: string | undefined;
  do {
    const page = await house.gateway.listIntents({ created_from, ...(after === undefined ? {} : { after }) });
    const refs = page.items.map(({ payment_id }) => ({ session_id: null, payment_id }));
    const known = await findAttempts(house.db, house.shop, refs);
    for (const intent of page.items) {
      await compareIntent(round, intent, known({ session_id: null, payment_id: intent.payment_id }));
    }
    after = page.next;
  } while (after !== undefined);
}

async function compareIntent(round: Round, intent: ListedIntent, attempt: Attempt | undefined): Promise<void> {
  if (!attempt) return compareStray(round, intent);
  if (attempt.presentation !== 'intent') return;
  const { payment_status, declined } = attempt;
  const moves = joinStatus(payment_status, statusProvedBy(intent)) !== payment_status;
  const refused = intent.decline !== null && !declined.includes(intent.decline.id);
  // A bank that was given its time and said no leaves the payment open again.
  const thought = payment_status === 'processing' && intent.status === 'open';
  if (moves || refused || thought) await compareSession(round, intent);
}

/** Money with our mark that no attempt has: of a session, which is compared by itself, or lost. */
async function compareStray(round: Round, intent: ListedIntent): Promise<void> {
  if (!intent.marked || intent.payment_status !== 'paid') return;
  await guarded(round, { kind: 'payment_not_settled', id: intent.payment_id }, async () => {
    const session = await round.house.gateway.sessionOfPayment(intent.payment_id);
    if (!session) await compareSession(round, intent);
  });
}
