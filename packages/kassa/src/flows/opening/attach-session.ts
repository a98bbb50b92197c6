import { atOnce, cancelTimer, setTimer, type Transaction, together, wakeEvents } from '../../database/index.ts';
import {
  lockFreeOrders,
  lockOrder,
  noteFirstSession,
  noteSession,
  type Order,
  type OrderStatus,
} from '../../domain/orders/index.ts';
import {
  type Attempt,
  isOpened,
  joinStatus,
  lockAttempts,
  lockAttemptsOf,
  noteDone,
  noteFirstOpened,
  noteOpened,
  type OpenedAtStripe,
  operationKey,
} from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import type { House } from '../house.ts';

/** What a contract needs to send the buyer on. Amounts are minor units. */
export interface Opened {
  readonly order_id: string;
  readonly attempt_id: string;
  /** Null for a payment without a session. */
  readonly session_id: string | null;
  /** Null for a session: Stripe makes its payment when the buyer pays. */
  readonly payment_id: string | null;
  readonly url: string | null;
  readonly client_secret: string | null;
  readonly subtotal_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly credits_minor: number;
  readonly total_minor: number;
  readonly currency: string;
  readonly order_status: OrderStatus;
}

/** A newer page of the same buyer has taken the place of this one while it was opened. */
export const SUPERSEDED = Symbol('superseded');

/** Written in the transaction that attaches Stripe's ids, so that answer and attachment are one fact. */
export type Finish<Result> = (tx: Transaction, opened: Opened) => Promise<Result>;

/** After a session's own end the buyer can no longer pay, and a payment is canceled; then the hold is given back. */
const EXPIRE_AFTER_MS = 60_000;

/** An answer of Stripe's on its way into an attempt. */
export interface Attachment<Result> {
  readonly attempt: Attempt;
  readonly opened: OpenedAtStripe;
  readonly finish: Finish<Result>;
  /** The order, given when it was written a moment ago and `finish` writes nothing. */
  readonly order?: PricedOrder | undefined;
}

/** What an order tells whoever opens its page. */
export type PricedOrder = Pick<Order, 'subtotal_minor' | 'discount_minor' | 'tax_minor' | 'credits_minor' | 'status'>;

/**
 * Writes down what Stripe answered, in one transaction: the ids, the end of the operation, the timer that will expire
 * the checkout, and the caller's own answer. Safe to repeat with the same ids. One whose place another page has taken
 * is ended at once, and nobody is told its address.
 */
export async function attachSession<Result>(
  house: House,
  tx: Transaction,
  attachment: Attachment<Result>,
): Promise<Result | typeof SUPERSEDED> {
  const { attempt, finish } = attachment;
  const order = await lockOrder(tx, attempt.order_id);
  const attempts = await lockAttempts(tx, attempt.order_id);
  const opened = await together(tx, () => writeAnswer(house, tx, { ...attachment, order, attempts }));
  return opened === SUPERSEDED ? SUPERSEDED : finish(tx, opened);
}

/**
 * The same for many orders at once, in the order of the attachments. One whose order somebody else is at work on is not
 * waited for: it is answered `alone`, and nothing of it is written. So is a second answer for one order, as when a
 * buyer and the sweeper have asked again at the same moment: one statement may not write a row twice.
 */
export async function attachAll(
  house: House,
  tx: Transaction,
  attachments: readonly Attachment<unknown>[],
): Promise<unknown[]> {
  const wanted = attachments.map(({ attempt }) => attempt.order_id);
  const orders = new Map((await lockFreeOrders(tx, wanted)).map((order) => [order.id, order]));
  const attempts = await lockAttemptsOf(tx, [...orders.keys()]);
  const opened = await together(tx, async () => {
    const answers: (Opened | typeof SUPERSEDED | 'alone')[] = [];
    for (const attachment of attachments) {
      const order = orders.get(attachment.attempt.order_id);
      const own = attempts.filter((one) => one.order_id === order?.id);
      answers.push(order ? await writeAnswer(house, tx, { ...attachment, order, attempts: own }) : 'alone');
      if (order) orders.delete(order.id);
    }
    return answers;
  });
  const results: unknown[] = [];
  for (const [at, { finish }] of attachments.entries()) {
    const answer = opened[at] ?? 'alone';
    results.push(answer === 'alone' || answer === SUPERSEDED ? answer : await finish(tx, answer));
  }
  return results;
}

