import { customerAtStripe } from '../../domain/customers/index.ts';
import { GatewayFailure } from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { KnownCustomer } from '../asking/know-customer.ts';
import type { House } from '../house.ts';

/**
 * A customer of the chat contract by their id at Stripe. Those of signed-in buyers are not told, and neither is one
 * that was deleted at Stripe. While Stripe cannot be asked, our own row answers.
 * @throws KassaError `not_found`
 */
export async function readCustomer(house: House, stripe_customer_id: string): Promise<KnownCustomer> {
  const customer = await customerAtStripe(house.db, house.shop, stripe_customer_id);
  if (customer?.namespace !== 'chat') throw notFound();
  try {
    if (!(await house.gateway.readCustomer(stripe_customer_id, 'unblock'))) throw notFound();
  } catch (error) {
    const away = error instanceof GatewayFailure || (error instanceof KassaError && error.status === 503);
    if (!away) throw error;
    house.log.warn({ error: String(error) }, 'Stripe could not be asked about a customer; our own row was answered');
  }
  return { ...customer, stripe_customer_id };
}

function notFound(): KassaError {
  return new KassaError('not_found', 'There is no such customer.');
}
