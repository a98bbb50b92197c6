import { cancelTimer, type Transaction } from '../../database/index.ts';
import { offersById } from '../../domain/catalog/index.ts';
import {
  isOpen,
  linesOf,
  lockOrder,
  moveOrder,
  nextStatus,
  type Order,
  writeAudit,
} from '../../domain/orders/index.ts';
import {
  attemptById,
  awaitsEnd,
  changeAttempt,
  closeOperation,
  type GatewayFailure,
  isOpened,
  lockAttempts,
  operationKey,
} from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import { announceCanceled } from '../announcing/announce-canceled.ts';
import { endAside } from '../holding/end-aside.ts';
import { lockAside } from '../holding/lock-aside.ts';
import type { House } from '../house.ts';

/**
 * Ends a checkout that Stripe never opened: nobody can pay it, so everything set aside is given back at once.
 * Only for a failure that proves it: refused or not executed and never sent again since, or looked for and not found.
 * Repeats change nothing.
 * @returns whether the checkout has ended here; false when somebody else has it in hand.
 */
export async function giveUp(
  house: House,
  tx: Transaction,
  attempt_id: string,
  { failure, sends, cause: asked_by, actor }: GivenUp,
): Promise<boolean> {
  if (failure.kind === 'unknown') throw new Bug('an unknown outcome is never treated as failed');
  const found = await attemptById(tx, attempt_id);
  if (!found) throw new Bug(`there is no attempt ${attempt_id}`);
  const at = house.clock.now();
  const order = await lockOrder(tx, found.order_id);
  const attempts = await lockAttempts(tx, order.id);
  const attempt = attempts.find((one) => one.id === attempt_id);
  // Somebody else wrote Stripe's id down while we were being refused: then it can be paid, and is left alone.
  if (!attempt || isOpened(attempt) || !awaitsEnd(attempt.payment_status)) return false;
  const outcome = failure.kind === 'refused' ? ('refused' as const) : ('abandoned' as const);
  const end = { outcome, error: failure.message, ...(sends === undefined ? {} : { sends }) };
  // Somebody else has sent the same bytes meanwhile and is still waiting for the answer.
  if (!(await closeOperation(tx, operationKey(attempt_id, 'open'), end, at))) return false;
  const to = nextStatus(order.status, 'checkout_canceled');
  const ends = to !== 'refuse' && isOpen(order.status);
  if (ends) await letGo(house, tx, order, at);
  // After the last lock: the buyer's next page waits for this, and may hold the credits.
  await changeAttempt(tx, attempt_id, { payment_status: 'canceled' }, at);
  await cancelTimer(tx, { subject: attempt_id, kind: 'finish_checkout' });
  if (!ends) return true;
  const version = await moveOrder(tx, order, { status: to, email: null, paid_at: null, review: null }, at);
  const move = { action: 'checkout_canceled', status_from: order.status, status_to: to };
  const told_by_stripe = `stripe:${failure.kind}:${failure.code}`.slice(0, CAUSE_LENGTH_MAX);
  const cause = { cause: asked_by ?? told_by_stripe, actor: actor ?? 'kassa' };
  const entry = {
    ...house.shop,
    ...move,
    ...cause,
    order_id: order.id,
    order_version: version,
    details: { attempt_id },
  };
  await writeAudit(tx, entry, { ids: house.ids, at });
  await announceCanceled(house, tx, { ...order, version }, cause.cause);
  return true;
}

interface GivenUp {
  readonly failure: GatewayFailure;
  /** How often it had been sent when it failed; absent when it was looked for at Stripe and cannot exist. */
  readonly sends?: number;
  /** Why and by whom, when it was not Stripe's answer. */
  readonly cause?: string;
  readonly actor?: string;
}

const CAUSE_LENGTH_MAX = 300;

async function letGo(house: House, tx: Transaction, order: Order, at: Date): Promise<void> {
  const lines = await linesOf(tx, order.id);
  const offer_ids = lines.map((line) => line.offer_id);
  const aside = await lockAside(house, tx, order, await offersById(tx, house.shop, offer_ids));
  await endAside(house, tx, { order_id: order.id, aside, end: 'released', at });
}
