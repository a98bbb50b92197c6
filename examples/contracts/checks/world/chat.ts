// The contract chat-payments as an agent's server speaks it (docs/contracts/chat-payments.md).
import type { Answer, Sent } from './http.ts';
import type { Thing } from './sandbox.ts';
import { ORIGIN, type Shop } from './shop.ts';

export const CHAT = '/payments';

export const INTENT = {
  amount: 150.0,
  currency: 'usd',
  description: 'Premium seat upgrade',
  metadata: { order_id: 'ORD123', ticket_type: 'premium' },
} as const;

export const LINK = {
  items: [{ name: 'Lakers vs Warriors', description: 'Section 101, Row 5', amount: 200.0, quantity: 2 }],
  success_url: `${ORIGIN}/success`,
  cancel_url: `${ORIGIN}/cancel`,
  customer_email: 'customer@example.com',
} as const;

export type KeyName = keyof Shop['keys'];

export function bearing(key: string): Record<string, string> {
  return { Authorization: `Bearer ${key}` };
}

/** A call with one of the shop's three keys, or with any other. */
export function chat(shop: Shop, method: string, path: string, body?: unknown, sent: Sent & { key?: string } = {}) {
  const { key = shop.keys.full, headers, ...rest } = sent;
  const withBody = body === undefined ? {} : { body };
  return shop.send(method, CHAT + path, { ...withBody, ...rest, headers: { ...bearing(key), ...headers } });
}

export interface Intent {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly status: string;
  readonly client_secret: string;
}

export function intentIn({ json }: Answer): Intent {
  return json.payment_intent as Intent;
}

/** @throws Error for anything but 200. */
export async function openIntent(shop: Shop, body: object = INTENT, sent?: Sent & { key?: string }): Promise<Intent> {
  const answer = await chat(shop, 'POST', '/intent/create', body, sent);
  if (answer.status !== 200) throw new Error(`no intent was opened: ${answer.status} ${answer.text}`);
  return intentIn(answer);
}

/** What the client does with the secret: Stripe.js, without a browser. */
export function confirmAtStripe(shop: Shop, intent: string, payment_method = 'pm_card_visa'): Promise<Answer> {
  const form = { payment_method, return_url: `${ORIGIN}/return` };
  return shop.sandbox.ask('POST', `/v1/payment_intents/${intent}/confirm`, form);
}

export function intentAt(shop: Shop, intent: string): Promise<Thing> {
  return shop.sandbox.get(`/v1/payment_intents/${intent}`);
}
