import { inTransaction, type Transaction } from '../../database/index.ts';
import {
  attachCustomer,
  type Customer,
  findCustomer,
  lockCustomer,
  type NewCustomer,
} from '../../domain/customers/index.ts';
import {
  closeOperation,
  GatewayFailure,
  intendTry,
  KeptFailure,
  lastTry,
  type Operation,
} from '../../domain/payments/index.ts';
import { Bug, KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import { askStripe, unavailable } from './ask-stripe.ts';
import { sendOperation } from './send-operation.ts';

/** A customer whom Stripe knows. */
export type KnownCustomer = Customer & { readonly stripe_customer_id: string };

/** An unheard answer is asked for again this long, under its key; after that it is only looked for. */
const ASK_AGAIN_MS = 30 * 60_000;
/** Whatever was sent this long ago has happened by now, or never will; clocks of machines may differ by minutes. */
const SETTLED_AFTER_MS = 30 * 60_000;
/** Stripe's clock and ours may differ: what was made by its clock well before our write is looked at too. */
const LOOK_AROUND_MS = 60 * 60_000;
const ACTION = 'customer';

/**
 * The customer of ours for somebody, known at Stripe: our row first, under its unique key, then Stripe with a stored
 * key, then the answer. Twenty at once make one, and so does a crash anywhere: whoever comes next takes up the stored
 * request, and one whose answer was lost for good is looked for at Stripe before another is made.
 * @throws KassaError `payment_provider_unavailable`, `invalid_request` for an address that Stripe does not take.
 */
export async function knowCustomer(house: House, who: NewCustomer): Promise<KnownCustomer> {
  const known = await findCustomer(house.db, house.shop, who);
  if (known && isKnown(known)) return known;
  const begun = await inTransaction(house.db, (tx) => begin(house, tx, who));
  if (isKnown(begun.customer)) return begun.customer;
  const { customer, operation } = begun;
  if (operation.first_sent_at !== null && (await lookedFor(house, customer, operation))) {
    return knowCustomer(house, who);
  }
  await make(house, customer, operation);
  const made = await findCustomer(house.db, house.shop, who);
  if (made && isKnown(made)) return made;
  throw unavailable();
}

function isKnown(customer: Customer): customer is KnownCustomer {
  return customer.stripe_customer_id !== null;
}

async function begin(
  house: House,
  tx: Transaction,
  who: NewCustomer,
): Promise<{ customer: Customer; operation: Operation }> {
  const world = { ids: house.ids, at: house.clock.now() };
  const customer = await lockCustomer(tx, house.shop, who, world);
  const subject = { customer_id: customer.id };
  const { operation } = await lastTry(tx, subject, ACTION);
  // One that is still open is taken up, however old: whether it ever happened is looked up before a new one is made.
  if (operation && operation.state !== 'known') return { customer, operation };
  const { id: customer_id, email, name } = customer;
  const request = house.gateway.composeCustomer({ customer_id, email, name });
  return { customer, operation: await intendTry(tx, { ...house.shop, ...subject, action: ACTION, request }, world) };
}

/**
 * Looks behind an answer that nobody has heard for long. True when the next look will find another state: it was made
 * after all, or it certainly never will be, and a new try begins.
 */
async function lookedFor(house: House, customer: Customer, operation: Operation): Promise<boolean> {
  const at = house.clock.now();
  const age_ms = (since: Date | null): number => at.getTime() - (since ?? at).getTime();
  if (age_ms(operation.first_sent_at) < ASK_AGAIN_MS) return false;
  if (await foundAtStripe(house, customer, operation)) return true;
  if (age_ms(operation.last_sent_at) < SETTLED_AFTER_MS) throw unavailable();
  await giveUp(house, operation);
  return true;
}

async function foundAtStripe(house: House, customer: Customer, operation: Operation): Promise<boolean> {
  const { id: customer_id, email } = customer;
  const created_from = new Date(customer.created_at.getTime() - LOOK_AROUND_MS);
  const found = await asked(() => house.gateway.findCustomer({ customer_id, email, created_from }));
  if (found === undefined) return false;
  await inTransaction(house.db, async (tx) => {
    await attachCustomer(tx, customer.id, found);
    await closeOperation(tx, operation.key, { outcome: 'done', object_id: found }, house.clock.now());
  });
  return true;
}

async function giveUp(house: House, { key }: Operation): Promise<void> {
  const end = { outcome: 'abandoned' as const, error: 'looked for at Stripe and not found' };
  await closeOperation(house.db, key, end, house.clock.now());
}

async function make(house: House, customer: Customer, operation: Operation): Promise<void> {
  const note = (tx: Transaction, id: string): Promise<void> => attachCustomer(tx, customer.id, id);
  const sending = { send: house.gateway.createCustomer, idOf: (id: string) => id, note };
  await asked(async () => {
    try {
      await sendOperation(house, operation, sending);
    } catch (error) {
      if (!(error instanceof KeptFailure)) throw error;
      // Nothing has an effect under this key any more: it was made behind the failure, or the next press begins anew.
      if (!(await foundAtStripe(house, customer, operation))) await giveUp(house, operation);
    }
  });
}

/** Stripe's failures as the caller may hear them. */
async function asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await askStripe(ask);
  } catch (error) {
    if (!(error instanceof GatewayFailure)) throw error;
    if (error.code !== 'email_invalid') throw new Bug('Stripe refused to make a customer', { cause: error });
    const sentence = 'This is not an address that mail can be sent to.';
    throw new KassaError('invalid_request', sentence, { email: 'not an e-mail address' }, error);
  }
}
