import {
  type Attempt,
  findAttempts,
  isMarkedBy,
  joinStatus,
  oldestLive,
  type PaymentReport,
  statusProvedBy,
} from '../../domain/payments/index.ts';
import { compareSession, explained, guarded, NOT_THE_SHOPS, type Round } from './compare-session.ts';
import { passOver } from './pass-over.ts';
import type { Reach } from './reach.ts';

type Intent = PaymentReport & { readonly payment_id: string };

/**
 * Compares payments without a session with our rows: in each round while one waits, and in a wide one what nobody waits
 * for. Those of sessions are told by their sessions.
 */
export async function compareIntents(round: Round, reach: Reach): Promise<void> {
  const { house } = round;
  const { db, shop, gateway } = house;
  const waits = await oldestLive(db, shop, 'intent');
  if (!waits && !reach.is_wide) return;
  await passOver(
    house,
    {
      kind: 'intents',
      page: (filter) => gateway.listIntents(filter),
      async compare(intents) {
        const refs = intents.map(({ payment_id }) => ({ session_id: null, payment_id }));
        const known = await findAttempts(db, shop, refs);
        for (const intent of intents) {
          await compareIntent(round, intent, known({ session_id: null, payment_id: intent.payment_id }));
        }
      },
    },
    reach.backTo(waits),
  );
}

/** Brings our row to what Stripe says of one payment, unless it is a session's, which is told by that. */
export async function compareIntent(round: Round, intent: Intent, attempt: Attempt | undefined): Promise<void> {
  if (!attempt) return compareStray(round, intent);
  if (attempt.presentation === 'intent' && isNews(attempt, intent)) await compareSession(round, intent);
  // What could not be written down once may have been since, by an event.
  else await explained(round, intent.payment_id);
}

function isNews({ payment_status, declined }: Attempt, intent: Intent): boolean {
  const moves = joinStatus(payment_status, statusProvedBy(intent)) !== payment_status;
  const refused = intent.decline !== null && !declined.includes(intent.decline.id);
  // A bank that was given its time and said no leaves the payment open again.
  const thought = payment_status === 'processing' && intent.status === 'open';
  return moves || refused || thought;
}

/** Money with our mark that no attempt has: of a session, which is compared by itself, or lost. */
async function compareStray(round: Round, intent: Intent): Promise<void> {
  const { payment_id } = intent;
  if (!isMarkedBy(round.house.shop, intent) || intent.payment_status !== 'paid')
    return explained(round, payment_id, { owners: NOT_THE_SHOPS });
  await guarded(round, { kind: 'payment_not_settled', id: payment_id, owner: 'kassa' as const }, async () => {
    const session = await round.house.gateway.sessionOfPayment(payment_id);
    if (!session) return compareSession(round, intent);
    // An earlier round has failed over it, and no list may go back to its session any more, which tells what became of it.
    if (round.breaks.has(payment_id)) await compareSession(round, session);
    await explained(round, payment_id);
  });
}
