import { grantCredits } from '../../src/flows/buyers/grant-credits.ts';
import { hashOf } from '../../src/kernel/ids.ts';
import { type Dice, diceOf } from '../engine/dice.ts';
import { newLife } from '../engine/lives.ts';
import { isAway } from '../world/node.ts';
import { noteAnswer, type Street, someNode } from './asking.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TRIES_MAX = 3;
/** Answers to whoever sends money back that are nobody's mistake. */
const REFUSALS = ['payment_not_succeeded', 'already_refunded', 'refund_exceeds_payment', 'not_found'];
const COME_BACK = ['payment_provider_unavailable', 'idempotency_key_in_use', 'internal_error'];

/** What the shop gives away before anybody comes. */
export interface Presents {
  readonly currency: string;
  /** Who gets some. */
  readonly people: readonly string[];
}

/** The people of the shop: they give credits away in the morning, and send money back through Kassa in the day. */
export function sendDesk(
  street: Street,
  { presents, refunds }: { readonly presents: Presents | null; readonly refunds: boolean },
): void {
  const dice = diceOf(`${street.seed}/desk`);
  const visits = refunds ? dice.pick([0, 0, 1, 2]) : 0;
  street.scheduler.spawn(newLife('desk'), 'works', async () => {
    if (presents) {
      for (const user_id of presents.people) await give(street, dice, { user_id, currency: presents.currency });
    }
    for (let visit = 1; visit <= visits; visit += 1) {
      await street.scheduler.sleep(dice.between(2, 40) * MINUTE);
      await sendBack(street, dice, visit);
    }
  });
}

/** Money or pieces of the first offer that can be booked, some of it for two days only. */
async function give(street: Street, dice: Dice, to: { user_id: string; currency: string }): Promise<void> {
  const amount = dice.pick([500, 2_000, 30_000]);
  const ends_after_ms = dice.pick([undefined, 40 * MINUTE, 48 * HOUR]);
  const in_pieces = dice.chance(0.5);
  await street.scheduler.point('gives credits');
  try {
    await someNode(street, dice).call(async ({ house, http }) => {
      const offers = street.shelf.offers ?? (await http.listOffers());
      street.shelf.offers = offers;
      const bookable = offers.find((offer) => offer.kind === 'appointment');
      const pieces = in_pieces && bookable ? { unit: { currency: null, offer_id: bookable.id }, amount: 2 } : undefined;
      const money = { unit: { currency: to.currency, offer_id: null }, amount };
      const ends =
        ends_after_ms === undefined ? {} : { expires_at: new Date(house.clock.now().getTime() + ends_after_ms) };
      await grantCredits(house, { user_id: to.user_id, ...(pieces ?? money), ...ends, source: 'goodwill' });
    });
    street.tell('desk', `gives credits to ${to.user_id}`);
  } catch (error) {
    // A present that failed, or may have failed, is not given again.
    if (!isAway(error)) throw error;
    street.tell('desk', `fails to give credits to ${to.user_id}`);
  }
}

/** One payment goes back, in whole or in part, under a key that is the same in each try. */
async function sendBack(street: Street, dice: Dice, visit: number): Promise<void> {
  const { scheduler, sandbox, tell, evidence } = street;
  const charges = sandbox.books().charges.filter((charge) => charge.captured > 0);
  if (charges.length === 0) return;
  const { captured, payment_intent } = dice.pick(charges);
  if (payment_intent === null) return;
  const amount = dice.chance(0.6) ? {} : { amount_minor: Math.max(1, Math.floor(captured / 3)) };
  const key = `refund ${visit}`;
  const idempotency = { scope: 'desk', key, request_hash: hashOf(key) };
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    await scheduler.point('sends money back');
    try {
      const wanted = { payment_id: payment_intent, ...amount, requested_by: 'admin:desk', idempotency };
      const { replayed: _replayed, ...view } = await someNode(street, dice).call(({ http }) =>
        http.refundOrder(wanted),
      );
      noteAnswer(evidence, `desk ${key}`, JSON.stringify(view));
      return tell('desk', `sends ${view.amount_minor} of ${captured} back: ${view.status}`);
    } catch (error) {
      const code = (error as { code?: string }).code ?? '';
      if (REFUSALS.includes(code)) return tell('desk', `hears ${code}`);
      if (!COME_BACK.includes(code) && !isAway(error)) throw error;
      tell('desk', `hears ${code === '' ? 'nothing' : code}`);
    } finally {
      street.touched();
    }
    await scheduler.sleep(dice.pick([500, 20_000, 5 * MINUTE]));
  }
}
