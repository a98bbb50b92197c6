import { inTransaction, type Transaction } from '../../database/index.ts';
import { lockCustomer, type NewCustomer, renameCustomer } from '../../domain/customers/index.ts';
import { closeOperation, intendTry, lastTry, type Operation } from '../../domain/payments/index.ts';
import { askStripe } from '../asking/ask-stripe.ts';
import { type KnownCustomer, knowCustomer } from '../asking/know-customer.ts';
import { sendOperation } from '../asking/send-operation.ts';
import type { House } from '../house.ts';

const ACTION = 'customer_name';

/**
 * The customer of an address that a chat names (docs/contracts, chat-payments): the same address is the same customer,
 * whatever its case, and a new name replaces the old one, here and at Stripe. Never a signed-in buyer, because nobody
 * has proved that the address is theirs. Cut in half, the same call goes on where this one stopped.
 * @throws KassaError `payment_provider_unavailable`, `invalid_request` for an address that Stripe does not take.
 */
export async function makeCustomer(
  house: House,
  wanted: { readonly email: string; readonly name?: string },
): Promise<KnownCustomer> {
  const email = wanted.email.trim();
  const name = wanted.name ?? null;
  const who: NewCustomer = { namespace: 'chat', user_id: email.toLowerCase(), email, name };
  const customer = await knowCustomer(house, who);
  if (name === null) return customer;
  // A name that was on its way when the last call was cut off is told first, and the new one after it.
  for (;;) {
    const operation = await inTransaction(house.db, (tx) => rename(house, tx, who, name));
    if (!operation) return { ...customer, name };
    const sending = { send: house.gateway.changeObject, idOf: (id: string) => id };
    await askStripe(() => sendOperation(house, operation, sending));
  }
}

/** Writes the new name and what is to be said at Stripe. Undefined when Stripe knows it already. */
async function rename(house: House, tx: Transaction, who: NewCustomer, name: string): Promise<Operation | undefined> {
  const world = { ids: house.ids, at: house.clock.now() };
  const customer = await lockCustomer(tx, house.shop, who, world);
  const subject = { customer_id: customer.id };
  const { operation } = await lastTry(tx, subject, ACTION);
  const unheard = operation?.state === 'unknown';
  if (operation && operation.state !== 'known' && !unheard) return operation;
  if (customer.name === name && !unheard) return undefined;
  if (unheard) {
    // Saying a name twice harms nobody, so an answer that was not heard is not waited for.
    const end = { outcome: 'abandoned' as const, error: 'said again with the name of now' };
    await closeOperation(tx, operation.key, end, world.at);
  }
  await renameCustomer(tx, customer.id, name);
  const request = house.gateway.composeCustomerName(customer.stripe_customer_id ?? '', name);
  return intendTry(tx, { ...house.shop, ...subject, action: ACTION, request }, world);
}
