// The contract ticket-order as its page speaks it (docs/contracts/ticket-order.md).
import { type OrderRow, orderOf } from './hosted.ts';
import type { Answer, Sent } from './http.ts';
import type { Paying } from './sandbox.ts';
import type { Shop } from './shop.ts';

export const MOUNT = '/api/screening';
export const SCREENING = 'screening_01h455vb4pex5vsknk084sn02q';
export const ORDER_ID = /^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

export function sessionIn(secret: unknown): string {
  const [session_id = ''] = String(secret).split('_secret_');
  return session_id;
}

export function visit(shop: Shop, body: unknown = {}, sent?: Sent): Promise<Answer> {
  return shop.post(`${MOUNT}/`, body, sent);
}

/** A visit of the page. @throws Error for anything but 200. */
export async function openTicket(shop: Shop, sent?: Sent): Promise<string> {
  const answer = await visit(shop, {}, sent);
  if (answer.status !== 200) throw new Error(`no checkout was opened: ${answer.status} ${answer.text}`);
  return sessionIn(answer.value);
}

export function fill(shop: Shop, session_id: string, more: object = {}, sent?: Sent): Promise<Answer> {
  const body = { stripe_checkout_session_id: session_id, email: 'buyer@example.com', ...more };
  return shop.post(`${MOUNT}/pending`, body, sent);
}

export function complete(shop: Shop, session_id: string, sent?: Sent): Promise<Answer> {
  return shop.get(`${MOUNT}/complete?session_id=${session_id}`, sent);
}

export function confirmation(shop: Shop, session_id: string, screening_id = SCREENING, sent?: Sent): Promise<Answer> {
  return shop.get(`${MOUNT}/confirmation?stripe_checkout_session_id=${session_id}&screening_id=${screening_id}`, sent);
}

/** Stripe has the money; what the shop hears of it is the sandbox's affair. */
export async function payTicket(shop: Shop, session_id: string, paying: Paying = {}): Promise<void> {
  await shop.sandbox.pay(session_id, { email: 'buyer@example.com', ...paying });
}

/** All four steps but the last two, and the order when it is paid. */
export async function buyTicket(shop: Shop): Promise<OrderRow & { readonly session_id: string }> {
  const session_id = await openTicket(shop);
  await fill(shop, session_id);
  await payTicket(shop, session_id);
  const order = await orderOf(shop, session_id, 'paid');
  await shop.rest();
  return { ...order, session_id };
}
