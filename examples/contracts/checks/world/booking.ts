// The contract booking-checkout as a signed-in buyer's page speaks it (docs/contracts/booking-checkout.md).
import { bearing } from './chat.ts';
import type { Answer, Sent } from './http.ts';
import { ORIGIN, type Shop } from './shop.ts';

export const BASE = '/stripe/fastapi/api/v1/stripe';
export const CREATE_BOOKING = `${BASE}/checkout/create`;
export const CALCULATE = `${BASE}/checkout/calculate-price`;
export const CONFIRM = `${BASE}/payment/confirm`;
export const BOOKING_STATUS = `${BASE}/checkout/status`;
export const METHODS = `${BASE}/payment-methods`;
export const CREDITS = `${BASE}/credits/balance`;
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const HOUR_MS = 3_600_000;
let slots = 0;

/** An hour of practitioner 456 that no check has asked for yet. */
export function newSlot(shop: Shop): { start_time: string; end_time: string } {
  slots += 1;
  const tomorrow = Math.ceil(shop.now() / (24 * HOUR_MS)) * 24 * HOUR_MS + 24 * HOUR_MS;
  const at_ms = tomorrow + slots * 2 * HOUR_MS;
  const text = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  return { start_time: text(at_ms), end_time: text(at_ms + HOUR_MS) };
}

/** One hour of service 123, as the contract's example has it. */
export function oneHour(shop: Shop, slot = newSlot(shop)) {
  return { checkout_type: 'single_session', items: [{ service_id: 123, practitioner_id: 456, ...slot, quantity: 1 }] };
}

export const BUNDLE = {
  checkout_type: 'bundle',
  items: [{ service_id: 789, practitioner_id: 456, quantity: 1 }],
  save_payment_method: false,
} as const;

export const PACKAGE = {
  checkout_type: 'package',
  items: [
    {
      service_id: 999,
      practitioner_id: 456,
      quantity: 1,
      child_selections: { '101': { selected: true, quantity: 2 }, '102': { selected: true, quantity: 1 } },
    },
  ],
} as const;

export interface Booked {
  readonly checkout_session_id: null;
  readonly payment_intent_id: string;
  readonly client_secret: string;
  readonly order_id: string;
  readonly subtotal_cents: number;
  readonly tax_cents: number;
  readonly credits_applied_cents: number;
  readonly total_cents: number;
  readonly requires_payment: boolean;
}

export function asBuyer(shop: Shop, token: string, path: string, body?: unknown, sent: Sent = {}): Promise<Answer> {
  const headers = { ...bearing(token), ...sent.headers };
  return body === undefined ? shop.get(path, { ...sent, headers }) : shop.post(path, body, { ...sent, headers });
}

/** @throws Error for anything but 200. */
export async function book(shop: Shop, token: string, body: object): Promise<Booked> {
  const answer = await asBuyer(shop, token, CREATE_BOOKING, body);
  if (answer.status !== 200) throw new Error(`nothing was booked: ${answer.status} ${answer.text}`);
  return answer.json as unknown as Booked;
}

/** What Stripe.js does on the page, with a test card. */
export function payBooking(shop: Shop, intent: string, payment_method = 'pm_card_visa'): Promise<Answer> {
  const form = { payment_method, return_url: `${ORIGIN}/booked` };
  return shop.sandbox.ask('POST', `/v1/payment_intents/${intent}/confirm`, form);
}

export function confirmBooking(shop: Shop, token: string, body: object): Promise<Answer> {
  return asBuyer(shop, token, CONFIRM, body);
}

let buyers = 0;
/** A signed-in buyer whom the shop has never seen, and what they have in credits. */
export async function newBuyer(shop: Shop, credits_cents = 0): Promise<{ token: string; user_id: string }> {
  buyers += 1;
  const user_id = `buyer-${process.pid}-${buyers}`;
  const email = `${user_id}@example.com`;
  if (credits_cents > 0) {
    const amount = `${Math.floor(credits_cents / 100)}.${String(credits_cents % 100).padStart(2, '0')}usd`;
    const { code, said } = await shop.kassa(
      'credits',
      'grant',
      '--user',
      user_id,
      '--amount',
      amount,
      '--config',
      shop.config,
    );
    if (code !== 0) throw new Error(`kassa credits grant ended with ${code}: ${said}`);
  }
  return { token: shop.token({ sub: user_id, email }), user_id };
}
