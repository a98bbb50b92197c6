import { createHmac } from 'node:crypto';

/**
 * The value of `Stripe-Signature`: HMAC-SHA256 over `<t>.<body>` with the whole `whsec_…` text as key.
 * @param t seconds since 1970, of this attempt
 * @param secrets two while a secret is being rolled; each gives one `v1`
 */
export function signatureHeader(body: string, t: number, secrets: string[]): string {
  const marks = secrets.map((secret) => `v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`);
  return [`t=${t}`, ...marks].join(',');
}
