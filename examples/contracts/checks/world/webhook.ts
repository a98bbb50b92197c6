// Stripe's own hand: events signed as docs.stripe.com/webhooks/signature describes.
import { createHmac } from 'node:crypto';
import type { Answer, Sent } from './http.ts';
import { type Shop, WEBHOOK_SECRETS } from './shop.ts';

export interface Signing {
  readonly secret?: string;
  /** Seconds by which the signature's time lies ahead of now. */
  readonly shift_s?: number;
  readonly scheme?: string;
}

export function signature(shop: Shop, body: string | Buffer, signing: Signing = {}): string {
  const { secret, shift_s = 0, scheme = 'v1' } = signing;
  const at_s = Math.floor(shop.now() / 1000) + shift_s;
  const mac = createHmac('sha256', secret ?? WEBHOOK_SECRETS[0])
    .update(`${at_s}.`)
    .update(body);
  return `t=${at_s},${scheme}=${mac.digest('hex')}`;
}

/** Delivers these very bytes, signed. */
export function deliver(
  shop: Shop,
  body: string,
  options: Signing & { readonly path?: string; readonly sent?: Sent } = {},
): Promise<Answer> {
  const { path = '/payments/webhook', sent = {}, ...signing } = options;
  const headers = { 'Content-Type': 'application/json', 'Stripe-Signature': signature(shop, body, signing) };
  return shop.post(path, body, { ...sent, headers: { ...headers, ...sent.headers } });
}

let events = 0;

/** An event that nobody has sent before. */
export function eventOf(type: string, object: object, more: object = {}): string {
  events += 1;
  return JSON.stringify({
    id: `evt_checks_${process.pid}_${events}`,
    object: 'event',
    api_version: '2026-10-28.endive',
    created: Math.floor(Date.now() / 1000),
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
    ...more,
  });
}
