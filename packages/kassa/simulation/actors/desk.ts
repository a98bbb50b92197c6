import { linesOf } from '../../src/domain/orders/index.ts';
import { grantCredits } from '../../src/flows/buyers/grant-credits.ts';
import type { House } from '../../src/flows/house.ts';
import type { RefundWish } from '../../src/flows/refunding/plan.ts';
import { planRefund } from '../../src/flows/refunds/plan-refund.ts';
import type { RefundOrder } from '../../src/flows/refunds/refund-order.ts';
import { hashOf } from '../../src/kernel/ids.ts';
import { type Dice, diceOf } from '../engine/dice.ts';
import { newLife } from '../engine/lives.ts';
import { isAway } from '../world/node.ts';
import { chargesOfOrders, noteAnswer, type Street, someNode } from './asking.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TRIES_MAX = 3;
/** Answers to whoever sends money back that are nobody's mistake. */
const REFUSALS = [
  'payment_not_succeeded',
  'already_refunded',
  'refund_exceeds_payment',
  'not_found',
  'invalid_request',
  'insufficient_stripe_balance',
];
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
  const visits = refunds ? dice.pick([0, 1, 2, 3]) : 0;
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

/** One payment or some of an order goes back, under a key that is the same in each try. */
async function sendBack(street: Street, dice: Dice, visit: number): Promise<void> {
  const { scheduler, tell, evidence } = street;
  const wish = dice.chance(0.5) ? paymentToGiveBack(street, dice) : await orderToGiveBack(street, dice);
  if (!wish) return;
  const key = `refund ${visit}`;
  const idempotency = { scope: 'desk', key, request_hash: hashOf(key) };
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    await scheduler.point('sends money back');
    try {
      const wanted = { ...wish, requested_by: 'admin:desk', idempotency };
      const { replayed: _replayed, ...view } = await someNode(street, dice).call(({ http }) =>
        http.refundOrder(wanted),
      );
      street.count('refund_asked', 'desk');
      noteAnswer(evidence, `desk ${key}`, JSON.stringify(view));
      return tell('desk', `sends ${view.amount_minor} and ${view.credits_minor} of credits back: ${view.status}`);
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

type GivesBack = Omit<Extract<RefundOrder, { payment_id: string }>, 'requested_by'>;
type GivesBackOrder = Omit<Extract<RefundOrder, { order_id: string }>, 'requested_by'>;

function paymentToGiveBack(street: Street, dice: Dice): GivesBack | undefined {
  const charges = chargesOfOrders(street).filter((charge) => charge.captured > 0);
  if (charges.length === 0) return undefined;
  const { captured, payment_intent } = dice.pick(charges);
  if (payment_intent === null) return undefined;
  const amount = dice.chance(0.6) ? {} : { amount_minor: Math.max(1, Math.floor(captured / 3)) };
  return { payment_id: payment_intent, ...amount };
}

/** A line of an order, some pieces of it or all, or the whole order with its credits; the stock comes back or not. */
async function orderToGiveBack(street: Street, dice: Dice): Promise<GivesBackOrder | undefined> {
  try {
    return await someNode(street, dice).call(async ({ house, http }) => {
      const { orders } = await http.listOrders({ limit: 50 });
      const paid = orders.filter(({ status }) => status === 'paid' || status === 'partially_refunded');
      if (paid.length === 0) return undefined;
      const { id: order_id } = dice.pick(paid);
      const restock = dice.chance(0.5);
      if (dice.chance(0.4)) return { order_id, restock };
      const lines = (await linesOf(house.db, order_id)).filter((line) => line.parent_line_id === null);
      const line = dice.pick(lines);
      const part = dice.chance(0.5) ? { quantity: 1 } : {};
      const wish = { lines: [{ order_line_id: line.id, ...part }], restock };
      await showRefund(street, house, order_id, wish);
      return { order_id, ...wish };
    });
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    if (!REFUSALS.includes(code) && !COME_BACK.includes(code) && !isAway(error)) throw error;
    return undefined;
  }
}

/** Whoever gives money back looks at what it would be first. */
async function showRefund({ tell }: Street, house: House, order_id: string, wish: RefundWish): Promise<void> {
  const { plan } = await planRefund(house, { order_id }, wish);
  tell('desk', `is shown ${plan.amount_minor} of ${plan.refundable_minor}`);
}
