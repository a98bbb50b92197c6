import { hashOf } from '../../kernel/ids.ts';

const LENGTH_MAX = 255;

/** Who buys, as far as anybody knows. */
export interface BuyerFacts {
  readonly user_id: string | null;
  readonly email?: string | null;
  readonly customer_id?: string | null;
}

/**
 * By which name a buyer's uses of a coupon are counted: the sign-in, else our row of whoever pays, else the address.
 * Null for somebody of whom nothing is known.
 */
export function buyerName({ user_id, email, customer_id }: BuyerFacts): string | null {
  if (user_id !== null) return fitting(`user:${user_id}`);
  if (customer_id != null) return `customer:${customer_id}`;
  return email == null ? null : fitting(`email:${email.toLowerCase()}`);
}

function fitting(name: string): string {
  return name.length <= LENGTH_MAX ? name : `hash:${hashOf(name)}`;
}
