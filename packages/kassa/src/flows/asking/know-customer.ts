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

/** From then on Stripe is looked at before an unheard answer is asked for again. */
const LOOK_AFTER_MS = 30 * 60_000;
/** Whatever was sent this long ago has happened by now, or never will; clocks of machines may differ by minutes. */
const SETTLED_AFTER_MS = 30 * 60_000;
/** From then on nothing is sent again, so that one of which nobody hears comes to its end however often it is asked for. */
const REST_AFTER_MS = 2 * 60 * 60_000;
/** So long Stripe has to make good what failed with it, before another is made (docs.stripe.com/error-low-level). */
const REPAIRED_AFTER_MS = 2 * 60_000;
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
  if (!(await madeOrOpen(house, customer, operation))) return knowCustomer(house, who);
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
 * after all, or it certainly never will be, and a new try begins. False when it is to be sent again as it stands.
 */
async function lookedFor(house: House, customer: Customer, operation: Operation): Promise<boolean> {
  if (age(house, operation.first_sent_at) < LOOK_AFTER_MS) return false;
  if (await foundAtStripe(house, customer, operation)) return true;
  if (age(house, operation.last_sent_at) >= SETTLED_AFTER_MS) {
    await giveUp(house, operation);
    return true;
  }
  if (age(house, operation.first_sent_at) >= REST_AFTER_MS) throw unavailable();
  return false;
}

const age = (house: House, since: Date | null): number => (since ? house.clock.now().getTime() - since.getTime() : 0);

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

/** @throws KassaError `payment_provider_unavailable` when somebody has sent it meanwhile: it may be made after all. */
async function giveUp(house: House, { key, sends }: Operation): Promise<void> {
  const end = { outcome: 'abandoned' as const, error: 'looked for at Stripe and not found', sends };
  if (!(await closeOperation(house.db, key, end, house.clock.now()))) throw unavailable();
}

/** False when it came to nothing for certain and a new try may begin; a new one is too young to come to that at once. */
async function madeOrOpen(house: House, customer: Customer, operation: Operation): Promise<boolean> {
  const note = (tx: Transaction, id: string): Promise<void> => attachCustomer(tx, customer.id, id);
  const sending = { send: house.gateway.createCustomer, idOf: (id: string) => id, note };
  return asked(async () => {
    try {
      await sendOperation(house, operation, sending);
      return true;
    } catch (error) {
      if (!(error instanceof KeptFailure)) throw error;
      // It was made behind the failure, or Stripe has had its time to make it good.
      if (await foundAtStripe(house, customer, operation)) return true;
      if (age(house, operation.first_sent_at) < REPAIRED_AFTER_MS) throw error;
      await giveUp(house, { ...operation, sends: operation.sends + 1 });
      return false;
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
