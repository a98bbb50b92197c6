// The contract hosted-checkout as its pages speak it (docs/contracts/hosted-checkout.md).
import type { Answer, Sent } from './http.ts';
import { ORIGIN, type Shop } from './shop.ts';
import { until } from './until.ts';

export const CREATE = '/api/payments/v1/checkout/session';
export const STATUS = '/api/payments/v1/checkout/status/';

export const PAGE = {
  success_url: `${ORIGIN}/pay?session_id={CHECKOUT_SESSION_ID}`,
  cancel_url: `${ORIGIN}/pay`,
} as const;

/** A fixed price, as pages send it. */
export const BUY = {
  stripe_price_id: 'price_123',
  quantity: 2,
  ...PAGE,
  metadata: { source: 'web_checkout', payment_type: 'price' },
} as const;

/** A free amount that names its offer: buyable again and again, since nothing runs out. */
export const GIVE = {
  offer: 'donation',
  amount: 25.5,
  currency: 'usd',
  ...PAGE,
  metadata: { source: 'web_checkout', payment_type: 'amount' },
} as const;

export interface Opened {
  readonly url: string;
  readonly session_id: string;
}

export function create(shop: Shop, body: unknown, sent?: Sent): Promise<Answer> {
  return shop.post(CREATE, body, sent);
}

/** @throws Error for anything but 200. */
export async function open(shop: Shop, body: unknown = GIVE, sent?: Sent): Promise<Opened> {
  const answer = await create(shop, body, sent);
  if (answer.status !== 200) throw new Error(`the checkout was not opened: ${answer.status} ${answer.text}`);
  return answer.json as unknown as Opened;
}

export function status(shop: Shop, session_id: string, sent?: Sent): Promise<Answer> {
  return shop.get(STATUS + session_id, sent);
}

/** Opened and paid at the page, and everything that follows has happened. */
export async function buy(shop: Shop, body: unknown = GIVE, sent?: Sent): Promise<Opened & { order_id: string }> {
  const opened = await open(shop, body, sent);
  await shop.sandbox.pay(opened.session_id);
  const { order_id } = await orderOf(shop, opened.session_id, 'paid');
  await shop.rest();
  return { ...opened, order_id };
}

export interface OrderRow {
  readonly order_id: string;
  readonly status: string;
  readonly email: string | null;
  readonly total_minor: string;
}

/** The order of a session; with a status, as soon as it has that. */
export async function orderOf(shop: Shop, session_id: string, wanted?: string): Promise<OrderRow> {
  return until(`the order of ${session_id} is ${wanted ?? 'there'}`, async () => {
    const [order] = await shop.rows.read<OrderRow & Readonly<Record<string, unknown>>>(
      `select o.id as order_id, o.status, o.email, o.total_minor from kassa.orders o
       join kassa.payment_transactions t on t.order_id = o.id where t.session_id = $1`,
      session_id,
    );
    return order && (wanted === undefined || order.status === wanted) ? order : undefined;
  });
}

/** The order of a payment without a session; with a status, as soon as it has that. */
export async function orderOfPayment(shop: Shop, payment_id: string, wanted?: string): Promise<OrderRow> {
  return until(`the order of ${payment_id} is ${wanted ?? 'there'}`, async () => {
    const [order] = await shop.rows.read<OrderRow & Readonly<Record<string, unknown>>>(
      `select o.id as order_id, o.status, o.email, o.total_minor from kassa.orders o
       join kassa.payment_transactions t on t.order_id = o.id where t.payment_id = $1`,
      payment_id,
    );
    return order && (wanted === undefined || order.status === wanted) ? order : undefined;
  });
}

/** What is set aside and what is sold of an offer. */
export async function stockOf(shop: Shop, key: string): Promise<{ held: number; sold: number }> {
  const [row] = await shop.rows.read<{ held: number; sold: number }>(
    `select s.held::int as held, s.sold::int as sold from kassa.stock s
     join kassa.offers o on o.id = s.offer_id join kassa.tenants t on t.id = o.tenant_id
     where o.key = $1 order by t.created_at, t.id limit 1`,
    key,
  );
  if (!row) throw new Error(`${key} has no stock`);
  return row;
}