/**
 * The same for orders that were written a moment ago, by one statement without a look at them: it fits as long as
 * nothing has happened to any of them since, or nothing is written.
 * @throws what `isRefusedWhole` tells when it does not fit one of them; nothing is written then.
 */
export async function attachFirst(house: House, attachments: readonly FirstAttachment[]): Promise<unknown[]> {
  return atOnce(house.db, async (tx) => {
    for (const { attempt, opened } of attachments) await noteFirstSession(tx, attempt.order_id, opened.session_id);
    const at = house.clock.now();
    for (const { attempt, opened } of attachments) {
      const { session_id, payment_id, url, client_secret, status } = opened;
      const ids = { id: attempt.id, session_id, payment_id, url, client_secret };
      await noteFirstOpened(tx, { ...ids, status, payment_status: 'pending', heard_at: at });
    }
    const results: unknown[] = [];
    for (const { attempt, opened, order, finish } of attachments) {
      await writeRest(tx, { attempt, object_id: opened.session_id, due_at: endOf(attempt), at });
      const { session_id, payment_id, url, client_secret } = opened;
      results.push(await finish(tx, openedOf({ ...attempt, session_id, payment_id, url, client_secret }, order)));
    }
    return results;
  });
}

/** One for which `attachFirst` may be tried. */
export interface FirstAttachment extends Attachment<unknown> {
  readonly opened: OpenedAtStripe & { readonly session_id: string };
  readonly order: PricedOrder;
}

export function isFirst(attachment: Attachment<unknown>): attachment is FirstAttachment {
  return attachment.order !== undefined && attachment.opened.session_id !== null;
}

interface Answered extends Omit<Attachment<unknown>, 'finish'> {
  readonly order: Order;
  /** All of the order, locked. */
  readonly attempts: readonly Attempt[];
}

async function writeAnswer(
  house: House,
  tx: Transaction,
  { attempt, opened, order, attempts }: Answered,
): Promise<Opened | typeof SUPERSEDED> {
  const at = house.clock.now();
  const current = attempts.find((one) => one.id === attempt.id);
  if (!current) throw new Bug(`attempt ${attempt.id} left its order`);
  const { session_id, payment_id, url, client_secret } = opened;
  const object_id = session_id ?? payment_id ?? '';
  const payment_status = joinStatus(current.payment_status, 'pending');
  const status = current.status ?? opened.status;
  const ids = { session_id, payment_id: payment_id ?? current.payment_id };
  const superseded = payment_status === 'superseded';
  const due_at = superseded ? at : endOf(attempt);
  await noteOpened(tx, { id: attempt.id, ...ids, url, client_secret, status, payment_status, heard_at: at });
  if (session_id !== null) await noteSession(tx, attempt.order_id, session_id);
  await writeRest(tx, { attempt, object_id, due_at, at });
  return superseded ? SUPERSEDED : openedOf({ ...current, ...ids, url, client_secret }, order);
}

interface Rest {
  readonly attempt: Attempt;
  readonly object_id: string;
  readonly due_at: Date;
  readonly at: Date;
}

async function writeRest(tx: Transaction, { attempt, object_id, due_at, at }: Rest): Promise<void> {
  await noteDone(tx, operationKey(attempt.id, 'open'), object_id, at);
  await cancelTimer(tx, { subject: attempt.id, kind: 'finish_checkout' });
  await setTimer(tx, { subject: attempt.id, kind: 'expire_checkout', due_at });
  // An event may have overtaken this answer; it waits in the inbox for the id that is known only now.
  await wakeEvents(tx, object_id, at);
}

function endOf(attempt: Attempt): Date {
  return new Date(attempt.expires_at.getTime() + EXPIRE_AFTER_MS);
}

/** The answer for an attempt that Stripe knows. @throws Bug when it does not. */
export function openedOf(attempt: Attempt, order: PricedOrder): Opened {
  if (!isOpened(attempt)) throw new Bug(`attempt ${attempt.id} was never opened`);
  return {
    order_id: attempt.order_id,
    attempt_id: attempt.id,
    session_id: attempt.session_id,
    payment_id: attempt.payment_id,
    url: attempt.url,
    client_secret: attempt.client_secret,
    subtotal_minor: order.subtotal_minor,
    discount_minor: order.discount_minor,
    tax_minor: order.tax_minor,
    credits_minor: order.credits_minor,
    total_minor: attempt.amount,
    currency: attempt.currency,
    order_status: order.status,
  };
}
