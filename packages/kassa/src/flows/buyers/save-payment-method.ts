import { inTransaction } from '../../database/index.ts';
import { customerById } from '../../domain/customers/index.ts';
import { findOrder, lockOrder } from '../../domain/orders/index.ts';
import {
  type Attempt,
  attemptById,
  intendTry,
  isSettled,
  lastTry,
  lockAttempts,
  type Operation,
  type StoredRequest,
} from '../../domain/payments/index.ts';
import { sendOperation } from '../asking/send-operation.ts';
import type { House } from '../house.ts';

/**
 * Keeps the method of a paid attempt, because its buyer asked for that. Stripe has given it to the customer with the
 * payment; here it may be offered again, and becomes the default of a customer who has none. A payment whose method
 * cannot be kept leaves nothing. Cut in half, the timer goes on where it stopped.
 * @throws GatewayFailure while Stripe cannot be asked; the timer tries later.
 */
export async function savePaymentMethod(house: House, attempt_id: string): Promise<void> {
  const { db, gateway, shop } = house;
  const attempt = await attemptById(db, attempt_id);
  if (!attempt?.save_payment_method || !isSettled(attempt.payment_status) || attempt.payment_id === null) return;
  const order = await findOrder(db, attempt.order_id);
  const customer = order?.customer_id ? await customerById(db, shop, order.customer_id) : undefined;
  const owner = customer?.stripe_customer_id ?? null;
  const method = await gateway.methodOfPayment(attempt.payment_id, 'unblock');
  if (owner === null || method?.stripe_customer_id !== owner) {
    house.log.warn({ order_id: attempt.order_id, attempt_id }, 'the method of this payment cannot be kept');
    return;
  }
  await once(house, attempt, { action: 'keep_method', request: gateway.composeKeptMethod(method.id) });
  const known = await gateway.readCustomer(owner, 'unblock');
  if (!known || known.default_method_id !== null) return;
  const request = gateway.composeDefaultMethod(owner, method.id);
  await once(house, attempt, { action: 'default_method', request });
}

/** Writes the intention and sends it, unless it was done before. */
async function once(
  house: House,
  { id: attempt_id, order_id }: Attempt,
  wanted: { readonly action: string; readonly request: StoredRequest },
): Promise<void> {
  const subject = { order_id, attempt_id };
  const operation = await inTransaction(house.db, async (tx): Promise<Operation | undefined> => {
    await lockOrder(tx, order_id);
    await lockAttempts(tx, order_id);
    const last = await lastTry(tx, subject, wanted.action);
    if (last.operation?.outcome === 'done') return undefined;
    return intendTry(tx, { ...house.shop, ...subject, ...wanted }, { ids: house.ids, at: house.clock.now() });
  });
  if (operation) await sendOperation(house, operation, { send: house.gateway.changeObject, idOf: (id) => id });
}
