import { constraintOf, inTransaction, type Transaction } from '../../database/index.ts';
import { findOrder, lockOrder } from '../../domain/orders/index.ts';
import {
  type Attempt,
  type AttemptStatus,
  attemptById,
  changeAttempt,
  GatewayFailure,
  isOpened,
  isSettled,
  lockAttempts,
  lockAttemptsOf,
  type UnfinishedPage,
  unfinishedPages,
} from '../../domain/payments/index.ts';
import type { Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { askStripe } from '../asking/ask-stripe.ts';
import { lookForAll } from '../holding/look-for-all.ts';
import type { House } from '../house.ts';
import type { StartCheckout } from './checkout-wish.ts';
import { giveUp } from './give-up.ts';

/**
 * A signed-in buyer has one payment page at a time: a new one takes the place of the one before it that was not
 * finished (docs/contracts/hosted-checkout.md). This is thrown where the new one would be written, so that nothing is:
 * first the older pages have to end at Stripe.
 */
export class OlderPages extends Error {
  override readonly name = 'OlderPages';
  readonly pages: readonly UnfinishedPage[];
  /** What the new page would sell; null when it could not be priced before they end. */
  readonly lines_hash: string | null;

  constructor(pages: readonly UnfinishedPage[], lines_hash: string | null) {
    super('an older payment page of this buyer has to end first');
    this.pages = pages;
    this.lines_hash = lines_hash;
  }
}

const CAUSE = { cause: 'superseded', actor: 'buyer' };
const ONE_PAGE = 'payment_transactions_one_page';

/**
 * Prices what is wanted when nothing of the same buyer stands in its way. A wish that is refused ends no older page,
 * except where the older one may be what it is refused for. A page whose opening is under way at this moment was not
 * shown yet, and is marked so that it never will be: whoever opens it ends it.
 * @throws OlderPages; KassaError what the quote refuses, `sold_out`.
 */
export async function quoteInTurn(
  house: House,
  tx: Transaction,
  command: StartCheckout,
  quote: () => Promise<Quote>,
): Promise<Quote> {
  const pages = await olderPages(house, tx, command);
  const standing = pages.filter(canEnd);
  if (standing.length === 0) {
    const unseen = await lockUnseen(tx, pages);
    const quoted = await quote();
    // After the last lock: another page of the buyer's waits for this, and may hold the credits.
    for (const { id } of unseen) await changeAttempt(tx, id, { payment_status: 'superseded' }, house.clock.now());
    return quoted;
  }
  const order_ids = standing.map((page) => page.attempt.order_id);
  const quoted = await quote().catch(async (error: unknown) => {
    throw (await mayBeTheirs(tx, error, order_ids)) ? new OlderPages(standing, null) : error;
  });
  await lookForAll(tx, quoted, order_ids);
  throw new OlderPages(standing, quoted.hash);
}

/** The orders whose pages end before a new one opens: what they hold is free for it. */
export async function givenUpFor(house: House, tx: Transaction, command: StartCheckout): Promise<string[]> {
  return (await olderPages(house, tx, command)).filter(canEnd).map((page) => page.attempt.order_id);
}

async function olderPages(
  house: House,
  tx: Transaction,
  { presentation, buyer }: StartCheckout,
): Promise<UnfinishedPage[]> {
  const signed_in = presentation === 'hosted' ? buyer.user_id : undefined;
  return signed_in === undefined ? [] : unfinishedPages(tx, house.shop, signed_in);
}

/** What is on its way to Stripe at this moment is only marked; whoever opens it ends it. */
function canEnd({ attempt, was_sent }: UnfinishedPage): boolean {
  return isOpened(attempt) || !was_sent;
}

/** Locks pages that are on their way to Stripe, so that the answer is written before they are marked or after. */
async function lockUnseen(tx: Transaction, pages: readonly UnfinishedPage[]): Promise<Attempt[]> {
  const order_ids = pages.map((page) => page.attempt.order_id).sort();
  for (const order_id of order_ids) await lockOrder(tx, order_id);
  const attempts = order_ids.length > 0 ? await lockAttemptsOf(tx, order_ids) : [];
  // Opened since we looked: then it is looked at again, as one that stands.
  if (attempts.some(isOpened)) throw new OlderPages([], null);
  return attempts.filter(({ payment_status }) => payment_status === 'initiated');
}

/** A coupon of few uses may be used by the very page that is to end. */
async function mayBeTheirs(tx: Transaction, error: unknown, order_ids: readonly string[]): Promise<boolean> {
  if (!(error instanceof KassaError) || error.code !== 'coupon_not_valid') return false;
  const orders = await Promise.all(order_ids.map((order_id) => findOrder(tx, order_id)));
  return orders.some((order) => order !== undefined && order.discount_minor > 0);
}

/** The older pages that stand in the way of a new one, when that is why it was not written. */
export function olderPagesOf(error: unknown): OlderPages | undefined {
  if (error instanceof OlderPages) return error;
  // Somebody wrote a page of the same buyer in this very moment: the next look finds it.
  return constraintOf(error) === ONE_PAGE ? new OlderPages([], null) : undefined;
}

/**
 * Ends older pages: at Stripe first, and only Stripe's word gives back what they held. One that was paid in this very
 * moment is settled; when the new page would sell the same once more, the buyer is told instead of charged twice.
 * Cut in half, what was ended stays ended, and the rest ends with its time.
 * @throws KassaError `payment_already_succeeded`, `session_not_open` while a bank is thinking about it,
 *   `payment_provider_unavailable`.
 */
export async function endOlderPages(house: House, { pages, lines_hash }: OlderPages): Promise<void> {
  for (const { attempt } of pages) {
    if (!isOpened(attempt)) {
      const unsent = { failure: new GatewayFailure('busy', 'superseded'), sends: 0, ...CAUSE };
      await inTransaction(house.db, (tx) => giveUp(house, tx, attempt.id, unsent));
      continue;
    }
    await askStripe(() => house.expireCheckout(house, attempt.id, CAUSE)).catch((error) =>
      letBe(house, attempt, error),
    );
    const order = await findOrder(house.db, attempt.order_id);
    if (order?.lines_hash === lines_hash) refuseSecond((await attemptById(house.db, attempt.id))?.payment_status);
  }
}

/** A page that Stripe does not know cannot be paid, and must not keep its buyer from another one. */
async function letBe(house: House, attempt: Attempt, error: unknown): Promise<void> {
  if (!(error instanceof GatewayFailure)) throw error;
  const { id: attempt_id, order_id } = attempt;
  house.log.error({ order_id, attempt_id, error: error.message }, 'Stripe does not end a page of this order');
  await inTransaction(house.db, async (tx) => {
    await lockOrder(tx, order_id);
    const now = (await lockAttempts(tx, order_id)).find((one) => one.id === attempt_id);
    if (now?.payment_status !== 'pending') return;
    await changeAttempt(tx, attempt_id, { payment_status: 'superseded' }, house.clock.now());
  });
}

function refuseSecond(status: AttemptStatus | undefined): void {
  if (status !== undefined && isSettled(status)) {
    throw new KassaError('payment_already_succeeded', 'Your payment for this has just succeeded.');
  }
  if (status === 'processing') {
    throw new KassaError('session_not_open', 'Your payment for this has been made and is still being processed.');
  }
}
