import type { Offer } from '../../src/domain/catalog/index.ts';
import type { StartCheckout } from '../../src/flows/checkout/start-checkout.ts';
import type { QuoteWish } from '../../src/flows/house.ts';
import type { HttpHouse } from '../../src/http/house.ts';
import { hashOf } from '../../src/kernel/ids.ts';
import type { Plan } from './plan.ts';
import { basketOf, type Wants } from './wish.ts';

/** One buyer's wish, as it is asked for again and again until it is answered. */
export interface Wish {
  readonly plan: Plan;
  readonly wants: Wants;
  readonly key: string;
  readonly quote_id: string | undefined;
}

/** What a page of the shop gets back. */
export type Opening = Awaited<ReturnType<HttpHouse['startCheckout']>>;

/** Asks for a checkout as the contract behind the buyer's page does. @param scope whose key it is */
export async function startAs(
  http: HttpHouse,
  wish: Wish,
  { shelf, scope }: { readonly shelf: readonly Offer[]; readonly scope: string },
): Promise<Opening> {
  const { plan, key } = wish;
  const command = { ...sharedOf(wish, shelf), ...keyed(plan, scope, key) };
  if (plan.way === 'booking') return http.startCheckout({ ...command, ...(await bookingOf(http, wish, shelf)) });
  if (plan.way === 'chat') return http.startCheckout({ ...command, ...(await chatOf(http, wish)) });
  return http.startCheckout({ ...command, ...PAGE });
}

const PAGE = { contract: 'hosted-checkout', presentation: 'hosted' } as const;

/** What a page asks before it orders. */
export function priceAs(http: HttpHouse, wish: Wish, shelf: readonly Offer[]): ReturnType<HttpHouse['priceBasket']> {
  return http.priceBasket(quoteOf(wish, shelf));
}

function quoteOf({ plan, wants }: Wish, shelf: readonly Offer[]): QuoteWish {
  const { user_id, coupon_code, use_credits } = plan;
  return {
    lines: basketOf(wants, plan.also, shelf),
    currency: undefined,
    user_id,
    use_credits,
    ...couponOf(coupon_code),
  };
}

function couponOf(coupon_code: string | undefined): { coupon_code?: string } {
  return coupon_code === undefined ? {} : { coupon_code };
}

type Shared = Omit<StartCheckout, 'contract' | 'presentation'>;

function sharedOf({ plan, wants, key }: Wish, shelf: readonly Offer[]): Shared {
  const { name, user_id, coupon_code } = plan;
  return {
    lines: basketOf(wants, plan.also, shelf),
    buyer: { email: `${name}@example.com`, ...(user_id === null ? {} : { user_id }) },
    ...couponOf(coupon_code),
    ...(plan.use_credits ? { use_credits: true } : {}),
    success_url: 'https://shop.example/thanks?session_id={CHECKOUT_SESSION_ID}',
    metadata: { purchase: key },
    render: ({ order_id, session_id, payment_id, url, client_secret, total_minor }) =>
      plan.way === 'page'
        ? { order_id, url, session_id, payment_id: null, client_secret: null, total_minor }
        : { order_id, url, session_id, payment_id, client_secret, total_minor },
  };
}

function keyed({ keyed: has_key }: Plan, scope: string, key: string): Pick<StartCheckout, 'idempotency'> {
  return has_key ? { idempotency: { scope, key, request_hash: hashOf(key) } } : {};
}

/** As booking-checkout does: a customer for whoever pays, and the method that they named. */
async function bookingOf(http: HttpHouse, wish: Wish, shelf: readonly Offer[]): Promise<Partial<Shared> & Way> {
  const { plan, quote_id } = wish;
  const user_id = plan.user_id ?? plan.name;
  const named = quote_id === undefined ? {} : { quote_id };
  const { quote } = await http.priceBasket({ ...quoteOf(wish, shelf), ...named });
  const way = { contract: 'booking-checkout', presentation: 'intent', success_url: null, ...named } as const;
  if (quote.total_minor === 0) return way;
  const { id } = await http.customerOf({ user_id, email: `${user_id}@example.com` });
  const [kept] = plan.uses_saved ? await http.listPaymentMethods({ user_id, limit: 3 }) : [];
  return {
    ...way,
    customer: { id },
    ...(plan.saves_method ? { save_payment_method: true } : {}),
    ...(kept ? { payment_method_id: kept.id } : {}),
  };
}

/** As chat-payments does: whoever writes is known by their address. */
async function chatOf(http: HttpHouse, { plan }: Wish): Promise<Partial<Shared> & Way> {
  const { id } = await http.makeCustomer({ email: `${plan.name}@example.com` });
  const way = { contract: 'chat-payments', presentation: 'intent', success_url: null } as const;
  return { ...way, customer: { id }, order_id_at_stripe: true };
}

type Way = Pick<StartCheckout, 'contract' | 'presentation'>;
