import { readStandings, type StandingRow } from '../../domain/reports/index.ts';
import { type Ask, askWhenDue } from '../asking/ask-when-due.ts';
import type { CheckoutView, House } from '../house.ts';
import { metadataOf, wordsOf } from '../viewing/draw-checkout.ts';

/** Where a checkout stands: what a page that polls is told, and no more. */
export type Standing = Pick<
  CheckoutView,
  'order_id' | 'status' | 'payment_status' | 'amount_minor' | 'currency' | 'metadata'
>;

/**
 * Answers where the checkout of a session stands, as `refreshCheckout` would, by a smaller statement. Stripe is asked by
 * the same rule and shares its answers.
 * @returns undefined for a session that this shop does not know.
 */
export async function readStanding(
  house: House,
  session_id: string,
  ask: Exclude<Ask, 'now' | 'look'>,
): Promise<Standing | undefined> {
  const before = await read(house, session_id);
  if (!before) return undefined;
  if (!(await askWhenDue(house, before, ask))) return drawn(before);
  // It may have become paid by this: its mails and hooks need not wait for the next look.
  house.wake('outbox');
  return drawn((await read(house, session_id)) ?? before);
}

function drawn(row: StandingRow): Standing {
  const { order_id, total_minor, currency } = row;
  return { order_id, ...wordsOf(row), amount_minor: total_minor, currency, metadata: metadataOf(row) };
}

/** Together with whoever asks at this moment. */
async function read({ db, shop, shared }: House, session_id: string): Promise<StandingRow | undefined> {
  if (shared !== null) return shared.readSession.standing(session_id);
  const [row] = await readStandings(db, shop, [session_id]);
  return row;
}
