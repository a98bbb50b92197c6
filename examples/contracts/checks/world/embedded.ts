// The contract embedded-checkout as its page speaks it (docs/contracts/embedded-checkout.md).
import type { Sent } from './http.ts';
import type { Shop } from './shop.ts';
import { sessionIn } from './tickets.ts';

export const EMBED = '/api/checkout/embedded-session';
export const EMBEDDED_STATUS = '/api/checkout/session-status?session_id=';

/** Opens the form and answers its session. @throws Error for anything but 200. */
export async function embed(shop: Shop, body: unknown = {}, sent?: Sent): Promise<string> {
  const answer = await shop.post(EMBED, body, sent);
  if (answer.status !== 200) throw new Error(`no form was opened: ${answer.status} ${answer.text}`);
  return sessionIn(answer.json.client_secret);
}
