import { createHmac } from 'node:crypto';

/** The line of a request's head by which Stripe signs its body (docs.stripe.com/webhooks/signature). */
export function signatureOf(body: Buffer, secret: string): string {
  const at_s = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', secret).update(`${at_s}.`).update(body).digest('hex');
  return `Stripe-Signature: t=${at_s},v1=${signature}\r\n`;
}
